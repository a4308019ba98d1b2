"""WAHA: files inside messages, and an address for each kind."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from mediaprep.destinations.base import Envelope, Reference
from mediaprep.destinations.body import Json
from mediaprep.destinations.waha import WAHA
from mediaprep.errors import UsageError
from mediaprep.publishing.hook import prepare_message
from mediaprep.publishing.publish import publish
from mediaprep.publishing.terms import Terms, agree
from mediaprep.publishing.transport import SendableTransport
from mediaprep.record import NotSendable
from tests.destinations.contract import SAMPLES, parcel
from tests.servers.waha import WAHAStandIn

TO = Envelope(to="+12345678900", caption="Look")


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WAHAStandIn]:
    monkeypatch.setenv("MEDIAPREP_STATE", str(tmp_path / "state"))
    with WAHAStandIn() as running:
        yield running


def terms(server: WAHAStandIn, envelope: Envelope | None = None) -> Terms:
    return agree(WAHA(server.environment), envelope=envelope)


def message(source: str, mime: str, **more: str) -> Json:
    return {"session": "default", "chatId": "12345678900@c.us", "file": {"mimetype": mime, "url": source}, **more}


def test_the_record_has_the_file_in_its_message_alone(server: WAHAStandIn) -> None:
    record = publish(SAMPLES / "photo-gps.jpg", terms=terms(server, TO))
    assert record.status == "published" and record.uploaded is False and record.expires is None
    assert record.reference == {"inline": "image/jpeg"} and record.message is not None
    data = record.message["file"]["data"]
    assert len(base64.b64decode(data)) == record.bytes
    assert len(record.json()) - len(data) < 5000, "nothing else holds it"
    post = WAHA(server.environment).post(record.message, record.target or "")
    assert httpx.post(post.url, content=post.content, headers=post.reveal(), trust_env=False).is_success
    assert server.received[0].path == "/api/sendImage"


def test_without_a_message_there_is_nowhere_to_put_a_file(server: WAHAStandIn) -> None:
    with pytest.raises(UsageError, match="give --to, or --host"):
        publish(SAMPLES / "photo-gps.jpg", terms=terms(server))


def test_a_file_that_is_too_large_for_a_message_is_refused(
    server: WAHAStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WAHA, "inline", 1000)
    record = publish(SAMPLES / "photo-gps.jpg", terms=terms(server, TO))
    assert record.status == "failed" and record.error is not None and "Give --host" in record.error.message
    with pytest.raises(NotSendable, match="1,000 bytes"):
        prepare_message(message(str(SAMPLES / "photo-gps.jpg"), "image/jpeg"), terms=terms(server))


def test_the_hook_names_the_type_that_the_file_has_now(server: WAHAStandIn) -> None:
    given = message(str(SAMPLES / "photo-phone.heic"), "image/heic", caption="Look")
    made = prepare_message(given, terms=terms(server))
    assert made["file"]["mimetype"] == "image/jpeg" and "url" not in made["file"]
    assert base64.b64decode(made["file"]["data"]).startswith(b"\xff\xd8\xff")
    assert {**made, "file": None} == {**given, "file": None} and list(made) == list(given)
    assert prepare_message(made, terms=terms(server)) is made, "what holds its file needs nothing"


def test_inside_httpx_the_address_says_the_kind(server: WAHAStandIn) -> None:
    """A photo that is sent as a file stays one, whatever it is."""
    sent = {"image": "/api/sendImage", "document": "/api/sendFile"}
    with httpx.Client(
        transport=SendableTransport(terms(server)), headers={"X-Api-Key": "canary-secret-waha"}
    ) as client:
        for path in sent.values():
            given = message(str(SAMPLES / "photo.bmp"), "image/bmp")
            assert client.post(f"{server.url}{path}", json=given).is_success
    assert [one["file"]["mimetype"] for one in server.accepted] == ["image/jpeg", "image/bmp"]


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("image", "/api/sendImage"), ("video", "/api/sendVideo"), ("gif", "/api/sendVideo"),
        ("voice", "/api/sendVoice"), ("audio", "/api/sendFile"), ("document", "/api/sendFile"),
    ],
)  # fmt: skip
def test_each_kind_has_its_address(target: str, path: str) -> None:
    waha = WAHA({"WAHA_API_KEY": "canary-secret-waha", "WAHA_SESSION": "shop"})
    made = waha.message(Reference(link="https://cdn.example.com/a"), parcel(target), TO)
    assert waha.post(made, target).url == f"http://localhost:3000{path}" and made["session"] == "shop"
    assert waha.target_of(path) in (target, "video", "document")


def test_a_text_has_its_address(server: WAHAStandIn) -> None:
    text = {"session": "default", "chatId": "123@g.us", "text": "Hello"}
    assert WAHA(server.environment).read(text).text == "Hello"
    assert WAHA(server.environment).post(text).url.endswith("/api/sendText")


def test_groups_and_recipients() -> None:
    link, sent = Reference(link="https://cdn.example.com/a"), parcel("image")
    assert WAHA({}).message(link, sent, Envelope(group="1203@g.us"))["chatId"] == "1203@g.us"
    for wrong in (Envelope(), Envelope(to="+12345678900", group="1@g.us")):
        with pytest.raises(UsageError, match="either --to or --group"):
            WAHA({}).message(link, sent, wrong)


@pytest.mark.parametrize("file", [{}, {"mimetype": "image/jpeg"}, {"url": "a", "data": "b"}, {"url": 7}, "a.jpg"])
def test_what_is_no_file(file: object) -> None:
    with pytest.raises(UsageError, match='"file'):
        WAHA({}).read({"chatId": "1@c.us", "file": file})


def test_a_message_is_written_as_json(server: WAHAStandIn) -> None:
    post = WAHA(server.environment).post(WAHA.example)
    assert json.loads(post.content) == post.json == WAHA.example
