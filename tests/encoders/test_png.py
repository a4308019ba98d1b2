"""PNG: only where it is called for, and then without any loss."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from msgspec.structs import replace
from PIL import Image, ImageChops, PngImagePlugin

from mediaprep.encoders.base import Work
from mediaprep.encoders.png import Png, PngRecipe
from mediaprep.media import Media
from mediaprep.options import Options
from mediaprep.rules import Limits, check_media, errors_of
from tests import material, strategies
from tests.encoders.test_jpeg import LIMITS, limits

PNG = Png()
SHOT = Media(
    name="Screenshot", size=200_000, mime="image/png", kind="image", mode="RGB", width=1080, height=1920, lossless=True
)


def ladder(media: Media, wanted: Limits = LIMITS) -> tuple[PngRecipe, ...]:
    return PNG.ladder(media, wanted, errors_of(check_media(media, wanted, ours=True)), Options())


@given(strategies.media, limits)
def test_every_recipe_keeps_its_promise(media: Media, wanted: Limits) -> None:
    if wanted.max_side is not None:
        wanted = replace(wanted, width=None)
    for recipe in ladder(media, wanted):
        expected = PNG.expect(recipe, media, wanted)
        assert [one for one in errors_of(check_media(expected, wanted, ours=True)) if one.code != "MP102"] == []


@pytest.mark.parametrize(
    ("media", "rungs"),
    [
        (replace(SHOT, mode="P", colours=12), 1),
        (replace(SHOT, mime="image/webp"), 1),
        (replace(SHOT, size=5_000_000), 0),
        (replace(SHOT, mime="image/jpeg", lossless=False), 0),
        (replace(SHOT, size=5_000_000, alpha=True, bit_depth=16), 1),
        (replace(SHOT, size=5_000_000, metadata=("text",)), 1),
        (replace(SHOT, metadata=("text",)), 2),
        (replace(SHOT, kind="document"), 0),
    ],
)
def test_only_where_the_picture_calls_for_it(media: Media, rungs: int) -> None:
    assert len(ladder(media)) == rungs


def test_transparency_is_kept_where_it_may_be() -> None:
    clear = replace(SHOT, alpha=True, mode="P")
    assert ladder(clear)[0].alpha and ladder(clear)[0].changes == ()
    refused = ladder(clear, replace(LIMITS, alpha=False))[0]
    assert not refused.alpha and refused.changes == ("transparent areas filled with the background colour #FFFFFF",)
    assert not ladder(clear, replace(LIMITS, modes=("RGB",)))[0].alpha


def work(tmp_path: Path, wanted: Limits = LIMITS, **known: object) -> Work:
    with Image.open(tmp_path / "input") as image:
        media = Media(
            name="a.png", size=(tmp_path / "input").stat().st_size, mime=f"image/{image.format}".lower(), kind="image",
            mode=image.mode, width=image.width, height=image.height, lossless=True,
        )  # fmt: skip
    return Work(
        media=replace(media, **known), limits=wanted, options=Options(), folder=tmp_path, ceiling=wanted.max_bytes
    )


def made(task: Work, recipe: PngRecipe) -> Image.Image:
    output = task.folder / "output.png"
    PNG.encode(recipe, task, output)
    assert set(chunks(output.read_bytes())) <= {b"IHDR", b"IDAT", b"IEND"}
    image = Image.open(output, formats=["PNG"])
    image.load()
    expected = PNG.expect(recipe, task.media, task.limits)
    assert (expected.width, expected.height, expected.mode) == (*image.size, image.mode)
    return image


def chunks(data: bytes) -> list[bytes]:
    """The kinds of all chunks, each with a checksum that holds, to the last byte."""
    place, kinds = 8, []
    while place < len(data):
        size, kind = struct.unpack_from(">I4s", data, place)
        assert struct.unpack_from(">I", data, place + 8 + size)[0] == zlib.crc32(data[place + 4 : place + 8 + size])
        kinds.append(kind)
        place += 12 + size
    return kinds


def test_a_drawing_is_kept_to_the_pixel(tmp_path: Path) -> None:
    art = material.logo(120)
    art.quantize(32).save(tmp_path / "input", "PNG")
    with Image.open(tmp_path / "input") as source:
        wanted = source.convert("RGBA")
    task = work(tmp_path, alpha=True, colours=32)
    image = made(task, ladder(task.media)[0])
    assert ImageChops.difference(image, wanted).getbbox() is None


def test_a_copy_is_identical_without_the_words(tmp_path: Path) -> None:
    words = PngImagePlugin.PngInfo()
    words.add_text("Author", "Jo Example")
    material.photo(60, 40).save(tmp_path / "input", "PNG", pnginfo=words)
    task = work(tmp_path, metadata=("person",))
    recipe = ladder(task.media)[0]
    assert recipe.encodes == 0
    with Image.open(tmp_path / "input") as source:
        assert made(task, recipe).tobytes() == source.tobytes()


def test_deep_grey_becomes_plain(tmp_path: Path) -> None:
    Image.new("I;16", (40, 40), 32768).save(tmp_path / "input", "PNG")
    task = work(tmp_path, bit_depth=16)
    assert made(task, ladder(task.media)[0]).getpixel((3, 3)) == (127, 127, 127)


def test_bounded_and_exact_sizes(tmp_path: Path) -> None:
    material.logo(200).save(tmp_path / "input", "PNG")
    task = work(tmp_path, replace(LIMITS, max_side=50), alpha=True, colours=9)
    assert made(task, ladder(task.media, task.limits)[0]).size == (50, 50)
    task = work(tmp_path, replace(LIMITS, width=90, height=60), alpha=True, colours=9)
    image = made(task, ladder(task.media, task.limits)[0])
    assert image.size == (90, 60) and image.getpixel((1, 1)) == (0, 0, 0, 0)


def test_estimates_are_near(tmp_path: Path) -> None:
    Image.effect_noise((900, 1400), 3).convert("RGB").save(tmp_path / "input", "PNG")
    task = work(tmp_path, replace(LIMITS, max_bytes=300_000))
    recipe = PngRecipe(width=900, height=1400)
    guess = PNG.estimate(recipe, task)
    made(task, recipe)
    real = (tmp_path / "output.png").stat().st_size
    assert guess is not None and 0.8 * real < guess < 1.25 * real
