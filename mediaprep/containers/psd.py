"""Photoshop files (Adobe Photoshop File Formats Specification): resources, and the flat picture that they end with."""

from __future__ import annotations

import struct
from typing import BinaryIO

from mediaprep.containers import iptc
from mediaprep.containers.structure import PictureStructure, length, read_at

_HEADER = 26
_FLAT = {(0, 1), (0, 8), (1, 8), (2, 8), (3, 8), (4, 8), (7, 8), (8, 8), (9, 8)}
"""Colour modes and bits a channel that have a reader: bitmap, grey, palette, RGB, CMYK, multichannel, duotone, Lab."""
_VERSION_INFO = 0x0421
_MAX_RESOURCES = 32 << 20


def is_flat(file: BinaryIO) -> bool:
    """Whether the file has a picture of all its layers together that can be read.

    Large documents (PSB), 16 and 32 bits a channel, and files saved without "Maximise compatibility" have none.
    """
    version, bits, mode = struct.unpack(">4xH16xHH", read_at(file, 0, _HEADER).ljust(_HEADER, b"\0"))
    if version != 1 or (mode, bits) not in _FLAT:
        return False
    merged = next((content for number, content in iptc.resources(_resources(file)[0]) if number == _VERSION_INFO), b"")
    return merged[4:5] != b"\0"


def read(file: BinaryIO) -> PictureStructure:
    """Size, what the resources give away, and whether the picture data are there."""
    height, width = struct.unpack(">14xII4x", read_at(file, 0, _HEADER).ljust(_HEADER, b"\0"))
    resources, layers = _resources(file)
    size, info, count = struct.unpack(">IIh", read_at(file, layers, 10).ljust(10, b"\0"))
    pixels, held = layers + 4 + size, length(file)
    cut = f"its image data starts at byte {pixels:,}, the file has {held:,} bytes" if pixels + 2 > held else ""
    # A negative count says that the first spare channel is transparency; any other is a saved selection.
    clear = bool(size and info and count < 0)
    return PictureStructure(
        width=width, height=height, lossless=True, opaque=not clear, metadata=iptc.kinds(resources), cut=cut
    )


def _resources(file: BinaryIO) -> tuple[bytes, int]:
    """The resource blocks, and where the part after them begins."""
    start = _HEADER + 4 + int.from_bytes(read_at(file, _HEADER, 4), "big")
    size = int.from_bytes(read_at(file, start, 4), "big")
    return read_at(file, start + 4, min(size, _MAX_RESOURCES)), start + 4 + size
