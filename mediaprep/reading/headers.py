"""Formats whose first bytes alone prove nothing: told by header fields that must all fit one another.

Each function takes the open file and its first 64 KiB, and returns whether it is that format.
Sources: ZSoft PCX Technical Reference; Truevision TGA 2.0; SGI Image File Format 1.00; ITU-T H.264 annex B; IEC 61834-2
and SMPTE 314M (DV); ETSI EN 300 961 (GSM 06.10).
"""

from __future__ import annotations

import re
import struct
from typing import BinaryIO

from mediaprep.containers.structure import length, read_at

_TGA_FOOTER = b"TRUEVISION-XFILE.\0"
_TGA_DEPTHS = {1: (8,), 2: (16, 24, 32), 3: (8, 16), 9: (8,), 10: (16, 24, 32), 11: (8, 16)}
_MOST_AFTER_PIXELS = 4096
_SGI_MAPS = tuple(bytes([0, 0, 0, kind]) for kind in range(4))


def is_pcx(_: BinaryIO, head: bytes) -> bool:
    """A manufacturer, a known version, run-length coding, and lines as long as their pixels need."""
    if len(head) < 128 or head[0] != 10 or head[1] not in (0, 2, 3, 4, 5) or head[2] != 1 or head[64] != 0:
        return False
    bits, planes = head[3], head[65]
    left, top, right, bottom = struct.unpack_from("<4H", head, 4)
    line = struct.unpack_from("<H", head, 66)[0]
    needed = ((right - left + 1) * bits + 7) // 8
    fits = right >= left and bottom >= top and needed <= line <= needed + 8
    return bool(fits and bits in (1, 2, 4, 8) and planes in (1, 2, 3, 4))


def is_tga(file: BinaryIO, head: bytes) -> bool:
    """With its footer, or a header without a contradiction and as many pixels as it names."""
    held = length(file)
    if read_at(file, max(0, held - 18), 18) == _TGA_FOOTER:
        return True
    if len(head) < 18:
        return False
    named, mapped, kind, _, colours, colour_bits, _, _, width, height, bits, flags = struct.unpack_from(
        "<3B2HB4H2B", head
    )
    if bits not in _TGA_DEPTHS.get(kind, ()) or not width or not height or flags & 0xC0:
        return False
    clear = flags & 0x0F
    if clear not in {32: (0, 8), 24: (0,), 16: (0, 1, 8), 8: (0, 8)}[bits]:
        return False
    if kind in (1, 9):
        if mapped != 1 or not 0 < colours <= 256 or colour_bits not in (16, 24, 32):
            return False
    elif head[1:2] + head[3:8] != bytes(6):
        return False
    start, pixels, size = 18 + named + colours * (colour_bits + 7) // 8, width * height, bits // 8
    if kind < 8:
        return bool(0 <= held - start - pixels * size <= _MOST_AFTER_PIXELS)
    return _tga_packets(head, start, pixels, size, whole=held == len(head))


def _tga_packets(head: bytes, at: int, pixels: int, size: int, *, whole: bool) -> bool:
    """Whether run-length packets give no more pixels than there are; exactly as many where `head` is the whole file."""
    found = 0
    while found < pixels and at < len(head):
        packet = head[at]
        found += 1 + (packet & 0x7F)
        at += 1 + size * (1 if packet & 0x80 else 1 + (packet & 0x7F))
    if found < pixels:
        return not whole
    return found == pixels and (not whole or 0 <= len(head) - at <= _MOST_AFTER_PIXELS)


def is_sgi(_: BinaryIO, head: bytes) -> bool:
    """Storage, bytes a channel, dimensions and colour map are of the few values there are."""
    if len(head) < 512:
        return False
    _, packed, size, dimensions, width, height, channels = struct.unpack_from(">HBB4H", head)
    fields = packed in (0, 1) and size in (1, 2) and dimensions in (1, 2, 3) and 0 < channels <= 16
    return bool(fields and width and height and head[104:108] in _SGI_MAPS)


_UNIT = re.compile(b"\0\0\1")
_H264_PROFILES = (44, 66, 77, 83, 86, 88, 100, 110, 118, 122, 128, 138, 244)
_H264_LEVELS = (9, 10, 11, 12, 13, 20, 21, 22, 30, 31, 32, 40, 41, 42, 50, 51, 52, 60, 61, 62)
_BEFORE_PARAMETERS, _AFTER_THEM = (6, 9), (1, 5, 6, 7, 8, 9, 13, 15)


def is_h264(_: BinaryIO, head: bytes) -> bool:
    """Annex B: a start code first, then the parameters of a sequence, of a picture, and a slice, in this order."""
    if not head.startswith((b"\0\0\1", b"\0\0\0\1")):
        return False
    wanted = [7, 8, 1]
    for unit in _UNIT.finditer(head):
        start = unit.end()
        if start + 4 > len(head) or head[start] & 0x80:
            return False
        kind, importance = head[start] & 0x1F, head[start] >> 5
        if wanted == [7, 8, 1] and kind == 7:
            if head[start + 1] not in _H264_PROFILES or head[start + 3] not in _H264_LEVELS or not importance:
                return False
            wanted = [8, 1]
        elif wanted == [7, 8, 1] and kind not in _BEFORE_PARAMETERS:
            return False
        elif wanted == [8, 1] and kind == 8 and importance:
            wanted = [1]
        elif wanted == [1] and kind in (1, 5):
            return True
        elif kind not in _AFTER_THEM:
            return False
    return False


_DV_SEQUENCE, _DV_BLOCK = 12_000, 80
_DV_SECTIONS = (0, 1, 1, 2, 2, 2, *((3, *(4,) * 15) * 9))


def is_dv(_: BinaryIO, head: bytes) -> bool:
    """The 150 blocks of a whole sequence, each with the section it must have."""
    if len(head) < _DV_SEQUENCE:
        return False
    blocks = head[:_DV_SEQUENCE:_DV_BLOCK]
    return all(first >> 5 == section for first, section in zip(blocks, _DV_SECTIONS, strict=True)) and head[1] >> 4 == 0


_GSM_FRAME, _GSM_FRAMES = 33, 10


def is_gsm(_: BinaryIO, head: bytes) -> bool:
    """At least ten frames (0.2 s) of 33 bytes that all begin with the signature 1101, and not one byte repeated."""
    marks = head[::_GSM_FRAME]
    if len(marks) < _GSM_FRAMES:
        return False
    return all(mark >> 4 == 0xD for mark in marks) and len(set(head[:_GSM_FRAME])) > 1
