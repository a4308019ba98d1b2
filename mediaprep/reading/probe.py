"""path -> Media: the facts about one file. Runs in a worker process: readers of hostile bytes may crash there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from mediaprep import errors
from mediaprep.containers import archive
from mediaprep.containers.structure import Structure, length, read_at
from mediaprep.media import Media
from mediaprep.reading.sniff import Sniffed, sniff

_TAIL = 4096
_ZIPPED = ("application/zip", "+zip", "openxmlformats", "macroEnabled", "opendocument", "java-archive",
           "package-archive")  # fmt: skip


def probe(path: Path, name: str = "") -> Media:
    """Every fact that the rules ask for. `name`: what the user calls the file; its suffix decides nothing.

    Raises a SourceError: Incomplete, Damaged, TooMuch, UnknownType or Unreadable, with a sentence for a person.
    """
    try:
        sniffed = sniff(path)
        if sniffed.pillow:
            from mediaprep.reading.picture_reader import read_picture

            return read_picture(path, sniffed, name or path.name)
        if sniffed.demuxer:
            from mediaprep.reading.film_reader import read_film

            return read_film(path, sniffed, name or path.name)
        return _document(path, sniffed, name or path.name)
    except OSError as error:
        raise errors.Unreadable(f"the file cannot be read: {error.strerror or error}") from error


def _document(path: Path, sniffed: Sniffed, name: str) -> Media:
    """Type, size and wholeness; a document is never opened further."""
    with path.open("rb") as file:
        structure = _structure(sniffed.mime)(file)
        if structure.cut:
            raise errors.Incomplete(f"the file is truncated: {structure.cut}. Get a complete copy")
        return Media(name=name, size=length(file), mime=sniffed.mime, kind="document", trailing=structure.trailing)


def _structure(mime: str) -> Callable[[BinaryIO], Structure]:
    if mime == "application/pdf":
        return _pdf
    if mime == "application/x-7z-compressed":
        return archive.read_7z
    if mime == "application/rtf":
        return _rtf
    return archive.read_zip if any(word in mime for word in _ZIPPED) else lambda _: Structure()


def _pdf(file: BinaryIO) -> Structure:
    """A PDF ends with `%%EOF`; readers accept some bytes after it, or a trailer alone (ISO 32000-1, annex H.3.18)."""
    held = length(file)
    tail = read_at(file, max(0, held - _TAIL), _TAIL)
    ended = b"%%EOF" in tail or (b"trailer" in tail and tail.rstrip().endswith(b">>"))
    if not ended:
        return Structure(cut="the end mark of the PDF is missing")
    return Structure()


def _rtf(file: BinaryIO) -> Structure:
    held = length(file)
    tail = read_at(file, max(0, held - _TAIL), _TAIL).rstrip(b"\0\r\n\t \x1a")
    return Structure(cut="" if tail.endswith(b"}") else "the last bracket of the RTF is missing")
