"""Documents in archives: told by their directories, never inflated."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from mediaprep.containers import archive
from mediaprep.containers.structure import Structure
from tests import material

ODT = "application/vnd.oasis.opendocument.text"


def packed(*names: str, first: str = "") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        if first:
            package.writestr("mimetype", first)
        for name in names:
            package.writestr(name, b"x" * 100, zipfile.ZIP_DEFLATED)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (packed("a.txt"), "application/zip"),
        (packed("xl/workbook.xml", "[Content_Types].xml"), archive._FOLDERS[1][1]),
        (packed("[Content_Types].xml", "ppt/presentation.xml"), archive._FOLDERS[2][1]),
        (packed("[Content_Types].xml", "word/vbaProject.bin"), "application/vnd.ms-word.document.macroEnabled.12"),
        (packed("content.xml", first=ODT), ODT),
        (packed(first="application/epub+zip"), "application/epub+zip"),
        (packed("META-INF/MANIFEST.MF", "AndroidManifest.xml"), "application/vnd.android.package-archive"),
    ],
)  # fmt: skip
def test_zip_types(data: bytes, mime: str) -> None:
    assert archive.zip_mime(io.BytesIO(data)) == mime


def test_zip_without_its_directory_is_cut(tmp_path: Path) -> None:
    material.docx(tmp_path / "letter.docx")
    whole = (tmp_path / "letter.docx").read_bytes()
    assert archive.read_zip(io.BytesIO(whole)) == Structure()
    assert archive.read_zip(io.BytesIO(whole[:-30])).cut
    assert archive.read_zip(io.BytesIO(whole + b"more")).trailing == 4


def test_7z_header_at_the_end() -> None:
    head = b"7z\xbc\xaf\x27\x1c\0\4" + bytes(4) + (10).to_bytes(8, "little") + (5).to_bytes(8, "little") + bytes(4)
    assert not archive.read_7z(io.BytesIO(head + bytes(15))).cut
    assert archive.read_7z(io.BytesIO(head + bytes(14))).cut


def test_ole_types_by_the_names_of_streams() -> None:
    def entry(name: str) -> bytes:
        text = name.encode("utf-16-le") + b"\0\0"
        return text.ljust(64, b"\0") + len(text).to_bytes(2, "little") + bytes(62)

    head = bytearray(512)
    head[:8], head[30:32] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x09\0"
    head[76:] = b"\xff" * (512 - 76)
    directory = (entry("Root Entry") + entry("WordDocument")).ljust(512, b"\0")
    assert archive.ole_mime(io.BytesIO(bytes(head) + directory)) == "application/msword"
    assert archive.ole_mime(io.BytesIO(bytes(head) + bytes(512))) == "application/x-ole-storage"
