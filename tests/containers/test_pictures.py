"""JPEG, PNG, GIF and WebP: what the bytes say, and copies without metadata that keep every pixel."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageChops, PngImagePlugin

from mediaprep import errors
from mediaprep.containers import exif, gif, icc, iptc, jpeg, png, riff, tags
from tests import material

XMP = b"<x:xmpmeta><rdf:RDF><rdf:Description dc:creator='Jo' exif:GPSLatitude='48,51N'/></rdf:RDF></x:xmpmeta>"


def saved(picture: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def same_pixels(one: bytes, other: Path) -> bool:
    left, right = Image.open(io.BytesIO(one)), Image.open(other)
    return left.mode == right.mode and not ImageChops.difference(left.convert("RGBA"), right.convert("RGBA")).getbbox()


def photo_jpeg(**options: object) -> bytes:
    return saved(material.photo(96, 64), "JPEG", exif=material.exif(1), xmp=XMP, comment=b"hello", **options)


def test_jpeg_tells_size_metadata_and_trailing_bytes() -> None:
    facts = jpeg.read(io.BytesIO(photo_jpeg() + b"a film after the end"))
    assert (facts.width, facts.height, facts.bit_depth, facts.cut, facts.trailing) == (96, 64, 8, "", 20)
    assert facts.metadata == {"location", "device", "person", "time", "text"}


@pytest.mark.parametrize("progressive", [False, True])
def test_stripped_jpeg_is_bit_identical_in_pixels_and_clean(tmp_path: Path, progressive: bool) -> None:
    source, output = tmp_path / "input", tmp_path / "output"
    bytes_in = photo_jpeg(progressive=progressive, icc_profile=material.display_p3())
    source.write_bytes(bytes_in + photo_jpeg())
    jpeg.strip(source, output)
    facts = jpeg.read(io.BytesIO(output.read_bytes()))
    assert not facts.metadata and not facts.trailing and not facts.cut
    assert same_pixels(bytes_in, output)
    with Image.open(output) as picture:
        assert icc.name(picture.info["icc_profile"]) == "Display P3"
        assert not picture.getexif()


def test_stripped_cmyk_jpeg_keeps_adobes_transform(tmp_path: Path) -> None:
    source, output = tmp_path / "input", tmp_path / "output"
    source.write_bytes(saved(material.photo(64, 48).convert("CMYK"), "JPEG", comment=b"x"))
    jpeg.strip(source, output)
    with Image.open(source) as before, Image.open(output) as after:
        assert after.mode == "CMYK" and after.tobytes() == before.tobytes() and "adobe" in after.info


def test_thumbnail_inside_jfif_is_found_and_dropped(tmp_path: Path) -> None:
    plain = saved(material.photo(32, 32), "JPEG")
    source, output = tmp_path / "input", tmp_path / "output"
    source.write_bytes(plain[:4] + struct.pack(">H", 16 + 12) + plain[6:18] + b"\2\2" + bytes(12) + plain[20:])
    assert jpeg.read(io.BytesIO(source.read_bytes())).metadata == {"thumbnail"}
    jpeg.strip(source, output)
    assert output.read_bytes() == plain


def test_bytes_between_segments_are_dropped(tmp_path: Path) -> None:
    plain = saved(material.photo(32, 32), "JPEG")
    source, output = tmp_path / "input", tmp_path / "output"
    source.write_bytes(plain[:20] + b"between" + plain[20:])
    jpeg.strip(source, output)
    assert output.read_bytes() == plain


def test_cut_jpeg_is_told_and_an_impossible_one_refused() -> None:
    whole = saved(material.photo(), "JPEG")
    assert jpeg.read(io.BytesIO(whole[: len(whole) // 2])).cut
    frame = whole.index(b"\xff\xc0")
    lying = whole[: frame + 5] + struct.pack(">HH", 9000, 9000) + whole[frame + 9 :]
    with pytest.raises(errors.Incomplete, match="cannot hold 9000 x 9000 pixels"):
        jpeg.read(io.BytesIO(lying))


def test_jpeg_of_thousands_of_scans_is_refused() -> None:
    whole = saved(material.photo(32, 32), "JPEG", progressive=True)
    last = whole.rindex(b"\xff\xda")
    with pytest.raises(errors.TooMuch, match="scans"):
        jpeg.read(io.BytesIO(whole[:last] + whole[last:-2] * 200 + b"\xff\xd9"))


def test_a_further_picture_after_the_end_is_trailing_and_its_directory_no_metadata() -> None:
    whole = saved(material.photo(32, 32), "JPEG")
    directory = b"\xff\xe2" + struct.pack(">H", 6 + 8) + b"MPF\0" + bytes(8)
    facts = jpeg.read(io.BytesIO(whole[:2] + directory + whole[2:] + whole))
    assert facts.trailing == len(whole) and not facts.metadata


def test_exif_with_orientation_and_resolution_alone_gives_nothing_away() -> None:
    block = Image.Exif()
    block[0x0112], block[0x011A], block[0x0128] = 1, 72.0, 2
    assert exif.kinds(block.tobytes().removeprefix(b"Exif\0\0")) == frozenset()
    block[0x010F] = "   "
    assert exif.kinds(block.tobytes().removeprefix(b"Exif\0\0")) == frozenset()
    block[0x8298] = "Jo"
    assert exif.kinds(block.tobytes().removeprefix(b"Exif\0\0")) == {"person"}


def test_exif_that_leads_to_itself_ends() -> None:
    block = b"II*\0\x08\0\0\0" + struct.pack("<HHHII", 1, 0x8769, 4, 1, 8) + struct.pack("<I", 8)
    assert exif.kinds(block) == frozenset()
    assert exif.kinds(b"no exif at all") == {"text"}
    assert exif.orientation(b"MM") == 1


def test_iptc_tells_people_and_places() -> None:
    def dataset(number: int, text: bytes) -> bytes:
        return b"\x1c\x02" + bytes([number]) + struct.pack(">H", len(text)) + text

    records = dataset(0, b"\0\4") + dataset(80, b"Jo") + dataset(90, b"Paris")
    block = b"8BIM" + struct.pack(">HHI", 0x0404, 0, len(records)) + records
    assert iptc.kinds(block) == {"person", "location"}
    assert iptc.kinds(b"8BIM" + struct.pack(">HHI", 0x03ED, 0, 16) + bytes(16)) == frozenset()


def test_tags_of_tools_are_harmless_and_unknown_ones_are_not() -> None:
    assert tags.kinds({"ENCODER": "Lavf62", "handler_name": "VideoHandler", "comment": "  "}) == frozenset()
    assert tags.kinds({"creation_time": "1970-01-01T00:00:00.000000Z"}) == frozenset(), "a clock that was never set"
    assert tags.kinds({"creation_time": "2026-05-17T18:03:22.000000Z"}) == {"time"}
    assert tags.kinds(["com.apple.quicktime.location.ISO6709", "ARTIST", "DATE", "made_up"]) == {
        "location", "person", "time", "text",
    }  # fmt: skip
    assert tags.xmp(XMP) == {"location", "person", "text"}


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def test_png_tells_depth_metadata_and_trailing_bytes(tmp_path: Path) -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Author", "Jo")
    notes.add_itxt("XML:com.adobe.xmp", XMP.decode())
    whole = saved(material.logo(64), "PNG", pnginfo=notes, exif=material.exif(1))
    facts = png.read(io.BytesIO(whole + b"after"))
    assert (facts.width, facts.bit_depth, facts.lossless, facts.opaque, facts.trailing) == (64, 8, True, False, 5)
    assert facts.metadata == {"location", "device", "person", "time", "text"}
    source, output = tmp_path / "input", tmp_path / "output"
    source.write_bytes(whole + b"after")
    png.strip(source, output)
    assert same_pixels(whole, output)
    clean = png.read(io.BytesIO(output.read_bytes()))
    assert not clean.metadata and not clean.trailing and not clean.cut


def test_png_16_bits_and_wrong_checksum() -> None:
    deep = saved(Image.new("I;16", (4, 4), 40000), "PNG")
    assert png.read(io.BytesIO(deep)).bit_depth == 16
    data = deep.index(b"IDAT") + 6
    with pytest.raises(errors.Damaged, match="checksum"):
        png.read(io.BytesIO(deep[:data] + bytes([deep[data] ^ 1]) + deep[data + 1 :]))
    with pytest.raises(errors.Damaged, match="checksum"):
        png.read(io.BytesIO(deep[:-1] + bytes([deep[-1] ^ 1])))


def test_apng_frame_times_are_the_files_own(tmp_path: Path) -> None:
    first, *rest = material.ball(3, 40)
    whole = saved(first, "PNG", save_all=True, append_images=rest, duration=[70, 30, 500])
    assert png.read(io.BytesIO(whole)).durations == (0.07, 0.03, 0.5)
    source, output = tmp_path / "input", tmp_path / "output"
    source.write_bytes(whole)
    png.strip(source, output)
    assert output.read_bytes() == whole


def test_gif_frame_times_comments_and_loops() -> None:
    first, *rest = [frame.convert("RGB") for frame in material.ball(3, 40)]
    whole = saved(first, "GIF", save_all=True, append_images=rest, duration=[10, 20, 500], loop=0)
    facts = gif.read(io.BytesIO(whole))
    assert facts.durations == (0.01, 0.02, 0.5) and not facts.metadata and not facts.cut and not facts.trailing
    assert (facts.width, facts.height) == (40, 40)
    commented = whole[:-1] + b"\x21\xfe\x03abc\0" + b"\x3b" + b"zip"
    assert gif.read(io.BytesIO(commented)).metadata == {"text"}
    assert gif.read(io.BytesIO(commented)).trailing == 3


def test_gif_without_trailer_is_whole_and_in_the_middle_of_a_frame_is_not() -> None:
    whole = saved(material.photo(64, 48), "GIF")
    assert not gif.read(io.BytesIO(whole[:-1])).cut
    assert gif.read(io.BytesIO(whole[: len(whole) // 2])).cut


def test_webp_still_and_animated() -> None:
    lossy = riff.read_webp(io.BytesIO(saved(material.photo(64, 48), "WEBP", exif=material.exif(1), xmp=XMP)))
    assert (lossy.width, lossy.height, lossy.lossless, lossy.opaque) == (64, 48, False, True)
    assert lossy.metadata == {"location", "device", "person", "time", "text"}
    first, *rest = material.ball(3, 40)
    moving = saved(first, "WEBP", save_all=True, append_images=rest, duration=[8, 100, 30], lossless=True)
    facts = riff.read_webp(io.BytesIO(moving))
    assert facts.durations == (0.008, 0.1, 0.03) and facts.lossless and not facts.opaque and not facts.cut
    assert riff.read_webp(io.BytesIO(moving[:-9])).cut
    assert riff.read_webp(io.BytesIO(moving + b"xyz")).trailing == 3


def sticker_block() -> bytes:
    note = b'{"sticker-pack-id":"a","emojis":[]}'
    return b"II*\0\x08\0\0\0\1\0AW\7\0" + struct.pack("<II", len(note), 22) + note


@pytest.mark.parametrize("lossless", [False, True])
def test_stripped_webp_keeps_pixels_and_a_stickers_own_block(tmp_path: Path, lossless: bool) -> None:
    source, output = tmp_path / "input", tmp_path / "output"
    options = {"lossless": lossless, "icc_profile": material.display_p3()}
    personal = saved(material.logo(64), "WEBP", exif=material.exif(1), xmp=XMP, **options)
    source.write_bytes(personal + b"trailing")
    riff.strip_webp(source, output)
    facts = riff.read_webp(io.BytesIO(output.read_bytes()))
    assert not facts.metadata and not facts.trailing and not facts.cut and same_pixels(personal, output)
    with Image.open(output) as picture:
        assert "exif" not in picture.info and "xmp" not in picture.info and picture.info["icc_profile"]
    source.write_bytes(saved(material.logo(64), "WEBP", exif=sticker_block(), xmp=XMP, **options))
    assert riff.read_webp(io.BytesIO(source.read_bytes())).metadata == {"location", "person", "text"}
    riff.strip_webp(source, output)
    assert not riff.read_webp(io.BytesIO(output.read_bytes())).metadata
    with Image.open(output) as picture:
        assert picture.info["exif"] == sticker_block()


def test_profiles_are_named_by_their_numbers() -> None:
    from PIL import ImageCms

    standard = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert icc.name(standard) == "sRGB"
    assert icc.name(material.display_p3()) == "Display P3"
    renamed = material.display_p3().replace(b"Display P3", b"My picture")
    assert icc.name(renamed) == "Display P3"
    linear = material.display_p3().replace(struct.pack(">IH", 1, round(2.2 * 256)), struct.pack(">IH", 1, 256))
    assert icc.name(linear.replace(b"Display P3", b"Linear one")) == "Linear one"
    assert icc.name(b"rubbish") == "unnamed profile"
