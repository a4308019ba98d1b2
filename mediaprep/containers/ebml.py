"""WebM and Matroska (RFC 8794, RFC 9559): document type, encryption, tags, attachments, and wholeness."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from mediaprep.containers import tags
from mediaprep.containers.structure import Structure, length, read_at
from mediaprep.media import MetadataKind

_HEADER, _DOC_TYPE, _SEGMENT, _CLUSTER = 0x1A45DFA3, 0x4282, 0x18538067, 0x1F43B675
_INFO, _TRACKS, _TAGS, _ATTACHMENTS, _CHAPTERS = 0x1549A966, 0x1654AE6B, 0x1254C367, 0x1941A469, 0x1043A770
_DATE, _TITLE = 0x4461, 0x7BA9
_TRACK, _ENCODINGS, _ENCODING, _ENCRYPTION = 0xAE, 0x6D80, 0x6240, 0x5035
_TAG, _SIMPLE_TAG, _TAG_NAME = 0x7373, 0x67C8, 0x45A3
_ATTACHED, _ATTACHED_TYPE = 0x61A7, 0x4660
_LEVEL_1 = frozenset([_INFO, _TRACKS, _TAGS, _ATTACHMENTS, _CHAPTERS, _CLUSTER, 0x114D9B74, 0x1C53BB6B, 0xEC, 0xBF])
_MAX_ELEMENTS = 1_000_000


class Element(NamedTuple):
    """`end` may lie past the end of the file; it is -1 for an element whose size is not known (a live recording)."""

    identity: int
    body: int
    end: int


class Matroska(Structure, frozen=True, kw_only=True):
    """`doc_type`: `webm` or `matroska`."""

    doc_type: str = ""
    encrypted: bool = False


def elements(file: BinaryIO, start: int, end: int) -> Iterator[Element]:
    """The elements between two offsets; ends at bytes that are none."""
    for _ in range(_MAX_ELEMENTS):
        head = read_at(file, start, 12)
        if start >= end or not head:
            return
        wide = 9 - head[0].bit_length()
        if wide > 4 or len(head) <= wide:
            return
        sized = 9 - head[wide].bit_length()
        if sized > 8 or len(head) < wide + sized:
            return
        size = int.from_bytes(head[wide : wide + sized], "big") & (1 << 7 * sized) - 1
        body = start + wide + sized
        unknown = size == (1 << 7 * sized) - 1
        yield Element(int.from_bytes(head[:wide], "big"), body, -1 if unknown else body + size)
        if unknown:
            return
        start = body + size


def doc_type(file: BinaryIO) -> str:
    """`webm`, `matroska`, or what else the header says."""
    header = next(elements(file, 0, length(file)), None)
    if header is None or header.identity != _HEADER:
        return ""
    return next((_text(file, e) for e in elements(file, header.body, header.end) if e.identity == _DOC_TYPE), "")


def _text(file: BinaryIO, element: Element) -> str:
    return read_at(file, element.body, max(0, min(256, element.end - element.body))).rstrip(b"\0").decode("latin-1")


def read(file: BinaryIO) -> Matroska:
    """Tags, attachments, chapters, encryption, and whether the last element is whole."""
    held = length(file)
    found: set[MetadataKind] = set()
    extras: list[str] = []
    cut, encrypted, end = "", False, 0
    for element in _top(file, held):
        if element.end > held:
            cut = f"its last part ends at byte {element.end:,}, the file has {held:,} bytes"
        end = max(end, min(element.end, held))
        last = min(element.end, held)
        if element.identity == _INFO:
            found |= {_INFO_KINDS[e.identity] for e in elements(file, element.body, last) if e.identity in _INFO_KINDS}
        elif element.identity == _TAGS:
            names = (_text(file, name) for name in _below(file, element, held, _TAG, _SIMPLE_TAG, _TAG_NAME))
            found |= tags.kinds(names)
        elif element.identity == _ATTACHMENTS:
            types = [_text(file, e) for e in _below(file, element, held, _ATTACHED, _ATTACHED_TYPE)]
            extras += ["cover" if kind.startswith("image/") else "attachment" for kind in types]
            found |= {"thumbnail" if kind.startswith("image/") else "text" for kind in types}
        elif element.identity == _CHAPTERS:
            extras.append("chapters")
        elif element.identity == _TRACKS:
            encrypted = any(_below(file, element, held, _TRACK, _ENCODINGS, _ENCODING, _ENCRYPTION))
    return Matroska(
        metadata=frozenset(found), extras=tuple(extras), cut=cut, encrypted=encrypted, doc_type=doc_type(file),
        trailing=max(0, held - end) if not cut else 0,
    )  # fmt: skip


_INFO_KINDS: dict[int, MetadataKind] = {_DATE: "time", _TITLE: "text"}


def _top(file: BinaryIO, held: int) -> Iterator[Element]:
    """The segment's parts. A segment or cluster of unknown size is walked into, as live recorders write them."""
    start = 0
    while (element := next(elements(file, start, held), None)) is not None:
        if element.identity in (_SEGMENT, _CLUSTER) and element.end == -1:
            start = element.body
        elif element.identity == _SEGMENT:
            yield Element(0, element.body, element.end)
            start = element.body
        else:
            yield element
            start = element.end
    yield Element(0, start, min(start, held))


def _below(file: BinaryIO, element: Element, held: int, *path: int) -> Iterator[Element]:
    """All elements at a path below `element`."""
    for child in elements(file, element.body, min(element.end, held)):
        if child.identity == path[0]:
            if len(path) == 1:
                yield child
            else:
                yield from _below(file, child, held, *path[1:])
