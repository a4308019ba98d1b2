"""MP3 and AAC as bare frames: what is around them is left off, the frames stay as they are."""

from __future__ import annotations

import mmap
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePath
from typing import Any

from msgspec.structs import replace

from mediaprep.containers import id3
from mediaprep.containers.mpegaudio import adts_frame, mpeg_frame
from mediaprep.encoders.base import Encoder, Recipe, Work
from mediaprep.errors import Damaged
from mediaprep.media import Media
from mediaprep.options import Options
from mediaprep.rules import Finding, Limits, check
from mediaprep.sound import left_out
from mediaprep.suffixes import suffix_for

FrameSize = Callable[[bytes, int], int]
"""Bytes of the frame whose header is at an offset, 0 where there is none."""

CONFIRMING = 3
"""Frames that must follow one another before bytes between tags and garbage are believed to be frames."""

_CANDIDATE = re.compile(rb"\xff[\xe0-\xff]|ID3")


class Rewrap:
    """Frames out of a file of frames. Copies only: the VBR header is a frame itself, so durations stay right."""

    def __init__(self, mime: str, frame_size: FrameSize) -> None:
        self.mime = mime
        self.frame_size = frame_size

    def ladder(self, media: Media, limits: Limits, findings: Sequence[Finding], options: Options) -> Sequence[Recipe]:
        if media.mime != self.mime or media.sound is None or options.normalize or options.trim_silence:
            return ()
        recipe = Recipe(encodes=0, changes=left_out(media))
        wrong = check(self.expect(recipe, media, limits), limits, ours=True)
        return () if any(finding.level == "error" for finding in wrong) else (recipe,)

    def expect(self, recipe: Recipe, media: Media, limits: Limits) -> Media:
        assert media.sound is not None, "no recipe is made for what has no sound"
        name = (PurePath(media.name).stem or "sound") + suffix_for(self.mime)
        return replace(
            media, name=name, size=0, kind="audio", video=(), audio=(media.sound,), extras=(), metadata=(), trailing=0
        )

    def estimate(self, recipe: Recipe, work: Work) -> int | None:
        sound = work.media.sound
        if sound is None or sound.bit_rate is None or work.media.duration is None:
            return work.media.size
        return min(work.media.size, round(sound.bit_rate / 8 * work.media.duration))

    def encode(self, recipe: Recipe, work: Work, output: Path) -> None:
        with (
            work.source.open("rb") as source,
            mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as data,
            output.open("wb") as written,
        ):
            for start, end in spans(data, self.frame_size):
                for at in range(start, end, 1 << 20):
                    written.write(data[at : min(at + (1 << 20), end)])
            if not written.tell():
                raise Damaged("no whole frame of sound is in this file; export it again from its source")


def spans(data: Any, frame_size: FrameSize) -> Iterator[tuple[int, int]]:
    """Where whole frames follow one another, as offsets from and to. Tags and garbage lie between.

    `data`: the file as bytes that can be read like a file, such as an `mmap`.
    """
    at = 0
    while at < len(data):
        if tag := id3.size_at(data, at):
            at += tag
            continue
        end, count = at, 0
        while (size := frame_size(data, end)) and end + size <= len(data):
            end, count = end + size, count + 1
        if count >= CONFIRMING or (count and end == len(data)):
            yield at, end
            at = end
        else:
            candidate = _CANDIDATE.search(data, at + 1)
            at = candidate.start() if candidate else len(data)


ENCODERS: dict[str, Encoder] = {
    "audio/mpeg": Rewrap("audio/mpeg", mpeg_frame),
    "audio/aac": Rewrap("audio/aac", adts_frame),
}
