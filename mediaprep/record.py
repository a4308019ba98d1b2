"""Prepared: what became of one file. As JSON it is one line of `--json`, field by field the contract's record."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from mediaprep.errors import MediaprepError
from mediaprep.media import Media
from mediaprep.rules import Finding

Status = Literal["ready", "published", "needs-work", "rejected", "failed"]


class Failure(Struct, frozen=True):
    """Why a file failed: the exception's name and one sentence."""

    type: str
    message: str


class Predicted(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is foreseen of an output; what does not apply to it, or cannot be known, is left out.

    `fps`: frames a second; `video_bit_rate`, `audio_bit_rate`: bit/s. `encodes`: whole-output encodes if the first
    attempt fits. `seconds`: for this machine with nothing else to do.
    """

    bytes: int | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    video_bit_rate: int | None = None
    audio_bit_rate: int | None = None
    encodes: int = 0
    seconds: float | None = None


class Prepared(Struct, frozen=True, kw_only=True, omit_defaults=False):
    """What became of one file.

    `status`: `ready` (complies; after `prepare` the file is at `path`), `published` (complies, and `reference` is what
    a message needs), `needs-work` (only from `check` and `plan`), `rejected` (no way to comply; `remaining` says why),
    `failed` (unreadable, or tool or network trouble; see `error`).
    `findings`: what was wrong with the source; `remaining`: what is still wrong with the output, warnings only when
    `ready`. `changes`: what the recipient loses or could notice, and what was tried in vain. `encodes`: whole-output
    encodes it took, those in vain among them. `predicted`: what `plan` foretells; after `prepare` it stands beside what
    came out. `fps`: frames a second; `video_bit_rate`, `audio_bit_rate`: bit/s.
    `waveform`: 64 integers from 0 to 100, for voice notes. `reference`: `{"id": …}` or `{"link": …}`, good
    until `expires` (UTC; None for ever); `uploaded`: False where an earlier upload serves again; `message`: the payload
    to POST.
    """

    source: str
    status: Status
    target: str | None = None
    action: str | None = None
    path: str | None = None
    mime: str | None = None
    bytes: int | None = None
    sha256: str | None = None
    findings: tuple[Finding, ...] = ()
    remaining: tuple[Finding, ...] = ()
    changes: tuple[str, ...] = ()
    encodes: int = 0
    seconds: float = 0.0
    error: Failure | None = None
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    frames: int | None = None
    fps: float | None = None
    video_bit_rate: int | None = None
    audio_bit_rate: int | None = None
    predicted: Predicted | None = None
    waveform: tuple[int, ...] | None = None
    reference: dict[str, str] | None = None
    expires: str | None = None
    uploaded: bool | None = None
    message: dict[str, Any] | None = None

    def json(self, *, without: tuple[str, ...] = ()) -> str:
        """One line of JSON; facts that do not apply are left out."""
        optional = {
            "width", "height", "duration", "frames", "fps", "video_bit_rate", "audio_bit_rate", "predicted", "waveform",
            "reference", "expires", "uploaded", "message",
        }  # fmt: skip
        if self.status == "published":
            optional.remove("expires")
        fields: dict[str, Any] = msgspec.to_builtins(self)
        kept = {k: v for k, v in fields.items() if k not in without and not (k in optional and v is None)}
        return msgspec.json.encode(kept).decode()


def facts(media: Media, waveform: tuple[int, ...] | None = None) -> dict[str, Any]:
    """The extra facts of a record: those that the medium has."""
    width, height = media.upright
    video, sound = media.main_video, media.main_audio
    return {
        "width": width or None,
        "height": height or None,
        "duration": round(media.duration, 3) if media.duration is not None else None,
        "frames": media.frames if media.kind == "animation" else None,
        "fps": round(video.fps, 3) if video is not None and video.fps is not None else None,
        "video_bit_rate": video.bit_rate if video is not None else None,
        "audio_bit_rate": sound.bit_rate if sound is not None else None,
        "waveform": waveform,
    }


def printable(path: str | os.PathLike[str]) -> str:
    """A path as text that is always valid UTF-8 and holds no control character: what is neither is shown as `\\xNN`."""
    return "".join(c if c.isprintable() else _escaped(c) for c in os.fspath(path))


def _escaped(letter: str) -> str:
    if "\udc80" <= letter <= "\udcff":  # how Python keeps a byte that is no UTF-8 (PEP 383)
        return f"\\x{ord(letter) - 0xDC00:02x}"
    return letter.encode("unicode_escape").decode()


def failed(source: str | Path, error: Exception, seconds: float = 0.0) -> Prepared:
    """The record of a file that could not be worked on."""
    return Prepared(
        source=printable(source),
        status="failed",
        error=Failure(type(error).__name__, printable(str(error))),
        seconds=round(seconds, 3),
    )


class NotSendable(MediaprepError):
    """A message that cannot be made sendable. `record` says why: its findings, or its error."""

    def __init__(self, message: str, record: Prepared) -> None:
        super().__init__(message)
        self.record = record
