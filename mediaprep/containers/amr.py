"""AMR speech, narrow and wide band (RFC 4867, section 5): whether its frames are whole."""

from __future__ import annotations

import mmap
from typing import BinaryIO

from mediaprep.containers.structure import Structure, read_at

WIDE = b"#!AMR-WB\n"
NARROW = b"#!AMR\n"
_SIZES = {
    NARROW: (13, 14, 16, 18, 20, 21, 27, 32, 6, 0, 0, 0, 0, 0, 0, 1),
    WIDE: (18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 0, 0, 0, 0, 1, 1),
}
"""Bytes of a frame by its type, header included; 0 where there is no such type."""


def read(file: BinaryIO) -> Structure:
    """Frames of an unknown type end the reading without a verdict: that is for the decoder."""
    magic = WIDE if read_at(file, 0, len(WIDE)) == WIDE else NARROW
    sizes, at = _SIZES[magic], len(magic)
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        while at < len(data) and (size := sizes[data[at] >> 3 & 15]):
            at += size
        return Structure(cut="its last frame is incomplete" if at > len(data) else "")
