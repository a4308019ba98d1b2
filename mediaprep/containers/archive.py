"""ZIP, 7z and OLE files: which document they are, and whether they are whole. Nothing is ever inflated.

Sources: PKWARE APPNOTE 4.3, ECMA-376 part 2 (Office), ODF 1.3 part 2, EPUB OCF 3.3, MS-CFB.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

from mediaprep.containers.structure import Structure, length, read_at

_OFFICE = "application/vnd.openxmlformats-officedocument."
_FOLDERS = (
    ("word/", _OFFICE + "wordprocessingml.document"),
    ("xl/", _OFFICE + "spreadsheetml.sheet"),
    ("ppt/", _OFFICE + "presentationml.presentation"),
)
_MACROS = {
    "word/vbaProject.bin": "application/vnd.ms-word.document.macroEnabled.12",
    "xl/vbaProject.bin": "application/vnd.ms-excel.sheet.macroEnabled.12",
    "ppt/vbaProject.bin": "application/vnd.ms-powerpoint.presentation.macroEnabled.12",
}
_MAX_DIRECTORY = 1 << 20
_MAX_COMMENT = 65_535
_STREAMS = (
    ("WordDocument", "application/msword"),
    ("Workbook", "application/vnd.ms-excel"),
    ("Book", "application/vnd.ms-excel"),
    ("PowerPoint Document", "application/vnd.ms-powerpoint"),
    ("__properties_version1.0", "application/vnd.ms-outlook"),
    ("VisioDocument", "application/vnd.visio"),
)
_END_OF_CHAIN = 0xFFFFFFFA
_MAX_SECTORS = 4096


def zip_end(file: BinaryIO) -> tuple[int, int, int] | None:
    """Offset and size of the directory and offset after the end record; None for a ZIP that is truncated."""
    held = length(file)
    start = max(0, held - 22 - _MAX_COMMENT)
    tail = read_at(file, start, held - start)
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < 22:
        return None
    size, _, comment = struct.unpack_from("<IIH", tail, at + 12)
    end = start + at
    return end - size if size <= end else 0, size, end + 22 + comment


def zip_names(file: BinaryIO) -> list[str]:
    """The names of the members, from the directory at the end."""
    end = zip_end(file)
    if end is None:
        return []
    directory = read_at(file, end[0], min(end[1], _MAX_DIRECTORY))
    names: list[str] = []
    at = directory.find(b"PK\1\2")
    while at >= 0 and directory[at : at + 4] == b"PK\1\2" and at + 46 <= len(directory):
        name, extra, comment = struct.unpack_from("<3H", directory, at + 28)
        names.append(directory[at + 46 : at + 46 + name].decode("utf-8", "replace"))
        at += 46 + name + extra + comment
    return names


def zip_mime(file: BinaryIO) -> str:
    """The document type that the members' names, or a first member called `mimetype`, tell."""
    head = read_at(file, 0, 256)
    if head[30:38] == b"mimetype" and head[8:10] == b"\0\0":
        size, extra = struct.unpack_from("<I", head, 18)[0], struct.unpack_from("<H", head, 28)[0]
        mime = head[38 + extra : 38 + extra + min(size, 100)].decode("latin-1").strip()
        if mime.isprintable() and mime.count("/") == 1:
            return mime
    names = zip_names(file)
    if "[Content_Types].xml" in names:
        if macro := next((mime for name, mime in _MACROS.items() if name in names), None):
            return macro
        for folder, mime in _FOLDERS:
            if any(name.startswith(folder) for name in names):
                return mime
    if "AndroidManifest.xml" in names:
        return "application/vnd.android.package-archive"
    return "application/java-archive" if "META-INF/MANIFEST.MF" in names else "application/zip"


def read_zip(file: BinaryIO) -> Structure:
    """Whether the end record is there, and what follows it."""
    end = zip_end(file)
    if end is None or end[2] > length(file):
        return Structure(cut="the directory at the end of the archive is missing")
    return Structure(trailing=max(0, length(file) - end[2]))


def read_7z(file: BinaryIO) -> Structure:
    """Whether the header at the end is inside the file."""
    head = read_at(file, 0, 32)
    offset, size = struct.unpack_from("<QQ", head.ljust(32, b"\0"), 12)
    held, end = length(file), 32 + offset + size
    if len(head) < 32 or end > held:
        return Structure(cut="the directory at the end of the archive is missing")
    return Structure(trailing=held - end)


def ole_mime(file: BinaryIO) -> str:
    """Which of Microsoft's older formats, by the names of the streams in the directory."""
    head = read_at(file, 0, 512)
    if len(head) < 512:
        return "application/x-ole-storage"
    shift, first = struct.unpack_from("<H", head, 30)[0], struct.unpack_from("<I", head, 48)[0]
    if shift not in (9, 12):
        return "application/x-ole-storage"
    table = struct.unpack_from("<109I", head, 76)
    sector, names, per_sector = first, set[str](), (1 << shift) // 4
    for _ in range(_MAX_SECTORS):
        if sector >= _END_OF_CHAIN:
            break
        entries = read_at(file, (sector + 1) << shift, 1 << shift)
        for at in range(0, len(entries) - 127, 128):
            size = struct.unpack_from("<H", entries, at + 64)[0]
            names.add(entries[at : at + max(0, min(size, 64) - 2)].decode("utf-16-le", "replace"))
        if sector // per_sector >= len(table) or table[sector // per_sector] >= _END_OF_CHAIN:
            break
        link = ((table[sector // per_sector] + 1) << shift) + sector % per_sector * 4
        sector = int.from_bytes(read_at(file, link, 4).rjust(4, b"\xff"), "little")
    return next((mime for name, mime in _STREAMS if name in names), "application/x-ole-storage")
