"""One source being made into WebP: decoded once, sized from samples, encoded.

Measured with libwebp 1.6 on film, cartoons and noise, and decided by it:

* `method` 4, always given: Pillow's default of 0 for animations is 40 to 60 % larger; 6 gains a few percent for up to
  a hundred times the work.
* No `minimize_size`: it made the transparent border of a canvas opaque.
* Key frames every 3 to 5 (Pillow's default): nothing but key frames is 19 % larger on film, none at all loses 2 dB.
* No `allow_mixed`: it forces frames of few colours to be lossless, whatever the budget. Here a rung is never larger
  than the lossless form of the same frames instead, and flat art is often smaller in that.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Self, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from mediaprep.encoders import sticker
from mediaprep.encoders.base import Work
from mediaprep.encoders.picture import frames
from mediaprep.encoders.picture.frames import Shot
from mediaprep.encoders.sticker import Art, reel
from mediaprep.encoders.sticker.reel import Cut, Timeline
from mediaprep.errors import Damaged

if TYPE_CHECKING:
    from PIL.Image import Image

T = TypeVar("T")

METHOD = 4
EFFORT = 60
"""Of the lossless encoder, whose `quality` means effort."""
SAMPLES, RUN = 3, 5
"""An animation is sized from so many runs of so many neighbouring frames; a key frame reaches about as far."""
FLAT = 1 << 14
"""Colours of a picture above which lossless is not tried: it is a photograph, or as good as one."""


class Drawing(Struct, frozen=True, kw_only=True):
    """What is to be made of the art; the fields are those of the recipe. `quality` None: lossless."""

    canvas: tuple[int, int]
    flatten: str | None
    fps: float | None
    quality: int | None
    detail: float


class Session:
    """The pictures of one source at the size of their art, when each begins, and the bytes seen so far."""

    def __init__(
        self,
        picture: Callable[[int], Image],
        times: Callable[[float | None], Timeline] | None,
        *,
        lossless: bool,
        progress: Callable[[float], None] | None = None,
    ) -> None:
        self.picture = picture
        self.times = times
        self.flat = lossless and picture(0).getcolors(FLAT) is not None
        self.progress = progress
        self.sizes: dict[Drawing, int] = {}
        self.whole: dict[Drawing, bytes] = {}

    @classmethod
    def open(cls, work: Work, art: Art, cut: Cut | None) -> Self:
        """Decode the source: the clip that `cut` tells, or the first picture where there is none."""
        lossless = work.media.lossless and work.media.kind != "video"
        if cut is None:
            still = _still(work, art)
            return cls(lambda _: still, None, lossless=lossless, progress=work.progress)
        clip = reel.write_reel(work.folder, work.media, art, cut)
        closest = work.limits.min_frame or 0.0

        def times(fps: float | None) -> Timeline:
            return reel.timeline(clip.starts, clip.end, fps=fps, closest=closest)

        return cls(clip.picture, times, lossless=lossless, progress=work.progress)

    def estimate(self, drawing: Drawing) -> int:
        """Bytes that it will have: of the drawing, or of its lossless form where that is smaller."""
        return self._size(self._smaller(drawing))

    def encoded(self, drawing: Drawing, block: bytes) -> bytes:
        """The finished file, with `block` as its EXIF."""
        drawing = self._smaller(drawing)
        if drawing in self.whole and not block:
            return self.whole[drawing]
        if self.times is None:
            return self._encode_still(drawing, block)
        return self._encode(drawing, self.times(drawing.fps), block, self.progress)

    def _smaller(self, drawing: Drawing) -> Drawing:
        if drawing.quality is None or not self.flat:
            return drawing
        exact = replace(drawing, quality=None)
        return exact if self._size(exact) < self._size(drawing) else drawing

    def _size(self, drawing: Drawing) -> int:
        if drawing not in self.sizes:
            self.sizes[drawing] = self._sampled(drawing)
        return self.sizes[drawing]

    def _sampled(self, drawing: Drawing) -> int:
        if self.times is None:
            return len(self._keep(drawing, self._encode_still(drawing, b"")))
        times = self.times(drawing.fps)
        count = len(times.pictures)
        if drawing.quality is None and not self.flat:
            return drawing.canvas[0] * drawing.canvas[1] * count
        if count <= SAMPLES * RUN:
            return len(self._keep(drawing, self._encode(drawing, times, b"")))
        starts = [number * (count - RUN) // (SAMPLES - 1) for number in range(SAMPLES)]
        runs = [_part(times, start, start + RUN) for start in starts]
        return sum(len(self._encode(drawing, run, b"")) for run in runs) * count // (SAMPLES * RUN)

    def _keep(self, drawing: Drawing, data: bytes) -> bytes:
        """What is small enough to be its own sample need not be encoded again."""
        self.whole[drawing] = data
        return data

    def _drawn(self, drawing: Drawing, number: int) -> Image:
        art = self.picture(number)
        if drawing.detail < 1:
            small = (max(1, round(art.width * drawing.detail)), max(1, round(art.height * drawing.detail)))
            art = sticker.resized_art(sticker.resized_art(art, small), art.size)
        return sticker.placed(art, drawing.canvas, drawing.flatten)

    def _encode_still(self, drawing: Drawing, block: bytes) -> bytes:
        out = io.BytesIO()
        self._drawn(drawing, 0).save(out, "WEBP", **_settings(drawing), exif=block)
        return out.getvalue()

    def _encode(
        self, drawing: Drawing, times: Timeline, block: bytes, progress: Callable[[float], None] | None = None
    ) -> bytes:
        """An animation. Two frames at least: where libwebp would make one of them, the second is marked."""

        def shown(number: int) -> Image:
            return _cornered(self._drawn(drawing, times.pictures[number]))

        def marked(number: int) -> Image:
            return _marked(shown(number)) if number == 1 else shown(number)

        data = _animation(shown, times.milliseconds, progress, **_settings(drawing), exif=block)
        if data.count(b"ANMF") > 1:
            return data
        return _animation(marked, times.milliseconds, progress, **_settings(drawing), exif=block)


def _still(work: Work, art: Art) -> Image:
    """The picture, or the first one of what moves, at the size of the art."""
    media = work.media
    if media.kind == "video":
        shot = Shot(size=art.size, window=art.window, fps=reel.film_rate(media), seconds=1.0)
        film = frames.film_frames(work.folder, media, shot)
        return _first(film)
    if media.kind == "animation":
        return sticker.cut_out(_first(frames.pictures(work.source, media))[0], art)
    from mediaprep.encoders import picture

    largest = round(max(side / share for side, share in zip(art.size, art.window, strict=True)))
    image = picture.open_still(work.source, media, largest=largest)
    return sticker.cut_out(picture.normalise(image, media, mode="RGBA"), art)


def _first(shown: Iterator[T]) -> T:
    for one in shown:
        return one
    raise Damaged("no frame of this file can be read; get it again from its source")


def _part(times: Timeline, start: int, stop: int) -> Timeline:
    return Timeline(pictures=times.pictures[start:stop], milliseconds=times.milliseconds[start:stop])


def _settings(drawing: Drawing) -> dict[str, bool | int]:
    if drawing.quality is None:
        return {"lossless": True, "quality": EFFORT, "method": METHOD}
    return {"quality": drawing.quality, "alpha_quality": 100, "method": METHOD}


def _cornered(image: Image) -> Image:
    """The picture with no corner wholly clear, which nobody sees.

    libwebp leaves clear borders out of a frame. Its first frame would not cover the canvas then, and where all art is
    opaque the file would even say that it has no transparency, and the border be shown black.
    """
    if image.mode == "RGBA":
        for corner in ((0, 0), (image.width - 1, image.height - 1)):
            if image.getpixel(corner)[3] == 0:  # type: ignore[index]
                image.putpixel(corner, (0, 0, 0, 1))
    return image


def _marked(image: Image) -> Image:
    """The picture with one corner pixel a shade different, which nobody sees, so that two equal frames stay two."""
    corner = image.getpixel((0, 0))
    assert isinstance(corner, tuple)
    image.putpixel((0, 0), (*corner[:-1], corner[-1] ^ (1 if image.mode == "RGBA" else 128)))
    return image


def _animation(
    picture: Callable[[int], Image],
    milliseconds: Sequence[int],
    progress: Callable[[float], None] | None,
    **settings: bool | int | bytes,
) -> bytes:
    """A WebP that repeats for ever. Pillow asks for its frames one by one; only the current one is in memory."""
    from PIL import Image

    class Strip(Image.Image):
        n_frames = len(milliseconds)

        def __init__(self) -> None:
            super().__init__()
            self.number = -1
            self.seek(0)

        def seek(self, frame: int) -> None:
            if frame == self.number:
                return
            shown = picture(frame)
            self.im, self._mode, self._size, self.number = shown.im, shown.mode, shown.size, frame
            if progress:
                progress(frame / self.n_frames)

        def tell(self) -> int:
            return self.number

    out = io.BytesIO()
    Strip().save(out, "WEBP", save_all=True, duration=list(milliseconds), loop=0, **settings)
    return out.getvalue()
