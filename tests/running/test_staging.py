"""Sources enter under a neutral name and are never touched; outputs leave by one rename and take nobody's place."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mediaprep.errors import DiskFull, InputChanged, NotAFile, OutputError, Unreadable
from mediaprep.running import staging


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def test_a_source_is_seen_under_a_neutral_name(tmp_path: Path, work: Path) -> None:
    source = tmp_path / "-i concat:a|b %03d.mp4"
    source.write_bytes(b"bytes")
    with staging.staged(source, work) as inside:
        assert inside.name == "input"
        assert inside.read_bytes() == b"bytes"
    assert source.read_bytes() == b"bytes"


def test_what_is_no_regular_file_is_never_opened(tmp_path: Path, work: Path) -> None:
    (tmp_path / "folder.mp4").mkdir()
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "real.mp4").write_bytes(b"x")
    (tmp_path / "link.mp4").symlink_to(tmp_path / "real.mp4")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "sock.mp4"))
    for name, word in (("folder.mp4", "folder"), ("pipe.mp4", "pipe"), ("link.mp4", "link"), ("sock.mp4", "socket")):
        with pytest.raises(NotAFile, match=word), staging.staged(tmp_path / name, work):
            pass
    with pytest.raises(NotAFile, match="device"):
        staging.identity(Path("/dev/null"))
    with pytest.raises(Unreadable, match="no such file"):
        staging.identity(tmp_path / "nothing")
    listener.close()


def test_a_source_that_may_not_be_read_says_so(work: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        source = Path(name) / "secret.jpg"
        source.touch(mode=0)
        with _as_nobody(), pytest.raises(Unreadable, match="permission denied"), staging.staged(source, work):
            pass
        folder = Path(name) / "locked"
        folder.mkdir(mode=0)
        with _as_nobody(), pytest.raises(Unreadable, match="cannot list the folder"):
            staging.identity(folder)


@contextlib.contextmanager
def _as_nobody() -> Iterator[None]:
    """Root reads everything; so a test that runs as root becomes somebody else for a moment."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_source_that_changes_meanwhile_is_refused(tmp_path: Path, work: Path) -> None:
    source = tmp_path / "growing.mp4"
    source.write_bytes(b"one")
    with pytest.raises(InputChanged), staging.staged(source, work):
        source.write_bytes(b"longer")


def test_a_source_that_is_rewritten_at_the_same_length_is_refused(tmp_path: Path, work: Path) -> None:
    source = tmp_path / "film.mp4"
    source.write_bytes(b"one")
    later = source.stat().st_mtime_ns + 1_000_000_000

    def rewrite() -> None:
        source.write_bytes(b"two")
        os.utime(source, ns=(later, later))

    with pytest.raises(InputChanged), staging.staged(source, work):
        rewrite()


def test_a_source_that_becomes_a_link_before_it_is_opened_is_never_read(
    tmp_path: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may write in the folder could lead the pipeline to any file by it, so no link is followed."""
    source, moved = tmp_path / "film.mp4", tmp_path / "moved.mp4"
    source.write_bytes(b"bytes")
    look = staging.identity

    def swapped(path: Path) -> os.stat_result:
        found = look(path)
        path.rename(moved)
        path.symlink_to(moved)
        return found

    monkeypatch.setattr(staging, "identity", swapped)
    with pytest.raises(Unreadable), staging.staged(source, work):
        pytest.fail("it was opened through the link")


def test_the_run_folder_goes_and_takes_dead_runs_with_it(tmp_path: Path) -> None:
    dead = tmp_path / f"{staging.PREFIX}4194304-abc"
    dead.mkdir()
    (dead / "half.mp4").write_bytes(b"half")
    alive = tmp_path / f"{staging.PREFIX}{os.getpid()}-abc"
    alive.mkdir()
    with staging.run_folder(tmp_path) as folder:
        assert folder.is_dir()
        assert not dead.exists()
        assert alive.exists()
    assert not folder.exists()


def test_an_output_takes_nobodys_place(tmp_path: Path, work: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "cat.jpg").write_bytes(b"somebody else's")
    for number, expected in ((1, "cat-2.jpg"), (2, "cat-3.jpg")):
        made = work / f"made-{number}"
        made.write_bytes(b"ours")
        assert staging.deliver(made, out, "cat", ".jpg").name == expected
        assert not made.exists()
    assert (out / "cat.jpg").read_bytes() == b"somebody else's"


def test_an_output_replaces_only_its_own_forerunner(tmp_path: Path, work: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "cat.jpg").write_bytes(b"somebody else's")
    (out / "cat-2.jpg").write_bytes(b"ours of yesterday")
    made = work / "made"
    made.write_bytes(b"ours of today")
    final = staging.deliver(made, out, "cat", ".jpg", replacing=out / "cat-2.jpg")
    assert final.name == "cat-2.jpg" and final.read_bytes() == b"ours of today"
    assert (out / "cat.jpg").read_bytes() == b"somebody else's"


def test_a_full_disk_names_the_users_folder(tmp_path: Path) -> None:
    for where in (tmp_path, tmp_path / ".mediaprep-1-x" / "0" / "output"):
        with pytest.raises(DiskFull, match=f"no space left in {re.escape(str(tmp_path))};"), staging.writing(where):
            raise OSError(errno.ENOSPC, "no space")


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path, work: Path) -> None:
    made = work / "made"
    made.write_bytes(b"ours")
    blocked = tmp_path / "blocked"
    blocked.write_bytes(b"a file where a folder should be")
    with pytest.raises(OutputError, match="cannot write to"):
        staging.deliver(made, blocked, "cat", ".jpg")


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("holiday.mov", "holiday"),
        ("Ünïcödé ☃.png", "Ünïcödé ☃"),
        ("-o.mp4", "_o"),
        (".hidden", "_hidden"),
        ("a\nb\x1b[31m.png", "a_b_[31m"),
        ("rtl\u202egnp.exe", "rtl_gnp"),
        ('a<b>:"c|d?e*.png', "a_b___c_d_e_"),
        ("\udcff\udcfe.png", "__"),
        ("x" * 250 + ".png", "x" * 180),
        ("é" * 120 + ".png", "é" * 90),
        ("12:30:00.mp4", "12_30_00"),
    ],
)
def test_stems_are_harmless(name: str, stem: str) -> None:
    assert staging.safe_stem(name).replace("?", "_") == stem


def test_twins_get_names_of_their_own_whatever_the_order() -> None:
    names = [
        ("", "cat.png"),
        ("", "cat.heic"),
        ("", "Cat.PNG"),
        ("", "dog.png"),
        ("sub", "cat.png"),
        ("", "cat-png.gif"),
    ]
    stems = staging.stems(names)
    assert len({(folder, stem.casefold()) for (folder, _), stem in zip(names, stems, strict=True)}) == len(names)
    assert stems[3] == "dog" and stems[4] == "cat"
    assert stems[1] == "cat-heic"


def test_names_that_differ_only_in_unicode_form_are_twins() -> None:
    stems = staging.stems([("", "caf\u00e9.png"), ("", "cafe\u0301.jpg")])
    assert stems[0] != stems[1]


def test_names_that_differ_only_in_case_are_twins() -> None:
    """Many file systems take `Cat` and `cat` for one name; outputs have to live there too."""
    stems = staging.stems([("", "Cat.png"), ("", "cat.heic"), ("", "STRASSE.png"), ("", "straße.png")])
    assert len({stem.casefold() for stem in stems}) == 4
