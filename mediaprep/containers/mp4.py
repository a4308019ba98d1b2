"""MP4, MOV, 3GP and their kin (ISO 14496-12, QuickTime File Format): boxes, tracks, index, wholeness.

What their metadata give away is in `mp4_tags`; pictures in the same boxes (HEIC, AVIF) are in `heif`.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from msgspec import Struct

from mediaprep import errors
from mediaprep.containers.structure import MAX_STREAMS, Structure, length, read_at

_CONTAINERS = frozenset(b"moov trak mdia minf stbl edts udta moof traf mvex sinf".split())
_MAX_BOXES = 20_000
_MAX_TABLE = 64 << 20
_MAX_EDITS = 1000
_ENCRYPTED = (b"encv", b"enca", b"encs", b"enct", b"encm", b"drms", b"drmi", b"drmt", b"p608")
_DOLBY_VISION = (b"dvcC", b"dvvC", b"dvwC")
_TOP_LEVEL = frozenset(
    b"ftyp styp moov moof mdat free skip wide pnot uuid sidx ssix meta mfra pdin prft emsg udta junk PICT pict "
    b"pssh imda meco bloc etyp otyp MPVD mpvd beam ilov jP\x20\x20 SDLN thum uuid evnt idat tref".split()
)


class Box(NamedTuple):
    """`body` is the first byte after the header; `end` may lie past the end of the file."""

    kind: bytes
    start: int
    body: int
    end: int


class Track(Struct, frozen=True, kw_only=True):
    """`rotation`: degrees clockwise that turn the stored picture upright, after left and right were swapped where
    `mirrored`. `handler`: `vide`, `soun`, `text`, `meta` … `dolby_vision`: the profile, 0 if none.
    `width`, `height`: as the sample entry of a picture says.
    `ends`: offset after the last sample, 0 where the tables do not say."""

    identity: int = 0
    handler: str = ""
    sample_entry: str = ""
    width: int = 0
    height: int = 0
    rotation: int = 0
    mirrored: bool = False
    encrypted: bool = False
    dolby_vision: int = 0
    dated: bool = False
    ends: int = 0


class Movie(Structure, frozen=True, kw_only=True):
    """`faststart`: the index comes before the samples and is not spread over fragments."""

    brand: str = ""
    tracks: tuple[Track, ...] = ()
    faststart: bool = False
    fragmented: bool = False
    dated: bool = False

    @property
    def encrypted(self) -> bool:
        """Whether any track is protected (Common Encryption, FairPlay)."""
        return any(track.encrypted for track in self.tracks)

    def track(self, identity: int) -> Track | None:
        """The track with this number, which ffmpeg calls the stream's id."""
        return next((track for track in self.tracks if track.identity == identity), None)


def boxes(file: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """The boxes between two offsets. Ends at the first header that is none; a size of 0 reaches to `end`."""
    for _ in range(_MAX_BOXES):
        if start + 8 > end or len(header := read_at(file, start, 16)) < 8:
            return
        size, kind = struct.unpack_from(">I4s", header)
        body = start + 8
        if size == 1 and len(header) == 16:
            size, body = struct.unpack_from(">Q", header, 8)[0], start + 16
        elif size == 0:
            size = end - start
        if size < body - start or kind == b"\0\0\0\0":
            return
        yield Box(kind, start, body, start + size)
        start += size
    raise errors.TooMuch(f"the file has too many boxes in one place; limit: {_MAX_BOXES:,}. Export it again as MP4")


def find(file: BinaryIO, box: Box, *path: bytes) -> Box | None:
    """The first box at a path below `box`."""
    for kind in path:
        inside = boxes(file, box.body, min(box.end, length(file)))
        found = next((child for child in inside if child.kind == kind), None)
        if found is None:
            return None
        box = found
    return box


def content(file: BinaryIO, box: Box | None, most: int = 4096) -> bytes:
    """The first `most` bytes of a box; empty for none."""
    return b"" if box is None else read_at(file, box.body, max(0, min(most, box.end - box.body)))


def read(file: BinaryIO) -> Movie:
    """Tracks, index and wholeness. Raises TooMuch for more tracks than are opened."""
    held = length(file)
    end, brand = 0, ""
    index: Box | None = None
    first_data, fragments, cut = held, 0, ""
    for box in boxes(file, 0, held):
        if box.kind not in _TOP_LEVEL and index is not None:
            break  # not ours: whatever a camera or a joker put after the film
        if box.kind == b"ftyp":
            brand = content(file, box, 4).decode("latin-1")
        elif box.kind == b"moov" and index is None:
            index = box
        elif box.kind == b"mdat":
            first_data = min(first_data, box.start)
        elif box.kind == b"moof":
            fragments += 1
        if box.end > held:
            cut = f"its last part ends at byte {box.end:,}, the file has {held:,} bytes"
        end = min(box.end, held)
    if index is None:
        raise errors.Incomplete(
            "the video has no index (moov): the recording was not finished, or the file is truncated. Repair it with "
            "the camera or program that made it, or get a complete copy"
        )
    if find(file, index, b"cmov"):
        raise errors.Damaged("a compressed index (cmov) is not supported. Export it as MP4")
    tracks = tuple(_track(file, box) for box in _tracks(file, index))
    if cut and index.end <= held and fragments == 0:
        needed = max((track.ends for track in tracks), default=0)
        cut = cut if needed > held or not needed else ""
    elif not cut and fragments == 0 and any(track.ends > held for track in tracks):
        cut = "its index names data after the end of the file"
    fragmented = fragments > 0 or find(file, index, b"mvex") is not None
    return Movie(
        brand=brand, tracks=tracks, cut=cut, trailing=held - end, fragmented=fragmented,
        faststart=not fragmented and index.start < first_data,
        dated=_dated(content(file, find(file, index, b"mvhd"))),
    )  # fmt: skip


def index_of(file: BinaryIO) -> Box | None:
    """The movie box."""
    return next((box for box in boxes(file, 0, length(file)) if box.kind == b"moov"), None)


def _tracks(file: BinaryIO, index: Box) -> list[Box]:
    found = [box for box in boxes(file, index.body, min(index.end, length(file))) if box.kind == b"trak"]
    if len(found) > MAX_STREAMS:
        raise errors.TooMuch(
            f"the file has too many tracks: {len(found):,}; limit: {MAX_STREAMS}. Export it with fewer"
        )
    return found


def _track(file: BinaryIO, box: Box) -> Track:
    header = content(file, find(file, box, b"tkhd"))
    wide = header[:1] == b"\1"
    identity = int.from_bytes(header[20:24] if wide else header[12:16], "big")
    rotation, mirrored = orientation(header[52 if wide else 40 :])
    edits = int.from_bytes(content(file, find(file, box, b"edts", b"elst"))[4:8], "big")
    if edits > _MAX_EDITS:
        raise errors.TooMuch(
            f"its edit list is too long: {edits:,} entries; limit: {_MAX_EDITS:,}. Export it again as MP4"
        )
    entry = content(file, find(file, box, b"mdia", b"minf", b"stbl", b"stsd"), 1 << 16)
    kind = entry[12:16]
    handler = content(file, find(file, box, b"mdia", b"hdlr"))[8:12]
    width, height = struct.unpack_from(">HH", entry, 40) if handler == b"vide" and len(entry) >= 44 else (0, 0)
    return Track(
        identity=identity, handler=handler.decode("latin-1"), width=width, height=height,
        sample_entry=kind.decode("latin-1"), rotation=rotation, mirrored=mirrored, encrypted=kind in _ENCRYPTED,
        dolby_vision=_dolby_vision(entry), ends=_last_sample(file, box),
        dated=_dated(header) or _dated(content(file, find(file, box, b"mdia", b"mdhd"))),
    )  # fmt: skip


def orientation(matrix: bytes) -> tuple[int, bool]:
    """Degrees clockwise and whether left and right are swapped first, from a 3 x 3 display matrix.

    A matrix other than a quarter turn (or all zeros) counts as none.
    """
    if len(matrix) < 20:
        return 0, False
    a, b, _, c, d = (value / 65536 for value in struct.unpack_from(">5i", matrix))
    mirrored = a * d - b * c < 0
    if mirrored:
        a, b = -a, -b
    degrees = math.degrees(math.atan2(b, a)) % 360
    turned = round(degrees / 90) * 90
    return (turned % 360, mirrored) if abs(degrees - turned) < 1 else (0, mirrored)


def _dated(header: bytes) -> bool:
    """Whether a mvhd, tkhd or mdhd box tells when it was made."""
    stamp = header[4:20] if header[:1] == b"\1" else header[4:12]
    return any(stamp)


def _dolby_vision(entry: bytes) -> int:
    """The profile in a Dolby Vision configuration record inside a sample entry."""
    at = max(entry.find(kind) for kind in _DOLBY_VISION)
    return entry[at + 6] >> 1 if 0 < at < len(entry) - 6 else 0


def _last_sample(file: BinaryIO, track: Box) -> int:
    """Offset after the last sample of the last chunk; 0 where the tables are empty or absurd."""
    table = find(file, track, b"mdia", b"minf", b"stbl")
    if table is None:
        return 0
    offsets = find(file, table, b"stco") or find(file, table, b"co64")
    sizes, spread = find(file, table, b"stsz"), find(file, table, b"stsc")
    if offsets is None or sizes is None or spread is None or max(offsets.end, sizes.end, spread.end) > length(file):
        return 0
    width = 8 if offsets.kind == b"co64" else 4
    chunks = int.from_bytes(read_at(file, offsets.body + 4, 4), "big")
    runs = int.from_bytes(read_at(file, spread.body + 4, 4), "big")
    fixed, samples = struct.unpack(">II", read_at(file, sizes.body + 4, 8).ljust(8, b"\0"))
    if not chunks or not runs or offsets.body + 8 + chunks * width > offsets.end:
        return 0
    last = max(_integers(read_at(file, offsets.body + 8, min(chunks * width, _MAX_TABLE)), width))
    if fixed:
        return last + (fixed if fixed > 1 else 0)
    if sizes.body + 12 + samples * 4 > sizes.end:
        return 0
    in_last = int.from_bytes(read_at(file, spread.body + 8 + (runs - 1) * 12 + 4, 4), "big")
    ordered = int.from_bytes(read_at(file, offsets.body + 8 + (chunks - 1) * width, width), "big") == last
    count = min(in_last, samples) if ordered else 0
    return last + sum(_integers(read_at(file, sizes.body + 12 + (samples - count) * 4, count * 4), 4))


def _integers(data: bytes, width: int) -> tuple[int, ...]:
    return struct.unpack(f">{len(data) // width}{'Q' if width == 8 else 'I'}", data[: len(data) // width * width])
