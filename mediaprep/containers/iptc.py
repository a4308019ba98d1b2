"""Photoshop's image resource blocks (`8BIM`) and the IPTC records in them.

Resource numbers: Adobe Photoshop File Formats Specification; datasets: IPTC-NAA IIM 4.2.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from mediaprep.containers import exif, tags
from mediaprep.containers.structure import Kinds
from mediaprep.media import MetadataKind

_IPTC, _EXIF, _XMP, _THUMBNAILS = 0x0404, 0x0422, 0x0424, (0x0409, 0x040C)
# Resolution, print, display, guides, digest, version and slice settings of the editor.
_HARMLESS = frozenset(
    [0x03ED, 0x03F3, 0x03F5, 0x03F8, 0x03FA, 0x03FC, 0x03FD, 0x0400, 0x0401, 0x0402, 0x0406, 0x0408, 0x040A, 0x040D,
     0x040F, 0x0410, 0x0411, 0x0414, 0x0416, 0x0417, 0x0419, 0x041A, 0x041E, 0x0421, 0x0425, 0x0426, 0x0428, 0x042D,
     0x0430, 0x0436, 0x043A, 0x043B, 0x043C, 0x043D, 0x2710]
)  # fmt: skip
_DATASETS: dict[MetadataKind, frozenset[int]] = {
    "person": frozenset({80, 85, 110, 115, 116, 118, 122}),
    "location": frozenset({26, 27, 90, 92, 95, 100, 101}),
    "time": frozenset({30, 35, 37, 38, 47, 50, 55, 60, 62, 63, 70}),
    "device": frozenset({65}),
}


def resources(block: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of each resource; stops where the block makes no sense."""
    at = 0
    while block[at : at + 4] == b"8BIM" and at + 12 <= len(block):
        number = struct.unpack_from(">H", block, at + 4)[0]
        name = (block[at + 6] + 2) & ~1
        if at + 10 + name > len(block):
            return
        size = struct.unpack_from(">I", block, at + 6 + name)[0]
        start = at + 10 + name
        yield number, block[start : start + size]
        at = start + size + (size & 1)


def kinds(block: bytes) -> Kinds:
    """What the resource blocks give away."""
    found: set[MetadataKind] = set()
    for number, content in resources(block):
        if number == _IPTC:
            found |= records(content)
        elif number == _EXIF:
            found |= exif.kinds(content)
        elif number == _XMP:
            found |= tags.xmp(content)
        elif number in _THUMBNAILS:
            found.add("thumbnail")
        elif number not in _HARMLESS:
            found.add("text")
    return frozenset(found)


def records(block: bytes) -> Kinds:
    """What IPTC datasets give away; the envelope and the record version nothing."""
    found: set[MetadataKind] = set()
    at = 0
    while at + 5 <= len(block) and block[at] == 0x1C:
        record, dataset, size = struct.unpack_from(">BBH", block, at + 1)
        if size & 0x8000:
            break
        if record == 2 and dataset and block[at + 5 : at + 5 + size].strip(b"\0 "):
            found.add(next((kind for kind, numbers in _DATASETS.items() if dataset in numbers), "text"))
        at += 5 + size
    return frozenset(found)
