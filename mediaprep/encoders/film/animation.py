"""An animated picture as a film: a lossless copy of its frames with their true times, which ffmpeg can read."""

from __future__ import annotations

from fractions import Fraction
from itertools import chain
from pathlib import Path

from msgspec.structs import replace

from mediaprep.encoders.picture.frames import pictures, playing_time
from mediaprep.media import Media, VideoStream

NAME = "frames.mov"
"""QuickTime, since it is the container that keeps how long the last frame is shown."""

_TICKS = 90_000


def as_film(media: Media) -> Media:
    """The facts of the film that `write_film` makes; those of a film stay as they are. Pure."""
    if media.kind != "animation":
        return media
    seconds = playing_time(media)
    width, height = media.upright
    video = VideoStream(
        index=0, codec="qtrle", pixel_format="rgb24", width=width, height=height, variable=True, default=True,
        fps=media.frames / seconds if seconds else None, duration=seconds,
    )  # fmt: skip
    return replace(
        media, kind="video", mime="video/quicktime", demuxer="mov", width=width, height=height, orientation=1,
        duration=seconds, alpha=False, video=(video,), audio=(),
    )  # fmt: skip


def write_film(folder: Path, media: Media, background: str) -> None:
    """Write `frames.mov` from `input`, transparency flattened onto `background`. Raises what `frames.pictures` does."""
    import av
    from PIL import Image

    frames = pictures(folder / "input", media)
    first = next(frames)
    with av.open(str(folder / NAME), "w", format="mov") as container:
        stream = container.add_stream("qtrle", rate=_TICKS)
        stream.width, stream.height = first[0].size
        stream.pix_fmt = "rgb24"
        stream.time_base = stream.codec_context.time_base = Fraction(1, _TICKS)
        ends: dict[int, int] = {}
        now = 0.0
        for picture, seconds in chain([first], frames):
            flat = Image.new("RGBA", picture.size, background)
            flat.alpha_composite(picture)
            frame = av.VideoFrame.from_image(flat.convert("RGB"))  # type: ignore[no-untyped-call]
            start = round(now * _TICKS)
            frame.pts, frame.time_base = start, Fraction(1, _TICKS)
            now += seconds
            ends[start] = round(now * _TICKS)
            for packet in stream.encode(frame):
                # The encoder forgets durations, and without one the last frame would be as short as the one before.
                packet.duration = ends.pop(packet.pts or 0) - (packet.pts or 0)
                container.mux(packet)
