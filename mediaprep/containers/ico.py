"""Windows icons (Microsoft, ICONDIR): the directory, and how large the picture that will be opened really is."""

from __future__ import annotations

import struct
from typing import BinaryIO, NamedTuple

from mediaprep.containers import png
from mediaprep.containers.structure import PictureStructure, length, read_at

_MOST_ENTRIES = 256


class Entry(NamedTuple):
    """`pixels` by the directory, in which a side of 256 is 0. `start`, `size`: where the picture lies, in bytes."""

    pixels: int
    start: int
    size: int


def entries(file: BinaryIO) -> tuple[Entry, ...]:
    """All pictures in the file; none where the directory contradicts itself, as in a file of another format."""
    count = int.from_bytes(read_at(file, 4, 2), "little")
    directory = read_at(file, 6, 16 * count)
    if not 0 < count <= _MOST_ENTRIES or len(directory) < 16 * count:
        return ()
    found = []
    for at in range(0, len(directory), 16):
        width, height, _, reserved, _, _, size, start = struct.unpack_from("<4B2H2I", directory, at)
        begins = read_at(file, start, 8)
        known = begins == png.SIGNATURE or begins.startswith(b"\x28\0\0\0")
        if reserved or not size or start < 6 + 16 * count or not known:
            return ()
        found.append(Entry((width or 256) * (height or 256), start, size))
    return tuple(found)


def read(file: BinaryIO) -> PictureStructure:
    """The size in pixels of the largest entry that any header names: a directory may call a bomb small."""
    found = entries(file)
    sizes = [_real_size(file, entry.start) for entry in found]
    width, height = max(sizes, key=lambda size: size[0] * size[1], default=(0, 0))
    ends = max((entry.start + entry.size for entry in found), default=0)
    held = length(file)
    cut = f"its last image ends at byte {ends:,}, the file has {held:,} bytes" if ends > held else ""
    return PictureStructure(width=width, height=height, lossless=True, cut=cut)


def _real_size(file: BinaryIO, start: int) -> tuple[int, int]:
    """From the PNG's or the DIB's own header; a DIB in an icon counts its mask as a second picture below the first."""
    head = read_at(file, start, 24).ljust(24, b"\0")
    if head.startswith(png.SIGNATURE):
        width, height = struct.unpack_from(">II", head, 16)
        return width, height
    width, height = struct.unpack_from("<ii", head, 4)
    return abs(width), abs(height) // 2
