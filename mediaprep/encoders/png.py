"""Still pictures to PNG: screenshots, drawings and text without loss, transparency kept where it may be."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from mediaprep.encoders import jpeg, picture
from mediaprep.encoders.base import Encoder, Recipe, Work, complies, obeying
from mediaprep.media import Media
from mediaprep.options import Options
from mediaprep.rules import Finding, Limits

if TYPE_CHECKING:
    from PIL.Image import Image

LEVEL = 6
"""zlib's; level 9 saves 1 to 2 % for three times the time."""

_PACKED, _PACKING, _AROUND = 1.0, 0.1, 100
"""Bytes a pixel from which on a source is taken to be uncompressed, what is left of such a one, and bytes of a PNG
without pixels. A drawing is meant: photographs become JPEG."""

_STRIPS, _ROWS = 12, 64
"""A sample is 12 strips of 64 rows."""


class PngRecipe(Recipe, frozen=True, kw_only=True):
    width: int
    height: int
    alpha: bool = False


class Png:
    """One rung, since nothing is lost that could be lost in steps: what does not fit goes on to JPEG.

    A photograph is left to JPEG, unless the profile has PNG made and no JPEG.
    """

    mime = "image/png"

    def ladder(
        self, media: Media, limits: Limits, findings: Sequence[Finding], options: Options
    ) -> tuple[PngRecipe, ...]:
        if not picture.stands_still(media, limits, self.mime):
            return ()
        copy = PngRecipe(encodes=0, width=media.width, height=media.height, alpha=media.alpha)
        curable = media.mime == self.mime and findings and all(finding.cure == "remux" for finding in findings)
        copyable = curable and media.orientation == 1 and complies(self.expect(copy, media, limits), limits)
        copied = (copy,) if copyable else ()
        clear = limits.alpha is not False and (not limits.modes or "RGBA" in limits.modes)
        alpha = clear and (media.alpha or bool(limits.modes and "RGB" not in limits.modes))
        jpegs = jpeg.Jpeg.mime in limits.make and jpeg.accepted(limits)
        alone = self.mime in limits.make and not jpegs
        called_for = jpeg.drawn(media) or (media.lossless and alpha) or alone
        possible = limits.accepts(self.mime) and (not limits.modes or ("RGBA" if alpha else "RGB") in limits.modes)
        if not called_for or not possible:
            return obeying(self, copied, media, limits)
        best = jpeg.rungs(media, limits, options.background)[0]
        flattened = picture.flattening(options.background)
        changes = tuple(said for said in best.changes if not alpha or said != flattened)
        encoded = PngRecipe(width=best.width, height=best.height, alpha=alpha, changes=changes)
        return obeying(self, (*copied, encoded), media, limits)

    def expect(self, recipe: PngRecipe, media: Media, limits: Limits) -> Media:
        if recipe.encodes == 0:
            return replace(media, name=picture.named(media, self.mime), size=0, metadata=(), trailing=0)
        return Media(
            name=picture.named(media, self.mime), size=0, mime=self.mime, kind="image",
            mode="RGBA" if recipe.alpha else "RGB", alpha=recipe.alpha, lossless=True,
            width=recipe.width, height=recipe.height, caption=media.caption, text=media.text,
        )  # fmt: skip

    def foresee(self, recipe: PngRecipe, media: Media, limits: Limits) -> int | None:
        """A lossless source holds what its content needs, unless it is not compressed at all."""
        if recipe.encodes == 0:
            return media.size - media.trailing
        pixels = recipe.width * recipe.height
        held = media.size / (media.width * media.height * media.frames)
        packed = held if held < _PACKED else held * _PACKING
        return round(pixels * min(packed, 4 if recipe.alpha else 3)) + _AROUND

    def estimate(self, recipe: PngRecipe, work: Work) -> int | None:
        """From strips of the picture, where the plain pixels could be too many."""
        if recipe.encodes == 0:
            return work.media.size - work.media.trailing
        plain = recipe.width * recipe.height * (4 if recipe.alpha else 3)
        small = work.ceiling is None or plain < work.ceiling or recipe.height <= _STRIPS * _ROWS
        return plain if small else _sampled(recipe, work)

    def encode(self, recipe: PngRecipe, work: Work, output: Path) -> None:
        if recipe.encodes == 0:
            from mediaprep.containers import png

            png.strip(work.source, output)
            return
        _prepared(recipe, work).save(output, "PNG", compress_level=LEVEL)


def _prepared(recipe: PngRecipe, work: Work) -> Image:
    """The picture as it will be, made once."""

    def made() -> Image:
        media, background = work.media, work.options.background
        image = picture.open_still(work.source, media, largest=max(recipe.width, recipe.height))
        image = picture.normalise(image, media, mode="RGBA" if recipe.alpha else "RGB", background=background)
        around = "#00000000" if recipe.alpha else background
        return picture.shaped(image, (recipe.width, recipe.height), work.limits, around)

    return work.notes.once("picture", made)


def _sampled(recipe: PngRecipe, work: Work) -> int:
    image = _prepared(recipe, work)
    total = 0
    for number in range(_STRIPS):
        top = (image.height - _ROWS) * number // (_STRIPS - 1)
        with BytesIO() as file:
            image.crop((0, top, image.width, top + _ROWS)).save(file, "PNG", compress_level=LEVEL)
            total += file.tell()
    return round(total * image.height / (_STRIPS * _ROWS))


ENCODERS: dict[str, Encoder[PngRecipe]] = {"image/png": Png()}
