"""JPEG: the ladder and its promises without a picture, then real pictures, read back by Pillow and by markers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from PIL import Image
from PIL.JpegImagePlugin import get_sampling

from mediaprep.converting.fit import fit
from mediaprep.encoders.base import Work
from mediaprep.encoders.jpeg import FULL_COLOUR, HALF_COLOUR, JPEG, JpegRecipe, own_quality
from mediaprep.encoders.picture import open_still
from mediaprep.media import Media
from mediaprep.options import Options
from mediaprep.rules import Finding, Limits, check_media, errors_of
from tests import material, strategies

LIMITS = Limits(
    mime=("image/jpeg", "image/png"), max_bytes=5_000_000, modes=("RGB", "RGBA"), bit_depth=8, animated=False,
    colour_space=("sRGB",), metadata=("location", "device", "person", "time", "thumbnail", "text"),
)  # fmt: skip
PHOTO = Media(
    name="IMG_1.JPG",
    size=7_000_000,
    mime="image/jpeg",
    kind="image",
    mode="RGB",
    width=4000,
    height=3000,
    orientation=6,
)

limits = st.builds(
    replace,
    st.just(LIMITS),
    max_bytes=st.sampled_from([None, 1, 100_000, 5_000_000]),
    max_side=st.sampled_from([None, 1, 100, 1600]),
    modes=st.sampled_from([(), ("RGB",), ("RGB", "RGBA"), ("L",), ("P", "RGBA")]),
    alpha=st.sampled_from([None, False, True]),
    bit_depth=st.sampled_from([None, 8, 1, 16]),
    animated=st.sampled_from([None, False, True]),
    width=st.sampled_from([None, 300]),
    height=st.sampled_from([None, 200]),
    mime=st.sampled_from([("image/jpeg",), ("image/png",), ("*/*",)]),
    colour_space=st.sampled_from([(), ("sRGB",), ("Display P3",)]),
)


def ladder(media: Media, wanted: Limits = LIMITS, options: Options | None = None) -> tuple[JpegRecipe, ...]:
    return JPEG.ladder(media, wanted, errors_of(check_media(media, wanted, ours=True)), options or Options())


@given(strategies.media, limits, strategies.options)
def test_every_recipe_keeps_its_promise(media: Media, wanted: Limits, options: Options) -> None:
    if wanted.max_side is not None and wanted.width is not None and wanted.height is not None:
        wanted = replace(wanted, max_side=None)
    about_size = {"MP102", "MP103"}
    for recipe in ladder(media, wanted, options):
        expected = JPEG.expect(recipe, media, wanted)
        assert [one for one in errors_of(check_media(expected, wanted, ours=True)) if one.code not in about_size] == []


@given(strategies.pictures(), limits)
def test_the_ladder_only_falls(media: Media, wanted: Limits) -> None:
    rungs = [recipe for recipe in ladder(media, wanted) if recipe.encodes]
    assert len(rungs) <= 35
    for above, below in pairwise(rungs):
        assert below.width <= above.width and below.height <= above.height and below.quality <= above.quality
        assert below.chroma >= above.chroma and below != above


def test_quality_first_scale_last() -> None:
    rungs = ladder(PHOTO)
    assert (rungs[0].width, rungs[0].height, rungs[0].quality) == (3000, 4000, 95)
    whole = [recipe.quality for recipe in rungs if recipe.width == 3000]
    assert whole == [95, 92, 89, 86, 83, 80, 77, 74, 71]
    assert max(rungs[-1].width, rungs[-1].height) == 640 and rungs[-1].quality == 60
    assert rungs[0].changes == () and "scaled from 3000 x 4000 to 480 x 640 to fit 5.00 MB" in rungs[-1].changes


def test_what_is_lost_is_said() -> None:
    media = Media(
        name="a.gif", size=9, mime="image/gif", kind="animation", mode="P", width=10, height=10, frames=31, alpha=True
    )
    recipe = ladder(media, options=Options(background="#102030"))[0]
    assert recipe.changes == (
        "only the first of 31 frames is kept",
        "transparent areas filled with the background colour #102030",
    )
    bounded = ladder(PHOTO, replace(LIMITS, max_side=1600))[0]
    assert (bounded.width, bounded.height) == (1200, 1600) and bounded.changes == (
        "scaled from 3000 x 4000 to 1200 x 1600",
    )


def test_text_and_drawings_keep_all_colour_samples() -> None:
    drawing = replace(PHOTO, mime="image/png", lossless=True, colours=200, orientation=1)
    assert {recipe.chroma for recipe in ladder(drawing)} == {FULL_COLOUR}
    photo = replace(PHOTO, mime="image/png", lossless=True, size=30_000_000)
    assert {recipe.chroma for recipe in ladder(photo)} == {HALF_COLOUR}


@pytest.mark.parametrize(
    ("media", "copied"),
    [
        (replace(PHOTO, orientation=1, size=4_000_000, metadata=("location",)), True),
        (replace(PHOTO, orientation=1, size=9_000_000, trailing=6_000_000), True),
        (replace(PHOTO, orientation=1, size=9_000_000, trailing=1_000_000), False),
        (replace(PHOTO, orientation=6, size=4_000_000, metadata=("location",)), False),
        (replace(PHOTO, orientation=1, size=4_000_000, metadata=("device",), colour_space="Display P3"), False),
        (replace(PHOTO, orientation=1, size=4_000_000, mode="CMYK", metadata=("device",)), False),
        (replace(PHOTO, orientation=1, size=4_000_000, mime="image/png", metadata=("device",)), False),
    ],
)
def test_copies_where_a_copy_cures(media: Media, copied: bool) -> None:
    rungs = ladder(media)
    assert (rungs[0].encodes == 0) is copied and rungs[1].encodes == 1


def test_a_tag_that_copying_would_lose_is_never_lost() -> None:
    turned = replace(PHOTO, metadata=("location",), size=1_000)
    anything = Limits(mime=("*/*",), metadata=("location",))
    finding: tuple[Finding, ...] = errors_of(check_media(turned, anything, ours=True))
    assert [one.cure for one in finding] == ["remux"]
    assert ladder(turned, anything)[0].encodes == 1


@pytest.mark.parametrize("kind", ["video", "audio", "document"])
def test_what_has_no_picture_has_no_ladder(kind: Any) -> None:
    assert ladder(replace(PHOTO, kind=kind)) == ()


@pytest.mark.parametrize("quality", [20, 35, 50, 75, 85, 92])
def test_own_quality_is_found(tmp_path: Path, quality: int) -> None:
    material.photo(32, 32).save(tmp_path / "a.jpg", quality=quality)
    with Image.open(tmp_path / "a.jpg") as image:
        assert quality <= own_quality(image) <= quality + 3


def work(tmp_path: Path, wanted: Limits = LIMITS, **known: object) -> Work:
    with Image.open(tmp_path / "input") as image:
        media = Media(
            name="a.jpg", size=(tmp_path / "input").stat().st_size, mime=f"image/{image.format}".lower(), kind="image",
            mode=image.mode, width=image.width, height=image.height,
        )  # fmt: skip
    return Work(
        media=replace(media, **known), limits=wanted, options=Options(), folder=tmp_path, ceiling=wanted.max_bytes
    )


def made(task: Work, recipe: JpegRecipe) -> Image.Image:
    output = task.folder / "output.jpg"
    JPEG.encode(recipe, task, output)
    data = output.read_bytes()
    assert data.endswith(b"\xff\xd9") and not set(markers(data)) & {0xE1, 0xE2, 0xED, 0xFE}
    image = Image.open(output, formats=["JPEG"])
    image.load()
    assert image.mode == "RGB" and not image.getexif() and not {"icc_profile", "comment"} & set(image.info)
    expected = JPEG.expect(recipe, task.media, task.limits)
    assert (expected.width, expected.height, expected.mode) == (*image.size, "RGB")
    return image


def markers(data: bytes) -> Iterator[int]:
    """Of the segments before the entropy-coded data."""
    place = 2
    while data[place] == 0xFF and data[place + 1] != 0xDA:
        yield data[place + 1]
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")


def test_a_photo_of_a_phone(tmp_path: Path) -> None:
    art = material.photo(320, 240)
    stored = art.transpose(Image.Transpose.ROTATE_90)
    stored.save(
        tmp_path / "input", "JPEG", quality=90, exif=material.exif(6), icc_profile=material.display_p3(), comment=b"hi"
    )
    task = work(tmp_path, orientation=6, colour_space="Display P3")
    image = made(task, ladder(task.media)[0])
    assert image.size == (320, 240)
    sky, grass = image.getpixel((20, 5)), image.getpixel((160, 230))
    assert isinstance(sky, tuple) and isinstance(grass, tuple)
    assert sky[2] > 200 and grass[1] > grass[2], "upright"
    assert grass[0] < 55, "Display P3's green has less red in sRGB"


def test_no_better_quality_or_colour_than_the_source_has(tmp_path: Path) -> None:
    noise = Image.effect_noise((320, 240), 80).convert("RGB")
    for subsampling, quality in ((2, 60), (1, 80), (0, 90)):
        noise.save(tmp_path / "input", "JPEG", quality=quality, subsampling=subsampling)
        task = work(tmp_path)
        image = made(task, ladder(task.media)[0])
        assert get_sampling(image) == subsampling
        assert quality <= own_quality(image) <= quality + 6
        assert (tmp_path / "output.jpg").stat().st_size < 1.25 * task.media.size


def test_the_source_is_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = []

    def counted(*given: Any, **known: Any) -> Image.Image:
        decoded.append(given)
        return open_still(*given, **known)

    monkeypatch.setattr("mediaprep.encoders.picture.open_still", counted)
    Image.effect_noise((900, 700), 90).convert("RGB").save(tmp_path / "input", "PNG")
    task = work(tmp_path, replace(LIMITS, max_bytes=160_000))
    rungs = ladder(task.media, task.limits)
    found = fit(
        rungs, budget=160_000, estimate=lambda r: JPEG.estimate(r, task),
        attempt=lambda number: size(task, rungs[number]),
    )  # fmt: skip
    assert found.rung is not None and found.size <= 160_000 and len(found.tried) <= 3
    assert len(decoded) == 1


def size(task: Work, recipe: JpegRecipe) -> int:
    JPEG.encode(recipe, task, task.folder / "output.jpg")
    return (task.folder / "output.jpg").stat().st_size


@pytest.mark.parametrize("side", [(2400, 1800), (6000, 200), (200, 6000), (700, 500)])
def test_estimates_are_near(tmp_path: Path, side: tuple[int, int]) -> None:
    calm = material.photo(*side)
    Image.blend(calm, Image.effect_noise(side, 60).convert("RGB"), 0.2).save(
        tmp_path / "input", "PNG", compress_level=1
    )
    task = work(tmp_path, replace(LIMITS, max_bytes=1))
    rungs = ladder(task.media, task.limits)
    for recipe in (rungs[0], rungs[len(rungs) // 2], rungs[-1]):
        guess, real = JPEG.estimate(recipe, task), size(task, recipe)
        assert guess is not None and 0.75 * real < guess < 1.35 * real


def test_a_copy_has_the_same_pixels(tmp_path: Path) -> None:
    art = material.photo(200, 100)
    art.save(tmp_path / "input", "JPEG", quality=88, exif=material.exif(1))
    with (tmp_path / "input").open("ab") as file:
        file.write(b"a hidden film" * 100)
    task = work(tmp_path, metadata=("location", "device"), trailing=1300)
    recipe = ladder(task.media)[0]
    assert recipe.encodes == 0
    image = made(task, recipe)
    with Image.open(tmp_path / "input") as source:
        assert image.tobytes() == source.tobytes()


def test_exact_size_and_background(tmp_path: Path) -> None:
    material.logo(64).save(tmp_path / "input", "PNG")
    task = work(tmp_path, replace(LIMITS, width=300, height=200), alpha=True)
    image = made(task, ladder(task.media, task.limits)[0])
    assert image.size == (300, 200)
    for corner in ((0, 0), (299, 199), (150, 100)):
        assert image.getpixel(corner) == pytest.approx((255, 255, 255), abs=6)
