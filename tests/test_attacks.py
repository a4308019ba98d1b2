"""Hostile files, names and neighbours in one folder, as one batch: each gets its own verdict and nothing leaks.

Every file is made here. `TOKEN` stands in what must never be sent: another person's files outside the folder, and
what private words a file carries besides its picture and its sound.
"""

from __future__ import annotations

import io
import json
import os
import re
import struct
import subprocess
import zlib
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from mediaprep import Prepared, prepare_all
from mediaprep.record import printable
from mediaprep.running import tools
from tests import independent, material

TOKEN = "TOKEN-5e1c-private"
FILM = ("-f", "lavfi", "-i", "testsrc=d=0.5:s=64x48:r=10")
TONE = ("-f", "lavfi", "-i", "sine=d=0.5:sample_rate=48000")
H264 = ("-c:v", "libx264", "-profile:v", "main", "-bf", "0", "-pix_fmt", "yuv420p")
READY = (*H264, "-c:a", "aac", "-movflags", "+faststart")
TAGS = ("-metadata", f"comment={TOKEN}", "-metadata", f"artist={TOKEN}")
PLACE = ("-metadata", "location=+48.8584+002.2945/")

REFUSED = {
    "playlist.mp4": "UnknownType",
    "playlist16.mp4": "UnknownType",
    "script.mp4": "UnknownType",
    "session.mp4": "UnknownType",
    "words.jpg": "UnknownType",
    "program.jpg": "UnknownType",
    "ones.mp3": "UnknownType",
    "empty.mp4": "Incomplete",
    "cut.docx": "Incomplete",
    "cut.amr": "Incomplete",
    "many.png": "TooMuch",
    "huge.png": "TooMuch",
    "huge.gif": "TooMuch",
    "huge.webp": "TooMuch",
    "canvas.webp": "TooMuch",
    "folder.mp4": "NotAFile",
    "pipe.mp4": "NotAFile",
    "link.png": "NotAFile",
    "loop.jpg": "NotAFile",
}
"""Name -> the class of its error."""
REJECTED = ("playlist.m3u8", "manifest.mpd", "drawing.png", "drawing.svg", "subtitles.srt", "page.png")
"""What is known for what it is, and taken by no kind of message."""
NAMES = (
    "-o.mp4", "concat:a.mp4|a.mp4", "subfile,,start,0,end,0,,:a.mp4", "film%d.mp4", "12:30:00.mp4", "pipe:0", "-",
    "line\nfeed.mp4", "\x1b]0;owned\x07.mp4", "\u202egpj.4pm", "a.MP4", "a.mp4", "$(touch owned).mp4", ".mp4",
)  # fmt: skip
PRIVATE = {
    "motion.jpg": "remux", "exif.jpg": "remux", "text.png": "remux", "late.png": "remux",
    "place.mp4": "remux", "leftover.mp4": "remux", "song.mp3": "remux", "note.ogg": "remux",
}  # fmt: skip
"""What complies but for the words it carries -> how that is cured."""


def made(path: Path, *arguments: str) -> bytes:
    """What ffmpeg makes, in bytes."""
    command = [tools.ffmpeg().path, "-nostdin", "-v", "error", "-y", *arguments, "-threads", "1", str(path)]
    subprocess.run(command, check=True, timeout=600)
    return path.read_bytes()


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, *between: bytes) -> bytes:
    """A PNG whose header says so, and whose picture is one row of zeros."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    parts = (header, *between, chunk(b"IDAT", zlib.compress(bytes(1 + width % 65536))), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def webp(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"WEBP" + b"".join(
        kind + struct.pack("<I", len(data)) + data + bytes(len(data) & 1) for kind, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def saved(form: str, **options: object) -> bytes:
    out = io.BytesIO()
    material.photo(96, 64).save(out, form, **options)
    return out.getvalue()


def write_refused(folder: Path, secret: Path) -> None:
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n"
    drawing = f"<svg xmlns='http://www.w3.org/2000/svg'><image href='file://{secret}'/></svg>"
    for name, words in {
        "playlist.mp4": f"\n\n{playlist}",
        "playlist.m3u8": playlist,
        "script.mp4": "ffconcat version 1.0\nfile neighbour.mp4\n",
        "session.mp4": "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nm=video 5004 RTP/AVP 96\r\n",
        "manifest.mpd": f"<MPD xmlns='urn:mpeg:dash:schema:mpd:2011'><BaseURL>file://{secret}</BaseURL></MPD>",
        "drawing.svg": drawing,
        "drawing.png": drawing,
        "page.png": "<!doctype html><script>alert(1)</script>",
        "subtitles.srt": "1\n00:00:01,000 --> 00:00:02,000\nHello\n",
        "words.jpg": "push graphic-context\nimage over 0,0 0,0 'url(http://127.0.0.1/)'\n",
        "empty.mp4": "",
    }.items():
        (folder / name).write_text(words)
    (folder / "playlist16.mp4").write_bytes(playlist.encode("utf-16"))
    (folder / "program.jpg").write_bytes(b"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff" + bytes(200))
    (folder / "ones.mp3").write_bytes(b"\xff" * 100_000)
    (folder / "huge.png").write_bytes(png(50_000, 50_000))
    frame = chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 1, 1, 0, 0, 1, 100, 0, 0))
    (folder / "many.png").write_bytes(png(1, 1, chunk(b"acTL", struct.pack(">II", 30_000, 0)), *[frame] * 30_000))
    (folder / "huge.gif").write_bytes(
        b"GIF89a\xff\xff\xff\xff\x80\0\0" + bytes(6) + b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\2\2D\1\0;"
    )
    (folder / "huge.webp").write_bytes(webp((b"VP8L", b"\x2f\xff\xff\xff\x0f" + bytes(9))))
    (folder / "canvas.webp").write_bytes(
        webp((b"VP8X", b"\2\0\0\0" + b"\xff" * 6), (b"ANIM", bytes(6)), (b"ANMF", bytes(16)), (b"ANMF", bytes(16)))
    )
    (folder / "cut.amr").write_bytes(b"#!AMR\n" + (b"\x3c" + bytes(31)) * 3 + b"\x3c" + bytes(9))
    material.docx(folder / "cut.docx")
    whole = (folder / "cut.docx").read_bytes()
    (folder / "cut.docx").write_bytes(whole[: whole.rindex(b"PK\5\6")])
    (folder / "folder.mp4").mkdir()
    os.mkfifo(folder / "pipe.mp4")
    (folder / "link.png").symlink_to(secret)
    (folder / "loop.jpg").symlink_to("loop.jpg")


def write_private(folder: Path) -> None:
    token = TOKEN.encode()
    exif = Image.Exif()
    exif[0x010E] = exif[0x013B] = TOKEN
    exif.get_ifd(0x8825)[2] = (48.0, 51.0, 29.0)
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", TOKEN, zip=False)
    film = made(folder / "place.mp4", *FILM, *TONE, *READY, *TAGS, *PLACE)
    plain = made(folder / "neighbour.mp4", *FILM, *TONE, *READY)
    (folder / "motion.jpg").write_bytes(saved("JPEG") + film)
    (folder / "exif.jpg").write_bytes(saved("JPEG", exif=exif, comment=token))
    (folder / "text.png").write_bytes(saved("PNG", pnginfo=info))
    (folder / "late.png").write_bytes(saved("PNG") + chunk(b"IDAT", token))
    (folder / "leftover.mp4").write_bytes(plain + struct.pack(">I", 8 + len(token)) + b"free" + token)
    made(folder / "song.mp3", *TONE, "-c:a", "libmp3lame", *TAGS)
    made(folder / "note.ogg", *TONE, "-ac", "1", "-c:a", "libopus", *TAGS)


class Batch:
    """The folder of attacks, what was there before, and what became of it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.out, self.scratch = folder / "in", folder / "out", folder / "tmp"
        self.folder.mkdir()
        self.scratch.mkdir()
        made(folder / "secret.ts", *FILM, "-metadata", f"title={TOKEN}", "-metadata", f"service_name={TOKEN}")
        write_refused(self.folder, folder / "secret.ts")
        write_private(self.folder)
        self.names = [os.fsencode(name) for name in NAMES] + [b"\xff\xfe\x80.mp4", b"n" * 250 + b".mp4"]
        for name in self.names:
            os.link(self.folder / "neighbour.mp4", os.fsencode(self.folder) + b"/" + name)
        self.before = self.stats()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TMPDIR", str(self.scratch))
            self.records = list(prepare_all([self.folder], into=self.out, jobs=2))
        self.after = self.stats()
        self.outputs = sorted(path for path in self.out.rglob("*") if not path.is_dir())

    def stats(self) -> dict[str, tuple[int, int, int]]:
        found = {path.name: path.lstat() for path in self.folder.iterdir()}
        return {name: (stat.st_size, stat.st_mtime_ns, stat.st_mode) for name, stat in found.items()}

    def __getitem__(self, name: str) -> Prepared:
        (record,) = (one for one in self.records if one.source == printable(self.folder / name))
        return record


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Batch:
    return Batch(tmp_path_factory.mktemp("attacks"))


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_a_sentence(batch: Batch, name: str) -> None:
    record = batch[name]
    assert record.status == "failed" and record.error is not None
    assert record.error.type == REFUSED[name], record.error
    assert (
        re.search(r"[:;.] ", record.error.message)
        and "\n" not in record.error.message
        and len(record.error.message) < 300
    )
    assert "Traceback" not in record.error.message and str(batch.folder) not in record.error.message


@pytest.mark.parametrize("name", REJECTED)
def test_known_and_not_taken(batch: Batch, name: str) -> None:
    record = batch[name]
    if record.error is not None:
        assert record.error.type == "UnknownType"
    else:
        assert record.status == "rejected" and record.remaining[0].code == "MP101"


@pytest.mark.parametrize("name", PRIVATE)
def test_private_words_go_and_nothing_else(batch: Batch, name: str) -> None:
    record = batch[name]
    assert (record.status, record.action, record.remaining) == ("ready", PRIVATE[name], ())
    independent.inspect(Path(str(record.path)), str(record.target))


def test_a_name_is_only_a_name(batch: Batch) -> None:
    named = [batch[os.fsdecode(name)] for name in batch.names]
    assert {(record.status, record.target, record.action) for record in named} == {("ready", "video", "pass")}
    assert len({record.path for record in batch.records if record.path}) == len(batch.outputs)
    same = (batch.folder / "neighbour.mp4").read_bytes()
    assert all(Path(str(record.path)).read_bytes() == same for record in named)
    assert all(path.name.isprintable() and path.name[0] not in ".-" and ":" not in path.name for path in batch.outputs)
    for record in batch.records:
        line = record.json()
        assert json.loads(line)["source"] == record.source and line.isprintable()


def test_nothing_leaks(batch: Batch) -> None:
    for path in batch.outputs:
        data = path.read_bytes()
        assert TOKEN.encode() not in data and TOKEN.encode("utf-16-le") not in data, path.name
        assert b"+48.8584" not in data, path.name


def test_one_record_each_and_nothing_is_left_behind_or_changed(batch: Batch) -> None:
    assert len(batch.records) == len(batch.before)
    assert batch.after == batch.before
    assert {str(path) for path in batch.outputs} == {record.path for record in batch.records if record.path}
    assert not list(batch.scratch.iterdir())
