"""ID3v1, ID3v2 and APE tags: where they begin and end, and what they give away.

Sources: id3.org's ID3v2.2, 2.3 and 2.4 structure documents; the APEv2 specification.
"""

from __future__ import annotations

import struct
from typing import BinaryIO, NamedTuple

from mediaprep.containers.structure import Kinds, length, read_at
from mediaprep.media import MetadataKind

_MAX_TAG = 16 << 20
_KINDS: tuple[tuple[MetadataKind, tuple[bytes, ...]], ...] = (
    ("thumbnail", (b"APIC", b"PIC")),
    ("person", (b"TPE", b"TCOM", b"TCOP", b"TEXT", b"TOLY", b"TOPE", b"TOWN", b"TPUB", b"OWNE", b"TENC", b"TCM",
                b"TCR", b"TP1", b"TP2", b"TEN", b"TPB", b"WOAR", b"WCOP", b"UFID")),
    ("time", (b"TYER", b"TDRC", b"TDAT", b"TIME", b"TDEN", b"TDTG", b"TDRL", b"TDOR", b"TORY", b"TRDA", b"TYE")),
)  # fmt: skip
# Encoder settings, length, playlist delay, media kind, seek tables, gain.
_HARMLESS = (b"TSSE", b"TLEN", b"TDLY", b"TSS", b"TLE", b"TDY", b"SEEK", b"ASPI", b"RVA2", b"RVAD", b"MLLT", b"TSIZ")


class Tags(NamedTuple):
    """Where the sound lies between the tags (offsets in bytes), and what the tags give away."""

    start: int
    end: int
    metadata: Kinds


def size_at(file: BinaryIO, offset: int) -> int:
    """Bytes of the ID3v2 tag that begins at `offset`, its header and footer included; 0 if there is none."""
    head = read_at(file, offset, 10)
    if len(head) < 10 or head[:3] != b"ID3" or head[3] in (0, 0xFF) or any(byte & 0x80 for byte in head[6:10]):
        return 0
    return 10 + _synchsafe(head[6:10]) + (10 if head[5] & 0x10 else 0)


def skip(file: BinaryIO) -> int:
    """Offset of the first byte after all ID3v2 tags at the start of the file, and after the zeros that pad them."""
    start = 0
    while size := size_at(file, start):
        start += size
    if start:
        padding = read_at(file, start, 65536)
        start += len(padding) - len(padding.lstrip(b"\0"))
    return start


def read(file: BinaryIO) -> Tags:
    """The tags around a bare stream of sound (MP3, AAC, APE, Musepack …)."""
    found: set[MetadataKind] = set()
    at = 0
    while size := size_at(file, at):
        found |= kinds(read_at(file, at, min(size, _MAX_TAG)))
        at += size
    end = length(file)
    while True:
        before = end
        if end - 128 >= at and read_at(file, end - 128, 3) == b"TAG":
            found |= _version_1(read_at(file, end - 128, 128))
            end -= 128
        if end - 32 >= at and read_at(file, end - 32, 8) == b"APETAGEX":
            footer = read_at(file, end - 32, 32)
            size, _, flags = struct.unpack_from("<III", footer, 12)
            found.add("text")
            end = max(at, end - size - (32 if flags & 0x80000000 else 0))
        if end - 10 >= at and read_at(file, end - 10, 3) == b"3DI":
            found.add("text")
            end = max(at, end - 20 - _synchsafe(read_at(file, end - 4, 4)))
        if end == before:
            return Tags(skip(file), end, frozenset(found))


def kinds(tag: bytes) -> Kinds:
    """What an ID3v2 tag gives away; frames of the encoder about itself and blank ones nothing."""
    if len(tag) < 10 or tag[:3] != b"ID3":
        return frozenset({"text"}) if tag.strip(b"\0") else frozenset()
    version, flags = tag[3], tag[5]
    wide = 3 if version == 2 else 4
    at = 10
    if flags & 0x40 and version > 2:
        extended = tag[10:14]
        at += _synchsafe(extended) if version == 4 else 4 + int.from_bytes(extended, "big")
    found: set[MetadataKind] = set()
    while tag[at : at + 1].strip(b"\0") and at + wide * 2 <= len(tag):
        name, size_bytes = tag[at : at + wide], tag[at + wide : at + 2 * wide]
        size = _synchsafe(size_bytes) if version == 4 else int.from_bytes(size_bytes, "big")
        head = 6 if version == 2 else 10
        content = tag[at + head : at + head + size]
        harmless = name.startswith(_HARMLESS) or (name.startswith(b"TXX") and _harmless_text(content))
        if content[1:].strip(b"\0 \xff\xfe") and not harmless:
            found.add(next((kind for kind, names in _KINDS if name.startswith(names)), "text"))
        at += head + size
    return frozenset(found)


def _harmless_text(content: bytes) -> bool:
    text = content[1:].replace(b"\0", b"").lstrip(b"\xff\xfe").lower()
    return text.startswith((b"encoder", b"major_brand", b"minor_version", b"compatible_brands", b"replaygain"))


def _version_1(tag: bytes) -> Kinds:
    found: set[MetadataKind] = set()
    if tag[33:63].strip(b"\0 "):
        found.add("person")
    if tag[93:97].strip(b"\0 0"):
        found.add("time")
    if (tag[3:33] + tag[63:93] + tag[97:125]).strip(b"\0 "):
        found.add("text")
    return frozenset(found)


def _synchsafe(data: bytes) -> int:
    value = 0
    for byte in data:
        value = value << 7 | byte & 0x7F
    return value
