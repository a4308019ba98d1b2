"""What is remembered, and what makes it forget."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mediaprep.jobs import Request
from mediaprep.ledger import Ledger, key
from mediaprep.options import Options
from mediaprep.profiles import load
from mediaprep.record import Prepared

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
    record, name = done(tmp_path, source), key(source, tmp_path / "out", REQUEST)
    with Ledger(tmp_path / "state") as ledger:
        assert ledger.finished(name) is None
        ledger.remember(name, record)
    with Ledger(tmp_path / "state") as ledger:
        assert ledger.finished(name) == record
        assert ledger.output_of(source, tmp_path / "out") == Path(str(record.path))


def test_an_output_that_was_touched_or_removed_is_not_known(tmp_path: Path, source: Path) -> None:
    record, name = done(tmp_path, source), key(source, tmp_path / "out", REQUEST)
    with Ledger(tmp_path / "state") as ledger:
        ledger.remember(name, record)
        Path(str(record.path)).write_bytes(b"somebody else's")
        assert ledger.finished(name) is None
        assert ledger.output_of(source, tmp_path / "out") is None, "so it will not be replaced"
        Path(str(record.path)).unlink()
        assert ledger.finished(name) is None


def test_whatever_could_change_the_result_changes_the_key(tmp_path: Path, source: Path) -> None:
    keys = {
        key(source, tmp_path, REQUEST),
        key(source, tmp_path / "elsewhere", REQUEST),
        key(source, tmp_path, Request(profile=load("engagelab"))),
        key(source, tmp_path, Request(profile=load("whatsapp"), target="document")),
        key(source, tmp_path, Request(profile=load("whatsapp"), options=Options(background="#000000"))),
        key(source, tmp_path, Request(profile=load("whatsapp"), caption="hello")),
    }
    source.write_bytes(b"another source")
    keys.add(key(source, tmp_path, REQUEST))
    assert len(keys) == 7
    with pytest.raises(FileNotFoundError):
        key(tmp_path / "nothing", tmp_path, REQUEST)


def test_outputs_are_known_as_such_and_any_name_can_be_asked_for(tmp_path: Path, source: Path) -> None:
    record = done(tmp_path, source)
    with Ledger(tmp_path / "state") as ledger:
        ledger.remember(key(source, tmp_path / "out", REQUEST), record)
        assert ledger.made(Path(str(record.path)))
        assert not ledger.made(source)
        assert not ledger.made(tmp_path / os.fsdecode(b"\xff\xfe.png"))


def test_an_output_elsewhere_is_not_replaced(tmp_path: Path, source: Path) -> None:
    record = done(tmp_path, source)
    with Ledger(tmp_path / "state") as ledger:
        ledger.remember(key(source, tmp_path / "out", REQUEST), record)
        assert ledger.output_of(source, tmp_path / "other") is None
