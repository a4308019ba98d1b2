"""Bare streams of sound frames: MPEG layers I to III, AAC in ADTS, AC-3. Told by frames that follow one another.

Sources: ISO 11172-3 2.4.2.3, ISO 14496-3 1.A.2.2 (ADTS), ATSC A/52 5.3 and annex E.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from mediaprep.containers import id3

FrameSize = Callable[[bytes, int], int]
"""Bytes of the frame whose header is at an offset, 0 where there is none."""

CONFIRMING = 3
"""Frames that must follow one another before bytes between tags and garbage are believed to be frames."""

_CANDIDATE = re.compile(rb"\xff[\xe0-\xff]|ID3")

_LAYER_3_RATES = (
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
)
_LAYER_2_RATES = (_LAYER_3_RATES[0], (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384))
_LAYER_1_RATES = (
    (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
)
_SAMPLE_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_AC3_RATES = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640)


def mpeg_frame(data: bytes, at: int = 0) -> int:
    """Bytes of the MPEG sound frame whose header is at `at`; 0 if there is none (free format does not count)."""
    if len(data) < at + 4 or data[at] != 0xFF or data[at + 1] & 0xE0 != 0xE0:
        return 0
    version, layer = data[at + 1] >> 3 & 3, data[at + 1] >> 1 & 3
    rate, sampling, padding = data[at + 2] >> 4, data[at + 2] >> 2 & 3, data[at + 2] >> 1 & 1
    if version == 1 or layer == 0 or rate in (0, 15) or sampling == 3:
        return 0
    first = version == 3
    hertz = _SAMPLE_RATES[version][sampling]
    if layer == 3:
        return (12_000 * _LAYER_1_RATES[first][rate] // hertz + padding) * 4
    rates = _LAYER_2_RATES if layer == 2 else _LAYER_3_RATES
    samples_8 = 72_000 if layer == 1 and not first else 144_000
    return samples_8 * rates[first][rate] // hertz + padding


def adts_frame(data: bytes, at: int = 0) -> int:
    """Bytes of the ADTS frame at `at`; 0 if there is none."""
    if len(data) < at + 7 or data[at] != 0xFF or data[at + 1] & 0xF6 != 0xF0 or data[at + 2] >> 2 & 15 > 12:
        return 0
    size = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
    return size if size > 7 else 0


def ac3_frame(data: bytes, at: int = 0) -> int:
    """Bytes of the AC-3 or E-AC-3 frame at `at`; 0 if there is none."""
    if len(data) < at + 6 or data[at : at + 2] != b"\x0b\x77":
        return 0
    if data[at + 5] >> 3 > 10:
        return 2 * ((data[at + 2] & 7) << 8 | data[at + 3]) + 2
    sampling, code = data[at + 4] >> 6, data[at + 4] & 63
    if sampling == 3 or code > 37:
        return 0
    kilobits = _AC3_RATES[code >> 1]
    if sampling == 1:
        return 2 * (kilobits * 96_000 // 44_100 + (code & 1))
    return kilobits * (4 if sampling == 0 else 6)


def runs(data: bytes, frame: Callable[[bytes, int], int], least: int, *, filling: bool = False) -> bool:
    """Whether at least `least` frames follow one another from the first byte.

    `filling`: fewer do when they fill the data exactly.
    """
    at = count = 0
    while at < len(data) and (size := frame(data, at)):
        count, at = count + 1, at + size
        if count >= least:
            return True
    return filling and count > 0 and at == len(data)


def promised_bytes(frame: bytes) -> int:
    """How long the stream is by the Xing or Info header in its first MPEG frame; 0 where it does not say."""
    at = max(frame[:256].find(b"Xing"), frame[:256].find(b"Info"))
    if at < 0 or len(frame) < at + 16:
        return 0
    flags = frame[at + 7]
    start = at + 8 + (4 if flags & 1 else 0)
    return int.from_bytes(frame[start : start + 4], "big") if flags & 2 else 0


def is_extended_ac3(data: bytes) -> bool:
    """E-AC-3 rather than AC-3, by the bit stream's version."""
    return len(data) > 5 and data[5] >> 3 > 10


def spans(data: Any, frame_size: FrameSize) -> Iterator[tuple[int, int]]:
    """Where whole frames follow one another, as offsets from and to. Tags and garbage lie between.

    `data`: the file as bytes that can be read like a file, such as an `mmap`.
    """
    at = 0
    while at < len(data):
        if tag := id3.size_at(data, at):
            at += tag
            continue
        end, count = at, 0
        while (size := frame_size(data, end)) and end + size <= len(data):
            end, count = end + size, count + 1
        if count >= CONFIRMING or (count and end == len(data)):
            yield at, end
            at = end
        else:
            candidate = _CANDIDATE.search(data, at + 1)
            at = candidate.start() if candidate else len(data)
