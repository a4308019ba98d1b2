"""The record is the contract's, field by field, and always valid JSON; its schema says so, and no field ever goes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mediaprep.errors import Incomplete
from mediaprep.record import Failure, Prepared, failed, printable, schema
from mediaprep.rules import Finding

SAMPLES = Path(__file__).parent.parent / "samples"

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


SHIPPED = files("mediaprep").joinpath("record.schema.json")

KNOWN = {
    "source": "string", "status": "enum", "target": "string or null", "action": "string or null",
    "path": "string or null", "mime": "string or null", "bytes": "integer or null", "sha256": "string or null",
    "findings": "array of Finding", "remaining": "array of Finding", "changes": "array of string",
    "encodes": "integer", "seconds": "number", "error": "Failure or null", "width": "integer", "height": "integer",
    "duration": "number", "frames": "integer", "waveform": "array of integer", "reference": "object",
    "expires": "string or null", "uploaded": "boolean", "message": "object",
    "Finding.code": "string", "Finding.name": "string", "Finding.level": "enum", "Finding.message": "string",
    "Finding.cure": "string", "Finding.part": "enum", "Failure.type": "string", "Failure.message": "string",
}  # fmt: skip
"""Every field that was ever published, with its type. Add to it; take nothing away."""

NEVER_MISSING = {
    "source", "status", "target", "action", "mime", "bytes", "sha256", "findings", "remaining", "changes", "encodes",
    "seconds", "error",
}  # fmt: skip

VALUES = {
    "status": {"ready", "published", "needs-work", "rejected", "failed"},
    "Finding.level": {"error", "warning"},
    "Finding.part": {"audio", "container", "file", "link", "message", "metadata", "picture", "video"},
}


def kind(field: dict[str, Any]) -> str:
    """A field's type in words."""
    if "anyOf" in field:
        return " or ".join(kind(one) for one in field["anyOf"])
    if "items" in field:
        return f"array of {kind(field['items'])}"
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2]
    return "enum" if "enum" in field else str(field["type"])


def fields() -> dict[str, dict[str, Any]]:
    """Every field of the shipped schema; those of a table below the record as `Table.field`."""
    shipped = json.loads(SHIPPED.read_text(encoding="utf-8"))
    below = {f"{table}.{name}": one for table, it in shipped["$defs"].items() for name, one in it["properties"].items()}
    return {**shipped["properties"], **below}


def test_the_shipped_schema_is_what_the_record_is() -> None:
    again = json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
    assert SHIPPED.read_text(encoding="utf-8") == again, (
        "write it anew: python -m tests.test_record > mediaprep/record.schema.json"
    )
    jsonschema.Draft202012Validator.check_schema(schema())


def test_fields_are_only_added() -> None:
    now = fields()
    assert KNOWN.keys() <= now.keys()
    assert {name: kind(now[name]) for name in KNOWN} == KNOWN
    assert schema()["required"] and set(schema()["required"]) >= NEVER_MISSING
    for name, values in VALUES.items():
        assert set(now[name]["enum"]) >= values
    assert "additionalProperties" not in schema(), "a record of tomorrow is valid for who reads by today's schema"


def test_every_field_is_described() -> None:
    assert [name for name, field in fields().items() if not field.get("description") and name in KNOWN] == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "samples/photo-gps.jpg", "samples/photo-ready.jpg", "samples/film-hevc.mp4", "samples/nothing.jpg"),
        ("plan", "samples/letter.docx", "samples/ball-transparent.gif", "samples/memo-stereo-opus.ogg"),
        ("convert", "samples/photo.bmp", "samples/ball-transparent.gif", "--into", "out"),
        ("convert", "samples/memo.wav", "samples/letter.pdf", "--as", "voice", "--into", "out"),
        ("convert", "samples/photo.bmp", "samples/letter.docx", "--as", "image", "--into", "out"),
        (
            "publish", "samples/photo-ready.jpg", "--via", "msgflash", "--host", "www", "--public-url",
            "https://cdn.example.com/media", "--no-try", "--to", "+447911123456",
        ),
        (
            "publish", "samples/memo-ready.ogg", "--via", "engagelab", "--host", "www", "--public-url",
            "https://cdn.example.com/media", "--no-try",
        ),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)  # fmt: skip
def test_every_record_that_a_command_prints_is_as_the_schema_says(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "samples").symlink_to(SAMPLES)
    done = subprocess.run(
        [sys.executable, "-m", "mediaprep", *arguments, "--json"],
        cwd=tmp_path, env={**os.environ, "MSGFLASH_INSTANCE_ID": "1"}, capture_output=True, text=True, timeout=1200,
    )  # fmt: skip
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(records) == sum(argument.startswith("samples/") for argument in arguments), done.stderr
    for record in records:
        jsonschema.validate(record, schema())
        assert ("path" in record) is (arguments[0] not in ("check", "plan"))


def test_a_record_that_is_wrong_is_told_by_the_schema() -> None:
    right = json.loads(Prepared(source="a", status="ready").json())
    jsonschema.validate(right, schema())
    for wrong in ({"status": "fine"}, {"bytes": "many"}, {"findings": [{"code": "MP101"}]}, {"error": "no"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**right, **wrong}, schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({name: value for name, value in right.items() if name != "encodes"}, schema())


if __name__ == "__main__":
    sys.stdout.write(json.dumps(schema(), indent=2, ensure_ascii=False) + "\n")
