"""User data in H.264 and H.265 streams: free text that encoders, and people, leave among the pictures.

Sources: ITU-T H.264 and H.265, annex D (SEI payload type 5, `user_data_unregistered`), ISO 14496-15 (lengths).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_START_CODE = re.compile(b"\0\0\1")
_USER_DATA = 5
# The settings strings that x264 and x265 write about themselves.
_HARMLESS = (
    bytes.fromhex("dc45e9bde6d948b7962cd820d923eeef"),
    bytes.fromhex("2ca2de09b51747dbbb55a4fe7fc2fc4e"),
)
_MAX_UNITS = 500


def has_user_data(codec: str, extradata: bytes, packet: bytes) -> bool:
    """Whether a packet carries unregistered user data other than an encoder's own settings."""
    if codec not in ("h264", "hevc"):
        return False
    for unit in _units(codec, extradata, packet):
        supplement = unit[:1] and (unit[0] & 31 == 6 if codec == "h264" else unit[0] >> 1 & 63 in (39, 40))
        if supplement and any(_foreign(unit[1 if codec == "h264" else 2 :])):
            return True
    return False


def _units(codec: str, extradata: bytes, packet: bytes) -> Iterator[bytes]:
    if extradata[:1] == b"\1":
        at = 4 if codec == "h264" else 21
        size = (extradata[at] & 3) + 1 if len(extradata) > at else 4
        start = 0
        for _ in range(_MAX_UNITS):
            unit = int.from_bytes(packet[start : start + size], "big")
            if not unit or start + size >= len(packet):
                return
            yield packet[start + size : start + size + unit]
            start += size + unit
    else:
        starts = [match.end() for match in _START_CODE.finditer(packet)][:_MAX_UNITS]
        for start, end in zip(starts, [*starts[1:], len(packet) + 3], strict=True):
            yield packet[start : end - 3]


def _foreign(supplement: bytes) -> Iterator[bool]:
    """For each message of user data: whether it is not one of the known encoders'."""
    data = supplement.replace(b"\0\0\3", b"\0\0")
    at = 0
    while at + 2 < len(data) and data[at] != 0x80:
        kind, at = _number(data, at)
        size, at = _number(data, at)
        if kind == _USER_DATA:
            yield not data[at : at + size].startswith(_HARMLESS)
        at += size


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A payload type or size: bytes of 255 add up until one is less."""
    value = 0
    while at < len(data) and data[at] == 255:
        value, at = value + 255, at + 1
    return (value + data[at], at + 1) if at < len(data) else (value, at)
