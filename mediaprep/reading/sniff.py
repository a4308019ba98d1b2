"""What a file is, from its bytes alone, and which reader may open it.

Our own reading of the containers comes first: no library tells audio-only MP4 from film, Opus from Vorbis in Ogg, or
knows MPEG-TS and CAF. libmagic is the second opinion, for documents only: an answer of its that is a picture, a sound
or a film never leads to a decoder.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from mediaprep import errors, formats
from mediaprep.containers import archive, ebml, exif, ico, id3, mpegaudio, netpbm, ogg, psd
from mediaprep.containers.structure import length, read_at
from mediaprep.reading import headers

_HEAD = 64 * 1024


class Sniffed(Struct, frozen=True):
    """`demuxer`: ffmpeg's name to force with `-f`, empty for pictures and documents.
    `pillow`: Pillow's name for `Image.open(formats=[…])`, empty for other families."""

    mime: str
    demuxer: str = ""
    pillow: str = ""


def sniff(path: Path) -> Sniffed:
    """Raises Incomplete for an empty file, UnknownType for bytes that nothing knows."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
        if not head:
            raise errors.Incomplete("the file is empty. Get a complete copy")
        mime = "" if _is_stub(head) else _known(file, head) or _text(head) or _second_opinion(head)
    if not mime:
        raise errors.UnknownType(
            "unknown file type: the content matches no known format. If it opens in another program, export it "
            "there as JPEG, MP4 or PDF"
        )
    row = formats.of(mime)
    return Sniffed(mime, row.container.demuxer, row.pillow)


# ---------------------------------------------------------------- by signature


@cache
def _signatures() -> tuple[re.Pattern[bytes], tuple[str, ...]]:
    """One pattern with a group for each start of each row, longest first, and the types of the groups."""
    starts = [(start, row.mime) for row in formats.FORMATS.values() for start in row.starts]
    starts.sort(key=lambda pair: -len(pair[0].replace(b"?", b"")))
    groups = (b"(" + re.escape(start).replace(rb"\?", b".") + b")" for start, _ in starts)
    return re.compile(b"|".join(groups), re.DOTALL), tuple(mime for _, mime in starts)


def _is_stub(head: bytes) -> bool:
    """Whether the bytes are only the first letters of `RIFF`, `%PDF-` or the like: a cut file, and not a text."""
    starts = (start.partition(b"?")[0] for row in formats.FORMATS.values() for start in row.starts)
    return any(start.startswith(head) for start in (*starts, b"ID3"))


_PDF_HEADER_WITHIN = 1024


def _known(file: BinaryIO, head: bytes) -> str:
    """The type by our own reading; empty where it is none of ours."""
    pattern, mimes = _signatures()
    if (found := pattern.match(head)) is not None and found.lastindex is not None:
        mime = mimes[found.lastindex - 1]
        if mime := _FURTHER[mime](file, head) if mime in _FURTHER else mime:
            return mime
    if _transport_stream(head):
        return "video/mp2t"
    if mime := _sound(file):
        return mime
    if b"%PDF-" in head[:_PDF_HEADER_WITHIN]:
        return "application/pdf"
    return next((mime for mime, fits in _UNSIGNED if fits(file, head)), "")


def _brand(_: BinaryIO, head: bytes) -> str:
    """The kind of MP4 by its major brand; `mif1` and `msf1` alone leave HEIC or AVIF to the compatible brands."""
    if head[4:8] != b"ftyp":
        return "video/mp4"
    major = head[8:12]
    compatible = [head[at : at + 4] for at in range(16, min(int.from_bytes(head[:4], "big"), 256), 4)]
    if major in (b"mif1", b"msf1") and {b"avif", b"avis"} & set(compatible):
        return "image/avif"
    if major.startswith((b"3gp", b"3gr", b"3gs", b"3ge", b"3gg")):
        return "video/3gpp"
    return next((row.mime for row in formats.FORMATS.values() if major in row.brands), "video/mp4")


_DNG_VERSION = 50706


def _tiff(file: BinaryIO, _: bytes) -> str:
    """TIFF, or a camera's raw file in its clothes, which must not be taken for its small preview."""
    raw = any(entry.directory == 0 and entry.tag == _DNG_VERSION for entry in exif.entries(file))
    return "image/x-adobe-dng" if raw else "image/tiff"


def _matroska(file: BinaryIO, head: bytes) -> str:
    doc_type = ebml.doc_type(file) or ("webm" if b"webm" in head[:64] else "matroska")
    return {"webm": "video/webm", "matroska": "video/x-matroska"}.get(doc_type, "")


def _ogg(file: BinaryIO, _: bytes) -> str:
    return "video/ogg" if {"theora", "vp8", "dirac"} & set(ogg.codecs(file)) else "audio/ogg"


def _photoshop(file: BinaryIO, _: bytes) -> str:
    """Only what has a flat picture of at most 8 bits can be shown; the rest is passed on as a document."""
    return "image/vnd.adobe.photoshop" if psd.is_flat(file) else "image/x-psb"


def _netpbm(file: BinaryIO, _: bytes) -> str:
    found = netpbm.header(file)
    return "" if found is None else _NETPBM[(found.digit - 1) % 3]


_NETPBM = ("image/x-portable-bitmap", "image/x-portable-graymap", "image/x-portable-pixmap")

_FURTHER: dict[str, Callable[[BinaryIO, bytes], str]] = {
    "image/tiff": _tiff,
    "video/mp4": _brand,
    "video/x-matroska": _matroska,
    "audio/ogg": _ogg,
    "application/x-ole-storage": lambda file, _: archive.ole_mime(file),
    "application/zip": lambda file, _: archive.zip_mime(file),
    "image/vnd.microsoft.icon": lambda file, _: "image/vnd.microsoft.icon" if ico.entries(file) else "",
    "image/vnd.adobe.photoshop": _photoshop,
    "image/x-sgi": lambda file, head: "image/x-sgi" if headers.is_sgi(file, head) else "",
    **dict.fromkeys(_NETPBM, _netpbm),
}
"""What a signature leaves open: read further, and answered with the type of another row, or with none."""

_UNSIGNED: tuple[tuple[str, Callable[[BinaryIO, bytes], bool]], ...] = (
    ("image/x-pcx", headers.is_pcx),
    ("image/x-tga", headers.is_tga),
    ("video/h264", headers.is_h264),
    ("video/x-dv", headers.is_dv),
    ("audio/x-gsm", headers.is_gsm),
)


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
        for mime in ("audio/flac", "audio/x-ape", "audio/x-musepack"):
            if head.startswith(formats.of(mime).starts):
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

_CONTROLS = bytes(byte for byte in range(32) if byte not in b"\t\n\r\f\x1b")


def _text(head: bytes) -> str:
    """Text of some kind, if the bytes are UTF-8 or marked UTF-16."""
    text = _decoded(head)
    if text is None:
        return ""
    start, rows = text[:4096].removeprefix("\ufeff").lstrip().lower(), formats.FORMATS.values()
    if start.startswith("<"):
        return next((row.mime for row in rows if any(mark in start for mark in row.markup)), "text/xml")
    return next((row.mime for row in rows if row.words and re.match(row.words, start)), "text/plain")


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
