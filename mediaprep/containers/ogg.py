"""Ogg (RFC 3533): what is inside, what its comments give away, and whether the last page is whole."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from mediaprep.containers import tags
from mediaprep.containers.structure import Kinds, Structure, length, read_at

_CODECS = {
    b"OpusHead": "opus", b"\x01vorbis": "vorbis", b"\x7fFLAC": "flac", b"Speex   ": "speex", b"\x80theora": "theora",
    b"OVP80": "vp8", b"fishead\0": "skeleton", b"\x80kate": "kate", b"BBCD\0": "dirac",
}  # fmt: skip
# What the comments begin with. FLAC's is a block type, with 0x80 for the last block, and a length.
_COMMENTS = {
    "opus": (b"OpusTags",), "vorbis": (b"\x03vorbis",), "flac": (b"\x04", b"\x84"), "theora": (b"\x81theora",),
    "speex": (b"",),
}  # fmt: skip
_MAX_COMMENT = 1 << 20
_MAX_LIST = 4096
_HEAD_PAGES = 256


class Page(NamedTuple):
    """`first`: it begins a stream; `body`: offset of the first packet; `lacing`: sizes of the pieces of packets."""

    start: int
    body: int
    end: int
    serial: int
    first: bool
    lacing: bytes


class Ogg(Structure, frozen=True, kw_only=True):
    """`codecs`: of each stream in the first group, by name; empty for one that is not known.
    `chained`: further recordings follow the first."""

    codecs: tuple[str, ...] = ()
    chained: bool = False


def pages(file: BinaryIO, position: int = 0) -> Iterator[Page]:
    """Whole page headers from `position` on; the last page may reach past the end of the file."""
    while True:
        head = read_at(file, position, 27)
        if len(head) < 27 or head[:4] != b"OggS":
            return
        lacing = file.read(head[26])
        if len(lacing) < head[26]:
            return
        body = position + 27 + len(lacing)
        serial = struct.unpack_from("<I", head, 14)[0]
        page = Page(position, body, body + sum(lacing), serial, bool(head[5] & 2), lacing)
        yield page
        position = page.end


def codecs(file: BinaryIO) -> tuple[str, ...]:
    """The codec of each stream that begins at the start of the file."""
    found: list[str] = []
    for page in pages(file):
        if not page.first:
            break
        head = read_at(file, page.body, 8)
        found.append(next((name for magic, name in _CODECS.items() if head.startswith(magic)), ""))
    return tuple(found)


def read(file: BinaryIO) -> Ogg:
    """Codecs, comments of every stream, and wholeness. Bytes after the last page that are no page are trailing."""
    held, end, last, cut = length(file), 0, 0, ""
    begun = chained = False
    for page in pages(file):
        end, last = page.end, page.start
        begun = begun or not page.first
        chained = chained or (begun and page.first)
    if end > held or read_at(file, end, 4) == b"OggS":
        cut = "its last page is incomplete"
    found = codecs(file)
    if found == ("opus",) and not cut and _all_skipped(file, last):
        cut = "it ends before its audio begins"
    return Ogg(
        codecs=found, chained=chained, cut=cut, trailing=max(0, held - end) if not cut else 0,
        metadata=_comments(file, found),
    )  # fmt: skip


def _all_skipped(file: BinaryIO, last: int) -> bool:
    """Whether players leave out as many samples at the start of an Opus stream as it has (RFC 7845, 4.2 and 4.3)."""
    start = next(pages(file)).body
    pre_skip = int.from_bytes(read_at(file, start + 10, 2), "little")
    return 0 < int.from_bytes(read_at(file, last + 6, 8), "little", signed=True) <= pre_skip


def _comments(file: BinaryIO, names: tuple[str, ...]) -> Kinds:
    """The second packet of each stream is its comments."""
    serials = [page.serial for page in pages(file) if page.first][: len(names)]
    packets: dict[int, bytearray] = {serial: bytearray() for serial in serials}
    done: set[int] = set()
    for page, _ in zip(pages(file), range(_HEAD_PAGES), strict=False):
        if page.first or page.serial in done or page.serial not in packets:
            continue
        # A piece of less than 255 bytes ends a packet.
        last = next((at for at, size in enumerate(page.lacing) if size < 255), None)
        if last is not None:
            done.add(page.serial)
        pieces = page.lacing if last is None else page.lacing[: last + 1]
        packet = packets[page.serial]
        packet += read_at(file, page.body, min(sum(pieces), _MAX_COMMENT - len(packet)))
    found: Kinds = frozenset()
    for serial, name in zip(serials, names, strict=False):
        magics = _COMMENTS.get(name, ())
        comments = bytes(packets[serial])
        if comments.startswith(magics):
            found |= comment_kinds(comments[4 if name == "flac" else len(magics[0]) :])
    return found


def comment_kinds(block: bytes) -> Kinds:
    """What a list of Vorbis comments gives away; its vendor string nothing."""
    at = 4 + int.from_bytes(block[:4], "little")
    count = int.from_bytes(block[at : at + 4], "little")
    at += 4
    pairs: dict[str, str] = {}
    for _ in range(min(count, _MAX_LIST)):
        size = int.from_bytes(block[at : at + 4], "little")
        name, _, value = block[at + 4 : at + 4 + min(size, 256)].decode("utf-8", "replace").partition("=")
        if at + 4 > len(block):
            break
        pairs[name] = pairs.get(name, "") + value
        at += 4 + size
    return tags.kinds(pairs)
