"""Proof of an output: read back, decoded, as long as it should be, and put through the same rules.

No exit code counts here: a full disk, half an input and a lying header all end with 0.
"""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from mediaprep.errors import DiskFull, MediaprepError, OutputError, TimeLimit, ToolMissing
from mediaprep.media import Media
from mediaprep.rules import Finding, Limits, check_media

LASTING = (ToolMissing, TimeLimit, DiskFull)
"""Errors that a further attempt would only meet again: they are about the machine, not about one output."""

SLACK = 0.3
SHARE = 0.05
"""How far an output's length may be from what is expected, both ways: 0.3 s and 5 %. Frames of sound and film have a
length of their own, and containers round."""


class Proof(Struct, frozen=True):
    """The output's own facts, what is still wrong with it (warnings included), and a voice note's waveform."""

    media: Media
    remaining: tuple[Finding, ...]
    waveform: tuple[int, ...] | None = None


def verify(output: Path, expected: Media, limits: Limits, *, copied: bool, voice: bool = False, folder: Path) -> Proof:
    """Look at `output` as at any file, decode it, and compare. Raises `OutputError` with the reason, and what is
    `LASTING` as it is.

    `copied`: its streams were copied, not encoded; then key frames are decoded and every packet is walked, so that
    a copy costs a copy. `expected`: the encoder's own promise; its size is not compared.
    """
    from mediaprep.reading.probe import probe

    try:
        media = probe(output, expected.name)
        media = replace(media, caption=expected.caption, text=expected.text)
        waveform, duration = _decode(output, media, copied=copied, voice=voice, folder=folder)
    except LASTING:
        raise
    except MediaprepError as error:
        raise OutputError(f"the output cannot be read back: {error}") from error
    if media.kind != expected.kind:
        raise OutputError(f"the output is of kind {media.kind}, expected {expected.kind}")
    _same_length(duration if duration is not None else media.duration, expected.duration)
    return Proof(media, check_media(media, limits, ours=True), waveform)


def _decode(
    output: Path, media: Media, *, copied: bool, voice: bool, folder: Path
) -> tuple[tuple[int, ...] | None, float | None]:
    """Decode once; the waveform and the length where the decode tells them."""
    if media.kind == "image":
        _decode_still(output, media)
    elif media.kind == "animation":
        from mediaprep.encoders.picture.frames import pictures

        for _ in pictures(output, media):
            pass
    elif media.kind == "audio" and (voice or not copied):
        from mediaprep.encoders.sound import measure

        measured = measure(folder, media, output.name)
        return (measured.waveform if voice else None), measured.duration
    elif media.kind == "video":
        _decode_film(output, media, copied=copied, folder=folder)
    return None, None


def _decode_still(output: Path, media: Media) -> None:
    """Entropy-decode the whole picture; a JPEG at an eighth of its size, which reads every byte all the same."""
    from mediaprep.encoders.picture import open_still

    open_still(output, media, largest=max(media.width, media.height) // 8 or 1).load()


def _decode_film(output: Path, media: Media, *, copied: bool, folder: Path) -> None:
    """Every frame, strictly; of what was copied the key frames. The filter that smooths blocks proves nothing."""
    import ffmpeg

    from mediaprep.running import tools

    # One thread: handing frames between several costs a fifth of what decoding does.
    extra: dict[str, object] = {"skip_loop_filter": "all", "err_detect": "explode", "threads": 1}
    if copied:
        extra["skip_frame"] = "nokey"
    source = tools.source(media, output.name, **extra)
    sink = ffmpeg.output(source, "-", f="null", fps_mode="passthrough", map="0").global_args("-xerror")
    tools.run(tools.arguments(sink), folder=folder, seconds=120 + 4 * (media.duration or 0))


def _same_length(actual: float | None, expected: float | None) -> None:
    if actual is None or expected is None:
        return
    if abs(actual - expected) > SLACK + SHARE * expected:
        raise OutputError(f"the output lasts {actual:.2f} s, expected {expected:.2f} s")
