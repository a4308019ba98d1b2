"""What a container's bytes say before any decoder runs."""

from __future__ import annotations

import os
from typing import BinaryIO

from msgspec import Struct

from mediaprep.media import MetadataKind

Kinds = frozenset[MetadataKind]

NOTHING: Kinds = frozenset()

MAX_FRAME_PIXELS = 36_000_000
"""Pixels of one film frame: 8K (8192 x 4320) passes."""

MAX_STREAMS = 64


def in_order(kinds: Kinds | set[MetadataKind]) -> tuple[MetadataKind, ...]:
    """Gravest first, so that equal facts compare equal."""
    order: tuple[MetadataKind, ...] = ("location", "device", "person", "time", "thumbnail", "text")
    return tuple(kind for kind in order if kind in kinds)


class Structure(Struct, frozen=True, kw_only=True):
    """`cut`: what is missing, as the middle of a sentence; empty where the file is whole.
    `trailing`: bytes after the end of the media. `extras`: as in `Media.extras`."""

    metadata: Kinds = NOTHING
    trailing: int = 0
    cut: str = ""
    extras: tuple[str, ...] = ()


class PictureStructure(Structure, frozen=True, kw_only=True):
    """`durations`: seconds of each frame as the file states them, one entry for a still whose format has no times.
    `opaque`: no pixel can be transparent, known without decoding."""

    width: int = 0
    height: int = 0
    bit_depth: int = 8
    lossless: bool = False
    durations: tuple[float, ...] = (0.0,)
    opaque: bool = False
    colour_space: str = ""


def length(file: BinaryIO) -> int:
    """Bytes in the file. Leaves the position where it was."""
    here = file.tell()
    end = file.seek(0, os.SEEK_END)
    file.seek(here)
    return end


def read_at(file: BinaryIO, offset: int, size: int) -> bytes:
    """At most `size` bytes from `offset`; fewer at the end of the file."""
    file.seek(offset)
    return file.read(size)


def copy(source: BinaryIO, output: BinaryIO, start: int, end: int, block: int = 1 << 20) -> None:
    """Copy the bytes from `start` up to `end`, a block at a time."""
    source.seek(start)
    while start < end:
        chunk = source.read(min(block, end - start))
        if not chunk:
            return
        output.write(chunk)
        start += len(chunk)
