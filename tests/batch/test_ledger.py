"""What is remembered, and what makes it forget."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from msgspec.structs import replace

from mediaprep.batch.ledger import Ledger, memory_key
from mediaprep.options import Options
from mediaprep.pipeline import Request
from mediaprep.planning.profiles import load
from mediaprep.record import Prepared
from mediaprep.running import system

REQUEST = Request(profile=load("whatsapp"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "a.mov"
    path.write_bytes(b"source")
    return path


def done(tmp_path: Path, source: Path) -> Prepared:
    output = tmp_path / "out" / "a.mp4"
    output.parent.mkdir(exist_ok=True)
    output.write_bytes(b"output")
    return Prepared(source=str(source), status="ready", path=str(output), bytes=6)


def test_finished_work_is_known_again_across_openings(tmp_path: Path, source: Path) -> None:
    record, name = done(tmp_path, source), memory_key(source, tmp_path / "out", REQUEST)
    with Ledger(tmp_path / "state") as ledger:
        assert ledger.finished(name) is None
        ledger.remember(name, record)
    with Ledger(tmp_path / "state") as ledger:
        assert ledger.finished(name) == replace(record, source=""), "a link may hold a key: no source is kept"
        assert ledger.output_of(source, tmp_path / "out") == Path(str(record.path))


def test_an_output_that_was_touched_or_removed_is_not_known(tmp_path: Path, source: Path) -> None:
    record, name = done(tmp_path, source), memory_key(source, tmp_path / "out", REQUEST)
    with Ledger(tmp_path / "state") as ledger:
        ledger.remember(name, record)
        Path(str(record.path)).write_bytes(b"somebody else's")
        assert ledger.finished(name) is None
        assert ledger.output_of(source, tmp_path / "out") is None, "so it will not be replaced"
        Path(str(record.path)).unlink()
        assert ledger.finished(name) is None


def test_whatever_could_change_the_result_changes_the_key(tmp_path: Path, source: Path) -> None:
    keys = {
        memory_key(source, tmp_path, REQUEST),
        memory_key(source, tmp_path / "elsewhere", REQUEST),
        memory_key(source, tmp_path, Request(profile=load("engagelab"))),
        memory_key(source, tmp_path, Request(profile=load("whatsapp"), target="document")),
        memory_key(source, tmp_path, Request(profile=load("whatsapp"), options=Options(background="#000000"))),
        memory_key(source, tmp_path, Request(profile=load("whatsapp"), caption="hello")),
    }
    source.write_bytes(b"another source")
    keys.add(memory_key(source, tmp_path, REQUEST))
    assert len(keys) == 7
    with pytest.raises(FileNotFoundError):
        memory_key(tmp_path / "nothing", tmp_path, REQUEST)


def test_outputs_are_known_as_such_and_any_name_can_be_asked_for(tmp_path: Path, source: Path) -> None:
    record = done(tmp_path, source)
    with Ledger(tmp_path / "state") as ledger:
        ledger.remember(memory_key(source, tmp_path / "out", REQUEST), record)
        assert ledger.made(Path(str(record.path)))
        assert not ledger.made(source)
        assert not ledger.made(tmp_path / os.fsdecode(b"\xff\xfe.png"))


def test_an_output_elsewhere_is_not_replaced(tmp_path: Path, source: Path) -> None:
    record = done(tmp_path, source)
    with Ledger(tmp_path / "state") as ledger:
        ledger.remember(memory_key(source, tmp_path / "out", REQUEST), record)
        assert ledger.output_of(source, tmp_path / "other") is None


@pytest.mark.parametrize("left", ["{}", "nonsense", "[" * 200_000])
def test_a_record_that_cannot_be_read_is_not_known(tmp_path: Path, source: Path, left: str) -> None:
    record, name = done(tmp_path, source), memory_key(source, tmp_path / "out", REQUEST)
    with Ledger(tmp_path / "state") as ledger:
        ledger.remember(name, record)
        ledger.remember_content(name, record)
        for table in ("prepared", "contents"):
            ledger._db.execute(f"update {table} set record = ?", (left,))
        assert ledger.finished(name) is None and ledger.content(name) is None


def test_a_damaged_ledger_knows_nothing_and_says_so(tmp_path: Path, source: Path) -> None:
    record, name = done(tmp_path, source), memory_key(source, tmp_path / "out", REQUEST)
    with Ledger(tmp_path / "state") as ledger:
        ledger.remember(name, record)
        ledger.remember_content(name, record)
    path = tmp_path / "state" / "ledger.sqlite"
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + bytes(range(256)) * ((len(whole) - 4096) // 256))
    with Ledger(tmp_path / "state") as ledger:
        for recalled in (ledger.content, ledger.finished):
            with pytest.warns(RuntimeWarning, match="cannot be recalled"):
                assert recalled(name) is None


def test_one_process_at_a_time_opens_it(tmp_path: Path) -> None:
    """SQLite fails at once where two make the same file."""
    state = tmp_path / "state"
    Ledger(state).__exit__()
    opened = threading.Event()

    def use() -> None:
        with Ledger(state):
            opened.set()

    with system.locked(state / "ledger.lock", lambda: None):
        thread = threading.Thread(target=use)
        thread.start()
        assert not opened.wait(0.3)
    assert opened.wait(300)
    thread.join()
