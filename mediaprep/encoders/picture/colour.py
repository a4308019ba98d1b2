"""Colours to sRGB: what a file's colour profile or code points say, and the conversion that keeps its look."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageCms import ImageCmsProfile

Rows = tuple[tuple[float, float, float], ...]

COLORANTS: dict[int, Rows] = {
    1: ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410)),
    9: ((0.67348, 0.27904, -0.00194), (0.16566, 0.67534, 0.02998), (0.12505, 0.04561, 0.79686)),
    12: ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407)),
}
"""XYZ of red, green and blue for the primaries of ITU-T H.273 (1 BT.709, 9 BT.2020, 12 Display P3), adapted to D50."""

PQ, HLG = 16, 18
"""Transfer characteristics of ITU-T H.273 that mean high dynamic range."""

WHITE = 203.0
"""cd/m² of white paper in a high dynamic range picture (ITU-R BT.2408)."""

_KNEE = 0.6
_D50 = (0.9642, 1.0, 0.8249)
_HEAD = 1 << 16


def code_points(path: Path) -> tuple[int, int] | None:
    """Primaries and transfer (ITU-T H.273) that an AVIF or HEIC names for its main picture, None where it does not."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    start = head.find(b"colrnclx")
    if start < 0 or len(head) < start + 12:
        return None
    primaries, transfer = struct.unpack_from(">HH", head, start + 8)
    return primaries, transfer


def profile_of(primaries: int, transfer: int) -> bytes | None:
    """An ICC profile for code points, so that one conversion serves both; None where the colours are sRGB or untold.

    High dynamic range is tone-mapped by the profile's curve: as it is up to the knee, rolled off above.
    """
    if transfer not in (PQ, HLG) and primaries not in (9, 12):
        return None
    curve = {PQ: _pq, HLG: _hlg}.get(transfer, _srgb)
    return _matrix_profile(COLORANTS.get(primaries, COLORANTS[1]), curve)


def _srgb(code: float) -> float:
    """IEC 61966-2-1."""
    return code / 12.92 if code <= 0.04045 else ((code + 0.055) / 1.055) ** 2.4


def _pq(code: float) -> float:
    """SMPTE ST 2084, then the roll-off."""
    power = code ** (32 / 2523)
    light = max(0.0, power - 107 / 128) / (2413 / 128 - 2392 / 128 * power)
    return _rolled_off(10_000 / WHITE * float(light ** (16384 / 2610)))


def _hlg(code: float) -> float:
    """ITU-R BT.2100 for a display of 1000 cd/m², then the roll-off."""
    scene = code * code / 3 if code <= 0.5 else (math.exp((code - 0.55991073) / 0.17883277) + 0.28466892) / 12
    return _rolled_off(1_000 / WHITE * scene**1.2)


def _rolled_off(light: float) -> float:
    """Light relative to white, brought into 0 to 1: unchanged to the knee, then ever flatter."""
    return light if light <= _KNEE else 1 - (1 - _KNEE) * math.exp((_KNEE - light) / (1 - _KNEE))


def _matrix_profile(colorants: Rows, curve: Callable[[float], float], entries: int = 4096) -> bytes:
    """A version 2 display profile of the least that a colour engine wants (ICC.1:2001-04, 6.3.1.2)."""
    values = (round(65535 * min(1.0, curve(number / (entries - 1)))) for number in range(entries))
    tone = struct.pack(f">4sII{entries}H", b"curv", 0, entries, *values)
    xyz = {name: _xyz(row) for name, row in zip((b"wtpt", b"rXYZ", b"gXYZ", b"bXYZ"), (_D50, *colorants), strict=True)}
    start = 128 + 4 + 12 * (len(xyz) + 3)
    table, data = b"", b""
    for name, payload in xyz.items():
        table += struct.pack(">4sII", name, start + len(data), len(payload))
        data += payload
    for name in (b"rTRC", b"gTRC", b"bTRC"):
        table += struct.pack(">4sII", name, start + len(data), len(tone))
    data += tone
    white = _xyz(_D50)[8:]
    head = struct.pack(">I4sI4s4s4s12x4s28x", start + len(data), b"", 0x02400000, b"mntr", b"RGB ", b"XYZ ", b"acsp")
    return (head + white).ljust(128, b"\0") + struct.pack(">I", len(xyz) + 3) + table + data


def _xyz(row: tuple[float, float, float]) -> bytes:
    return struct.pack(">4sI3i", b"XYZ ", 0, *(round(65536 * value) for value in row))


def to_srgb(image: Image, icc: bytes) -> Image:
    """The colours of an 8-bit picture as sRGB: `RGB`, or `RGBA` where the mode has alpha.

    RGB is converted in place. A profile that is broken, or is about other colours than the picture has, is ignored,
    as browsers do. Relative colorimetric with black point compensation keeps white, black and hues.
    """
    from PIL import ImageCms

    try:
        profile = ImageCms.getOpenProfile(BytesIO(icc))
        return _converted(image, profile, str(profile.profile.xcolor_space).strip())
    except (ImageCms.PyCMSError, OSError):
        return image


def _converted(image: Image, profile: ImageCmsProfile, space: str) -> Image:
    from PIL import ImageCms

    alpha = image.getchannel("A") if image.mode in ("LA", "PA", "RGBA") else None
    if space == "RGB" and image.mode not in ("CMYK", "LAB"):
        image = image if image.mode in ("RGB", "RGBA") else image.convert("RGB" if alpha is None else "RGBA")
    elif space == "GRAY" and image.mode not in ("CMYK", "LAB"):
        image = image.convert("L")
    elif (space, image.mode) not in (("CMYK", "CMYK"), ("Lab", "LAB")):
        return image
    to = image.mode if image.mode in ("RGB", "RGBA") else "RGB"
    transform = ImageCms.buildTransform(
        profile,
        ImageCms.createProfile("sRGB"),
        image.mode,
        to,
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    if to == image.mode:
        ImageCms.applyTransform(image, transform, inPlace=True)
        return image
    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None, "only a conversion in place gives nothing back"
    if alpha is not None:
        converted.putalpha(alpha)
    return converted
