"""BMP (Microsoft, BITMAPINFOHEADER): size and whether all of it is there, before any decoder runs."""

from __future__ import annotations

import struct
from typing import BinaryIO

from mediaprep.containers.structure import PictureStructure, length, read_at

_RUN_LENGTHS = (1, 2)


def read(file: BinaryIO) -> PictureStructure:
    """Size in pixels. `cut` is told for run lengths alone: their decoders cannot tell a gap from an end."""
    head = read_at(file, 0, 54).ljust(54, b"\0")
    start, header = struct.unpack_from("<II", head, 10)
    if header == 12:
        width, height = struct.unpack_from("<HH", head, 18)
        return PictureStructure(width=width, height=height, lossless=True)
    width, height = struct.unpack_from("<ii", head, 18)
    coding, size = struct.unpack_from("<II", head, 30)
    held = length(file)
    short = coding in _RUN_LENGTHS and start + size > held
    cut = f"its pixels end at byte {start + size:,}, the file has {held:,} bytes" if short else ""
    return PictureStructure(width=abs(width), height=abs(height), lossless=True, cut=cut)
