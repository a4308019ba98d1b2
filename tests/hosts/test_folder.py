"""A folder, and a plain web server over it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from msgspec import structs

from mediaprep.destinations.base import Parcel
from mediaprep.errors import InputChanged, OutputError, Unreachable, UsageError
from mediaprep.hosts import open_host
from mediaprep.network.deadline import Deadline
from mediaprep.network.web import Line
from tests.hosts.contract import line, noise, parcel

CDN = "https://cdn.example.com/media"


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@pytest.fixture
def sent(tmp_path: Path) -> Parcel:
    return parcel(tmp_path, noise(tmp_path, 3_000_000))


def test_a_web_server_of_another_user_may_read_what_is_there(tmp_path: Path, sent: Parcel) -> None:
    before = os.umask(0o077)
    try:
        name = open_host(str(tmp_path / "new"), public_url=CDN).upload(sent, line()).value
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "new" / name).stat().st_mode) == 0o644
    assert names(tmp_path / "new") == [name]


def test_what_a_killed_run_left_is_cleared_and_was_never_served(tmp_path: Path, sent: Parcel) -> None:
    script = f"""
import os
from pathlib import Path
from mediaprep.destinations.base import Parcel
from mediaprep.hosts import open_host
from mediaprep.network.deadline import Deadline
from mediaprep.network.web import Line
parcel = Parcel(path=Path({str(sent.path)!r}), mime="image/jpeg", bytes={sent.bytes}, sha256={sent.sha256!r},
                target="image", filename="photo.jpg")
open_host({str(tmp_path / "www")!r}, public_url={CDN!r}).upload(
    parcel, Line(Deadline(9), progress=lambda _: os._exit(9))
)
"""
    assert subprocess.run([sys.executable, "-c", script], timeout=600).returncode == 9
    (left,) = (tmp_path / "www").iterdir()
    assert left.name.startswith(".") and stat.S_IMODE(left.stat().st_mode) == 0o700
    name = open_host(str(tmp_path / "www"), public_url=CDN).upload(sent, line()).value
    assert names(tmp_path / "www") == [name]


@pytest.mark.parametrize(
    ("where", "public", "words"),
    [
        ("www", "", "requires --public-url"),
        ("www", "cdn.example.com", "invalid URL in --public-url"),
        ("tpyo/www", CDN, "does not exist; correct --host"),
        ("file", CDN, "is not a folder"),
        ("", CDN, "--host is empty"),
        (" ", CDN, "--host is empty"),
        ("ftp://cdn.example.com/x", CDN, "ftp:// is not supported"),
    ],
)
def test_folders_that_cannot_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, public: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=words):
        open_host(where, public_url=public)
    assert names(tmp_path) == ["file"]


def test_a_folder_in_the_file_s_place_is_said(tmp_path: Path, sent: Parcel) -> None:
    (tmp_path / "www" / f"{sent.sha256}.jpg").mkdir(parents=True)
    with pytest.raises(OutputError, match="cannot write to"):
        open_host(str(tmp_path / "www"), public_url=CDN).upload(sent, line())


def test_a_folder_that_cannot_be_looked_at_is_said_when_it_is_written_to(tmp_path: Path, sent: Parcel) -> None:
    name = "x" * 300  # refused even where root may look into everything
    host = open_host(str(tmp_path / name), public_url=CDN)
    with pytest.raises(OutputError, match=r"cannot write to .*: File name too long"):
        host.upload(sent, line())


def test_stopping_ends_a_copy(tmp_path: Path, sent: Parcel) -> None:
    stop = threading.Event()
    with pytest.raises(Unreachable, match="stopped"):
        open_host(str(tmp_path / "www"), public_url=CDN).upload(
            sent, Line(Deadline(60, stop), progress=lambda _: stop.set())
        )
    assert names(tmp_path / "www") == []


def test_bytes_that_are_not_the_promised_ones_do_not_appear(tmp_path: Path, sent: Parcel) -> None:
    with pytest.raises(InputChanged):
        open_host(str(tmp_path / "www"), public_url=CDN).upload(structs.replace(sent, sha256="0" * 64), line())
    assert names(tmp_path / "www") == []
