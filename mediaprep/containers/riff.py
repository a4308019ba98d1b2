"""RIFF: WebP pictures, WAV sound and AVI films. Chunks, lengths, what they give away, a WebP without metadata.

Sources: WebP Container Specification; EBU Tech 3285 (bext) and 3306 (RF64); Microsoft's RIFF INFO list.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from mediaprep import errors
from mediaprep.containers import exif, id3, tags
from mediaprep.containers.structure import NOTHING, Kinds, PictureStructure, Structure, copy, length, read_at
from mediaprep.media import MetadataKind

_UNKNOWN_SIZE = 0xFFFFFFFF
_MAX_FRAMES = 200_000
_MAX_TEXT = 1 << 20
_LOOK = (b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP")
_ALPHA, _EXIF_FLAG, _XMP_FLAG, _ANIMATION = 0x10, 0x08, 0x04, 0x02
_WAV_HARMLESS = frozenset(
    [b"fmt ", b"data", b"fact", b"PEAK", b"JUNK", b"junk", b"FLLR", b"PAD ", b"pad ", b"cue ", b"smpl", b"inst",
     b"ds64", b"chna", b"levl", b"minf", b"elm1", b"regn", b"umid", b"wavl", b"slnt", b"DGDA", b"idx1", b"INDX"]
)  # fmt: skip


class Chunk(NamedTuple):
    """`start` is the four-letter code, the payload is `size` bytes from `start` + 8, without its pad byte."""

    kind: bytes
    start: int
    size: int

    @property
    def end(self) -> int:
        return self.start + 8 + self.size + (self.size & 1)


def chunks(file: BinaryIO, start: int, end: int) -> Iterator[Chunk]:
    """The chunks between two offsets; the last may reach past `end` where the file is truncated."""
    while start + 8 <= end and len(head := read_at(file, start, 8)) == 8:
        kind, size = struct.unpack("<4sI", head)
        chunk = Chunk(kind, start, size)
        yield chunk
        start = chunk.end


def payload(file: BinaryIO, chunk: Chunk, most: int = _MAX_TEXT) -> bytes:
    """The first `most` bytes of a chunk."""
    return read_at(file, chunk.start + 8, min(chunk.size, most))


def _end(file: BinaryIO) -> int:
    """Where the RIFF says that it ends."""
    size: int = struct.unpack("<I", read_at(file, 4, 4).ljust(4, b"\0"))[0]
    return 8 + size


# ---------------------------------------------------------------- WebP


def read_webp(file: BinaryIO) -> PictureStructure:
    """Canvas, frame times, metadata, and whether the RIFF is as long as the file."""
    said, held = _end(file), length(file)
    width = height = 0
    lossy = clear = False
    durations: list[float] = []
    found: set[MetadataKind] = set()
    last = 12
    for chunk in chunks(file, 12, min(said, held)):
        last = chunk.end
        if chunk.kind == b"VP8X":
            head = payload(file, chunk, 10).ljust(10, b"\0")
            width, height = _u24(head, 4) + 1, _u24(head, 7) + 1
            clear = bool(head[0] & (_ALPHA | _ANIMATION))
        elif chunk.kind == b"ANMF":
            if len(durations) >= _MAX_FRAMES:
                raise errors.TooMuch(f"the animation is too long; limit: {_MAX_FRAMES:,} frames. Shorten it")
            durations.append(_u24(payload(file, chunk, 16).ljust(16, b"\0"), 12) / 1000)
            lossy = lossy or any(part.kind == b"VP8 " for part in chunks(file, chunk.start + 24, chunk.end))
        elif chunk.kind in (b"VP8 ", b"VP8L"):
            lossy = lossy or chunk.kind == b"VP8 "
            size = _bitstream_size(chunk.kind, payload(file, chunk, 10))
            width, height = (width or size[0]), (height or size[1])
            clear = clear or size[2]
        else:
            found |= webp_kinds(chunk.kind, payload(file, chunk))
    cut = "its RIFF header names more bytes than the file has" if said - (said & 1) > held or last - 1 > held else ""
    return PictureStructure(
        width=width, height=height, lossless=not lossy, durations=tuple(durations) or (0.0,), opaque=not clear,
        metadata=frozenset(found), cut=cut, trailing=max(0, held - said - (said & 1)),
    )  # fmt: skip


def _u24(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 3], "little")


def _bitstream_size(kind: bytes, head: bytes) -> tuple[int, int, bool]:
    """Width, height and whether alpha is announced, from a VP8 key frame or a VP8L header."""
    if kind == b"VP8 " and len(head) >= 10:
        width, height = struct.unpack_from("<HH", head, 6)
        return width & 0x3FFF, height & 0x3FFF, False
    if kind == b"VP8L" and len(head) >= 5:
        bits = int.from_bytes(head[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bool(bits >> 28 & 1)
    return 0, 0, False


def webp_kinds(kind: bytes, content: bytes) -> Kinds:
    """What one chunk of a WebP gives away; the block of WhatsApp's own stickers nothing."""
    if kind in (b"ALPH", b"ANIM", b"ICCP", b"VP8X"):
        return NOTHING
    if kind == b"EXIF":
        return exif.kinds(content.removeprefix(b"Exif\0\0"))
    if kind == b"XMP ":
        return tags.xmp(content)
    return frozenset({"text"}) if content.strip(b"\0") else NOTHING


def strip_webp(source: Path, output: Path) -> None:
    """Copy the picture without EXIF, XMP, unknown chunks and trailing bytes; pixels and frames stay identical.

    A sticker's own block is kept. The flags of the header and the length of the RIFF are made true.
    """
    with source.open("rb") as file, output.open("wb") as out:
        kept = [c for c in chunks(file, 12, min(_end(file), length(file))) if c.kind in _LOOK or _is_sticker(file, c)]
        sticker = any(chunk.kind == b"EXIF" for chunk in kept)
        out.write(struct.pack("<4sI4s", b"RIFF", 4 + sum(chunk.end - chunk.start for chunk in kept), b"WEBP"))
        for chunk in kept:
            if chunk.kind == b"VP8X":
                head = payload(file, chunk, 10).ljust(10, b"\0")
                flags = head[0] & ~(_EXIF_FLAG | _XMP_FLAG) | (_EXIF_FLAG if sticker else 0)
                out.write(struct.pack("<4sI", b"VP8X", 10) + bytes([flags]) + head[1:])
            else:
                copy(file, out, chunk.start, chunk.start + 8 + chunk.size)
                out.write(b"\0" * (chunk.size & 1))


def _is_sticker(file: BinaryIO, chunk: Chunk) -> bool:
    return chunk.kind == b"EXIF" and exif.is_sticker(payload(file, chunk))


# ---------------------------------------------------------------- WAV and AVI


def read_wav(file: BinaryIO) -> Structure:
    """Metadata, what follows the RIFF, and whether the samples are all there (RF64 and streamed lengths included)."""
    held, said = length(file), _end(file)
    large = dict[bytes, int]()
    found: set[MetadataKind] = set()
    cut, start = "the audio data is missing", 12
    while start + 8 <= held:
        kind, size = struct.unpack("<4sI", read_at(file, start, 8))
        if start >= said and said != 8 and said - 8 != _UNKNOWN_SIZE:
            break
        chunk = Chunk(kind, start, size)
        if kind == b"ds64":
            riff, data = struct.unpack("<QQ", payload(file, chunk, 16).ljust(16, b"\0"))
            said, large[b"data"] = 8 + riff, data
        elif kind == b"data":
            streamed = size == _UNKNOWN_SIZE or (size == 0 and said in (8, 8 + _UNKNOWN_SIZE))
            size = large.get(kind, size if not streamed else held - start - 8)
            short = start + 8 + size > held
            cut = f"its header names {size:,} bytes of audio, found {held - start - 8:,}" if short else ""
        elif not kind.isascii() or not kind.strip(b"\0"):
            break
        else:
            found |= _wav_kinds(file, chunk)
        start = Chunk(kind, start, size).end
    return Structure(metadata=frozenset(found), cut=cut, trailing=max(0, held - start) if start < held else 0)


def _wav_kinds(file: BinaryIO, chunk: Chunk) -> Kinds:
    if chunk.kind in _WAV_HARMLESS:
        return NOTHING
    if chunk.kind == b"LIST":
        form = payload(file, chunk, 4)
        if form in (b"adtl", b"hdrl", b"movi", b"odml"):
            return NOTHING
        inside = chunks(file, chunk.start + 12, min(chunk.end, length(file)))
        return tags.kinds(c.kind.decode("latin-1") for c in inside if payload(file, c, 256).strip(b"\0 "))
    if chunk.kind in (b"id3 ", b"ID3 "):
        return id3.kinds(payload(file, chunk, 16 << 20))
    if chunk.kind == b"bext":
        found: set[MetadataKind] = set()
        content = payload(file, chunk, 602)
        for start, end, kind in _BEXT:
            if content[start:end].strip(b"\0 "):
                found.add(kind)
        return frozenset(found)
    if chunk.kind == b"_PMX":
        return tags.xmp(payload(file, chunk))
    return frozenset({"text"}) if payload(file, chunk, 4096).strip(b"\0 ") else NOTHING


_BEXT: tuple[tuple[int, int, MetadataKind], ...] = (
    (0, 256, "text"),
    (256, 320, "device"),
    (320, 338, "time"),
)


def read_avi(file: BinaryIO) -> Structure:
    """Metadata, trailing bytes, and whether the last list is whole. Several RIFFs follow one another in long films."""
    held, start = length(file), 0
    found: set[MetadataKind] = set()
    cut = "the list of frames is missing"
    while read_at(file, start, 4) == b"RIFF":
        outer = next(chunks(file, start, held), Chunk(b"RIFF", start, 0))
        for chunk in chunks(file, start + 12, min(outer.end, held)):
            if chunk.kind == b"LIST" and payload(file, chunk, 4) == b"movi":
                cut = (
                    "its list of frames names more bytes than the file has"
                    if chunk.start + 8 + chunk.size > held
                    else ""
                )
            if chunk.kind in (b"LIST", b"id3 ", b"_PMX"):
                found |= _wav_kinds(file, chunk)
            elif chunk.kind == b"IDIT":
                found.add("time")
        start = max(outer.end, start + 8)
    return Structure(metadata=frozenset(found), cut=cut, trailing=max(0, held - start))
