"""ICC profiles (ICC.1): which colour space one describes, by its numbers first and its name second."""

from __future__ import annotations

import struct

_Colorant = tuple[float, float, float]

# Primaries adapted to D50 as profiles store them: X, Y, Z of red, green, blue.
_SPACES: dict[str, tuple[_Colorant, _Colorant, _Colorant]] = {
    "sRGB": ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141)),
    "Display P3": ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841)),
    "Adobe RGB": ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446)),
    "ProPhoto": ((0.7977, 0.2880, 0.0), (0.1352, 0.7119, 0.0), (0.0313, 0.0001, 0.8249)),
    "Rec. 2020": ((0.6734, 0.2790, -0.0019), (0.1656, 0.6753, 0.0300), (0.1251, 0.0456, 0.7969)),
}
_TOLERANCE = 0.008
# Linear light at half signal: 0.214 for the sRGB curve, 0.218 for gamma 2.2, 0.287 for 1.8, 0.5 for none.
_HALF = {"ProPhoto": (0.26, 0.30)}
_USUAL_HALF = (0.19, 0.24)
_MAX_TAGS = 100


def name(profile: bytes) -> str:
    """`sRGB`, `Display P3`, `Adobe RGB`, `ProPhoto`, `Rec. 2020`, else the profile's own description.

    Grey profiles whose curve is sRGB's, or gamma 2.2, count as sRGB: a viewer shows them alike.
    """
    tags = _tags(profile)
    described = _description(tags.get(b"desc", b"")) or "unnamed profile"
    if profile[16:20] == b"GRAY":
        return "sRGB" if _within(_half(tags.get(b"kTRC", b"")), _USUAL_HALF) else described
    colorants = tuple(_xyz(tags.get(tag, b"")) for tag in (b"rXYZ", b"gXYZ", b"bXYZ"))
    half = _half(tags.get(b"gTRC", b""))
    for space, primaries in _SPACES.items():
        alike = all(
            found is not None and all(abs(a - b) < _TOLERANCE for a, b in zip(found, wanted, strict=True))
            for found, wanted in zip(colorants, primaries, strict=True)
        )
        if alike and _within(half, _HALF.get(space, _USUAL_HALF)):
            return space
    return described


def _within(value: float | None, limits: tuple[float, float]) -> bool:
    return value is not None and limits[0] <= value <= limits[1]


def _tags(profile: bytes) -> dict[bytes, bytes]:
    count = int.from_bytes(profile[128:132], "big")
    found: dict[bytes, bytes] = {}
    for at in range(132, min(132 + 12 * min(count, _MAX_TAGS), len(profile) - 11), 12):
        tag, offset, size = struct.unpack_from(">4sII", profile, at)
        found[tag] = profile[offset : offset + size]
    return found


def _xyz(data: bytes) -> _Colorant | None:
    if data[:4] != b"XYZ " or len(data) < 20:
        return None
    x, y, z = struct.unpack_from(">3i", data, 8)
    return x / 65536, y / 65536, z / 65536


def _half(curve: bytes) -> float | None:
    """What a tone curve makes of a signal of one half."""
    if curve[:4] == b"curv" and len(curve) >= 12:
        count = int.from_bytes(curve[8:12], "big")
        values = struct.unpack_from(f">{min(count, (len(curve) - 12) // 2)}H", curve, 12)
        if not values:
            return 0.5
        return float(0.5 ** (values[0] / 256)) if len(values) == 1 else values[len(values) // 2] / 65535
    if curve[:4] == b"para" and len(curve) >= 16:
        count = min(7, (len(curve) - 12) // 4)
        gamma, a, b = ([v / 65536 for v in struct.unpack_from(f">{count}i", curve, 12)] + [1.0, 0.0])[:3]
        if int.from_bytes(curve[8:10], "big") == 0:
            return float(0.5**gamma)
        return float(max(0.0, a * 0.5 + b) ** gamma)
    return None


def _description(data: bytes) -> str:
    if data[:4] == b"desc" and len(data) > 12:
        size = int.from_bytes(data[8:12], "big")
        text = data[12 : 12 + size].split(b"\0")[0].decode("latin-1")
    elif data[:4] == b"mluc" and len(data) >= 28:
        size, offset = struct.unpack_from(">II", data, 20)
        text = data[offset : offset + size].decode("utf-16-be", "replace")
    else:
        return ""
    return "".join(letter for letter in text if letter.isprintable()).strip()[:80]
