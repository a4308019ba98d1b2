"""GIF89a: blocks, frame times, whether a pixel can be transparent, and what its extensions give away."""

from __future__ import annotations

import struct
from typing import BinaryIO

from mediaprep import errors
from mediaprep.containers import tags
from mediaprep.containers.structure import Kinds, PictureStructure, length
from mediaprep.media import MetadataKind

_IMAGE, _EXTENSION, _TRAILER = b"\x2c", b"\x21", b"\x3b"
_CONTROL, _COMMENT, _PLAIN_TEXT, _APPLICATION = 0xF9, 0xFE, 0x01, 0xFF
_HARMLESS = (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012")
_TO_BACKGROUND, _TO_PREVIOUS = 2, 3
_MAX_FRAMES = 200_000
_CUT = "it ends in the middle of a frame"
_MAX_TEXT = 1 << 20


def read(file: BinaryIO) -> PictureStructure:
    """Canvas, frame times, metadata, what follows the trailer, and whether every block is whole.

    Times are the file's own, in seconds; browsers show a frame of less than 20 ms for 100 ms, which is not applied.
    """
    file.seek(0)
    header = file.read(13)
    if len(header) < 13:
        return PictureStructure(cut="the file ends inside its header")
    width, height, flags = struct.unpack_from("<HHB", header, 6)
    file.seek(_palette_bytes(flags), 1)
    durations: list[float] = []
    found: set[MetadataKind] = set()
    delay, opaque, cut = 0.0, True, ""
    # A missing trailer loses nothing: players show every whole frame.
    while (introducer := file.read(1)) and introducer != _TRAILER:
        if introducer == _EXTENSION:
            label = ord(file.read(1) or b"\0")
            content = _sub_blocks(file, keep=True)
            if content is None:
                cut = _CUT
                break
            if label == _CONTROL and len(content) >= 3:
                delay = struct.unpack_from("<H", content, 1)[0] / 100
                if content[0] & 1 or content[0] >> 2 & 7 in (_TO_BACKGROUND, _TO_PREVIOUS):
                    opaque = False
            else:
                found |= _gives_away(label, content)
        elif introducer == _IMAGE:
            left, top, frame_width, frame_height, flags = struct.unpack("<HHHHB", file.read(9).ljust(9, b"\0"))
            if not durations and (left or top or frame_width < width or frame_height < height):
                opaque = False
            file.seek(_palette_bytes(flags) + 1, 1)
            if _sub_blocks(file, keep=False) is None:
                cut = _CUT
                break
            durations.append(delay)
            delay = 0.0
            if len(durations) > _MAX_FRAMES:
                raise errors.TooMuch(f"the animation is too long; limit: {_MAX_FRAMES:,} frames. Shorten it")
        else:
            file.seek(-1, 1)
            break
    return PictureStructure(
        width=width, height=height, lossless=True, durations=tuple(durations) or (0.0,), metadata=frozenset(found),
        opaque=opaque, cut=cut, trailing=length(file) - file.tell() if not cut else 0,
    )  # fmt: skip


def _palette_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _sub_blocks(file: BinaryIO, *, keep: bool) -> bytes | None:
    """The joined content (empty if not kept) of a chain of sub-blocks; None where it is truncated."""
    kept = bytearray()
    while size := file.read(1):
        if size == b"\0":
            return bytes(kept)
        block = file.read(size[0])
        if len(block) < size[0]:
            return None
        if keep and len(kept) < _MAX_TEXT:
            kept += block
    return None


def _gives_away(label: int, content: bytes) -> Kinds:
    if label == _APPLICATION and content.startswith(b"XMP DataXMP"):
        return tags.xmp(content[11:])
    harmless = label == _APPLICATION and content.startswith(_HARMLESS)
    return frozenset({"text"}) if content.strip(b"\0 \r\n\t") and not harmless else frozenset()
