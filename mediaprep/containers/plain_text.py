"""Plain text: the words in the bytes of a file that does not say how they are encoded."""

from __future__ import annotations

import codecs
from pathlib import Path

MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}

MAX_WORDS = 1_000_000
"""Bytes of a text message that are read; no platform takes more than a few thousand characters."""


def decoded(data: bytes) -> str:
    """Text by its byte order mark, else UTF-8, else the 8-bit set of Windows, of which Latin-1's letters are a part."""
    for mark, encoding in MARKS.items():
        if data.startswith(mark):
            return data.removeprefix(mark).decode(encoding, "replace")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def read_words(path: Path) -> str:
    """The text of a message: as much of it as decides whether it is too long."""
    with path.open("rb") as reader:
        return decoded(reader.read(MAX_WORDS))
