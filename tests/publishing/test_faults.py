"""Destinations and hosts that misbehave: one stored copy and a right reference in the end, or a clear failure.

Each fault meets every way of publishing; then the journal is looked at, and the same command is run again.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sqlite3
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import trustme

from mediaprep.batch.ledger import open_database
from mediaprep.network import retry
from mediaprep.publishing import journal
from mediaprep.publishing.publish import publish, publish_all
from mediaprep.record import Prepared
from tests.carriers import WAYS, Way, way
from tests.routes import got
from tests.servers.base import Fault, Received, Reply, StandIn
from tests.servers.wassenger import WassengerStandIn
from tests.servers.whatsapp import WhatsAppStandIn

ROOT = Path(__file__).parents[2]
PAGE = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test begins with an empty journal, and waits are short."""
    monkeypatch.setenv("MEDIAPREP_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(retry, "FIRST", 0.01)


@pytest.fixture(params=WAYS)
def to(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Way]:
    with way(request.param, tmp_path) as running:
        yield running


def document(folder: Path, size: int = 9_000_000) -> tuple[Path, bytes]:
    """A document that passes as it is: larger than what the system takes in at once, and unlike any other test's."""
    path = folder / "offer.pdf"
    filling = (f"% {hashlib.sha256(str(folder).encode()).hexdigest()}".ljust(79).encode() + b"\n") * (size // 80)
    content = PAGE + filling + b"trailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF\n"
    path.write_bytes(content)
    return path, content


def published(to: Way, path: Path, *, force: bool = False, timeout: float = 300) -> Prepared:
    return publish(path, terms=to.terms(force=force, timeout=timeout))


def whole(to: Way, record: Prepared, content: bytes) -> None:
    """One copy, a reference that the server knows, and a journal that says so."""
    assert record.status == "published", record.error
    assert to.copies(content) == 1
    assert to.state(content) == "done"
    assert record.reference is not None
    right(to, record.reference, content)


def right(to: Way, reference: Mapping[str, str], content: bytes) -> None:
    """The reference is that of this very content."""
    match to.server:
        case WassengerStandIn():
            assert to.server.files[reference["id"]]["sha2"] == hashlib.sha256(content).hexdigest()
        case WhatsAppStandIn():
            assert to.server.contents[reference["id"]] == hashlib.sha256(content).hexdigest()
        case _:
            assert got(reference["link"]) == content


def clear(record: Prepared, *words: str) -> None:
    """A failure that says in one sentence what is wrong."""
    assert record.status == "failed" and record.reference is None and record.error is not None
    assert any(word in record.error.message for word in words), record.error.message
    assert "\n" not in record.error.message and "canary" not in record.error.message


@pytest.mark.parametrize(
    "faults", [["reset"], ["429"], ["500", "500", "500"], ["502"], ["reset", "503", "429"]], ids=str
)
def test_what_passes_is_tried_again(to: Way, tmp_path: Path, faults: list[Fault]) -> None:
    path, content = document(tmp_path)
    to.server.faults = list(faults)
    whole(to, published(to, path), content)
    assert to.server.faults == []
    again = published(to, path)
    whole(to, again, content)
    assert again.uploaded is False


def test_what_does_not_pass_is_given_up_and_leaves_nothing(to: Way, tmp_path: Path) -> None:
    path, content = document(tmp_path, 100_000)
    to.server.faults = ["500"] * retry.TRIES
    clear(published(to, path), "tried 4 times")
    assert (to.copies(content), to.state(content)) == (0, "unknown")
    whole(to, published(to, path), content)


@pytest.mark.parametrize("status", ["403", "413", "422"])
def test_what_is_refused_for_good_is_said_at_once(to: Way, tmp_path: Path, status: Fault) -> None:
    path, content = document(tmp_path, 100_000)
    to.server.faults = [status]
    clear(published(to, path), f"returned status {status}")
    assert len([one for one in to.server.received if one.method in ("POST", "PUT")]) == 1
    assert (to.copies(content), to.state(content)) == (0, "unknown")
    whole(to, published(to, path), content)


def test_a_wait_that_is_too_long_is_told_and_not_waited_for(to: Way, tmp_path: Path) -> None:
    path, content = document(tmp_path, 100_000)
    to.server.faults, to.server.retry_after = ["429"], "86400"
    clear(published(to, path), "retry after 86400 s")
    assert (to.copies(content), to.state(content)) == (0, "unknown")
    whole(to, published(to, path), content)


def test_an_answer_that_was_lost(to: Way, tmp_path: Path) -> None:
    path, content = document(tmp_path, 100_000)
    to.server.faults = ["lost"]
    first = published(to, path)
    assert to.copies(content) == 1
    if to.repeatable:
        whole(to, first, content)
        return
    clear(first, "its response was lost")
    assert to.state(content) == "out"
    clear(published(to, path), "with --force")
    assert to.copies(content) == 1
    assert published(to, path, force=True).status == "published"
    assert (to.copies(content), to.state(content)) == (2, "done")


def test_no_answer(to: Way, tmp_path: Path, deadlines_end: Callable[[threading.Event], None]) -> None:
    deadlines_end(to.server.stuck)
    path, content = document(tmp_path, 100_000)
    to.server.faults = ["hang"]
    clear(published(to, path), "time limit of")
    assert (to.copies(content), to.state(content)) == (1, "out")
    second = published(to, path)
    if to.repeatable:
        whole(to, second, content)
    else:
        clear(second, "--force")
    assert to.copies(content) == 1


def test_a_page_instead_of_an_answer(to: Way, tmp_path: Path) -> None:
    path, content = document(tmp_path, 100_000)
    to.server.faults = ["html"]
    clear(published(to, path), "Sign in", "page", "not as S3 does", "without the ETag")
    assert to.copies(content) == 0
    second = published(to, path)
    if to.repeatable:
        whole(to, second, content)
    else:
        clear(second, "--force")


class Trap(StandIn):
    """Answers everything, and should be asked nothing."""

    def answer(self, request: Received) -> Reply:
        return Reply(200, {"id": "0123456789abcdef01234567"})


def test_a_redirect_takes_no_key_along(to: Way, tmp_path: Path) -> None:
    path, content = document(tmp_path, 100_000)
    with Trap() as trap:
        to.server.faults, to.server.elsewhere = ["redirect"], f"{trap.url}/v1/files"
        clear(published(to, path), "redirects")
        assert trap.received == []
    assert (to.copies(content), to.state(content)) == (0, "unknown")


@pytest.mark.parametrize("name", WAYS)
def test_who_cannot_prove_who_he_is_gets_nothing(name: str, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    path, content = document(tmp_path, 100_000)
    with Trap(context=context) as trap, way(name, tmp_path) as plain:
        at = plain.server.url
        to = Way(
            plain.via, trap, {key: value.replace(at, trap.url) for key, value in plain.environment.items()},
            [option.replace(at, trap.url) for option in plain.options],
        )  # fmt: skip
        clear(published(to, path), "cannot verify the TLS certificate")
        assert trap.received == plain.server.received == [] and to.state(content) == "unknown"


@pytest.mark.filterwarnings("ignore:an upload succeeded, but the journal could not be written")
def test_a_full_disk_under_the_ledger(to: Way, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To SQLite a database that may not grow is a full disk. What cannot be noted down is not sent."""

    def full(folder: Path, schema: str) -> sqlite3.Connection:
        database = open_database(folder, schema)
        pages = database.execute("pragma page_count").fetchone()[0]
        database.execute(f"pragma max_page_count = {pages}")
        return database

    contents = {}
    for number in range(30):
        (tmp_path / "many" / f"{number}").mkdir(parents=True)
        path, content = document(tmp_path / "many" / f"{number}", 800)
        contents[str(path)] = content
    with monkeypatch.context() as patch:
        patch.setattr(journal, "open_database", full)
        first = list(publish_all([tmp_path / "many"], terms=to.terms()))
    failed = [record for record in first if record.status == "failed"]
    assert failed and len(failed) < len(first) == 30
    for record in first:
        if record in failed:
            clear(record, "the journal of uploads")
        assert to.copies(contents[record.source]) == (record not in failed)
    for record in publish_all([tmp_path / "many"], terms=to.terms()):
        assert to.copies(contents[record.source]) == 1
        if record.status != "published":
            assert not to.repeatable
            clear(record, "with --force")


def environment(to: Way) -> dict[str, str]:
    return {**os.environ, **to.environment, "PYTHONPATH": str(ROOT)}


def started(to: Way, *arguments: str | os.PathLike[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "mediaprep", *to.command(*arguments), "--json"],
        env=environment(to), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def records(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    out, err = process.communicate(timeout=1200)
    assert "Traceback" not in err and "canary-secret" not in out + err, err
    return [json.loads(line) for line in out.splitlines()]


def test_two_processes_at_once_upload_once(to: Way, tmp_path: Path) -> None:
    path, content = document(tmp_path)
    processes = [started(to, path) for _ in range(3)]
    found = [record for process in processes for record in records(process)]
    assert [record["status"] for record in found] == ["published"] * 3
    assert len({json.dumps(record["reference"]) for record in found}) == 1
    assert sorted(str(record["uploaded"]) for record in found) == ["False", "False", "True"]
    assert to.copies(content) == 1
    right(to, found[0]["reference"], content)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_kill_9_in_a_folder_and_a_second_run(to: Way, tmp_path: Path, moment: str) -> None:
    """Killed when the third file arrives: before the server has it, or after."""
    folder = tmp_path / "folder"
    contents = []
    for number in range(6):
        (folder / f"{number}").mkdir(parents=True)
        contents.append(document(folder / f"{number}", 200_000)[1])
    victim: list[subprocess.Popen[str]] = []
    arrived = threading.Semaphore(2)
    answer = to.server.answer

    def deadly(request: Received) -> Reply:
        if request.method not in ("POST", "PUT") or arrived.acquire(blocking=False):
            return answer(request)
        reply = answer(request) if moment == "after" else Reply(500)
        victim[0].send_signal(signal.SIGKILL)
        victim[0].wait()
        return reply

    to.server.answer = deadly  # type: ignore[method-assign]
    victim.append(started(to, folder))
    victim[0].communicate(timeout=1200)
    assert victim[0].returncode == -signal.SIGKILL
    to.server.answer = answer  # type: ignore[method-assign]
    found = records(started(to, folder))
    assert len(found) == 6
    for record in found:
        content = (folder / str(record["source"]).split("/")[-2] / "offer.pdf").read_bytes()
        if to.repeatable or record["status"] == "published":
            assert record["status"] == "published", record
            assert to.copies(content) == 1
            right(to, record["reference"], content)
        else:
            error = record["error"]
            assert isinstance(error, dict) and "--force" in error["message"]
            assert to.copies(content) <= 1
