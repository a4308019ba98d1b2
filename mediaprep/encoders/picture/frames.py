"""The frames of what moves, one at a time: as a viewer sees them, and for as long as a viewer sees them.

How long a frame is shown is told in three ways that differ. Browsers show a frame of at most 10 ms for 100 ms, in
every format (Chromium `BitmapImage::FrameDurationAtIndex`, Firefox `FrameTimeout`, WebKit bug 36082), and people made
their GIFs by what browsers show; so does this module. `Media.duration` and `Media.shortest_frame` keep the file's own
numbers; `playing_time` tells the two together.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from mediaprep import formats
from mediaprep.errors import Damaged, TooMuch
from mediaprep.media import Media

if TYPE_CHECKING:
    import av.video.frame
    import av.video.stream
    from PIL.GifImagePlugin import GifImageFile
    from PIL.Image import Image

MAX_PIXELS = 400_000_000
"""Pixels of all frames together, as their canvas counts."""

_TOO_SHORT = 0.0105
_SHOWN_INSTEAD = 0.1
_ALPHA_FLAG = 0x10
_TO_BACKGROUND = 2


def shown(seconds: float) -> float:
    """How long a viewer shows a frame that is said to last so long."""
    return seconds if seconds >= _TOO_SHORT else _SHOWN_INSTEAD


def playing_time(media: Media) -> float | None:
    """Seconds that the whole plays in a viewer; None where the facts do not tell. Pure."""
    if media.main_video is not None and media.main_video.duration is not None:
        return media.main_video.duration
    if media.kind != "animation" or media.duration is None or (media.shortest_frame or 0) >= _TOO_SHORT:
        return media.duration
    all_short = abs(media.duration - media.frames * (media.shortest_frame or 0)) < 0.001
    return media.frames * _SHOWN_INSTEAD if all_short else None


def pictures(path: Path, media: Media) -> Iterator[tuple[Image, float]]:
    """Every frame of an animation as a new RGBA picture of the whole canvas, and the seconds it is shown.

    Frames are upright and sRGB. One is in memory at a time. Raises `Damaged` and `TooMuch`.
    """
    image = _opened(path, media)
    frames = _by_av(path) if image is None else _by_pillow(image)
    pixels = 0
    for number, (frame, seconds) in enumerate(frames, 1):
        pixels += frame.width * frame.height
        if pixels > MAX_PIXELS:
            raise TooMuch(
                f"the animation has more than {number - 1} frames of {frame.width} x {frame.height} pixels; "
                "make it smaller or shorter"
            )
        yield _as_seen(frame, media), shown(seconds)


def _opened(path: Path, media: Media) -> Image | None:
    """The animation in Pillow, None where FFmpeg has to read it."""
    from PIL import Image, UnidentifiedImageError

    row = formats.of(media.mime)
    if not row.moves:  # HEIC
        return None
    with _as_our_errors():
        try:
            return Image.open(_webp(path) if media.mime == "image/webp" else path, formats=[row.pillow])
        except UnidentifiedImageError:
            if not row.second:
                raise
    return None


def _webp(path: Path) -> io.BytesIO:
    """The file with its alpha flag set, without which Pillow drops the alpha of what it composes.

    Encoders leave it out where each frame is opaque, even if the frames do not cover the canvas, which stays
    transparent there in every viewer. Pillow holds the whole file in memory in any case.
    """
    data = bytearray(path.read_bytes())
    if data[12:16] == b"VP8X":
        data[20] |= _ALPHA_FLAG
    return io.BytesIO(data)


def _as_seen(frame: Image, media: Media) -> Image:
    if media.orientation == 1 and not frame.info.get("icc_profile"):
        seen = frame.convert("RGBA")
        seen.info.clear()
        return seen
    from mediaprep.encoders import picture

    return picture.normalise(frame, media, mode="RGBA")


def _by_pillow(image: Image) -> Iterator[tuple[Image, float]]:
    """Frames as Pillow composes them; `seek` and `load` both, since a WebP's duration reads 0 before `load`."""
    from PIL.GifImagePlugin import GifImageFile

    with _as_our_errors(), image:
        # The picture that an APNG shows where only PNG is understood need not be a part of the animation.
        for number in range(int(getattr(image, "default_image", False)), getattr(image, "n_frames", 1)):
            image.seek(number)
            image.load()
            yield image, (image.info.get("duration") or 0) / 1000
            if isinstance(image, GifImageFile):
                _clear_what_goes(image)


def _clear_what_goes(image: GifImageFile) -> None:
    """What a GIF's frame leaves behind is clear, as in browsers; Pillow paints it in the background colour where the
    frame itself has no transparent pixel. A GIF that has none at all keeps that colour."""
    if image.disposal_method == _TO_BACKGROUND and image.mode == "RGBA" and image.dispose_extent:
        from PIL import Image

        left, top, right, bottom = image.dispose_extent
        image.dispose = Image.new("RGBA", (right - left, bottom - top)).im


def _by_av(path: Path) -> Iterator[tuple[Image, float]]:
    """Frames of an AVIF or HEIC sequence by FFmpeg, with the second track as alpha where there is one."""
    import av

    from mediaprep.running import allowlists

    options = allowlists.input_options("mov")
    with (
        _as_our_errors(),
        av.open(str(path), format=options.pop("f"), container_options=options) as colour,
        av.open(str(path), format="mov", container_options=options) as mask,
    ):
        tracks = [stream for stream in colour.streams.video if stream.frames > 1]
        if not tracks:
            raise Damaged("the animation cannot be read; export it as GIF or as a film")
        main = next((track for track in tracks if not _is_grey(track)), tracks[0])
        second = next((track for track in tracks if track is not main and _is_grey(track)), None)
        masks = mask.decode(video=second.index) if second is not None else None
        for frame in colour.decode(main):
            picture: Image = frame.to_image()  # type: ignore[no-untyped-call]
            if masks is not None and (alpha := next(masks, None)) is not None:
                picture.putalpha(_grey(alpha).resize(picture.size))
            yield picture, float(frame.duration * main.time_base) if main.time_base else 0.0


def _is_grey(track: av.video.stream.VideoStream) -> bool:
    return (track.codec_context.pix_fmt or "").startswith("gray")


def _grey(frame: av.video.frame.VideoFrame) -> Image:
    from PIL import Image

    plane = frame.reformat(format="gray").planes[0]
    return Image.frombuffer("L", (frame.width, frame.height), bytes(plane), "raw", "L", plane.line_size, 1)


@contextmanager
def _as_our_errors() -> Iterator[None]:
    """Decoders' own exceptions as ours; what Pillow only warns of is none."""
    import av
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except Image.DecompressionBombError as error:
        raise TooMuch("the animation has too many pixels; make it smaller") from error
    except (av.FFmpegError, OSError, EOFError, SyntaxError, ValueError) as error:
        raise Damaged("a frame of the animation cannot be read; get or export the file again") from error


class Shot(Struct, frozen=True, kw_only=True):
    """What is taken of a film: `fps` frames for each of the first `seconds` that are shown, of `size` pixels.

    `window`: the shares of width and height that are shown, from the middle. `speed`: times as fast as the film.
    """

    size: tuple[int, int]
    fps: float
    seconds: float
    window: tuple[float, float] = (1.0, 1.0)
    speed: float = 1.0


def film_frames(folder: Path, media: Media, shot: Shot) -> Iterator[Image]:
    """The frames of the film that is `folder/input`: RGBA where it has transparency, else RGB.

    Upright, square pixels, deinterlaced, and in the ordinary range of brightness. Raises `ToolError`.
    """
    from PIL import Image

    from mediaprep.running import tools

    mode = "RGBA" if media.main_video is not None and media.main_video.alpha else "RGB"
    block = shot.size[0] * shot.size[1] * len(mode)
    wall = 60 + 10 * shot.seconds * shot.speed
    for data in tools.stream(shot_arguments(media, shot), folder=folder, seconds=wall, block=block):
        if len(data) == block:
            yield Image.frombytes(mode, shot.size, data)


def shot_arguments(media: Media, shot: Shot) -> list[str]:
    """What ffmpeg is called with to give raw frames on its standard output. Pure."""
    from mediaprep.running import tools

    video = media.main_video
    if video is None:
        raise Damaged("no video stream in this file")
    # Only libvpx's decoders see the second layer that carries the transparency of a WebM.
    decoder = {"vp8": "libvpx", "vp9": "libvpx-vp9"}.get(video.codec) if video.alpha else None
    choice = {"c:v": decoder} if decoder else {}
    node = tools.source(media, **choice)[str(video.index)]
    if video.interlaced:
        node = node.filter("bwdif", mode="send_frame")
    if shot.speed != 1.0:
        node = node.filter("setpts", f"(PTS-STARTPTS)/{shot.speed:.6f}")
    node = node.filter("fps", f"{shot.fps:.6f}", start_time=0)
    if video.hdr:
        node = (
            node.filter("zscale", transfer="linear", npl=203)
            .filter("format", "gbrpf32le")
            .filter("zscale", primaries="bt709")
            .filter("tonemap", "mobius", desat=0)
            .filter("zscale", transfer="bt709", matrix="bt709", range="tv")
            .filter("format", "yuv420p")
        )
    if shot.window != (1.0, 1.0):
        across, down = shot.window
        node = node.filter("crop", f"max(1,iw*{across:.6f})", f"max(1,ih*{down:.6f})")
    node = node.filter("scale", *shot.size, flags="lanczos+accurate_rnd")
    node = node.filter("format", "rgba" if video.alpha else "rgb24")
    # `-t` stops the decoder too; `trim` would read the film to its end.
    return tools.arguments(node.output("pipe:1", f="rawvideo", t=f"{shot.seconds:.6f}", fps_mode="passthrough"))
