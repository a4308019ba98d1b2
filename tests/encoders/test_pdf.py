"""PDF: pictures page by page, and plain text; read back by the bytes of the file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from msgspec.structs import replace
from PIL import Image

from mediaprep.encoders.base import Work
from mediaprep.encoders.pdf import COLUMNS, MAX_TEXT, UNKNOWN, Pdf, PdfRecipe, _lines
from mediaprep.errors import OutputError
from mediaprep.media import Media
from mediaprep.options import Options
from mediaprep.rules import Limits, check_media, errors_of
from tests import material, strategies

PDF = Pdf()
LIMITS = Limits(mime=("application/pdf",), max_bytes=100_000_000)
LATIN = set(range(32, 127)) | {ord(letter) for letter in "éà€" + UNKNOWN}


def ladder(media: Media, wanted: Limits = LIMITS) -> tuple[PdfRecipe, ...]:
    return PDF.ladder(media, wanted, errors_of(check_media(media, wanted, ours=True)), Options())


@given(strategies.media)
def test_every_recipe_keeps_its_promise(media: Media) -> None:
    for wanted in (LIMITS, replace(LIMITS, max_bytes=5, max_side=100), replace(LIMITS, alpha=False, modes=("RGB",))):
        for recipe in ladder(media, wanted):
            assert errors_of(check_media(PDF.expect(recipe, media, wanted), wanted, ours=True)) == ()


def test_what_becomes_a_pdf() -> None:
    text = Media(name="letter.txt", size=500, mime="text/plain", kind="document")
    assert [recipe.text for recipe in ladder(text)] == [True]
    assert PDF.expect(ladder(text)[0], text, LIMITS).name == "letter.pdf"
    assert ladder(replace(text, size=MAX_TEXT + 1)) == ()
    assert ladder(replace(text, mime="application/msword")) == ()
    assert ladder(Media(name="a", size=9, mime="video/mp4", kind="video", width=9, height=9)) == ()


def made(tmp_path: Path, media: Media, number: int = 0) -> tuple[bytes, Work]:
    task = Work(media=media, limits=LIMITS, options=Options(), folder=tmp_path, ceiling=LIMITS.max_bytes)
    PDF.encode(ladder(media)[number], task, tmp_path / "output.pdf")
    data = (tmp_path / "output.pdf").read_bytes()
    assert data.startswith(b"%PDF-1.") and data.rstrip().endswith(b"%%EOF")
    assert not re.search(rb"/(Producer|Creator|Author|Title|ModDate)\b", data)
    assert re.findall(rb"/CreationDate \((.*?)\)", data) == [b"D:19700101000000Z"]
    return data, task


def pages(data: bytes) -> list[tuple[float, float]]:
    """Width and height of each page, in points; a page that says nothing has its parent's."""
    (count,) = re.findall(rb"/Count (\d+)", data)
    parent, *own = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", data)
    sizes = [(float(width), float(height)) for width, height in own or [parent] * int(count)]
    assert len(sizes) == int(count)
    return sizes


def jpegs(data: bytes) -> list[bytes]:
    return re.findall(rb"\xff\xd8\xff.*?\xff\xd9(?=\s*endstream)", data, re.DOTALL)


def facts(path: Path, **known: object) -> Media:
    with Image.open(path) as image:
        about = Media(
            name="a", size=path.stat().st_size, mime=f"image/{image.format}".lower(), kind="image", mode=image.mode,
            width=image.width, height=image.height,
        )  # fmt: skip
    return replace(about, **known)


def test_a_jpeg_goes_in_as_it_is(tmp_path: Path) -> None:
    material.photo(200, 100).save(tmp_path / "input", "JPEG", exif=material.exif(1))
    data, _ = made(tmp_path, facts(tmp_path / "input"))
    (inside,) = jpegs(data)
    assert b"Acme" not in data and b"Exif" not in data
    (tmp_path / "inside.jpg").write_bytes(inside)
    with Image.open(tmp_path / "inside.jpg") as page, Image.open(tmp_path / "input") as source:
        assert page.tobytes() == source.tobytes()
    assert [round(width / height, 2) for width, height in pages(data)] == [2.0]


def test_a_turned_picture_is_upright(tmp_path: Path) -> None:
    material.photo(200, 100).transpose(Image.Transpose.ROTATE_90).save(
        tmp_path / "input", "JPEG", exif=material.exif(6)
    )
    data, _ = made(tmp_path, facts(tmp_path / "input", orientation=6))
    (tmp_path / "inside.jpg").write_bytes(jpegs(data)[0])
    with Image.open(tmp_path / "inside.jpg") as page:
        assert page.size == (200, 100)
        assert page.getpixel((160, 18)) == pytest.approx((255, 214, 70), abs=25), "the sun"


def test_every_page_of_a_scan(tmp_path: Path) -> None:
    scans = [Image.new("L", (100, 150), 90 * n) for n in range(3)]
    scans[0].save(tmp_path / "input", "TIFF", save_all=True, append_images=scans[1:])
    data, _ = made(tmp_path, facts(tmp_path / "input", extras=("pages",)))
    assert len(pages(data)) == 3 and len(jpegs(data)) == 3


def test_text_with_accents(tmp_path: Path) -> None:
    (tmp_path / "input").write_text("Café crème à 3 €\n\n\tŁódź Привет 😀\n" + "word " * 4000, encoding="utf-8")
    media = Media(name="menu.txt", size=9, mime="text/plain", kind="document")
    data, task = made(tmp_path, media)
    assert b"/FontFile2" in data and b"RobotoMono" in data and pages(data) == [(595.28, 841.89)] * 5
    assert task.losses == (f"characters missing from the font are shown as {UNKNOWN}: 😀",)


def test_a_text_in_another_script_is_refused(tmp_path: Path) -> None:
    (tmp_path / "input").write_text("漢字かな交じり文", encoding="utf-8")
    with pytest.raises(OutputError, match="letters that the PDF's font lacks"):
        made(tmp_path, Media(name="a.txt", size=9, mime="text/plain", kind="document"))


def test_lines_of_text() -> None:
    assert _lines("a\r\nb\n\nc", LATIN) == (["a", "b", "", "c"], [])
    assert _lines("e\u0301\ta\u00a0b\u200d\ufeff", LATIN) == (["é       a b"], [])
    lines, lost = _lines("x" * 200 + "\n" + "word " * 40 + "😀", LATIN)
    assert lost == ["😀"] and max(map(len, lines)) <= COLUMNS and lines[-1].endswith(UNKNOWN)
    assert _lines("", LATIN) == ([], [])
