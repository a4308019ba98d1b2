"""HEIC and AVIF: pictures in MP4 boxes (ISO 23008-12). Depth, colour, frame times, wholeness."""

from __future__ import annotations

import struct
from typing import BinaryIO

from mediaprep import errors
from mediaprep.containers import mp4
from mediaprep.containers.mp4 import Box
from mediaprep.containers.structure import PictureStructure, length, read_at

_MAX_FRAMES = 100_000
# Code points of ITU-T H.273; what is left out says nothing usable.
_PRIMARIES = {1: "sRGB", 9: "Rec. 2020", 12: "Display P3"}
_TRANSFERS = {16: " PQ", 18: " HLG"}


def read(file: BinaryIO) -> PictureStructure:
    """Facts of the properties and of the track, if there is one. Raises Incomplete for a file without either.

    The largest size and depth of all items count: tiles, gain maps and alpha planes are smaller than the picture.
    """
    held = length(file)
    top = {box.kind: box for box in mp4.boxes(file, 0, held)}
    meta, index = top.get(b"meta"), top.get(b"moov")
    if meta is None and index is None:
        raise errors.Incomplete("the image is truncated: no data after the first box. Get a complete copy")
    ends = max(box.end for box in top.values())
    width = height = 0
    depth, colour = 8, ""
    for box in _properties(file, meta):
        value = mp4.content(file, box, 64)
        if box.kind == b"ispe" and len(value) >= 12:
            size = struct.unpack_from(">II", value, 4)
            width, height = max((width, height), size, key=lambda pair: pair[0] * pair[1])
        elif box.kind == b"pixi" and len(value) > 5:
            depth = max(depth, value[5])
        elif box.kind == b"av1C" and len(value) > 2:
            depth = max(depth, 12 if value[2] & 0x20 else 10 if value[2] & 0x40 else 8)
        elif box.kind == b"hvcC" and len(value) > 17:
            depth = max(depth, 8 + (value[17] & 7))
        elif box.kind == b"colr" and value[:4] == b"nclx" and not colour:
            primaries, transfer = struct.unpack_from(">HH", value.ljust(8, b"\0"), 4)
            colour = _PRIMARIES[primaries] + _TRANSFERS.get(transfer, "") if primaries in _PRIMARIES else ""
    return PictureStructure(
        width=width, height=height, bit_depth=depth, colour_space=colour, durations=_durations(file, index) or (0.0,),
        extras=("audio",) if index is not None and _has_sound(file, index) else (),
        cut=f"its last part ends at byte {ends:,}, the file has {held:,} bytes" if ends > held else "",
        trailing=max(0, held - ends),
    )  # fmt: skip


def _properties(file: BinaryIO, meta: Box | None) -> list[Box]:
    if meta is None:
        return []
    inside = Box(meta.kind, meta.start, meta.body + 4, meta.end)
    container = mp4.find(file, inside, b"iprp", b"ipco")
    return [] if container is None else list(mp4.boxes(file, container.body, min(container.end, length(file))))


def _picture_track(file: BinaryIO, index: Box, handler: bytes) -> Box | None:
    for box in mp4.boxes(file, index.body, min(index.end, length(file))):
        if box.kind == b"trak" and mp4.content(file, mp4.find(file, box, b"mdia", b"hdlr"))[8:12] == handler:
            return box
    return None


def _has_sound(file: BinaryIO, index: Box) -> bool:
    return _picture_track(file, index, b"soun") is not None


def _durations(file: BinaryIO, index: Box | None) -> tuple[float, ...]:
    """Seconds of each frame of the first picture track."""
    track = _picture_track(file, index, b"pict") if index else None
    header = mp4.find(file, track, b"mdia", b"mdhd") if track else None
    times = mp4.find(file, track, b"mdia", b"minf", b"stbl", b"stts") if track else None
    if header is None or times is None:
        return ()
    head = mp4.content(file, header)
    scale = int.from_bytes(head[20:24] if head[:1] == b"\1" else head[12:16], "big") or 1
    frames: list[float] = []
    count = int.from_bytes(read_at(file, times.body + 4, 4), "big")
    table = read_at(file, times.body + 8, min(count, _MAX_FRAMES) * 8)
    for samples, ticks in struct.iter_unpack(">II", table[: len(table) // 8 * 8]):
        if len(frames) + samples > _MAX_FRAMES:
            raise errors.TooMuch(f"the animation is too long; limit: {_MAX_FRAMES:,} frames. Shorten it")
        frames += [ticks / scale] * samples
    return tuple(frames)
