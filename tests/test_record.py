"""The record is the contract's, field by field, and always valid JSON."""

from __future__ import annotations

import json
import os

from mediaprep.errors import Incomplete
from mediaprep.record import Failure, Prepared, failed, printable
from mediaprep.rules import Finding

CONTRACT = {
    "source", "status", "target", "action", "path", "mime", "bytes", "sha256", "findings", "remaining", "encodes",
    "seconds", "error",
}  # fmt: skip


def test_every_field_of_the_contract_is_there() -> None:
    record = json.loads(Prepared(source="a.mov", status="ready").json())
    assert set(record) >= CONTRACT
    assert record["remaining"] == [] and record["error"] is None
    assert "waveform" not in record, "facts that do not apply are left out"


def test_a_finding_is_written_as_promised() -> None:
    finding = Finding(code="MP301", name="video-codec", level="error", message="m", cure="encode", part="video")
    record = json.loads(Prepared(source="a.mov", status="needs-work", findings=(finding,)).json(without=("path",)))
    assert record["findings"] == [
        {"code": "MP301", "name": "video-codec", "level": "error", "message": "m", "cure": "encode", "part": "video"}
    ]
    assert "path" not in record


def test_an_error_has_a_type_and_a_sentence() -> None:
    record = failed("x.mp4", Incomplete("cut short"))
    assert record.error == Failure("Incomplete", "cut short")
    assert json.loads(record.json())["error"] == {"type": "Incomplete", "message": "cut short"}


def test_any_name_is_printable() -> None:
    raw = os.fsdecode(b"a\xff\n\x1b[2J\xe2\x80\xae.png")
    shown = printable(raw)
    assert shown == "a\\xff\\n\\x1b[2J\\u202e.png"
    json.loads(Prepared(source=shown, status="ready").json())
