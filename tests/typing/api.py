"""Every public name as others use it. Never run: mypy alone reads it, and fails where a type changes for others.

One function for each name or family; `assert_type` is for what callers build on.
"""

from __future__ import annotations

import concurrent.futures
import datetime
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, assert_type

import httpx

import mediaprep
from mediaprep import (
    Action,
    Body,
    Destination,
    Encoder,
    Envelope,
    File,
    Finding,
    Host,
    Limits,
    Line,
    Links,
    Media,
    MediaprepError,
    NetworkError,
    NotSendable,
    Options,
    Outgoing,
    OutputError,
    Parcel,
    Post,
    Prepared,
    Profile,
    ProfileError,
    Receipt,
    Recipe,
    Reference,
    SendableTransport,
    Slot,
    SourceError,
    Terms,
    ToolError,
    UsageError,
    Variable,
    Work,
    agree,
    check,
    check_all,
    load_profile,
    plan,
    prepare,
    prepare_all,
    prepare_message,
    publish,
    publish_all,
)

assert_type(mediaprep.__version__, str)

mediaprep.frobnicate  # type: ignore[attr-defined] # noqa: B018 - an unknown name is an error


def one_file(options: Options, profile: Profile) -> None:
    assert_type(prepare("a.mov", into="out"), Prepared)
    prepare(Path("a.mov"), into=Path("out"), profile="whatsapp", target="video", options=options)
    prepare("a.mov", into="out", profile=Path("own.toml"), caption="hello", force=True)
    prepare("a.mov", into="out", profile=profile)
    prepare("a.mov", "out")  # type: ignore[call-arg]
    prepare("a.mov")  # type: ignore[call-arg]
    assert_type(check("a.mov", profile=profile, target="video", caption="hello"), Prepared)
    assert_type(plan("a.mov", profile="whatsapp", target=None, options=None), Prepared)


def many_files(executor: concurrent.futures.Executor) -> None:
    def on_start(count: int) -> None: ...
    def on_progress(source: str, fraction: float) -> None: ...

    records = prepare_all(
        ["a.mov", Path("folder")], into="out", jobs=2, executor=executor, allow_hosts=["media.example.com"],
        on_start=on_start, on_progress=on_progress,
    )  # fmt: skip
    assert_type(records, Iterator[Prepared])
    assert_type(check_all(("a.mov",), stage="plan", jobs=None, on_start=on_start), Iterator[Prepared])
    check_all(["a.mov"], stage="guess")  # type: ignore[arg-type]


def a_record(record: Prepared) -> None:
    assert_type(record.status, Literal["ready", "published", "needs-work", "rejected", "failed"])
    assert_type(record.path, str | None)
    assert_type(record.bytes, int | None)
    assert_type(record.findings, tuple[Finding, ...])
    assert_type(record.remaining, tuple[Finding, ...])
    assert_type(record.changes, tuple[str, ...])
    assert_type(record.waveform, tuple[int, ...] | None)
    assert_type(record.reference, dict[str, str] | None)
    assert_type(record.message, dict[str, Any] | None)
    assert_type(record.json(without=("path",)), str)
    if record.error is not None:
        assert_type(record.error.message, str)
    record.status = "ready"  # type: ignore[misc]


def a_finding(finding: Finding) -> None:
    assert_type(finding.code, str)
    assert_type(finding.level, Literal["error", "warning"])
    assert_type(finding.action, Action)
    assert_type(Action.REMUX < Action.ENCODE, bool)
    assert_type(Action.PASS.word, str)


def profiles_and_options() -> None:
    profile = load_profile("whatsapp")
    assert_type(profile, Profile)
    assert_type(load_profile(Path("own.toml")), Profile)
    limits = profile.limits("image")
    assert_type(limits, Limits)
    assert_type(limits.max_bytes, int | None)
    assert_type(limits.accepts("image/jpeg"), bool)
    Options(background="#000000", voice_rate=16000, normalize=True, emojis=("🐈",))
    Options(voice_rate=44100)  # type: ignore[arg-type]


def publishing(options: Options) -> None:
    envelope = Envelope(to="+12345678900", caption="Sunday", view_once=False)
    terms = agree("wassenger", envelope=envelope)
    assert_type(terms, Terms)
    agree("engagelab", host="www", public_url="https://cdn.example.com/media", try_links=False)
    assert_type(publish("a.mov", terms=terms, target="video", options=options), Prepared)
    assert_type(publish_all(["a.mov"], terms=terms, jobs=2), Iterator[Prepared])
    publish("a.mov")  # type: ignore[call-arg]
    assert_type(prepare_message({"to": "1"}, terms=terms, within="media"), dict[str, Any])
    with httpx.Client(transport=SendableTransport(terms)) as client:
        client.post("https://api.example.com/v1/messages", json={"to": "1"})


async def publishing_later(terms: Terms) -> None:
    async with httpx.AsyncClient(transport=SendableTransport(terms)) as client:
        await client.post("https://api.example.com/v1/messages", json={"to": "1"})


def what_is_raised(terms: Terms) -> None:
    try:
        prepare_message({}, terms=terms)
    except NotSendable as error:
        assert_type(error.record, Prepared)
    except ProfileError as error:
        assert_type(error, ProfileError)
    except (UsageError, SourceError, ToolError, OutputError) as error:
        assert_type(error, UsageError | SourceError | ToolError | OutputError)
    except NetworkError as error:
        assert_type(error.temporary, bool)
        assert_type(error.status, int | None)
    except MediaprepError as error:
        assert_type(str(error), str)


class OwnDestination(Destination):
    """As README shows it: an API that mediaprep does not know."""

    name = "own"
    title = "Our gateway"
    accepts = "files"
    returns = "media ID"
    lasts = "30 days"
    variables = (Variable(name="OWN_KEY", what="the key of our gateway", needed="send"),)
    example: ClassVar[dict[str, Any]] = {"media": "https://cdn.example.com/photo.jpg"}
    takes = frozenset({"to", "caption"})
    uploads = True

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.address = self.variables[0].text(environment)

    def upload(self, parcel: Parcel, line: Line) -> Receipt:
        assert_type(parcel.path, Path)
        assert_type(parcel.full_mime, str)
        answer = line.request("POST", self.address, file=File(path=parcel.path, mime=parcel.mime))
        return Receipt(value=str(answer.status), expires=None)

    def message(self, reference: Reference, parcel: Parcel, envelope: Envelope) -> dict[str, Any]:
        return {"to": envelope.to, "media": reference.id or reference.link}

    def read(self, message: dict[str, Any], target: str = "") -> Outgoing:
        slot = Slot(source=self.member(message, str, "media"), target=target or "image", where=(), link_key="media")
        return Outgoing(text="", slots=(slot,))

    def post(self, message: dict[str, Any], target: str = "") -> Post:
        return Post(url=self.address, headers={}, message=message)


class OwnHost(Host):
    schemes = ("own",)
    form = "own://place"
    links = (Links(host="own://place", kind="public", content_type="set"),)

    def __init__(
        self,
        where: str,
        *,
        public_url: str = "",
        valid_for: datetime.timedelta | None = None,
        environment: Mapping[str, str],
    ) -> None:
        self.where = where

    @property
    def account(self) -> str:
        return self.where

    def holds(self, parcel: Parcel, line: Line) -> bool:
        return False

    def put(self, parcel: Parcel, line: Line) -> Receipt:
        return Receipt(value=parcel.sha256)

    def link(self, name: str) -> tuple[str, datetime.datetime | None]:
        return f"https://cdn.example.com/{name}", None


class Loudness(Recipe, frozen=True, kw_only=True):
    lufs: int


class OwnEncoder:
    mime = "audio/flac"

    def ladder(self, media: Media, limits: Limits, findings: Sequence[Finding], options: Options) -> Sequence[Loudness]:
        return [Loudness(lufs=-16)]

    def expect(self, recipe: Loudness, media: Media, limits: Limits) -> Media:
        return media

    def foresee(self, recipe: Loudness, media: Media, limits: Limits) -> int | None:
        return None

    def estimate(self, recipe: Loudness, work: Work) -> int | None:
        return None

    def encode(self, recipe: Loudness, work: Work, output: Path) -> None:
        output.write_bytes(work.source.read_bytes())


def own_parts(body: Body) -> None:
    destination: Destination = OwnDestination({})
    host: Host = OwnHost("own://place", environment={})
    encoder: Encoder[Loudness] = OwnEncoder()
    assert_type(encoder.mime, str)
    assert_type(host.link("a"), tuple[str, datetime.datetime | None])
    assert_type(destination.post({}).message, dict[str, Any])
    assert_type(body.write({}), bytes)
    assert_type(body.read(b"{}"), dict[str, Any])
    OwnDestination()  # type: ignore[call-arg]
