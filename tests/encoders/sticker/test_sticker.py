"""Art on a canvas, and the block that names a pack."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mediaprep.encoders import sticker
from mediaprep.media import Media
from mediaprep.options import Options
from mediaprep.rules import Limits

BOX = (512, 512)
sides = st.integers(1, 20_000)


@given(sides, sides)
def test_fitted_art_is_whole_and_touches_two_edges(width: int, height: int) -> None:
    art = sticker.fitted_art((width, height), BOX)
    assert max(art.size) == 512 and min(art.size) >= 1
    assert art.window == (1.0, 1.0)
    if min(art.size) > 8:
        assert art.size[0] / art.size[1] == pytest.approx(width / height, rel=0.1)


@given(sides, sides)
def test_cropped_art_fills_the_box_in_its_own_aspect(width: int, height: int) -> None:
    art = sticker.cropped_art((width, height), BOX)
    across, down = art.window
    assert art.size == BOX and max(art.window) == pytest.approx(1.0)
    assert width * across / (height * down) == pytest.approx(1.0)


def test_canvas_is_what_the_limits_say() -> None:
    media = Media(name="a", size=1, mime="image/png", kind="image", width=3000, height=1000, orientation=6)
    assert sticker.canvas(media, Limits(mime=("image/webp",), width=512, height=512)) == BOX
    assert sticker.canvas(media, Limits(mime=("image/webp",), max_side=900)) == (300, 900)
    assert sticker.canvas(media, Limits(mime=("image/webp",))) == (1000, 3000)


def test_art_is_centred_and_nothing_else_is_painted() -> None:
    red = Image.new("RGB", (10, 4), "red")
    clear = sticker.placed(red, (10, 10))
    assert clear.getbbox() == (0, 3, 10, 7)
    assert clear.getpixel((5, 5)) == (255, 0, 0, 255)
    assert sticker.placed(red, (10, 10), "#00FF00").getpixel((0, 0)) == (0, 255, 0)


def test_crop_takes_the_middle() -> None:
    picture = Image.new("RGBA", (30, 10), "blue")
    picture.paste("red", (10, 0, 20, 10))
    assert sticker.cut_out(picture, sticker.cropped_art(picture.size, (10, 10))).getcolors() == [
        (100, (255, 0, 0, 255))
    ]


def test_edges_of_transparent_art_do_not_darken() -> None:
    picture = Image.new("RGBA", (64, 64))
    picture.paste((255, 255, 255, 255), (0, 0, 32, 64))
    edge = [sticker.resized_art(picture, (23, 23)).getpixel((x, 11)) for x in range(23)]
    assert all(min(pixel[:3]) > 250 for pixel in edge if isinstance(pixel, tuple) and pixel[3])


def parts(data: bytes) -> dict[bytes, bytes]:
    at, found = 12, {}
    assert struct.unpack_from("<I", data, 4)[0] + 8 == len(data)
    while at < len(data):
        kind, size = struct.unpack_from("<4sI", data, at)
        found[kind] = data[at + 8 : at + 8 + size]
        at += 8 + size + (size & 1)
    assert at == len(data)
    return found


def test_pack_block_is_whatsapps_own() -> None:
    block = sticker.pack_block(Options(pack="Été", publisher="Moi", emojis=("😀", "🐈")))
    length, offset = struct.unpack_from("<II", block, 14)
    assert block[:14].hex() == "49492a00080000000100415707 00".replace(" ", "")
    assert (length, offset) == (len(block) - 22, 22)
    said = json.loads(block[22:].decode())
    assert said["sticker-pack-name"] == "Été" and said["sticker-pack-publisher"] == "Moi"
    assert said["emojis"] == ["😀", "🐈"]
    assert (
        said["sticker-pack-id"]
        == json.loads(sticker.pack_block(Options(pack="Été", publisher="Moi"))[22:])["sticker-pack-id"]
    )
    assert sticker.pack_block(Options()) == b""


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("lossless", [True, False])
def test_a_label_leaves_the_pixels_alone(tmp_path: Path, mode: str, lossless: bool) -> None:
    source, output = tmp_path / "a.webp", tmp_path / "b.webp"
    Image.effect_noise((40, 30), 90).convert(mode).save(source, lossless=lossless)
    sticker.label(source, output, block := sticker.pack_block(Options(pack="a", emojis=("😀",))))
    before, after = parts(source.read_bytes()), parts(output.read_bytes())
    assert after[b"EXIF"] == block and after[b"VP8X"][0] & 0x08
    assert {kind: after[kind] for kind in before if kind != b"VP8X"} == {
        k: v for k, v in before.items() if k != b"VP8X"
    }
    with Image.open(source) as one, Image.open(output) as other:
        assert other.size == (40, 30)
        assert one.convert("RGBA").tobytes() == other.convert("RGBA").tobytes()


def test_a_second_label_replaces_the_first(tmp_path: Path) -> None:
    source, output = tmp_path / "a.webp", tmp_path / "b.webp"
    Image.new("RGB", (40, 30)).save(source, exif=sticker.pack_block(Options(pack="old")))
    sticker.label(source, output, sticker.pack_block(Options(pack="new")))
    assert output.read_bytes().count(b"EXIF") == 1
    assert b'"new"' in parts(output.read_bytes())[b"EXIF"]
