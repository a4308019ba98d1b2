"""What the metadata boxes of an MP4, MOV or 3GP give away.

Sources: QuickTime File Format (user data, metadata keys), 3GPP TS 26.244 clause 8, Apple's iTunes item list as
read by ffmpeg's movenc and mov.
"""

from __future__ import annotations

import re
from typing import BinaryIO

from mediaprep.containers import mp4, tags
from mediaprep.containers.mp4 import Box, Movie
from mediaprep.containers.structure import Kinds, length, read_at
from mediaprep.media import MetadataKind

_LOCATION = (b"\xa9xyz", b"loci", b"GPS ", b"gps0", b"GPMF")
_DEVICE = (b"\xa9mak", b"\xa9mod", b"\xa9swr", b"manu", b"modl", b"FIRM", b"LENS", b"CAME", b"SDLN", b"smrd", b"cmnm",
           b"cmid", b"CNTH", b"NCDT", b"MMA1", b"\xa9fmt")  # fmt: skip
_PERSON = (b"\xa9ART", b"aART", b"\xa9aut", b"\xa9wrt", b"cprt", b"\xa9cpy", b"auth", b"perf", b"\xa9prd", b"\xa9dir",
           b"\xa9com", b"ownr", b"apID")  # fmt: skip
_TIME = (b"\xa9day", b"date", b"yrrc", b"purd")
_THUMBNAIL = (b"covr", b"thmb", b"snal", b"PICT")
# Names of tools and tracks, playback hints, volume, loop, chapters (told apart elsewhere). Not `free`: some programs
# take a box out by calling it that, and its content stays.
_HARMLESS = (b"\xa9too", b"\xa9enc", b"name", b"hnti", b"hinf", b"hdlr", b"WLOC", b"LOOP", b"SelO",
             b"AllF", b"chpl", b"tagc", b"kind", b"pgap", b"cpil", b"tmpo", b"stik", b"hdvd", b"vndr", b"strk",
             b"ptv ", b"rtng", b"\xa9TIM", b"\xa9TSC", b"\xa9TSZ", b"ludt", b"NMOV")  # fmt: skip
_STRUCTURE = frozenset(b"ftyp styp etyp moof mdat wide sidx ssix mfra pdin prft emsg".split())
_XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_HARMLESS_UUIDS = (
    bytes.fromhex("ffcc8263f8554a938814587a02521fdd"),  # spherical video
    bytes.fromhex("6d1d9b0542d544e680e2141daff757b2"),  # smooth streaming: fragment times
    bytes.fromhex("d4807ef2ca3946958e5426cb9e46a79f"),  # smooth streaming: following fragments
    bytes.fromhex("a5d40b30e81411ddba2f0800200c9a66"),
    bytes.fromhex("b1d3ba5bd4f94ff59e4a5ab7ac5d4a5d"),
    bytes.fromhex("8974dbce7be74c5184f97148f9882554"),  # protected interoperable file format: track encryption
)
_MAX_ITEMS = 1000
# A track's handler has a name: mostly its writer's for the kind of track, of these the camera's (`GoPro AVC`).
_MAKERS = re.compile(
    rb"gopro|dji|insta360|garmin|sony|canon|nikon|panasonic|samsung|xiaomi|huawei|akaso", re.IGNORECASE
)


def kinds(file: BinaryIO, movie: Movie) -> Kinds:
    """Everything in user data, item lists, keys, uuid boxes and dates."""
    found: set[MetadataKind] = set()
    if movie.dated or any(track.dated for track in movie.tracks):
        found.add("time")
    for box in mp4.boxes(file, 0, length(file)):
        if box.kind == b"uuid":
            found |= _uuid(file, box)
        elif box.kind == b"meta":
            found |= _meta(file, box)
        elif box.kind == b"moov":
            found |= _movie(file, box)
        elif box.kind not in _STRUCTURE and (kind := _kind(box.kind, mp4.content(file, box))):
            found.add(kind)
    return frozenset(found)


def has_chapters(file: BinaryIO) -> bool:
    """Nero's chapter list; QuickTime's chapters are a text track, which the reader of streams sees."""
    index = mp4.index_of(file)
    return index is not None and mp4.find(file, index, b"udta", b"chpl") is not None


def _movie(file: BinaryIO, index: Box) -> Kinds:
    found: set[MetadataKind] = set()
    for box in mp4.boxes(file, index.body, min(index.end, length(file))):
        if box.kind in (b"udta", b"trak"):
            found |= _user_data(file, box) if box.kind == b"udta" else _movie(file, box)
        elif box.kind == b"meta":
            found |= _meta(file, box)
        elif box.kind == b"uuid":
            found |= _uuid(file, box)
        elif box.kind == b"mdia" and _MAKERS.search(mp4.content(file, mp4.find(file, box, b"hdlr"))[24:]):
            found.add("device")
        elif box.kind in (b"free", b"skip") and mp4.content(file, box).strip(b"\0 "):
            found.add("text")
    return frozenset(found)


def _user_data(file: BinaryIO, box: Box) -> Kinds:
    found: set[MetadataKind] = set()
    for item in _inside(file, box.body, box.end):
        if item.kind == b"meta":
            found |= _meta(file, item)
        elif item.kind == b"XMP_":
            found |= tags.xmp(mp4.content(file, item, 1 << 20))
        elif kind := _kind(item.kind, mp4.content(file, item)):
            found.add(kind)
    return frozenset(found)


def _meta(file: BinaryIO, box: Box) -> Kinds:
    """An item list (`ilst`) names its items by four letters, or by number into a list of keys."""
    # In MP4 the box begins with a version and flags; in QuickTime it does not.
    body = box.body + (0 if read_at(file, box.body + 4, 4) in (b"hdlr", b"keys", b"mhdr") else 4)
    names: list[str] = []
    found: set[MetadataKind] = set()
    for part in _inside(file, body, box.end):
        if part.kind == b"keys":
            entries = _inside(file, part.body + 8, part.end)
            names = [mp4.content(file, key, 256).decode("utf-8", "replace") for key in entries]
        elif part.kind == b"ilst":
            for item in _inside(file, part.body, part.end):
                number = int.from_bytes(item.kind, "big")
                value = mp4.content(file, mp4.find(file, item, b"data"))[8:]
                if item.kind == b"----":
                    name = mp4.content(file, mp4.find(file, item, b"name"))[4:].decode("utf-8", "replace")
                    kind = tags.kind(name)
                elif 1 <= number <= len(names):
                    kind = tags.kind(names[number - 1])
                else:
                    kind = _kind(item.kind, value)
                if kind and value.strip(b"\0 "):
                    found.add(kind)
        elif part.kind in (b"xml ", b"bxml", b"ID32"):
            found.add("text")
    return frozenset(found)


def _kind(name: bytes, value: bytes) -> MetadataKind | None:
    if name in _HARMLESS or not value.strip(b"\0 ") or (name == b"\xa9swr" and b"Lavf" in value):
        return None
    table: tuple[tuple[MetadataKind, tuple[bytes, ...]], ...] = (
        ("location", _LOCATION), ("device", _DEVICE), ("person", _PERSON), ("time", _TIME), ("thumbnail", _THUMBNAIL),
    )  # fmt: skip
    return next((kind for kind, names in table if name in names), "text")


def _uuid(file: BinaryIO, box: Box) -> Kinds:
    identity = mp4.content(file, box, 16)
    if identity == _XMP_UUID:
        return tags.xmp(read_at(file, box.body + 16, min(1 << 20, box.end - box.body)))
    return frozenset() if identity in _HARMLESS_UUIDS else frozenset({"text"})


def _inside(file: BinaryIO, start: int, end: int) -> list[Box]:
    """The boxes of a list, at most a thousand."""
    inside = mp4.boxes(file, start, min(end, length(file)))
    return [box for box, _ in zip(inside, range(_MAX_ITEMS), strict=False)]
