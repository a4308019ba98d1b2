"""Formats without a signature: theirs are recognised, and nothing else is taken for one of them."""

from __future__ import annotations

import io
import random
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaprep import errors
from mediaprep.reading import headers
from mediaprep.reading.sniff import sniff
from tests import hand_made, material

SAMPLES = Path(__file__).parent.parent.parent / "samples"
UNSIGNED = {
    headers.is_pcx: "photo.pcx",
    headers.is_tga: "photo-no-footer.tga",
    headers.is_sgi: "photo.sgi",
    headers.is_h264: "film.h264",
    headers.is_dv: "film.dv",
    headers.is_gsm: "memo.gsm",
}
WEAK = {
    *("image/x-pcx", "image/x-tga", "image/x-sgi", "image/vnd.microsoft.icon"),
    *("video/h264", "video/x-dv", "audio/x-gsm"),
    *("image/x-portable-bitmap", "image/x-portable-graymap", "image/x-portable-pixmap"),
}
BEGINNINGS = (
    *(b"", b"\n\5\1\x08", b"\0\0\2", b"\0\0\x0a", b"\0\1\1", b"\x01\xda\0\1", b"\0\0\0\1g", b"\0\0\1\x67\x42"),
    *(b"\x1f\7\0\x3f", b"\xd8", b"P6\n", b"P5 3 3 255\n", b"P1 ", b"\0\0\1\0\1\0"),
)
FILES = [path for path in sorted(SAMPLES.iterdir()) if path.suffix != ".md"]


def told(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    try:
        return sniff(path).mime
    except errors.UnknownType:
        return ""


@pytest.mark.parametrize("sample", FILES, ids=lambda path: path.name)
def test_only_its_own_samples_fit_a_header(sample: Path) -> None:
    data = sample.read_bytes()
    fitting = {function for function in UNSIGNED if function(io.BytesIO(data), data[: 1 << 16])}
    assert fitting == {function for function, name in UNSIGNED.items() if name == sample.name}


def test_random_bytes_are_none_of_them(tmp_path: Path) -> None:
    chance = random.Random(1)
    for number in range(600):
        data = BEGINNINGS[number % len(BEGINNINGS)] + chance.randbytes(chance.choice((60, 700, 20_000)))
        mime = told(tmp_path / "input", data)
        assert mime not in WEAK or data.startswith((b"P5 3 3 255\n", b"P6\n")), (number, mime)


@given(st.binary(max_size=600), st.sampled_from(BEGINNINGS[1:8]))
def test_no_bytes_upset_them(data: bytes, beginning: bytes) -> None:
    for function in UNSIGNED:
        assert function(io.BytesIO(beginning + data), beginning + data) in (True, False)


@pytest.mark.parametrize(
    "data",
    [
        b"P1 is the first of six points\n",
        b"P3 20 30 255 apples and pears\n",
        b"P6 3 4 255\nnothing but words here\n",
        b"P5\n",
        b"\n",
        b"\n\nA letter that begins with an empty line.\n",
        "Привет".encode() * 30,
        b"\xdd" * 3300,
        b"\0\0\2\0\1\0\x20\x20\0\0\0\0\0\0" + bytes(300),
        b"\0\1\0\0\0\x0c\0\x80\0\3\0\x40" + bytes(300),
        b"\0\0\0\1\x40\1\x0c\1\xff\xff" + bytes(300),
        b"\0\0\1\xb3\x16\0\xf0\x15\xff\xff\xe0\x18" + bytes(300),
    ],
    ids=["list", "numbers", "words", "stub", "line", "letter", "cyrillic", "filler", "cursor", "font", "hevc", "mpeg2"],
)
def test_what_only_begins_alike_is_something_else(tmp_path: Path, data: bytes) -> None:
    assert told(tmp_path / "input", data) not in WEAK


def test_a_targa_has_as_many_pixels_as_it_names(tmp_path: Path) -> None:
    for packed in (None, "tga_rle"):
        material.photo(40, 30).save(tmp_path / "made", "TGA", compression=packed)
        data = (tmp_path / "made").read_bytes()[:-26]
        assert told(tmp_path / "input", data) == "image/x-tga"
        assert told(tmp_path / "input", data[:-40]) != "image/x-tga"
        assert told(tmp_path / "input", data + bytes(5000)) != "image/x-tga"


def test_netpbm_of_every_kind(tmp_path: Path) -> None:
    names = {
        "bitmap": b"P1 2 2\n1 0 0 1\n",
        "graymap": b"P2\n# a comment\n2 1 255\n0 255\n",
        "pixmap": b"P3 1 1 7 0 7 3\n",
    }
    for kind, data in names.items():
        assert told(tmp_path / "input", data) == f"image/x-portable-{kind}"
    assert told(tmp_path / "input", b"P4 8 2\n\xf0\x0f") == "image/x-portable-bitmap"
    assert told(tmp_path / "input", b"P5 2 1 65535\n\1\2\3\4") == "image/x-portable-graymap"
    assert told(tmp_path / "input", b"P6 1 1 255\nabc") == "image/x-portable-pixmap"


def test_h264_needs_parameters_before_its_first_slice(tmp_path: Path) -> None:
    data = (SAMPLES / "film.h264").read_bytes()
    assert told(tmp_path / "input", b"\0\0\0\1\x09\x10" + data) == "video/h264"
    assert told(tmp_path / "input", data[:20]) != "video/h264"
    assert told(tmp_path / "input", data[data.index(b"\0\0\1\x65") - 1 :]) != "video/h264"


def test_icons_name_what_is_in_the_file(tmp_path: Path) -> None:
    material.logo(64).save(tmp_path / "made", "ICO")
    data = bytearray((tmp_path / "made").read_bytes())
    assert told(tmp_path / "input", bytes(data)) == "image/vnd.microsoft.icon"
    struct.pack_into("<I", data, 6 + 12, 3)
    assert told(tmp_path / "input", bytes(data)) != "image/vnd.microsoft.icon"


def test_photoshop_without_a_flat_picture_is_a_document(tmp_path: Path) -> None:
    flat = hand_made.psd(material.photo(8, 6))
    assert told(tmp_path / "input", flat) == "image/vnd.adobe.photoshop"
    unmerged = hand_made.resource(0x0421, struct.pack(">IB", 1, 0))
    assert told(tmp_path / "input", hand_made.psd(material.photo(8, 6), resources=unmerged)) == "image/x-psb"
    assert told(tmp_path / "input", hand_made.psd(material.photo(8, 6), bits=16)) == "image/x-psb"
    assert told(tmp_path / "input", flat[:4] + b"\0\2" + flat[6:]) == "image/x-psb"


def test_gsm_needs_ten_frames(tmp_path: Path) -> None:
    assert told(tmp_path / "input", hand_made.gsm(0.2)) == "audio/x-gsm"
    assert told(tmp_path / "input", hand_made.gsm(0.18)) != "audio/x-gsm"
