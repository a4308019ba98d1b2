"""Files that no library here writes, made byte by byte: Photoshop, TIFF of any depth, BMP by run lengths, GSM."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence

from PIL import Image


def psd(image: Image.Image, *, bits: int = 8, resources: bytes = b"", layers: bytes = b"") -> bytes:
    """A Photoshop file with its flat picture alone; `layers`: the part about layers."""
    header = struct.pack(">4sH6xHIIHH", b"8BPS", 1, len(image.getbands()), image.height, image.width, bits, 3)
    parts = b"".join(struct.pack(">I", len(part)) + part for part in (b"", resources, layers))
    return header + parts + b"\0\0" + b"".join(band.tobytes() for band in image.split())


def resource(number: int, content: bytes) -> bytes:
    """One block of Photoshop's image resources."""
    return struct.pack(">4sHHI", b"8BIM", number, 0, len(content)) + content + b"\0" * (len(content) & 1)


def tiff(
    size: tuple[int, int], pixels: bytes, *, bits: int, channels: int = 1, kind: int = 1, coding: int = 1
) -> bytes:
    """One strip. `bits` of a sample; `kind`: 1 whole numbers, 3 floats; `coding`: the number of the compression."""
    width, height = size
    tags = {256: [width], 257: [height], 258: [bits] * channels, 259: [coding], 262: [2 if channels == 3 else 1],
            273: [0], 277: [channels], 278: [height], 279: [len(pixels)], 339: [kind] * channels}  # fmt: skip
    spare, after = b"", 8 + 2 + 12 * len(tags) + 4
    long = sum(8 for values in tags.values() if len(values) > 1)
    entries = b""
    for tag, values in tags.items():
        value = struct.pack("<I", after + long if tag == 273 else values[0])
        if len(values) > 1:
            value, spare = struct.pack("<I", after + len(spare)), spare + struct.pack("<4H", *values, 0)
        entries += struct.pack("<HHI", tag, 3 if len(values) > 1 else 4, len(values)) + value
    return struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + entries + bytes(4) + spare + pixels


def four_bits(image: Image.Image) -> bytes:
    """Grey at two pixels a byte; each line begins with a whole byte."""
    grey = image.convert("L")
    data, width = grey.tobytes(), grey.width
    lines = (data[at : at + width] + b"\0" * (width & 1) for at in range(0, len(data), width))
    pairs = (zip(line[::2], line[1::2], strict=True) for line in lines)
    return b"".join(bytes((one & 0xF0) | two >> 4 for one, two in line) for line in pairs)


def bmp_with_gaps(side: int = 64) -> bytes:
    """A red diamond on what is left out: runs, steps over gaps, and an end before the last line."""
    runs = b""
    for line in range(side // 8, side - side // 8):
        half = side // 2 - abs(line - side // 2)
        if line == side // 8:
            runs += bytes([0, 2, 0, line])
        if half:
            runs += bytes([0, 2, side // 2 - half, 0, 2 * half, 1])
        runs += b"\0\0"
    runs += b"\0\1"
    palette = bytes([250, 240, 230, 0, 40, 40, 200, 0])
    start = 14 + 40 + len(palette)
    header = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, len(runs), 2835, 2835, 2, 0)
    return struct.pack("<2sIHHI", b"BM", start + len(runs), 0, 0, start) + header + palette + runs


_RATIOS = (6, 6, 5, 5, 4, 4, 3, 3)


def gsm(seconds: float = 2.0) -> bytes:
    """A buzz in syllables as GSM 06.10 full rate (ETSI EN 300 961): 33 bytes for each 20 ms at 8 kHz."""
    syllables = (0.5 + 0.5 * math.sin(2 * math.pi * 1.5 * number / 50) for number in range(round(seconds * 50)))
    return b"".join(_gsm_frame(loudness) for loudness in syllables)


def _gsm_frame(loudness: float) -> bytes:
    """Signature, eight reflection coefficients of no effect, and four times lag, gain, grid, loudness and pulses."""
    fields = [(0xD, 4), *((1 << bits - 1, bits) for bits in _RATIOS)]
    for _ in range(4):
        pulses = [7 if number == 0 else 3 for number in range(13)]
        fields += [(40, 7), (0, 2), (0, 2), (round(40 * loudness), 6), *((pulse, 3) for pulse in pulses)]
    return _packed(fields)


def _packed(fields: Sequence[tuple[int, int]]) -> bytes:
    digits = "".join(f"{value:0{bits}b}" for value, bits in fields)
    return int(digits, 2).to_bytes(len(digits) // 8, "big")
