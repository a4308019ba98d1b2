"""EXIF and TIFF directories: what they give away, the orientation and the sticker block that WhatsApp writes.

Tag numbers: Exif 2.32 (CIPA DC-008), TIFF 6.0, and ExifTool's table of the XP*, GeoTIFF and IPTC tags.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from mediaprep.containers.structure import Kinds, length, read_at
from mediaprep.media import MetadataKind

WHATSAPP_STICKER = 0x5741
"""The private tag of a sticker's pack name and emojis. It is part of the sticker, not metadata about its maker."""

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_MAX_DIRECTORIES, _MAX_ENTRIES = 32, 512
_MAX_PAGES = 10_000
_EXIF, _GPS, _INTEROPERABILITY = 0x8769, 0x8825, 0xA005

_GIVES_AWAY: dict[MetadataKind, frozenset[int]] = {
    "device": frozenset({11, 271, 272, 305, 316, 37500, 42016, 42033, 42035, 42036, 42037, 42041, 50708, 50735}),
    "person": frozenset({315, 33432, 40093, 42032, 42039, 42040}),
    "time": frozenset({306, 36867, 36868, 36880, 36881, 36882, 37520, 37521, 37522}),
    "location": frozenset({33550, 33922, 34264, 34735, 34736, 34737}),
}
# What a decoder needs, and exposure settings: they say nothing about who, where or which camera.
_HARMLESS = frozenset(
    [*range(254, 269), 273, 274, *range(277, 285), *range(286, 300), 301, *range(317, 348), *range(512, 533), 559,
     33434, 33437, 34675, 34850, 34852, *range(34855, 34870), 36864, 37121, 37122, *range(37377, 37388), 37396,
     *range(40960, 40965), 41483, 41484, 41486, 41487, 41488, 41492, 41493, 41495, 41728, 41729, 41730,
     *range(41985, 41997), 42034, 42240, 50341, 59932, 59933, _EXIF, _GPS, _INTEROPERABILITY, WHATSAPP_STICKER]
)  # fmt: skip
_USER_COMMENT, _ORIENTATION = 37510, 274
_THUMBNAIL_OFFSETS = (273, 513)
_THUMBNAIL_DIRECTORY = 1


class Entry(NamedTuple):
    """One tag. `directory`: 0 the picture's, 1 the thumbnail's, else the tag that leads to it."""

    directory: int
    tag: int
    value: bytes
    number: int


def entries(file: BinaryIO, start: int = 0) -> Iterator[Entry]:
    """Every tag of the block that begins at `start`. Broken directories end, loops are walked once."""
    header = read_at(file, start, 8)
    if header[:4] not in (b"II*\0", b"MM\0*") or len(header) < 8:
        return
    order = "<" if header[:2] == b"II" else ">"
    end = length(file)
    queue = [(0, struct.unpack(order + "I", header[4:])[0])]
    seen: set[int] = set()
    while queue and len(seen) < _MAX_DIRECTORIES:
        directory, offset = queue.pop(0)
        if offset in seen or not 8 <= offset < end - start:
            continue
        seen.add(offset)
        count_bytes = read_at(file, start + offset, 2)
        if len(count_bytes) < 2:
            continue
        count = min(struct.unpack(order + "H", count_bytes)[0], _MAX_ENTRIES)
        table = file.read(count * 12 + 4)
        for at in range(0, min(count * 12, len(table) - 11), 12):
            tag, kind, values = struct.unpack_from(order + "HHI", table, at)
            size = _SIZES.get(kind, 0) * values
            value = table[at + 8 : at + 12][:size]
            number = struct.unpack_from(order + "I", table, at + 8)[0]
            if kind == 3:
                number = struct.unpack_from(order + "H", table, at + 8)[0]
            if size > 4:
                value = read_at(file, start + number, min(size, 256))
            yield Entry(directory, tag, value, number)
            if tag in (_EXIF, _GPS, _INTEROPERABILITY):
                queue.append((tag, number))
        after = table[count * 12 : count * 12 + 4]
        if directory == 0 and len(after) == 4:
            queue.append((_THUMBNAIL_DIRECTORY, struct.unpack(order + "I", after)[0]))


def missing_page(file: BinaryIO) -> str:
    """What a truncated TIFF lacks: the first directory in its chain of pages that the file does not reach."""
    header = read_at(file, 0, 8)
    if header[:4] not in (b"II*\0", b"MM\0*") or len(header) < 8:
        return ""
    order = "<" if header[:2] == b"II" else ">"
    end = length(file)
    (offset,) = struct.unpack(order + "I", header[4:])
    for page in range(1, _MAX_PAGES):
        count_bytes = read_at(file, offset, 2)
        entries_end = offset + 2 + 12 * (struct.unpack(order + "H", count_bytes)[0] if len(count_bytes) == 2 else 0)
        if len(count_bytes) < 2 or entries_end > end:
            return f"page {page} is missing"
        after = read_at(file, entries_end, 4)
        offset = struct.unpack(order + "I", after)[0] if len(after) == 4 else 0
        if not offset:
            break
    return ""


def kinds(block: bytes) -> Kinds:
    """What an EXIF block (from its `II` or `MM`) gives away; a block that cannot be read counts as `text`."""
    if not block.strip(b"\0"):
        return frozenset()
    if block[:4] not in (b"II*\0", b"MM\0*"):
        return frozenset({"text"})
    found = set(kinds_in(io.BytesIO(block)))
    if any(e.directory == _THUMBNAIL_DIRECTORY and e.tag in _THUMBNAIL_OFFSETS for e in entries(io.BytesIO(block))):
        found.add("thumbnail")
    return frozenset(found)


def kinds_in(file: BinaryIO, start: int = 0) -> Kinds:
    """As `kinds`, for a TIFF file; its second directory is a page, not a thumbnail."""
    return frozenset(found for entry in entries(file, start) if (found := _kind(entry)))


def _kind(entry: Entry) -> MetadataKind | None:
    if not entry.value.strip(b"\0 \r\n\t:"):
        return None
    if entry.directory == _GPS:
        return "location" if entry.tag else None  # tag 0 is the version of the block, which says nothing
    if entry.directory == _INTEROPERABILITY:
        return None
    if entry.tag == _USER_COMMENT and not entry.value[8:].strip(b"\0 "):
        return None  # a comment that is only its character code
    if entry.tag in _HARMLESS:
        return None
    return next((kind for kind, tags in _GIVES_AWAY.items() if entry.tag in tags), "text")


def is_sticker(block: bytes) -> bool:
    """Whether the block is the one that WhatsApp's own stickers carry, and nothing else."""
    tags = [entry.tag for entry in entries(io.BytesIO(block.removeprefix(b"Exif\0\0")))]
    return tags == [WHATSAPP_STICKER]


def orientation(block: bytes) -> int:
    """1 to 8; 1 where nothing usable is said."""
    found = (e.number for e in entries(io.BytesIO(block)) if e.directory == 0 and e.tag == _ORIENTATION)
    value = next(found, 1)
    return value if 1 <= value <= 8 else 1
