"""Prepared: what became of one file. As JSON it is one line of `--json`.

Fields are only added: none is ever removed or changes its type. Readers ignore the fields that they do not know.
"""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from mediaprep.errors import MediaprepError
from mediaprep.media import Media
from mediaprep.rules import Finding

SCHEMA = "https://github.com/mediaprep/mediaprep/raw/main/mediaprep/record.schema.json"

Status = Literal["ready", "published", "needs-work", "rejected", "failed"]


class Failure(Struct, frozen=True):
    """Why a file failed.

    * `type`: the name of the exception, such as `Unreadable`.
    * `message`: what is wrong and what to do, one sentence.
    """

    type: str
    message: str


class Predicted(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is foreseen of an output; what does not apply to it, or cannot be known, is left out.

    * `bytes`: of the output.
    * `width`: pixels.
    * `height`: pixels.
    * `fps`: frames a second.
    * `video_bit_rate`: bit/s.
    * `audio_bit_rate`: bit/s.
    * `encodes`: how many times a whole output is encoded if the first attempt fits.
    * `seconds`: on this machine with nothing else to do.
    """

    bytes: int | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    video_bit_rate: int | None = None
    audio_bit_rate: int | None = None
    encodes: int = 0
    seconds: float | None = None


class Prepared(Struct, frozen=True, kw_only=True, omit_defaults=False):
    """What became of one file. Fields are only added: readers ignore the fields that they do not know.

    * `source`: the file or link, as it was given.
    * `status`: `ready` (complies; after `prepare` the output is at `path`), `published` (complies, and `reference` is
      what a message needs), `needs-work` (only from `check` and `plan`), `rejected` (cannot comply; see `remaining`),
      `failed` (unreadable, or a tool or the network failed; see `error`).
    * `target`: the kind of message.
    * `action`: the cheapest action that makes the file comply: `pass`, `remux`, `encode`, `fallback` or `reject`.
    * `path`: the output; not in records of `check` and `plan`.
    * `mime`: the type of the output; if nothing was made, that of the input or, in a plan, of what would be made.
    * `bytes`: the size of the output, or of the input if nothing was made.
    * `sha256`: the SHA-256 of the output.
    * `findings`: the rules that the input breaks.
    * `remaining`: the rules that the output still breaks; warnings only if `ready`.
    * `changes`: what the recipient loses or could notice, and what failed on the way.
    * `encodes`: how many times a whole output was encoded, failed attempts included.
    * `seconds`: how long it took.
    * `error`: why the file failed.
    * `width`: pixels, as a viewer sees them.
    * `height`: pixels, as a viewer sees them.
    * `duration`: seconds.
    * `frames`: how many pictures an animation has.
    * `fps`: frames a second.
    * `video_bit_rate`: bit/s.
    * `audio_bit_rate`: bit/s.
    * `predicted`: what `plan` foretells; after `prepare` it stands beside what came out.
    * `waveform`: 64 integers from 0 to 100, for voice notes.
    * `reference`: `{"id": …}`, `{"link": …}`, or `{"inline": …}` with the type of a file that is inside the message.
    * `expires`: when the reference expires (UTC); null if it does not.
    * `uploaded`: false if an earlier upload was used again.
    * `message`: the payload of the destination, ready to send.
    """

    source: str
    status: Status
    target: str | None = None
    action: str | None = None
    path: str | None = None
    mime: str | None = None
    bytes: int | None = None
    sha256: str | None = None
    findings: tuple[Finding, ...] = ()
    remaining: tuple[Finding, ...] = ()
    changes: tuple[str, ...] = ()
    encodes: int = 0
    seconds: float = 0.0
    error: Failure | None = None
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    frames: int | None = None
    fps: float | None = None
    video_bit_rate: int | None = None
    audio_bit_rate: int | None = None
    predicted: Predicted | None = None
    waveform: tuple[int, ...] | None = None
    reference: dict[str, str] | None = None
    expires: str | None = None
    uploaded: bool | None = None
    message: dict[str, Any] | None = None

    def json(self, *, without: tuple[str, ...] = ()) -> str:
        """One line of JSON; facts that do not apply are left out."""
        optional = {
            "width", "height", "duration", "frames", "fps", "video_bit_rate", "audio_bit_rate", "predicted", "waveform",
            "reference", "expires", "uploaded", "message",
        }  # fmt: skip
        if self.status == "published":
            optional.remove("expires")
        fields: dict[str, Any] = msgspec.to_builtins(self)
        kept = {k: v for k, v in fields.items() if k not in without and not (k in optional and v is None)}
        return msgspec.json.encode(kept).decode()


def schema() -> dict[str, Any]:
    """The JSON Schema of a record as `json` writes it; shipped in `record.schema.json`.

    Types come from the fields, descriptions from the docstrings, and which fields are always there from `json` itself.
    """
    tables: dict[str, dict[str, Any]] = msgspec.json.schema(Prepared)["$defs"]
    for table in tables.values():
        _describe(table)
    record = tables.pop("Prepared")
    always, published = (msgspec.json.decode(Prepared(source="", status=one).json()) for one in ("ready", "published"))
    for name, field in record["properties"].items():
        if name not in published:
            field.update(next(kind for kind in field.pop("anyOf") if kind != {"type": "null"}))
    record["required"] = [name for name in record["properties"] if name in always and name != "path"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA, **record, "$defs": tables}


def _describe(table: dict[str, Any]) -> None:
    """Give each field its own sentence of the docstring, ``* `name`: sentence``."""
    about, *fields = inspect.cleandoc(table["description"]).split("\n* ")
    table["description"] = " ".join(about.split())
    for name, _, sentence in (field.partition(": ") for field in fields):
        table["properties"][name.strip("`")]["description"] = " ".join(sentence.split())
    for field in table["properties"].values():
        field.pop("default", None)


def facts(media: Media, waveform: tuple[int, ...] | None = None) -> dict[str, Any]:
    """The extra facts of a record: those that the medium has."""
    width, height = media.upright
    video, sound = media.main_video, media.main_audio
    return {
        "width": width or None,
        "height": height or None,
        "duration": round(media.duration, 3) if media.duration is not None else None,
        "frames": media.frames if media.kind == "animation" else None,
        "fps": round(video.fps, 3) if video is not None and video.fps is not None else None,
        "video_bit_rate": video.bit_rate if video is not None else None,
        "audio_bit_rate": sound.bit_rate if sound is not None else None,
        "waveform": waveform,
    }


def printable(path: str | os.PathLike[str]) -> str:
    """A path as text that is always valid UTF-8 and holds no control character: what is neither is shown as `\\xNN`."""
    return "".join(c if c.isprintable() else _escaped(c) for c in os.fspath(path))


def _escaped(letter: str) -> str:
    if "\udc80" <= letter <= "\udcff":  # how Python keeps a byte that is no UTF-8 (PEP 383)
        return f"\\x{ord(letter) - 0xDC00:02x}"
    return letter.encode("unicode_escape").decode()


def failed(source: str | Path, error: Exception, seconds: float = 0.0) -> Prepared:
    """The record of a file that could not be worked on."""
    return Prepared(
        source=printable(source),
        status="failed",
        error=Failure(type(error).__name__, printable(str(error))),
        seconds=round(seconds, 3),
    )


class NotSendable(MediaprepError):
    """A message that cannot be made sendable. `record` says why: its findings, or its error."""

    def __init__(self, message: str, record: Prepared) -> None:
        super().__init__(message)
        self.record = record
