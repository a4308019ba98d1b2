"""JPEG: the marker segments (ITU-T T.81 annex B), what they give away, and a copy without them."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from mediaprep import errors
from mediaprep.containers import exif, iptc, tags
from mediaprep.containers.structure import NOTHING, Kinds, PictureStructure, copy, length, read_at
from mediaprep.media import MetadataKind

_SOI, _EOI, _SOS, _DHT_LIKE = 0xD8, 0xD9, 0xDA, (0xC4, 0xC8, 0xCC)
_FRAMES = frozenset(range(0xC0, 0xD0)) - frozenset(_DHT_LIKE)
_LOSSLESS, _ARITHMETIC = (0xC3, 0xC7, 0xCB, 0xCF), (0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF)
_STAND_ALONE = (0x01, _SOI, _EOI)
_MARKER = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")
_BLOCK = 1 << 20

MAX_SCANS = 100
"""A progressive picture has about ten; each costs a pass over all pixels, and repeating one takes few bytes."""

_XMP, _XMP_MORE = b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0"
_ISO_GAIN_MAP = b"urn:iso:std:iso:ts:21496:-1\0"


class Segment(NamedTuple):
    """`start` is the marker's first byte, `end` the byte after its payload (without entropy-coded data)."""

    marker: int
    start: int
    end: int


def segments(file: BinaryIO) -> Iterator[Segment]:
    """The segments of the first picture, its end marker last; a picture that is truncated just ends."""
    size, position = length(file), 2
    yield Segment(_SOI, 0, 2)
    while (found := _next_marker(file, position)) is not None:
        start, marker = found
        end = start + 2
        if marker not in _STAND_ALONE:
            head = read_at(file, end, 2)
            end += max(2, struct.unpack(">H", head)[0]) if len(head) == 2 else 2
        if end > size:
            return
        yield Segment(marker, start, end)
        if marker == _EOI:
            return
        position = end


def _next_marker(file: BinaryIO, position: int) -> tuple[int, int] | None:
    """Offset of the 0xFF and the code of the next marker that is neither stuffing nor a restart."""
    file.seek(position)
    tail = b""
    while block := file.read(_BLOCK):
        window = tail + block
        if found := _MARKER.search(window):
            return position - len(tail) + found.end() - 2, window[found.end() - 1]
        position += len(block)
        tail = window[-1:]
    return None


def read(file: BinaryIO) -> PictureStructure:
    """Size, precision, metadata, what follows the end marker, and whether the picture data reach it."""
    width = height = frame = scans = data_start = 0
    precision, whole, end = 8, False, 2
    found: set[MetadataKind] = set()
    for segment in segments(file):
        end = segment.end
        if segment.marker in _FRAMES and not frame:
            frame = segment.marker
            precision, height, width = struct.unpack(">BHH", _payload(file, segment)[:5].ljust(5, b"\0"))
        elif segment.marker == _SOS:
            scans += 1
            data_start = data_start or segment.end
            if scans > MAX_SCANS:
                raise errors.TooMuch(
                    f"the JPEG has too many scans; limit: {MAX_SCANS}. Save it again in an image editor"
                )
        elif segment.marker == _EOI:
            whole = True
        elif segment.marker not in _STAND_ALONE:
            found |= kinds(segment.marker, _payload(file, segment))
    cut = "" if whole else "the image data ends before the end marker"
    end = end if whole else length(file)
    # Even one colour costs a bit for each block of 8 x 8 in Huffman coding.
    if frame not in _ARITHMETIC and data_start and end - data_start < width * height // 512:
        raise errors.Incomplete(
            f"the file is truncated: {end - data_start:,} bytes cannot hold {width} x {height} pixels. "
            "Get a complete copy"
        )
    return PictureStructure(
        width=width, height=height, bit_depth=precision, lossless=frame in _LOSSLESS, opaque=True, cut=cut,
        metadata=frozenset(found), trailing=length(file) - end,
    )  # fmt: skip


def _payload(file: BinaryIO, segment: Segment) -> bytes:
    return read_at(file, segment.start + 4, segment.end - segment.start - 4)


def kinds(marker: int, payload: bytes) -> Kinds:
    """What one segment gives away. JFIF, Adobe's transform, colour profiles and coding tables: nothing."""
    if keeps(marker, payload):
        return frozenset({"thumbnail"}) if _thumbnail_in_jfif(marker, payload) else NOTHING
    if marker == 0xE1 and payload.startswith(b"Exif\0"):
        return exif.kinds(payload[6:])
    if marker == 0xE1 and payload.startswith(_XMP):
        return tags.xmp(payload[len(_XMP) :])
    if marker == 0xED and payload.startswith(b"Photoshop 3.0\0"):
        return iptc.kinds(payload[14:])
    if marker == 0xE0 and payload.startswith(b"JFXX\0"):
        return frozenset({"thumbnail"})
    if marker == 0xE2 and payload.startswith((b"MPF\0", _ISO_GAIN_MAP)):
        return NOTHING  # they lead to further pictures after the end marker, which count as trailing bytes
    quality = marker == 0xEC and payload.startswith(b"Ducky")
    return frozenset({"text"}) if payload.strip(b"\0 \r\n\t") and not quality else NOTHING


def keeps(marker: int, payload: bytes) -> bool:
    """Whether a picture without this segment would look different, or not decode."""
    if marker == 0xE0:
        return payload.startswith((b"JFIF\0", b"AVI1"))
    if marker == 0xE2:
        return payload.startswith(b"ICC_PROFILE\0")
    if marker == 0xEE:
        return payload.startswith(b"Adobe")
    return not 0xE0 <= marker <= 0xEF and marker != 0xFE


def _thumbnail_in_jfif(marker: int, payload: bytes) -> bool:
    return marker == 0xE0 and payload.startswith(b"JFIF\0") and payload[12:14] not in (b"", b"\0\0")


def strip(source: Path, output: Path) -> None:
    """Copy the picture without metadata and without anything after its first end marker.

    Pixels stay bit-identical: coding segments, JFIF, Adobe's transform and the colour profile are copied as they are.
    A missing end marker is written. The orientation goes with the EXIF: only for pictures whose orientation is 1.
    """
    with source.open("rb") as file, output.open("wb") as out:
        written, marker = 0, _SOI
        for segment in segments(file):
            if marker == _SOS:  # what lies between other segments belongs to none
                copy(file, out, written, segment.start)
            payload = _payload(file, segment) if segment.marker not in _STAND_ALONE else b""
            if _thumbnail_in_jfif(segment.marker, payload):
                out.write(b"\xff\xe0\0\x10" + payload[:12] + b"\0\0")
            elif segment.marker in _STAND_ALONE or keeps(segment.marker, payload):
                copy(file, out, segment.start, segment.end)
            written, marker = segment.end, segment.marker
        if marker != _EOI:
            copy(file, out, written, length(file))
            out.write(b"\xff\xd9")
