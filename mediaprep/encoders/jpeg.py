"""Still pictures to JPEG: quality first, scale last, and no new pixels at all where only metadata is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from math import ceil, log
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from mediaprep.encoders import picture
from mediaprep.encoders.base import Encoder, Recipe, Work, complies, obeying
from mediaprep.media import Media
from mediaprep.options import Options
from mediaprep.rules import Finding, Limits
from mediaprep.rules.base import megabytes

if TYPE_CHECKING:
    from PIL.Image import Image

BEST, PLAIN, POOR, WORST = 95, 92, 71, 60
"""libjpeg qualities. Above 95 only the file grows; 92 is where photographs stop to differ from what is lossless;
scaling starts at 71, since a smaller picture then looks better than a coarser one; 60 goes with the smallest size."""

STEP = 3
SHRINK = 0.88
SMALLEST = 640
"""Pixels of the longest side below which nothing is scaled."""

MAX_SIDE = 65_500
"""Pixels of a side that libjpeg writes."""

FULL_COLOUR, HALF_COLOUR = 0, 2
"""Chroma subsampling as Pillow counts it: 0 is 4:4:4, 1 is 4:2:2, 2 is 4:2:0."""

TILE = 256
SAMPLE = 16
"""A sample is 16 tiles of 256 x 256 pixels, spread over the picture."""

_HEADERS = 620
_STANDARD_TABLE = 3688
"""The sum of libjpeg's luminance table at quality 50 (ITU-T T.81, table K.1)."""


class JpegRecipe(Recipe, frozen=True, kw_only=True):
    """`quality` and `chroma` are the best that is used: a JPEG source never gets more than it has itself."""

    width: int
    height: int
    quality: int = BEST
    chroma: int = HALF_COLOUR


class Pixels(NamedTuple):
    """A picture ready to be encoded; the quality and chroma that its own coding had, the best where it had none."""

    image: Image
    quality: int
    chroma: int


class Jpeg:
    mime = "image/jpeg"

    def ladder(
        self, media: Media, limits: Limits, findings: Sequence[Finding], options: Options
    ) -> tuple[JpegRecipe, ...]:
        if not picture.stands_still(media, limits, self.mime):
            return ()
        copied = [
            one for one in copy_recipes(media, limits, findings) if complies(self.expect(one, media, limits), limits)
        ]
        encoded = rungs(media, limits, options.background) if accepted(limits) else ()
        return obeying(self, (*copied, *encoded), media, limits)

    def expect(self, recipe: JpegRecipe, media: Media, limits: Limits) -> Media:
        if recipe.encodes == 0:
            return replace(media, name=picture.named(media, self.mime), size=0, metadata=(), trailing=0)
        return Media(
            name=picture.named(media, self.mime), size=0, mime=self.mime, kind="image", mode="RGB",
            width=recipe.width, height=recipe.height, caption=media.caption, text=media.text,
        )  # fmt: skip

    def foresee(self, recipe: JpegRecipe, media: Media, limits: Limits) -> int | None:
        if recipe.encodes == 0:
            return media.size - media.trailing
        return _HEADERS + picture.foreseen(media, (recipe.width, recipe.height), recipe.quality)

    def estimate(self, recipe: JpegRecipe, work: Work) -> int | None:
        if recipe.encodes == 0:
            return work.media.size - work.media.trailing
        pixels = prepared(recipe, work)
        best = rungs(work.media, work.limits, work.options.background)[0]
        upper = _sampled(best, pixels, work)
        if work.ceiling is None or upper <= 0.9 * work.ceiling:
            return upper  # the best rung fits, so no other is worth a sample of its own
        return _sampled(recipe, pixels, work)

    def encode(self, recipe: JpegRecipe, work: Work, output: Path) -> None:
        if recipe.encodes == 0:
            from mediaprep.containers import jpeg

            jpeg.strip(work.source, output)
            return
        pixels = prepared(recipe, work)
        with output.open("wb") as file:
            file.write(compressed(pixels, recipe, at_size(pixels, recipe, work)))


def copy_recipes(media: Media, limits: Limits, findings: Sequence[Finding]) -> tuple[JpegRecipe, ...]:
    """The copy without metadata and trailing bytes, where that cures all; it would lose the orientation tag."""
    if media.mime != "image/jpeg" or media.orientation != 1 or not findings:
        return ()
    slim = media.trailing > 0 and (limits.max_bytes is None or media.size - media.trailing <= limits.max_bytes)
    cured = all(one.cure == "remux" or (one.code == "MP102" and slim) for one in findings)
    return (JpegRecipe(encodes=0, width=media.width, height=media.height),) if cured else ()


def accepted(limits: Limits) -> bool:
    """Whether the limits accept a JPEG in colour. Pure."""
    return limits.accepts(Jpeg.mime) and (not limits.modes or "RGB" in limits.modes)


def rungs(media: Media, limits: Limits, background: str) -> tuple[JpegRecipe, ...]:
    """The encoding part of the ladder, best first. Pure."""
    upright = media.upright
    full = picture.fitted(upright, min(MAX_SIDE, limits.max_side or MAX_SIDE))
    exact = limits.width is not None and limits.height is not None
    if exact:
        full = (limits.width or 0, limits.height or 0)
    said = picture.losses(media, limits, background)
    graphic = drawn(media)
    best = BEST if media.mime == "image/jpeg" else PLAIN
    steps = [(full, quality) for quality in range(best, POOR - 1, -STEP)]
    longest = max(full)
    shrinks = 0 if exact else max(0, ceil(log(SMALLEST / longest, SHRINK)))
    for number in range(1, shrinks + 1):
        side = max(SMALLEST, round(longest * SHRINK**number))
        steps.append((picture.fitted(full, side), POOR - round((POOR - WORST) * number / shrinks)))
    if not shrinks:
        steps += [(full, quality) for quality in range(POOR - STEP, WORST - 1, -STEP)]
    return tuple(
        JpegRecipe(
            width=size[0],
            height=size[1],
            quality=quality,
            chroma=FULL_COLOUR if graphic or (best == BEST and quality > 90) else HALF_COLOUR,
            changes=(*said, *_scaled(upright, size, limits, exact)),
        )
        for size, quality in steps
    )


def drawn(media: Media) -> bool:
    """Whether the picture looks like a screenshot, text or a drawing: stored without loss in very few bits a pixel."""
    if not media.lossless or not media.width or not media.height:
        return False
    return media.colours is not None or 8 * media.size < 3 * media.width * media.height * max(1, media.frames)


def _scaled(old: tuple[int, int], new: tuple[int, int], limits: Limits, exact: bool) -> tuple[str, ...]:
    if old == new:
        return ()
    if exact:
        return (f"scaled from {old[0]} x {old[1]} to fit into {new[0]} x {new[1]}",)
    sentence = f"scaled from {old[0]} x {old[1]} to {new[0]} x {new[1]}"
    bounded = max(new) == (limits.max_side or MAX_SIDE) or limits.max_bytes is None
    return (sentence if bounded else f"{sentence} to fit {megabytes(limits.max_bytes or 0)}",)


def prepared(recipe: JpegRecipe, work: Work, page: int = 0) -> Pixels:
    """The decoded and normalised picture: decoded once, however many rungs are tried."""
    return work.notes.once(("pixels", page), lambda: _decoded(work, page))


def _decoded(work: Work, page: int) -> Pixels:
    best = rungs(work.media, work.limits, work.options.background)[0]
    image = picture.open_still(work.source, work.media, largest=max(best.width, best.height), page=page)
    quality, chroma = own_quality(image), _own_chroma(image)
    return Pixels(picture.normalise(image, work.media, background=work.options.background), quality, chroma)


def at_size(pixels: Pixels, recipe: JpegRecipe, work: Work) -> Image:
    return picture.shaped(pixels.image, (recipe.width, recipe.height), work.limits, work.options.background)


def compressed(pixels: Pixels, recipe: JpegRecipe, image: Image) -> bytes:
    """The JPEG. Huffman tables are the standard ones: better ones save 1 to 3 % and cost a third of the whole time."""
    with BytesIO() as file:
        image.save(
            file, "JPEG", quality=min(recipe.quality, pixels.quality), subsampling=max(recipe.chroma, pixels.chroma)
        )
        return file.getvalue()


def own_quality(image: Image) -> int:
    """The libjpeg quality whose luminance table is as coarse as the picture's, and a little for safety."""
    tables = getattr(image, "quantization", None)
    if not tables:
        return BEST
    coarse: float = sum(tables[min(tables)]) / _STANDARD_TABLE
    quality = 100 - 50 * coarse if coarse <= 1 else 50 / coarse
    return max(1, min(BEST, ceil(quality) + 1))


def _own_chroma(image: Image) -> int:
    if image.format not in ("JPEG", "MPO"):
        return FULL_COLOUR
    from PIL.JpegImagePlugin import get_sampling

    sampling: int = get_sampling(image)
    return HALF_COLOUR if sampling < 0 else sampling


def _sampled(recipe: JpegRecipe, pixels: Pixels, work: Work) -> int:
    """Bytes that the recipe gives, from a few tiles encoded at its quality and scale."""

    def sampled() -> int:
        tiles = _mosaic(pixels.image, (recipe.width, recipe.height))
        share = recipe.width * recipe.height / (tiles.width * tiles.height)
        return _HEADERS + round((len(compressed(pixels, recipe, tiles)) - _HEADERS) * share)

    quality, chroma = min(recipe.quality, pixels.quality), max(recipe.chroma, pixels.chroma)
    return work.notes.once(("sampled", recipe.width, recipe.height, quality, chroma), sampled)


def _mosaic(image: Image, size: tuple[int, int]) -> Image:
    """Tiles of the picture as it looks at that size, side by side; the whole picture where it is not much larger."""
    from PIL.Image import Resampling, new

    if size[0] * size[1] <= 2 * SAMPLE * TILE * TILE:
        return image.resize(size, Resampling.BICUBIC, reducing_gap=2.0)
    across = max(1, min(SAMPLE, round((SAMPLE * size[0] / size[1]) ** 0.5)))
    down = max(1, SAMPLE // across)
    wide, high = min(TILE, size[0] // across), min(TILE, size[1] // down)
    zoom = (image.width / size[0], image.height / size[1])
    made = new("RGB", (across * wide, down * high))
    for column in range(across):
        for row in range(down):
            left = (2 * column + 1) * size[0] // (2 * across) - wide // 2
            top = (2 * row + 1) * size[1] // (2 * down) - high // 2
            box = (left * zoom[0], top * zoom[1], (left + wide) * zoom[0], (top + high) * zoom[1])
            tile = image.resize((wide, high), Resampling.BICUBIC, box, reducing_gap=2.0)
            made.paste(tile, (column * wide, row * high))
    return made


JPEG = Jpeg()

ENCODERS: dict[str, Encoder[JpegRecipe]] = {JPEG.mime: JPEG}
