"""Every destination and every host, from the file to the message that the platform takes."""

from __future__ import annotations

import contextlib
import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from shutil import copy
from typing import Any

import msgspec
import pytest

from mediaprep.destinations.base import Envelope
from mediaprep.planning.profiles import load
from mediaprep.publishing.publish import publish, publish_all
from mediaprep.publishing.terms import stamp
from mediaprep.record import Prepared
from mediaprep.running.pool import LocalWorkers
from tests import routes
from tests.hosts.sites import SITES, bucket
from tests.routes import Route
from tests.servers.seaweedfs import SeaweedFS

SAMPLES = Path(__file__).parents[2] / "samples"
KINDS: dict[str | None, dict[str, str]] = {
    None: {
        "photo-gps.jpg": "image",
        "logo-transparent.png": "image",
        "film-index-last.mp4": "video",
        "ball-transparent.gif": "gif",
        "memo-ready.m4a": "audio",
        "letter.pdf": "document",
        "letter.docx": "document",
    },
    "voice": {"memo-recording.webm": "voice"},
    "sticker": {"sticker-ready.webp": "sticker", "sticker-animated-ready.webp": "animated_sticker"},
    "template_document": {"letter.pdf": "template_document"},
}
"""What is asked for -> samples, and the kind of message that each becomes."""
PUBLISHED = {
    "source", "status", "target", "action", "path", "mime", "bytes", "sha256", "findings", "remaining", "encodes",
    "seconds", "error", "reference", "expires", "uploaded", "message",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIAPREP_STATE", str(tmp_path / "state"))


@pytest.fixture
def route(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Route]:
    """The route that the parameter names; only the servers that it needs are started."""
    name, _, host = request.param.partition(" ")
    with contextlib.ExitStack() as stack:
        destination, api = stack.enter_context(routes.destination(name))
        site = stack.enter_context(SITES[host](request, tmp_path)) if host else None
        yield Route(destination, api, site)


def on(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("route", names, indirect=True)


def valid(record: Prepared) -> None:
    """The record is the contract's, and comes back from its JSON as it went."""
    text = record.json()
    found = json.loads(text)
    assert found.keys() >= PUBLISHED - ({"message"} if record.message is None else set())
    assert found["path"] is None and found["error"] is None
    assert "canary" not in text.replace(SeaweedFS.key, "")  # a key's id stands in every presigned link
    assert list(found["reference"]) in (["id"], ["link"], ["inline"])
    if found["expires"] is not None:
        assert datetime.datetime.strptime(found["expires"], "%Y-%m-%dT%H:%M:%S%z") > datetime.datetime.now(datetime.UTC)
    assert msgspec.json.decode(text, type=Prepared) == record


def taken(route: Route, record: Prepared) -> None:
    """The platform takes the message, unless the record has warned that some platforms do not take such a link."""
    wanted = {
        code
        for code, missing in (
            ("MP504", route.site and not route.site.answers_head),
            ("MP505", route.site and not route.site.says_codecs and record.mime == "audio/ogg"),
        )
        if missing
    }
    assert {finding.code for finding in record.remaining} & {"MP504", "MP505"} == wanted
    answer = route.hears(record)
    if not wanted:
        assert answer.is_success, answer.text
        last: Any = route.api.accepted[-1]
        assert record.message in (last, last[1] if isinstance(last, tuple) else None)
    else:
        assert "(HEAD)" in answer.text or "only audio/ogg; codecs=opus is taken" in answer.text, answer.text


@on(*routes.ROUTES)
def test_every_kind_of_message_is_published_and_taken(route: Route) -> None:
    targets = load(route.destination.name).targets
    seen: set[str] = set()
    for asked, samples in KINDS.items():
        chosen = {str(SAMPLES / name): target for name, target in samples.items() if target in targets}
        if not chosen:
            continue
        records = list(publish_all(chosen, terms=route.terms(), target=asked))
        assert {record.source: record.target for record in records} == chosen
        for record in records:
            assert record.status == "published", record.error
            valid(record)
            assert record.uploaded is (record.sha256 not in seen and not route.terms().inline)
            assert route.holds(record)
            taken(route, record)
            seen.add(str(record.sha256))
    assert len(route.written()) == (0 if route.terms().inline else len(seen)) and len(seen) >= 5


@on(*(name for name in routes.ROUTES if name != "waha"))
def test_again_nothing_is_done_nor_sent_and_force_does_it(route: Route, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [SAMPLES / "photo-gps.jpg", SAMPLES / "letter.pdf"]
    first = {record.source: record for record in publish_all(files, terms=route.terms())}
    written, requests = route.written(), len(routes.uploads(route.api))
    with monkeypatch.context() as patch:
        patch.setattr(LocalWorkers, "submit", None)  # any work fails
        again = {record.source: record for record in publish_all(files, terms=route.terms())}
    assert (route.written(), len(routes.uploads(route.api))) == (written, requests)
    for source, record in again.items():
        before = first[source]
        valid(record)
        assert (record.uploaded, before.uploaded) == (False, True)
        assert (record.sha256, record.mime, record.findings) == (before.sha256, before.mime, before.findings)
        assert lasting(record) == lasting(before) and route.holds(record)
        taken(route, record)
    forced = {record.source: record for record in publish_all(files, terms=route.terms(force=True))}
    for source, record in forced.items():
        valid(record)
        taken(route, record)
        if route.site is None:
            assert len(routes.uploads(route.api)) == 2 * requests
        # Wassenger has one file for one content and says so; on a host it has one name, and is written over.
        assert record.uploaded == (route.site is not None or route.destination.name == "whatsapp")
        same = lasting(record) == lasting(first[source])
        assert same == (route.site is not None or route.destination.name == "wassenger")


def lasting(record: Prepared) -> str:
    """The reference without a signature."""
    assert record.reference is not None
    return next(iter(record.reference.values())).partition("?")[0]


@on("wassenger", "engagelab folder", "msgflash s3")
def test_in_a_folder_a_bad_file_fails_alone_and_a_copy_is_sent_once(route: Route, tmp_path: Path) -> None:
    files = tmp_path / "files"
    (files / "sub").mkdir(parents=True)
    for name in ("photo-ready.jpg", "letter.pdf"):
        copy(SAMPLES / name, files)
    copy(SAMPLES / "memo-ready.m4a", files / "sub")
    copy(SAMPLES / "letter.pdf", files / "sub" / "copy.pdf")
    (files / "broken.png").write_bytes((SAMPLES / "logo-transparent.png").read_bytes()[:1000])
    records = {Path(record.source).name: record for record in publish_all([files], terms=route.terms())}
    bad = records.pop("broken.png")
    assert bad.status == "failed" and bad.error is not None and bad.reference is None and bad.message is None
    assert bad.error.message and "\n" not in bad.error.message
    assert json.loads(bad.json()).keys().isdisjoint({"reference", "uploaded", "message", "expires"})
    assert records.keys() == {"photo-ready.jpg", "letter.pdf", "memo-ready.m4a", "copy.pdf"}
    assert {records[name].uploaded for name in ("letter.pdf", "copy.pdf")} == {True, False}
    assert records["letter.pdf"].reference == records["copy.pdf"].reference
    for record in records.values():
        assert record.status == "published", record.error
        valid(record)
        taken(route, record)
    assert len(route.written()) == 3


@on("wassenger", "whatsapp", "msgflash dav")
def test_what_breaks_a_rule_is_not_uploaded(route: Route) -> None:
    long = Envelope(to="+12345678900", caption="x" * 1025)
    record = publish(SAMPLES / "photo-ready.jpg", terms=route.terms(long))
    assert record.status == "rejected" and "1024" in record.remaining[0].message
    assert record.reference is None and record.message is None and record.path is None
    on_sound = Envelope(to="+12345678900", caption="hello")
    record = publish(SAMPLES / "memo-ready.m4a", terms=route.terms(on_sound))
    assert record.status == "rejected" and "caption" in record.remaining[0].message
    record = publish(SAMPLES / "letter.pdf", terms=route.terms(), target="image")
    assert record.status == "rejected" and record.remaining
    assert not route.written() and not route.api.received


@on("wassenger", "engagelab folder", "whatsapp dav")
def test_captions_and_names_arrive(route: Route) -> None:
    said = Envelope(to="+12345678900", caption="Grüße 😀", filename="Angebot.pdf")
    record = publish(SAMPLES / "letter.pdf", terms=route.terms(said))
    text = json.dumps(record.message, ensure_ascii=False)
    assert "Grüße 😀" in text and "Angebot.pdf" in text
    taken(route, record)


@on("engagelab folder", "whatsapp")
def test_a_template_s_document_is_a_pdf(route: Route) -> None:
    template = Envelope(to="+12345678900", template="code", language="zh_CN")
    record = publish(SAMPLES / "letter.pdf", terms=route.terms(template))
    valid(record)
    taken(route, record)
    assert "template" in json.dumps(record.message)
    if route.destination.name == "engagelab":
        before = route.written()
        other = publish(SAMPLES / "letter.docx", terms=route.terms(template))
        assert other.status == "rejected" and route.written() == before


@on("wassenger")
def test_without_a_recipient_there_is_no_message(route: Route) -> None:
    record = publish(SAMPLES / "letter.pdf", terms=route.terms(Envelope()))
    valid(record)
    assert record.status == "published" and record.message is None and route.holds(record)


@on("wassenger")
def test_groups(route: Route) -> None:
    record = publish(SAMPLES / "photo-ready.jpg", terms=route.terms(Envelope(group="120363163556487865@g.us")))
    assert record.message is not None and record.message["group"] == "120363163556487865@g.us"
    taken(route, record)


def test_a_presigned_link_is_new_each_time_and_the_file_is_not(seaweedfs: SeaweedFS, tmp_path: Path) -> None:
    """And it lives until the message goes out."""
    hour, now = datetime.timedelta(hours=1), datetime.datetime.now(datetime.UTC)
    soon = Envelope(to="+12345678900", scheduled_at=now + hour)
    with routes.destination("msgflash") as (destination, api):
        site = bucket(seaweedfs, "shut", tmp_path.name, public=False)
        site.valid_for = 2 * hour
        route = Route(destination, api, site)
        records = [publish(SAMPLES / "letter.pdf", terms=route.terms(soon)) for _ in range(2)]
    for record in records:
        valid(record)
        assert record.expires is not None and stamp(now + 2 * hour) <= record.expires < stamp(now + 3 * hour)
        assert record.message is not None
        assert datetime.datetime.fromisoformat(record.message["scheduledAt"]) == soon.scheduled_at
        assert route.holds(record)
    assert [record.uploaded for record in records] == [True, False] and len(route.written()) == 1


@pytest.mark.parametrize("name", ["dav", "s3"])
def test_a_scheduled_message_is_taken(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    tomorrow = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    with routes.destination("msgflash") as (destination, api), SITES[name](request, tmp_path) as site:
        route = Route(destination, api, site)
        envelope = Envelope(to="+12345678900", caption="Tomorrow", scheduled_at=tomorrow)
        taken(route, publish(SAMPLES / "photo-ready.jpg", terms=route.terms(envelope)))
        assert api.received[-1].path == "/api/v1/messages/schedule"
