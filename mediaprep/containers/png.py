"""PNG and APNG (W3C PNG, third edition): chunks, frame times, what the chunks give away, a copy without them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from mediaprep import errors
from mediaprep.containers import exif, tags
from mediaprep.containers.structure import NOTHING, Kinds, PictureStructure, copy, length, read_at
from mediaprep.media import MetadataKind

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_LOOK = frozenset(b"IHDR PLTE tRNS IDAT IEND gAMA cHRM sRGB iCCP sBIT bKGD pHYs acTL fcTL fdAT cICP mDCV cLLI".split())
_HARMLESS = _LOOK | frozenset(b"hIST sPLT oFFs sCAL sTER orNT caNv vpAg iDOT mDCv cLLi gdAT".split())
_TEXT = (b"tEXt", b"zTXt", b"iTXt")
_MAX_TEXT = 1 << 20
_MAX_CHUNKS = 500_000


class Chunk(NamedTuple):
    """`start` is the length field; the payload is `size` bytes from `start` + 8; the checksum follows it."""

    kind: bytes
    start: int
    size: int

    @property
    def end(self) -> int:
        return self.start + 12 + self.size


def chunks(file: BinaryIO) -> Iterator[Chunk]:
    """Up to and including IEND; a file that is truncated just ends, without its last, partial chunk."""
    size, position = length(file), len(SIGNATURE)
    while len(head := read_at(file, position, 8)) == 8:
        payload, kind = struct.unpack(">I4s", head)
        chunk = Chunk(kind, position, payload)
        if chunk.end > size:
            return
        yield chunk
        if kind == b"IEND":
            return
        position = chunk.end


def read(file: BinaryIO) -> PictureStructure:
    """Size, depth, frame times, metadata, what follows IEND, and whether all chunks are whole."""
    width = height = colour = end = number = 0
    depth, whole, clear = 8, False, False
    found: set[MetadataKind] = set()
    durations: list[float] = []
    for number, chunk in enumerate(chunks(file)):
        end = chunk.end
        if number > _MAX_CHUNKS:
            raise errors.TooMuch(
                f"the PNG has too many chunks; limit: {_MAX_CHUNKS:,}. Save it again in an image editor"
            )
        if chunk.kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", _payload(file, chunk, 10).ljust(10, b"\0"))
        elif chunk.kind == b"fcTL":
            durations.append(_delay(_payload(file, chunk, 26)))
        elif chunk.kind == b"tRNS":
            clear = True
        elif chunk.kind == b"IEND":
            whole = True
        found |= kinds(file, chunk)
        if chunk.kind in (b"IHDR", b"PLTE", b"IDAT", b"IEND") and not _checksum_holds(file, chunk):
            raise errors.Damaged(
                "the PNG is damaged: the checksum of its image data is wrong. Get an undamaged copy, or save it "
                "again in an image editor"
            )
    return PictureStructure(
        width=width, height=height, bit_depth=16 if depth == 16 else 8, lossless=True, metadata=frozenset(found),
        durations=tuple(durations) or (0.0,), opaque=not clear and not colour & 4,
        cut="" if whole else "the image data ends before the end chunk", trailing=length(file) - end if whole else 0,
    )  # fmt: skip


def _payload(file: BinaryIO, chunk: Chunk, most: int) -> bytes:
    return read_at(file, chunk.start + 8, min(chunk.size, most))


def _delay(control: bytes) -> float:
    """Seconds of one frame; a denominator of 0 means hundredths (PNG 11.3.6.2)."""
    if len(control) < 26:
        return 0.0
    numerator, denominator = struct.unpack_from(">HH", control, 20)
    return float(numerator / (denominator or 100))


def _checksum_holds(file: BinaryIO, chunk: Chunk) -> bool:
    checksum, left = zlib.crc32(chunk.kind), chunk.size
    file.seek(chunk.start + 8)
    while left:
        block = file.read(min(left, 1 << 20))
        checksum, left = zlib.crc32(block, checksum), left - len(block)
    return file.read(4) == struct.pack(">I", checksum)


def kinds(file: BinaryIO, chunk: Chunk) -> Kinds:
    """What one chunk gives away."""
    if chunk.kind in _HARMLESS:
        return NOTHING
    if chunk.kind == b"eXIf":
        return exif.kinds(_payload(file, chunk, _MAX_TEXT))
    if chunk.kind == b"tIME":
        return frozenset({"time"})
    if chunk.kind in _TEXT:
        keyword, _, text = _payload(file, chunk, _MAX_TEXT).partition(b"\0")
        if keyword == b"XML:com.adobe.xmp":
            return tags.xmp(text)
        if keyword.startswith(b"Raw profile type"):
            return frozenset({"location", "device", "text"}) if b"exif" in keyword else frozenset({"text"})
        return tags.kinds([keyword.decode("latin-1").removeprefix("date:")])
    return frozenset({"text"})


def strip(source: Path, output: Path) -> None:
    """Copy the picture without metadata, unknown chunks and anything after IEND; pixels and frames stay identical."""
    with source.open("rb") as file, output.open("wb") as out:
        out.write(SIGNATURE)
        kind = b""
        for kind, start, size in chunks(file):
            if kind in _LOOK:
                copy(file, out, start, start + 12 + size)
        if kind != b"IEND":
            out.write(struct.pack(">I4sI", 0, b"IEND", zlib.crc32(b"IEND")))
