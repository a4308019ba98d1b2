"""What a file is, from its bytes alone, and which reader may open it.

Our own reading of the containers comes first: no library tells audio-only MP4 from film, Opus from Vorbis in Ogg, or
knows MPEG-TS and CAF. libmagic is the second opinion, for documents only: an answer of its that is a picture, a sound
or a film never leads to a decoder.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from mediaprep import errors
from mediaprep.containers import archive, ebml, exif, id3, mpegaudio, ogg
from mediaprep.containers.structure import length, read_at
from mediaprep.formats import mimes_for_suffix, suffix_for
from mediaprep.running import allowlists

__all__ = ["PILLOW", "Sniffed", "mimes_for_suffix", "sniff", "suffix_for"]

_HEAD = 64 * 1024

PILLOW: dict[str, str] = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/avif": "AVIF",
    "image/heic": "HEIF",
    "image/tiff": "TIFF",
    "image/bmp": "BMP",
    "image/jp2": "JPEG2000",
    "image/x-tga": "TGA",
}
"""MIME type -> the one Pillow format that may open it."""


class Sniffed(Struct, frozen=True):
    """`demuxer`: ffmpeg's name to force with `-f`, empty for pictures and documents.
    `pillow`: Pillow's name for `Image.open(formats=[…])`, empty where it is no picture."""

    mime: str
    demuxer: str = ""
    pillow: str = ""


def sniff(path: Path) -> Sniffed:
    """Raises Incomplete for an empty file, UnknownType for bytes that nothing knows."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
        if not head:
            raise errors.Incomplete("the file is empty; get it again from its source")
        mime = "" if _is_stub(head) else _known(file, head) or _text(head) or _second_opinion(head)
    if not mime:
        raise errors.UnknownType(
            "no type could be told from the bytes; if it plays or opens elsewhere, export it there as JPEG, MP4 or PDF"
        )
    return Sniffed(mime, allowlists.DEMUXERS.get(mime, ""), PILLOW.get(mime, ""))


# ---------------------------------------------------------------- by signature

_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"\xff\x4f\xff\x51", "image/jp2"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "image/jp2"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "image/jxl"),
    (b"\xff\x0a", "image/jxl"),
    (b"8BPS\0", "image/vnd.adobe.photoshop"),
    (b"%!PS", "application/postscript"),
    (b"\xc5\xd0\xd3\xc6", "application/postscript"),
    (b"%PDF-", "application/pdf"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c", "video/x-ms-asf"),
    (b"FLV\x01", "video/x-flv"),
    (b"fLaC", "audio/flac"),
    (b"#!AMR\n", "audio/amr"),
    (b"#!AMR-WB\n", "audio/amr-wb"),
    (b"caff\0\1", "audio/x-caf"),
    (b"MAC ", "audio/x-ape"),
    (b"MPCK", "audio/x-musepack"),
    (b"wvpk", "audio/x-wavpack"),
    (b".snd\0", "audio/basic"),
    (b".RMF\0", "audio/vnd.rn-realaudio"),
    (b"\0\0\1\xba", "video/mpeg"),
    (b"{\\rtf", "application/rtf"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\x1f\x8b\x08", "application/gzip"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_BMP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)
_PDF_HEADER_WITHIN = 1024
_TGA_FOOTER = b"TRUEVISION-XFILE.\0"


_BEGINNINGS = (*dict(_STARTS), b"RIFF", b"FORM", b"OggS", b"PK", b"BM", b"II*", b"MM", b"ID3")


def _is_stub(head: bytes) -> bool:
    """Whether the bytes are only the first letters of `RIFF`, `%PDF-` or the like: a cut file, and not a text."""
    return any(start.startswith(head) for start in _BEGINNINGS)


def _known(file: BinaryIO, head: bytes) -> str:
    """The type by our own reading; empty where it is none of ours."""
    for start, mime in _STARTS:
        if head.startswith(start):
            return mime
    if head[:4] in (b"RIFF", b"RF64", b"RIFX"):
        return _RIFF.get(head[8:12], "")
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "audio/aiff"
    if head[:4] in _TIFF:
        return _tiff(file, head)
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "image/bmp"
    if head.startswith(_OLE):
        return archive.ole_mime(file)
    if head[:4] in (b"PK\3\4", b"PK\5\6"):
        return archive.zip_mime(file)
    if head[:4] == b"\x1a\x45\xdf\xa3":
        doc_type = ebml.doc_type(file) or ("webm" if b"webm" in head[:64] else "matroska")
        return {"webm": "video/webm", "matroska": "video/x-matroska"}.get(doc_type, "")
    if head[:4] == b"OggS":
        return "video/ogg" if {"theora", "vp8", "dirac"} & set(ogg.codecs(file)) else "audio/ogg"
    if head[4:8] in _BOXES:
        return _brand(head)
    if _transport_stream(head):
        return "video/mp2t"
    if mime := _sound(file):
        return mime
    if b"%PDF-" in head[:_PDF_HEADER_WITHIN]:
        return "application/pdf"
    held = length(file)
    return "image/x-tga" if read_at(file, max(0, held - 18), 18) == _TGA_FOOTER else ""


_BOXES = (b"ftyp", b"styp", b"moov", b"mdat", b"moof", b"wide", b"pnot", b"skip", b"free", b"sidx")
_BRANDS: tuple[tuple[tuple[bytes, ...], str], ...] = (
    ((b"avif", b"avis"), "image/avif"),
    ((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"mif2"), "image/heic"),
    ((b"crx ",), "image/x-canon-cr3"),
    ((b"qt  ",), "video/quicktime"),
    ((b"M4A ", b"M4B ", b"M4P ", b"F4A ", b"F4B "), "audio/mp4"),
    ((b"M4V ", b"M4VH", b"M4VP"), "video/x-m4v"),
    ((b"3g2a", b"3g2b", b"3g2c", b"KDDI"), "video/3gpp2"),
)


def _brand(head: bytes) -> str:
    """The kind of MP4 by its major brand; `mif1` and `msf1` alone leave HEIC or AVIF to the compatible brands."""
    if head[4:8] != b"ftyp":
        return "video/mp4" if head[4:8] in (b"styp", b"moof", b"sidx") else "video/quicktime"
    major = head[8:12]
    compatible = [head[at : at + 4] for at in range(16, min(int.from_bytes(head[:4], "big"), 256), 4)]
    if major in (b"mif1", b"msf1") and {b"avif", b"avis"} & set(compatible):
        return "image/avif"
    if major.startswith((b"3gp", b"3gr", b"3gs", b"3ge", b"3gg")):
        return "video/3gpp"
    return next((mime for brands, mime in _BRANDS if major in brands), "video/mp4")


_DNG_VERSION = 50706


def _tiff(file: BinaryIO, head: bytes) -> str:
    """TIFF, or a camera's raw file in its clothes, which must not be taken for its small preview."""
    if head[8:10] == b"CR":
        return "image/x-canon-cr2"
    raw = any(entry.directory == 0 and entry.tag == _DNG_VERSION for entry in exif.entries(file))
    return "image/x-adobe-dng" if raw else "image/tiff"


def _transport_stream(head: bytes) -> bool:
    """Sync bytes at every packet: 188 bytes, or 192 with a time stamp before each (camcorders, Blu-ray)."""
    for first, size in ((0, 188), (4, 192)):
        syncs = head[first : size * 20 : size]
        if len(syncs) >= 4 and not syncs.strip(b"\x47"):
            return True
    return False


_FRAMES: tuple[tuple[str, Callable[[bytes, int], int]], ...] = (
    ("audio/mpeg", mpegaudio.mpeg_frame),
    ("audio/aac", mpegaudio.adts_frame),
    ("audio/ac3", mpegaudio.ac3_frame),
)
_ENOUGH_FRAMES, _SURE_FRAMES = 3, 8
_RESYNC = 4096


def _sound(file: BinaryIO) -> str:
    """A bare stream of sound, behind any ID3 tags and zeros. Tags with nothing whole after them are a cut MP3."""
    start = id3.skip(file)
    head = read_at(file, start, _HEAD)
    tagged, whole = start > 0, start + len(head) >= length(file)
    if tagged and not head:
        return "audio/mpeg"
    head = head.lstrip(b"\0")
    if tagged:
        for magic, mime in ((b"fLaC", "audio/flac"), (b"MAC ", "audio/x-ape"), (b"MPCK", "audio/x-musepack")):
            if head.startswith(magic):
                return mime
    for mime, frame in _FRAMES:
        # After a tag, a whole frame and a cut one are enough.
        if mpegaudio.runs(head, frame, 1 if tagged and whole else _ENOUGH_FRAMES, filling=whole):
            return "audio/eac3" if mime == "audio/ac3" and mpegaudio.is_extended_ac3(head) else mime
    # A tag that lies about its length, or the rest of a frame before the first whole one.
    least = _ENOUGH_FRAMES if tagged else _SURE_FRAMES
    starts = (at for at in range(min(_RESYNC, len(head))) if head[at] == 0xFF)
    return "audio/mpeg" if any(mpegaudio.runs(head[at:], mpegaudio.mpeg_frame, least) for at in starts) else ""


# ---------------------------------------------------------------- documents

_MARKUP = (("<svg", "image/svg+xml"), ("<!doctype html", "text/html"), ("<html", "text/html"))
_WORDED: tuple[tuple[str, str], ...] = (
    (r"begin:vcard", "text/vcard"),
    (r"#extm3u", "application/vnd.apple.mpegurl"),
    (r"ffconcat version", "application/x-ffconcat"),
    (r"v=0\s+o=", "application/sdp"),
    (r"webvtt", "text/vtt"),
    (r"\d+\s+\d+:\d\d:\d\d[,.]\d+ +-->", "application/x-subrip"),
    (r"# vobsub index file", "application/x-vobsub"),
)
"""How text begins that is more than plain text, in lower case. A playlist only names other files, and is no document
that a person meant to send in their place."""

_WORDS = frozenset(["image/svg+xml", "application/postscript", *(mime for _, mime in _WORDED)])
_CONTROLS = bytes(byte for byte in range(32) if byte not in b"\t\n\r\f\x1b")


def is_text(mime: str) -> bool:
    """Whether files of this type are written in words: text, markup, scripts, playlists."""
    return mime.startswith("text/") or mime in _WORDS


def _text(head: bytes) -> str:
    """Text of some kind, if the bytes are UTF-8 or marked UTF-16."""
    text = _decoded(head)
    if text is None:
        return ""
    start = text[:4096].removeprefix("\ufeff").lstrip().lower()
    if start.startswith("<"):
        return next((mime for mark, mime in _MARKUP if mark in start), "text/xml")
    return next((mime for mark, mime in _WORDED if re.match(mark, start)), "text/plain")


def _decoded(head: bytes) -> str | None:
    """The text, but for a letter that the end of `head` cuts; None where it is none, or has control characters."""
    coding = "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"
    try:
        text = codecs.getincrementaldecoder(coding)().decode(head, final=len(head) < _HEAD)
    except UnicodeDecodeError:
        return None
    return None if any(chr(byte) in text for byte in _CONTROLS) else text


# Answers for bytes that only resemble something, and programs: they are no documents.
_NO_ANSWER = frozenset(["application/octet-stream", "inode/x-empty", "application/x-empty",
                        "application/x-dosexec", "application/vnd.microsoft.portable-executable",
                        "application/x-msdownload", "application/x-executable", "application/x-pie-executable",
                        "application/x-sharedlib", "application/x-object", "application/x-mach-binary"])  # fmt: skip
_SHORTEST_TEXT, _BLANKS = 16, b" \t\r\n"  # bytes, and what stands between words, of text that is not UTF-8
_PICTURE_DOCUMENTS = ("image/vnd.", "image/svg+xml", "image/x-eps", "image/x-xcf", "image/x-wmf", "image/emf")


def _second_opinion(head: bytes) -> str:
    """libmagic's word, where it is about a document."""
    mime = _libmagic(head)
    if mime.startswith(("audio/", "video/", "image/")):
        return mime if mime.startswith(_PICTURE_DOCUMENTS) or mime == "audio/midi" else ""
    if mime.startswith("text/"):
        worded = any(byte in head for byte in _BLANKS) and not any(byte in head for byte in _CONTROLS)
        return mime if worded and len(head) >= _SHORTEST_TEXT else ""
    return "" if mime in _NO_ANSWER else mime


def _libmagic(head: bytes) -> str:
    try:
        import magic
    except ImportError:  # python-magic is there and the library it wraps is not
        import pure_magic_rs

        return str(pure_magic_rs.MagicDb().best_magic_buffer(head).mime_type)
    return str(magic.from_buffer(head, mime=True))
