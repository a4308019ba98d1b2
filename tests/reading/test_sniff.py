"""Types by content: every container that is made daily, disguises, stubs and playlists."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from mediaprep import errors, formats
from mediaprep.reading import sniff
from mediaprep.running import allowlists, tools
from tests import material

FILM = ("-f", "lavfi", "-i", "testsrc=d=0.4:s=64x48:r=10")
TONE = ("-f", "lavfi", "-i", "sine=duration=0.4:sample_rate=8000")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


def told(path: Path, data: bytes) -> sniff.Sniffed:
    path.write_bytes(data)
    return sniff.sniff(path)


@pytest.mark.parametrize(
    ("name", "arguments", "mime"),
    [
        ("a.mp4", (*FILM, *H264), "video/mp4"),
        ("a.mov", (*FILM, *H264), "video/quicktime"),
        ("a.3gp", (*FILM, *H264), "video/3gpp"),
        ("a.3g2", (*FILM, *H264), "video/3gpp2"),
        ("a.m4v", (*FILM, *H264), "video/x-m4v"),
        ("a.m4a", TONE, "audio/mp4"),
        ("a.webm", (*FILM, "-c:v", "libvpx"), "video/webm"),
        ("a.mkv", (*FILM, *H264), "video/x-matroska"),
        ("a.avi", (*FILM, "-c:v", "mjpeg"), "video/x-msvideo"),
        ("a.ts", (*FILM, *H264), "video/mp2t"),
        ("a.m2ts", (*FILM, *H264), "video/mp2t"),
        ("a.mpg", (*FILM, "-r", "25"), "video/mpeg"),
        ("a.wmv", FILM, "video/x-ms-asf"),
        ("a.flv", (*FILM, *H264), "video/x-flv"),
        ("a.ogv", (*FILM, "-c:v", "libtheora"), "video/ogg"),
        ("a.mp3", TONE, "audio/mpeg"),
        ("a.mp2", (*TONE, "-ar", "32000"), "audio/mpeg"),
        ("a.aac", TONE, "audio/aac"),
        ("a.ogg", (*TONE, "-c:a", "libopus"), "audio/ogg"),
        ("a.flac", TONE, "audio/flac"),
        ("a.wav", TONE, "audio/wav"),
        ("a.aiff", TONE, "audio/aiff"),
        ("a.caf", TONE, "audio/x-caf"),
        ("a.au", TONE, "audio/basic"),
        ("a.ac3", (*TONE, "-ar", "48000"), "audio/ac3"),
        ("a.eac3", (*TONE, "-ar", "48000"), "audio/eac3"),
        ("a.wv", (*TONE, "-c:a", "wavpack"), "audio/x-wavpack"),
    ],
)
def test_sound_and_film(tmp_path: Path, name: str, arguments: tuple[str, ...], mime: str) -> None:
    made = tmp_path / name
    subprocess.run([tools.ffmpeg().path, "-nostdin", "-v", "error", *arguments, str(made)], check=True, timeout=600)
    found = told(tmp_path / "input", made.read_bytes())
    assert (found.mime, found.demuxer, found.pillow) == (mime, formats.of(mime).container.demuxer, "")


@pytest.mark.parametrize(
    ("form", "mime"),
    [
        ("JPEG", "image/jpeg"),
        ("PNG", "image/png"),
        ("GIF", "image/gif"),
        ("WEBP", "image/webp"),
        ("AVIF", "image/avif"),
        ("HEIF", "image/heic"),
        ("TIFF", "image/tiff"),
        ("BMP", "image/bmp"),
        ("JPEG2000", "image/jp2"),
        ("TGA", "image/x-tga"),
        ("PPM", "image/x-portable-pixmap"),
        ("PCX", "image/x-pcx"),
        ("SGI", "image/x-sgi"),
        ("ICO", "image/vnd.microsoft.icon"),
    ],
)
def test_pictures(tmp_path: Path, form: str, mime: str) -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()
    out = io.BytesIO()
    material.photo(64, 64).save(out, form)
    assert told(tmp_path / "film.mp4", out.getvalue()) == sniff.Sniffed(mime, "", form)


def test_amr_narrow_and_wide(tmp_path: Path) -> None:
    assert told(tmp_path / "a", b"#!AMR\n" + bytes(40)).mime == "audio/amr"
    assert told(tmp_path / "a", b"#!AMR-WB\n" + bytes(40)).mime == "audio/amr-wb"


def test_sound_behind_tags_zeros_and_a_lying_tag(tmp_path: Path) -> None:
    tag = b"ID3\3\0\0\0\0\0\x0a" + bytes(10)
    frame = b"\xff\xfb\x90\0" + bytes(413)
    assert told(tmp_path / "a", tag + frame * 4).mime == "audio/mpeg"
    assert told(tmp_path / "a", bytes(500) + frame * 9).mime == "audio/mpeg"
    assert told(tmp_path / "a", tag + b"rest of a tag" + frame * 4).mime == "audio/mpeg"
    assert told(tmp_path / "a", tag + b"fLaC" + bytes(50)).mime == "audio/flac"
    assert told(tmp_path / "a", tag + b"\xff\xf1\x4c\x80\x02\x1f\xfc" + bytes(9) * 1 + bytes(0)).mime == "audio/aac"
    assert told(tmp_path / "a", tag).mime == "audio/mpeg"


@pytest.mark.parametrize(
    "script",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile /etc/passwd\n",
        "<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011'><BaseURL>file:///etc/</BaseURL></MPD>",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=video 5004 RTP/AVP 96\n",
        "push graphic-context\nimage over 0,0 0,0 'url(http://127.0.0.1/)'\npop graphic-context\n",
        "%!PS-Adobe-3.0 EPSF-3.0\n{} loop\n",
        "<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
        "1\n00:00:01,000 --> 00:00:02,000\nhello\n",
    ],
)
@pytest.mark.parametrize("code", ["utf-8", "utf-16"])
def test_scripts_that_name_other_files_never_reach_a_reader(tmp_path: Path, script: str, code: str) -> None:
    found = told(tmp_path / "film.mp4", script.encode(code))
    assert not found.demuxer and not found.pillow


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (b"hello\n", "text/plain"),
        ("Grüße, 你好\n".encode(), "text/plain"),
        (b"BEGIN:VCARD\nVERSION:3.0\nEND:VCARD\n", "text/vcard"),
        (b"\n\n#EXTM3U\n#EXTINF:1,\nb.ts\n", "application/vnd.apple.mpegurl"),
        ("#EXTM3U\nb.ts\n".encode("utf-16"), "application/vnd.apple.mpegurl"),
        (b"ffconcat version 1.0\nfile b.ts\n", "application/x-ffconcat"),
        (b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n", "application/sdp"),
        (b"1\r\n00:00:01,000 --> 00:00:02,000\r\nhello\r\n", "application/x-subrip"),
        (b"WEBVTT\n\n00:01.000 --> 00:02.000\nhello\n", "text/vtt"),
        ("Ça va ? Très bien, merci.\n".encode("latin-1"), "text/plain"),
        (b"v=0 is the rest, as everybody knows", "text/plain"),
        (b"<!DOCTYPE html><title>x</title>", "text/html"),
        (b"<?xml version='1.0'?><svg/>", "image/svg+xml"),
        (b"<gpx/>", "text/xml"),
        (b"{\\rtf1 hello}", "application/rtf"),
        (b"%PDF-1.7\n%%EOF\n", "application/pdf"),
        (b"\r\n\r\n%PDF-1.7\n\x80\n%%EOF\n", "application/pdf"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(30), "application/x-7z-compressed"),
        (b"8BPS\0\2" + bytes(30), "image/x-psb"),
    ],
)
def test_documents(tmp_path: Path, data: bytes, mime: str) -> None:
    assert told(tmp_path / "photo.jpg", data) == sniff.Sniffed(mime)


def test_office(tmp_path: Path) -> None:
    material.docx(tmp_path / "letter.jpg")
    assert sniff.sniff(tmp_path / "letter.jpg").mime.endswith("wordprocessingml.document")


@pytest.mark.parametrize(
    "data",
    [
        b"\0" * 1000,
        bytes(range(256)) * 4,
        b"R",
        b"RIFF",
        b"\x89PNG",
        b"%PD",
        b"OggS",
        b"\xff\xfb",
        b"BM",
        b"\x7fELF\2\1\1",
        b"\xff" * 5000,
        b"\xff\xfe" + b"\0\0\1\2" * 50,
    ],
)
def test_unknown_bytes_and_stubs_are_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(errors.UnknownType, match="export it"):
        told(tmp_path / "film.mp4", data)


def test_a_program_is_no_document(tmp_path: Path) -> None:
    with pytest.raises(errors.UnknownType):
        told(tmp_path / "a", Path(sys.executable).resolve().read_bytes())
    portable = b"MZ" + bytes(58) + b"\x40\0\0\0" + b"PE\0\0\x64\x86\1\0" + bytes(14) + b"\2\1\x0b\2" + bytes(238)
    with pytest.raises(errors.UnknownType):
        told(tmp_path / "b", portable)


def test_empty_file(tmp_path: Path) -> None:
    with pytest.raises(errors.Incomplete, match="empty"):
        told(tmp_path / "a", b"")


def test_raw_photos_are_not_taken_for_their_previews(tmp_path: Path) -> None:
    dng = b"II*\0\x08\0\0\0" + struct.pack("<HHHI4sI", 1, 50706, 1, 4, b"\1\4\0\0", 0)
    assert told(tmp_path / "a", dng) == sniff.Sniffed("image/x-adobe-dng")
    assert told(tmp_path / "a", b"II*\0\x10\0\0\0CR\2\0" + bytes(40)) == sniff.Sniffed("image/x-canon-cr2")


def test_a_tiff_whose_thumbnail_has_a_raw_photos_tag_is_a_tiff(tmp_path: Path) -> None:
    """The version of DNG is told in the first directory; further ones hold whatever a program left there."""
    version = struct.pack("<HHI4s", 50706, 1, 4, b"\1\4\0\0")
    width = struct.pack("<HHII", 256, 4, 1, 64)
    first = struct.pack("<H", 1) + width + struct.pack("<I", 8 + 18)
    second = struct.pack("<H", 1) + version + struct.pack("<I", 0)
    assert told(tmp_path / "a", b"II*\0\x08\0\0\0" + first + second).mime == "image/tiff"


def test_heic_and_avif_by_compatible_brands(tmp_path: Path) -> None:
    def brands(*names: bytes) -> bytes:
        return struct.pack(">I4s4sI", 16 + 4 * len(names[1:]), b"ftyp", names[0], 0) + b"".join(names[1:])

    assert told(tmp_path / "a", brands(b"mif1", b"heic")).mime == "image/heic"
    assert told(tmp_path / "a", brands(b"mif1", b"avif")).mime == "image/avif"


def test_second_opinion_without_libmagic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "magic", None)
    assert sniff._libmagic(b"\xfd7zXZ\0" + bytes(40)) == "application/x-xz"


def test_suffixes_and_types_belong_together() -> None:
    assert formats.suffix_for("image/jpeg") == ".jpg" and formats.suffix_for("audio/ogg") == ".ogg"
    assert formats.suffix_for("application/x-unheard-of") == ""
    assert "audio/mp4" in formats.mimes_for_suffix(".MP4") and "video/mp4" in formats.mimes_for_suffix(".mp4")
    assert formats.mimes_for_suffix(".unheard") == frozenset() == formats.mimes_for_suffix("")


def test_every_decoder_on_the_list_is_in_ffmpeg() -> None:
    found = subprocess.run(
        [tools.ffmpeg().path, "-v", "error", "-decoders"], capture_output=True, text=True, check=True
    )
    names = {line.split()[1] for line in found.stdout.splitlines() if len(line.split()) > 1}
    assert set(allowlists.CODECS) <= names and not {"magicyuv", "cinepak", "snow"} & set(allowlists.CODECS)
    options = allowlists.input_options("mov")
    assert options["f"] == options["format_whitelist"] == "mov" and options["protocol_whitelist"] == "file"
