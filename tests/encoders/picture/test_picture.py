"""Opening and normalising still pictures, on tiny files of every mode; one large one for memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pillow_heif
import pytest
from msgspec.structs import replace
from PIL import Image, ImageChops, ImageCms, ImageOps

from mediaprep.encoders import picture
from mediaprep.encoders.picture import colour
from mediaprep.errors import Damaged, Incomplete
from mediaprep.media import Media
from mediaprep.rules import Limits
from tests import material

MIMES = {
    ".jpg": "image/jpeg", ".png": "image/png", ".gif": "image/gif", ".tif": "image/tiff", ".webp": "image/webp",
    ".avif": "image/avif", ".heic": "image/heic", ".bmp": "image/bmp",
}  # fmt: skip


def facts(path: Path, **known: object) -> Media:
    about = Media(name=path.name, size=path.stat().st_size, mime=MIMES[path.suffix], kind="image", alpha=True)
    return replace(about, **known)


def seen(path: Path, **known: object) -> Image.Image:
    """The file as mediaprep shows it on magenta, which no test picture has."""
    media = facts(path, **known)
    made = picture.normalise(picture.open_still(path, media), media, background="#FF00FF")
    assert made.mode == "RGB" and made.info == {}
    return made


def distance(one: Image.Image, other: Image.Image) -> float:
    """The largest mean difference of a channel, 0 to 255."""
    assert one.size == other.size
    histograms = [band.histogram() for band in ImageChops.difference(one, other.convert("RGB")).split()]
    return max(sum(value * count for value, count in enumerate(h)) / sum(h) for h in histograms)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_every_orientation_is_upright(tmp_path: Path, suffix: str, orientation: int) -> None:
    art = material.photo(64, 48)
    back = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]
    stored = art if back is None else art.transpose(Image.Transpose(back))
    path = tmp_path / f"turned{suffix}"
    stored.save(path, exif=material.exif(orientation))
    assert distance(ImageOps.exif_transpose(Image.open(path)).convert("RGB"), art) < 8, "the test's own file is wrong"
    assert distance(seen(path, orientation=orientation), art) < 8


@pytest.mark.parametrize("orientation", range(2, 9))
def test_large_pictures_are_turned_alike(monkeypatch: pytest.MonkeyPatch, orientation: int) -> None:
    art = material.photo(40, 30)
    whole = picture.upright(art, orientation)
    monkeypatch.setattr(picture, "_ONE_COPY", 0)
    assert distance(picture.upright(art, orientation), whole) == 0


def test_large_pictures_are_scaled_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    art = material.photo(640, 1200)
    whole = picture.resized(art, (317, 600))
    monkeypatch.setattr(picture, "_ONE_COPY", 0)
    assert distance(picture.resized(art, (317, 600)), whole) < 0.5


@pytest.mark.parametrize(
    ("mode", "value", "shown"),
    [
        ("1", 1, (255, 255, 255)),
        ("L", 90, (90, 90, 90)),
        ("LA", (90, 0), (255, 0, 255)),
        ("RGB", (1, 2, 3), (1, 2, 3)),
        ("RGBA", (10, 20, 30, 255), (10, 20, 30)),
        ("RGBA", (0, 0, 0, 0), (255, 0, 255)),
        ("RGBA", (0, 200, 0, 128), (127, 100, 127)),
        ("I;16", 65535, (255, 255, 255)),
        ("I;16", 32768, (127, 127, 127)),
        ("I;16", 300, (1, 1, 1)),
    ],
)
def test_every_mode_of_png(tmp_path: Path, mode: str, value: object, shown: tuple[int, int, int]) -> None:
    path = tmp_path / "flat.png"
    Image.new(mode, (5, 4), value).save(path)  # type: ignore[arg-type]
    assert seen(path).getpixel((2, 2)) == pytest.approx(shown, abs=1)


def test_palette_with_transparency(tmp_path: Path) -> None:
    art = Image.new("P", (2, 1))
    art.putpalette([0, 0, 0, 10, 200, 30])
    art.putdata([0, 1])
    for suffix in (".png", ".gif"):
        path = tmp_path / f"art{suffix}"
        art.save(path, transparency=0)
        shown = seen(path)
        assert (shown.getpixel((0, 0)), shown.getpixel((1, 0))) == ((255, 0, 255), (10, 200, 30))


@pytest.mark.parametrize(("mode", "clear", "solid"), [("L", 7, 8), ("RGB", (7, 8, 9), (9, 8, 7)), ("I;16", 700, 60000)])
def test_one_transparent_colour(tmp_path: Path, mode: str, clear: object, solid: object) -> None:
    art = Image.new(mode, (2, 1), solid)  # type: ignore[arg-type]
    art.putpixel((0, 0), clear)  # type: ignore[arg-type]
    art.save(tmp_path / "key.png", transparency=clear)
    shown = seen(tmp_path / "key.png")
    assert shown.getpixel((0, 0)) == (255, 0, 255) and shown.getpixel((1, 0)) != (255, 0, 255)


def test_an_opaque_alpha_channel_is_just_dropped(tmp_path: Path) -> None:
    material.photo(20, 10).convert("RGBA").save(tmp_path / "a.png")
    assert distance(seen(tmp_path / "a.png", alpha=False), material.photo(20, 10)) == 0


def test_twelve_bits_and_floats_are_scaled_not_clipped(tmp_path: Path) -> None:
    deep = Image.new("I;16", (4, 4), 2048)
    deep.save(tmp_path / "deep.tif", tiffinfo={258: 16})
    assert seen(tmp_path / "deep.tif").getpixel((0, 0)) == pytest.approx((8, 8, 8), abs=1)
    for top, suffix in ((1.0, "one"), (255.0, "byte"), (65535.0, "word")):
        path = tmp_path / f"{suffix}.tif"
        ramp = Image.new("F", (2, 1), 0.0)
        ramp.putpixel((1, 0), top)
        ramp.save(path)
        assert [seen(path).getpixel((x, 0)) for x in (0, 1)] == [(0, 0, 0), (255, 255, 255)]


def test_cmyk_without_profile(tmp_path: Path) -> None:
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(tmp_path / "red.jpg", quality=95)
    assert seen(tmp_path / "red.jpg").getpixel((8, 8)) == pytest.approx((254, 0, 0), abs=6)


def test_display_p3_keeps_its_look(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8), (200, 100, 50)).save(tmp_path / "p3.png", icc_profile=material.display_p3())
    red, green, blue = seen(tmp_path / "p3.png", colour_space="Display P3").getpixel((4, 4))  # type: ignore[misc]
    assert red > 208 and green < 98 and blue < 45
    assert seen(tmp_path / "p3.png", colour_space="sRGB").getpixel((4, 4)) == (200, 100, 50)


def test_alpha_survives_a_profile(tmp_path: Path) -> None:
    art = Image.new("RGBA", (2, 1), (200, 100, 50, 255))
    art.putpixel((0, 0), (200, 100, 50, 77))
    art.save(tmp_path / "p3.png", icc_profile=material.display_p3())
    media = facts(tmp_path / "p3.png", colour_space="Display P3")
    made = picture.normalise(picture.open_still(tmp_path / "p3.png", media), media, mode="RGBA")
    assert made.getpixel((0, 0))[3] == 77 and made.getpixel((1, 0))[3] == 255  # type: ignore[index]
    assert made.getpixel((1, 0))[0] > 208 and made.info == {}  # type: ignore[index]


@pytest.mark.parametrize("mode", ["L", "LA", "RGB"])
@pytest.mark.parametrize("icc", [b"nonsense" * 40, ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()])
def test_a_broken_or_foreign_profile_is_ignored(tmp_path: Path, mode: str, icc: bytes) -> None:
    Image.new(mode, (4, 4)).save(tmp_path / "a.png", icc_profile=icc)
    assert seen(tmp_path / "a.png", colour_space="?", alpha=False).getpixel((0, 0)) == (0, 0, 0)


def test_our_profiles_are_what_they_say() -> None:
    """sRGB through our own matrix profile is sRGB; paper white of PQ is a light grey, black is black."""
    ramp = Image.linear_gradient("L").convert("RGB")
    plain = colour.to_srgb(ramp.copy(), colour._matrix_profile(colour.COLORANTS[1], colour._srgb))
    assert distance(plain, ramp) < 0.5
    assert colour.profile_of(1, 13) is None and colour.profile_of(2, 2) is None
    for transfer, white in ((colour.PQ, 148), (colour.HLG, 191)):
        icc = colour.profile_of(9, transfer)
        assert icc is not None
        shown = colour.to_srgb(Image.new("RGB", (1, 1), (white, white, white)), icc).getpixel((0, 0))
        assert shown == pytest.approx((237, 237, 237), abs=6)
        assert colour.to_srgb(Image.new("RGB", (1, 1)), icc).getpixel((0, 0)) == pytest.approx((0, 0, 0), abs=2)


def test_code_points_of_avif_become_colours(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64), (200, 100, 50)).save(tmp_path / "a.avif", quality=100, subsampling="4:4:4")
    data = (tmp_path / "a.avif").read_bytes()
    where = data.index(b"colrnclx") + 8
    wide = data[:where] + bytes([0, 12, 0, 13]) + data[where + 4 :]
    (tmp_path / "wide.avif").write_bytes(wide)
    assert colour.code_points(tmp_path / "wide.avif") == (12, 13)
    assert seen(tmp_path / "a.avif").getpixel((9, 9)) == pytest.approx((200, 100, 50), abs=4)
    assert seen(tmp_path / "wide.avif").getpixel((9, 9))[0] > 208  # type: ignore[index]


def test_heic_opens(tmp_path: Path) -> None:
    pillow_heif.from_pillow(material.photo(64, 48)).save(tmp_path / "a.heic", quality=90)
    assert distance(seen(tmp_path / "a.heic"), material.photo(64, 48)) < 8


def test_the_first_frame_of_an_animation(tmp_path: Path) -> None:
    frames = material.ball(3, 40)
    for suffix in (".webp", ".png", ".gif"):
        path = tmp_path / f"ball{suffix}"
        frames[0].save(path, save_all=True, append_images=frames[1:], duration=100, lossless=True)
        expected = Image.new("RGB", (40, 40), "#FF00FF")
        expected.paste(frames[0], mask=frames[0].getchannel("A").point(lambda value: 255 * (value > 127)))
        assert distance(seen(path, frames=3, kind="animation"), expected) < 4


def test_normalising_leaves_an_open_animation_alone(tmp_path: Path) -> None:
    frames = material.ball(3, 40)
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:], duration=100)
    with Image.open(tmp_path / "a.png") as moving:
        moving.load()
        made = picture.normalise(moving, facts(tmp_path / "a.png", kind="animation"), mode="RGBA")
        assert made is not moving and "duration" in moving.info
        moving.seek(2)
        assert ImageChops.difference(moving.convert("RGBA"), frames[2]).getbbox() is None


def test_jpeg_is_decoded_no_larger_than_needed(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    material.photo(800, 600).save(path)
    assert picture.open_still(path, facts(path), largest=100).size == (100, 75)
    assert picture.open_still(path, facts(path), largest=101).size == (200, 150)
    assert picture.open_still(path, facts(path)).size == (800, 600)


def test_pages_without_the_small_versions(tmp_path: Path) -> None:
    path = tmp_path / "scan.tif"
    pages = [Image.new("L", (30 + n, 20), 50 * n) for n in range(3)]
    pages[1].encoderinfo = {"tiffinfo": {254: 1}}
    pages[0].save(path, save_all=True, append_images=pages[1:])
    assert [page.size for page in picture.pages_of(path, facts(path))] == [(30, 20), (32, 20)]


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".gif", ".webp", ".avif", ".tif", ".bmp"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.8])
def test_what_is_cut_short_is_one_sentence(tmp_path: Path, suffix: str, share: float) -> None:
    path = tmp_path / f"a{suffix}"
    Image.effect_noise((96, 96), 60).convert("RGB").save(path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises((Damaged, Incomplete)) as told:
        picture.normalise(picture.open_still(path, facts(path)), facts(path))
    assert "\n" not in str(told.value) and ";" in str(told.value)


def test_only_the_sniffed_format_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    material.photo(8, 8).save(path, "PNG")
    with pytest.raises(Damaged):
        picture.open_still(path, facts(path))


@pytest.mark.parametrize(
    ("size", "longest", "fits"), [((4000, 3000), 1000, (1000, 750)), ((9, 9000), 90, (1, 90)), ((5, 4), 9, (5, 4))]
)
def test_fitted(size: tuple[int, int], longest: int, fits: tuple[int, int]) -> None:
    assert picture.fitted(size, longest) == fits


def test_exact_sizes_hold_the_whole_picture() -> None:
    limits = Limits(mime=("image/jpeg",), width=100, height=100)
    made = picture.shaped(Image.new("RGB", (40, 20)), (100, 100), limits, "#FF00FF")
    assert made.size == (100, 100) and made.getpixel((50, 50)) == (0, 0, 0) and made.getpixel((50, 5)) == (255, 0, 255)


MEASURED = """
import sys
from pathlib import Path
from mediaprep.encoders import picture
from mediaprep.media import Media
path = Path(sys.argv[1])
media = Media(name="a.jpg", size=1, mime="image/jpeg", kind="image", orientation=6)
made = picture.normalise(picture.open_still(path, media), media)
small = picture.resized(made, (4500, 6000))
small.save(path.with_name("out.jpg"), quality=90)
assert made.size == (6000, 8000)
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def test_48_megapixels_stay_below_400_mb(tmp_path: Path) -> None:
    path = tmp_path / "large.jpg"
    Image.merge("RGB", [Image.linear_gradient("L").resize((8000, 6000))] * 3).save(path, quality=85)
    run = subprocess.run([sys.executable, "-c", MEASURED, str(path)], check=True, capture_output=True, text=True)
    assert int(run.stdout) * 1024 < 380_000_000
