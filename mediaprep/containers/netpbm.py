"""PBM, PGM and PPM (Netpbm's manual pages): the header, and whether what follows can be pixels."""

from __future__ import annotations

import re
from typing import BinaryIO, NamedTuple

from mediaprep import errors
from mediaprep.containers.structure import PictureStructure, length, read_at

_HEAD = 64 * 1024
_BLANKS = rb"(?:\s|#[^\n]*\n)+"
_HEADER = re.compile(rb"P([1-6])" + _BLANKS + rb"(\d{1,9})" + _BLANKS + rb"(\d{1,9})")
_WHITE = re.compile(_BLANKS + rb"(\d{1,5})\s")
_TEXT = bytes(range(32, 127)) + b"\t\r\n"
_SLOW_PIXELS = 20_000_000
"""What is read number by number: about a million a second."""


class Netpbm(NamedTuple):
    """`digit`: 1 to 6, as in `P6`. `white`: the value of white. `start`: where the pixels begin."""

    digit: int
    width: int
    height: int
    white: int
    start: int


def header(file: BinaryIO) -> Netpbm | None:
    """None where the file is something else, such as a text that begins with `P1`.

    What follows must be numbers in the plain formats (1 to 3), else as many bytes as there should be, or no text.
    """
    head = read_at(file, 0, _HEAD)
    found = _HEADER.match(head)
    if found is None:
        return None
    digit, width, height, white, start = int(found[1]), int(found[2]), int(found[3]), 1, found.end() + 1
    if digit not in (1, 4):
        told = _WHITE.match(head, found.end())
        if told is None:
            return None
        white, start = int(told[1]), told.end()
    if not width or not height or not 0 < white < 65536:
        return None
    rest = head[start:]
    if digit < 4:
        plain = re.sub(rb"#[^\n]*", b"", rest).strip()
        pixels = bool(plain) and not plain.strip(b"0123456789 \t\r\n\v\f")
    else:
        line = (width + 7) // 8 if digit == 4 else width * (3 if digit == 6 else 1) * (1 + (white > 255))
        pixels = length(file) - start == height * line or bool(rest.translate(None, _TEXT))
    return Netpbm(digit, width, height, white, start) if pixels else None


def read(file: BinaryIO) -> PictureStructure:
    """Size and depth. Raises TooMuch for what would take minutes to read."""
    found = header(file)
    if found is None:
        return PictureStructure()
    whole = {1: (), 2: (), 3: (), 4: (1,), 5: (255, 65535), 6: (255,)}[found.digit]
    if found.white not in whole and found.width * found.height > _SLOW_PIXELS:
        raise errors.TooMuch(
            f"the image is too large for this kind of PNM: {found.width:,} x {found.height:,} pixels; "
            f"limit: {_SLOW_PIXELS // 1_000_000} megapixels. Save it as PNG"
        )
    return PictureStructure(
        width=found.width, height=found.height, bit_depth=16 if found.white > 255 else 8, lossless=True, opaque=True
    )
