"""MP3 and AAC as bare frames: what is around them is left off, the frames stay as they are."""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from pathlib import Path, PurePath

from msgspec.structs import replace

from mediaprep.containers.mpegaudio import FrameSize, adts_frame, mpeg_frame, spans
from mediaprep.encoders.base import Encoder, Recipe, Work, complies, obeying
from mediaprep.encoders.sound import left_out
from mediaprep.errors import Damaged
from mediaprep.formats import suffix_for
from mediaprep.media import Media
from mediaprep.options import Options
from mediaprep.rules import Finding, Limits


class Rewrap:
    """Frames out of a file of frames. Copies only: the VBR header is a frame itself, so durations stay right."""

    def __init__(self, mime: str, frame_size: FrameSize) -> None:
        self.mime = mime
        self.frame_size = frame_size

    def ladder(self, media: Media, limits: Limits, findings: Sequence[Finding], options: Options) -> Sequence[Recipe]:
        if media.mime != self.mime or media.main_audio is None or options.normalize or options.trim_silence:
            return ()
        copy = Recipe(encodes=0, changes=left_out(media))
        return obeying(self, (copy,), media, limits) if complies(self.expect(copy, media, limits), limits) else ()

    def expect(self, recipe: Recipe, media: Media, limits: Limits) -> Media:
        assert media.main_audio is not None, "no recipe is made for what has no sound"
        name = (PurePath(media.name).stem or "sound") + suffix_for(self.mime)
        return replace(
            media,
            name=name,
            size=0,
            kind="audio",
            video=(),
            audio=(media.main_audio,),
            extras=(),
            metadata=(),
            trailing=0,
        )

    def foresee(self, recipe: Recipe, media: Media, limits: Limits) -> int | None:
        sound = media.main_audio
        if sound is None or sound.bit_rate is None or media.duration is None:
            return media.size
        return min(media.size - media.trailing, round(sound.bit_rate / 8 * media.duration))

    def estimate(self, recipe: Recipe, work: Work) -> int | None:
        return self.foresee(recipe, work.media, work.limits)

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
                raise Damaged("no complete audio frame in this file; export it again from its source")


ENCODERS: dict[str, Encoder[Recipe]] = {
    "audio/mpeg": Rewrap("audio/mpeg", mpeg_frame),
    "audio/aac": Rewrap("audio/aac", adts_frame),
}
