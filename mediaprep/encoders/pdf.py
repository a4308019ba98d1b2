"""Pictures and plain text to PDF, for places that take nothing else: a template's header."""

from __future__ import annotations

import datetime
import textwrap
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib import resources
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from mediaprep.containers.plain_text import decoded
from mediaprep.encoders import jpeg, picture
from mediaprep.encoders.base import Encoder, Work, obeying
from mediaprep.errors import OutputError
from mediaprep.media import Media
from mediaprep.options import Options
from mediaprep.rules import Finding, Limits

if TYPE_CHECKING:
    from fpdf import FPDF

PAGE = 297.0
"""Millimetres of a picture page's longest side, as of A4; it has the picture's own shape and no margin."""

_AROUND, _FONT = 900, 12_000
"""Bytes of a PDF around one picture, and of one with a few words: nearly all are the letters of its font."""

MAX_TEXT = 2_000_000
"""Bytes of text, some 600 pages; beyond that nobody reads it on a phone."""

TEXTS = ("text/plain", "text/csv", "text/markdown")

SIZE, LINE, MARGIN = 10.0, 4.6, 15.0
"""Of text: points, and millimetres."""

COLUMNS = 85
"""Characters of 0.6 x 10 points that fit between the margins of A4."""

UNKNOWN = "\ufffd"
LOST = 0.1
"""The share of letters that may be missing in the font: a few emoji, never a text in another script."""

_SPACES = "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_INVISIBLE = dict.fromkeys([*range(0x20), 0x7F, 0xAD, *range(0x200B, 0x2010), 0x2060, *range(0xFE00, 0xFE10), 0xFEFF])


class PdfRecipe(jpeg.JpegRecipe, frozen=True, kw_only=True):
    """`text`: the pages are set from plain text, else each is a picture. `encodes` 0: the JPEG goes in as it is."""

    text: bool = False


class Pdf:
    mime = "application/pdf"

    def ladder(
        self, media: Media, limits: Limits, findings: Sequence[Finding], options: Options
    ) -> tuple[PdfRecipe, ...]:
        if limits.of_film or limits.of_sound or not limits.accepts(self.mime):
            return ()
        if media.mime in TEXTS:
            set_in_type = (PdfRecipe(text=True, width=0, height=0),) if media.size <= MAX_TEXT else ()
            return obeying(self, set_in_type, media, limits)
        if media.kind not in ("image", "animation") or min(media.upright) < 1:
            return ()
        copies: tuple[PdfRecipe, ...] = ()
        if media.mime == "image/jpeg" and media.orientation == 1:
            copies = (PdfRecipe(encodes=0, width=media.width, height=media.height),)
        every = replace(media, extras=())  # every page becomes one, none is lost
        rungs = (
            PdfRecipe(width=r.width, height=r.height, quality=r.quality, chroma=r.chroma, changes=r.changes)
            for r in jpeg.rungs(every, limits, options.background)
        )
        return obeying(self, (*copies, *rungs), media, limits)

    def expect(self, recipe: PdfRecipe, media: Media, limits: Limits) -> Media:
        return Media(
            name=picture.named(media, self.mime), size=0, mime=self.mime, kind="document",
            caption=media.caption, text=media.text,
        )  # fmt: skip

    def foresee(self, recipe: PdfRecipe, media: Media, limits: Limits) -> int | None:
        """Text is deflated, beside the font's letters that it uses; of pages nothing tells how many there are."""
        if recipe.text:
            return _FONT + media.size // 3
        image = media.size if recipe.encodes == 0 else jpeg.JPEG.foresee(recipe, media, limits)
        return image + _AROUND if image is not None and "pages" not in media.extras else None

    def estimate(self, recipe: PdfRecipe, work: Work) -> int | None:
        if recipe.text or "pages" in work.media.extras:
            return None
        return jpeg.JPEG.estimate(recipe, work)

    def encode(self, recipe: PdfRecipe, work: Work, output: Path) -> None:
        document = _empty()
        if recipe.text:
            _set(document, decoded(work.source.read_bytes()), work)
        else:
            for data, (width, height) in _pictures(recipe, work):
                scale = PAGE / max(width, height)
                document.add_page(format=(width * scale, height * scale))
                document.image(BytesIO(data), x=0, y=0, w=width * scale, h=height * scale)
        document.output(str(output))


def _empty() -> FPDF:
    """A document that says nothing about who made it and when; the format's date is there, and is the epoch."""
    from fpdf import FPDF

    document = FPDF(format="A4")
    document.set_producer("")
    document.set_creation_date(datetime.datetime.fromtimestamp(0, datetime.UTC))
    return document


def _pictures(recipe: PdfRecipe, work: Work) -> Iterator[tuple[bytes, tuple[int, int]]]:
    """The JPEG of each page, and its size in pixels."""
    if recipe.encodes == 0:
        from mediaprep.containers.jpeg import strip

        scratch = work.folder / "page.jpg"
        strip(work.source, scratch)
        yield scratch.read_bytes(), (recipe.width, recipe.height)
    elif "pages" not in work.media.extras:
        pixels = jpeg.prepared(recipe, work)
        image = jpeg.at_size(pixels, recipe, work)
        yield jpeg.compressed(pixels, recipe, image), image.size
    else:
        for page in picture.pages_of(work.source, work.media):
            image = picture.normalise(page, work.media, background=work.options.background)
            image = picture.resized(image, picture.fitted(image.size, max(recipe.width, recipe.height)))
            yield jpeg.compressed(jpeg.Pixels(image, jpeg.BEST, jpeg.FULL_COLOUR), recipe, image), image.size


def _set(document: FPDF, text: str, work: Work) -> None:
    """The text in a fixed-width font, so that columns stay columns. Raises `OutputError` where too much is lost."""
    from fpdf.enums import XPos, YPos
    from fpdf.fonts import TTFFont

    with resources.as_file(resources.files("fontpkg_roboto_mono") / "files" / "RobotoMono[wght].ttf") as font:
        document.add_font("mono", fname=font)
    face = document.fonts["mono"]
    assert isinstance(face, TTFFont), "a font from a file"
    document.set_font("mono", size=SIZE)
    document.set_margin(MARGIN)
    document.c_margin = 0
    document.set_auto_page_break(True, MARGIN)
    document.add_page()
    lines, lost = _lines(text, set(face.cmap))
    if lost:
        work.losses = (f"characters missing from the font are shown as {UNKNOWN}: {' '.join(lost[:20])}",)
    for line in lines:
        if line.strip():
            document.cell(h=LINE, text=line, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        else:
            document.ln(LINE)


def _lines(text: str, known: set[int]) -> tuple[list[str], list[str]]:
    """Lines of at most 85 characters that the font has, and the characters that it has not. Pure."""
    broken = unicodedata.normalize("NFC", text).replace("\f", "\n").splitlines()
    plain = [line.expandtabs(8).translate(_INVISIBLE) for line in broken]
    letters = Counter(letter for line in plain for letter in line if not letter.isspace())
    lost = [letter for letter in letters if ord(letter) not in known]
    if sum(letters[letter] for letter in lost) > LOST * letters.total():
        raise OutputError(
            f"the text uses letters that the PDF's font lacks ({' '.join(lost[:5])}); "
            "save it as PDF in the program that wrote it"
        )
    table = {ord(letter): UNKNOWN for letter in lost} | {ord(space): " " for space in _SPACES}
    lines = []
    for line in plain:
        line = line.translate(table)
        lines += textwrap.wrap(line, COLUMNS, drop_whitespace=False, break_on_hyphens=False) or [""]
    return lines, lost


ENCODERS: dict[str, Encoder[PdfRecipe]] = {"application/pdf": Pdf()}
