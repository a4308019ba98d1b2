"""Where files come from: names, folders and links, for every command that takes them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mediaprep import UsageError, check, check_all, plan, prepare_all
from mediaprep.batch.sources import gather, is_link
from tests.processes import PATIENCE, soon
from tests.servers.shelf import Shelf

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with Shelf() as running:
        yield running


def test_what_is_a_link() -> None:
    assert all(is_link(one) for one in ("http://a/b.jpg", "HTTPS://a/b", "ftp://a/b", "s3://bucket/key"))
    assert not any(is_link(one) for one in ("a.jpg", "C:\\a.jpg", "12:30:00.mp4", "a://", Path("http://a/b")))


def test_a_link_is_fetched_and_named_as_it_was_given(shelf: Shelf, tmp_path: Path) -> None:
    link = shelf.sample("photo-gps.jpg", "image/jpeg")
    (record,) = prepare_all([link], into=tmp_path / "out", allow_hosts=["127.0.0.1"])
    assert (record.status, record.source) == ("ready", link)
    assert record.path == str(tmp_path / "out" / "photo-gps.jpg")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["photo-gps.jpg"]
    (again,) = prepare_all([link], into=tmp_path / "out", allow_hosts=["127.0.0.1"])
    assert again.path == record.path, "the same link has the same output"


def test_new_bytes_behind_a_link_are_new_work(shelf: Shelf, tmp_path: Path) -> None:
    link = shelf.put("a.jpg", (SAMPLES / "photo-gps.jpg").read_bytes(), "image/jpeg")
    (first,) = prepare_all([link], into=tmp_path, allow_hosts=["127.0.0.1"])
    shelf.put("a.jpg", (SAMPLES / "photo-ready.jpg").read_bytes(), "image/jpeg")
    (second,) = prepare_all([link], into=tmp_path, allow_hosts=["127.0.0.1"])
    assert first.path == second.path and second.action == "pass"
    assert Path(str(second.path)).read_bytes() == (SAMPLES / "photo-ready.jpg").read_bytes()


def test_files_folders_and_links_go_together(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.jpg").write_bytes((SAMPLES / "photo-ready.jpg").read_bytes())
    link = shelf.sample("memo-ready.ogg", "audio/ogg")
    missing = f"{shelf.url}/nothing.jpg"
    records = list(
        check_all([tmp_path / "folder", link, missing, SAMPLES / "letter.pdf"], allow_hosts=[f"127.0.0.1:{shelf.port}"])
    )
    found = {record.source: record.status for record in records}
    assert found == {
        str(tmp_path / "folder" / "a.jpg"): "ready", str(SAMPLES / "letter.pdf"): "ready", link: "ready",
        missing: "failed",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("ftp://example.com/a.jpg", "http"),
        ("http://127.0.0.1:1/a.jpg", "--allow-host"),
        ("http://[::1/a.jpg", "invalid URL"),
    ],
)
def test_what_cannot_be_fetched_fails_alone(link: str, words: str, tmp_path: Path) -> None:
    found, refused = gather([link, SAMPLES / "photo-ready.jpg"], tmp_path)
    assert [one.path for one in found] == [SAMPLES / "photo-ready.jpg"]
    (record,) = refused
    assert record.status == "failed" and record.error is not None and words in record.error.message


def test_an_empty_name_is_not_the_current_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="empty name"):
        gather([SAMPLES / "photo-ready.jpg", ""], tmp_path)
    for call in (check, plan):
        with pytest.raises(UsageError, match="empty name"):
            call("")


def test_ctrl_c_ends_a_fetch_at_once(shelf: Shelf) -> None:
    link = shelf.sample("film.mov", "video/quicktime")
    shelf.faults = ["hang"]
    process = subprocess.Popen(
        [sys.executable, "-m", "mediaprep", "plan", link, "--allow-host", "127.0.0.1"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        assert soon(lambda: shelf.received)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert process.returncode == 130 and "interrupted" in err and "Traceback" not in err


def test_on_the_command_line(shelf: Shelf) -> None:
    link = shelf.sample("film.mov", "video/quicktime")
    command = [sys.executable, "-m", "mediaprep", "plan", link, "--json"]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert refused.returncode == 1 and "--allow-host 127.0.0.1" in refused.stdout and shelf.received == []
    done = subprocess.run([*command, "--allow-host", "127.0.0.1"], capture_output=True, text=True, timeout=PATIENCE)
    record = json.loads(done.stdout)
    assert (done.returncode, record["source"], record["action"]) == (1, link, "remux")
