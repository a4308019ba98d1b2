"""Twilio's WhatsApp messages: what its pages show, and what holds for Twilio alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from mediaprep.destinations import connect
from mediaprep.destinations.base import Envelope, Reference
from mediaprep.destinations.body import FORM, Json
from mediaprep.destinations.twilio import Twilio
from mediaprep.errors import UsageError
from mediaprep.hosts import open_host
from mediaprep.planning.profiles import load
from mediaprep.publishing.publish import publish
from mediaprep.publishing.terms import agree
from mediaprep.publishing.transport import SendableTransport
from mediaprep.record import NotSendable
from tests.destinations.contract import SAMPLES, parcel
from tests.servers.base import Received, Reply
from tests.servers.storage import Storage
from tests.servers.twilio import SENDER, SID, TOKEN, TwilioStandIn

TO = "whatsapp:+12345678900"
LINK = "https://cdn.example.com/a.jpg"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TwilioStandIn]:
    monkeypatch.setenv("MEDIAPREP_STATE", str(tmp_path / "state"))
    with TwilioStandIn() as running:
        yield running


class Headless(Storage):
    """A web server that does not know HEAD."""

    def answer(self, request: Received) -> Reply:
        return Reply(405) if request.method == "HEAD" else super().answer(request)


def test_the_request_is_the_one_that_twilio_s_page_shows(server: TwilioStandIn) -> None:
    post = Twilio({**server.environment, "TWILIO_FROM": f"whatsapp:{SENDER}"}).post(Twilio.example)
    assert post.url == f"{server.url}/2010-04-01/Accounts/{SID}/Messages.json"
    assert post.content == (
        b"From=whatsapp%3A%2B14155238886&To=whatsapp%3A%2B12345678900&Body=Hello"
        b"&MediaUrl=https%3A%2F%2Fcdn.example.com%2Fphoto.jpg"
    )
    assert httpx.BasicAuth(SID, TOKEN)._auth_header == post.reveal()["Authorization"]
    assert post.json is None and post.message == Twilio.example


@pytest.mark.parametrize("target", ["audio", "voice", "document", "sticker"])
def test_what_has_no_caption_has_no_body(server: TwilioStandIn, target: str) -> None:
    message = Twilio(server.environment).message(
        Reference(link=LINK), parcel(target), Envelope(to="+12345678900", caption="Look")
    )
    assert "Body" not in message
    limits = load("twilio").limits(target)
    assert limits.max_caption == 0, "so that a caption is refused, not lost"


def test_a_link_that_does_not_answer_head_is_refused(server: TwilioStandIn) -> None:
    with Headless() as storage:
        host = open_host(f"{storage.url}/media", environment={})
        record = publish(SAMPLES / "photo-ready.jpg", terms=agree(Twilio(server.environment), host=host))
        other = publish(SAMPLES / "photo-ready.jpg", terms=agree(connect("engagelab", {}), host=host))
    assert record.status == "failed" and record.error is not None and "HEAD" in record.error.message
    assert other.status == "published" and [one.code for one in other.remaining] == ["MP504"]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"To": "+12345678900", "Body": "x"}, "WhatsApp address"),
        ({"Body": "x"}, '"To"'),
        ({"To": TO}, "empty"),
        ({"To": TO, "MediaUrl": [LINK, LINK]}, "one per message"),
        ({"To": TO, "Body": ["x", "y"]}, '"Body"'),
    ],
)
def test_what_is_no_message(message: Json, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Twilio({}).read(message)


def test_messages_without_media_are_texts_and_templates() -> None:
    assert Twilio({}).read({"To": TO, "Body": "Hello"}).text == "Hello"
    assert Twilio({}).read({"To": TO, "ContentSid": "HX1", "ContentVariables": "{}"}).slots == ()


def test_a_text_that_is_too_long_is_not_sent(server: TwilioStandIn) -> None:
    destination = Twilio(server.environment)
    post = destination.post({"From": f"whatsapp:{SENDER}", "To": TO, "Body": "x" * 1601})
    with httpx.Client(transport=SendableTransport(agree(destination))) as client, pytest.raises(NotSendable):
        client.post(post.url, content=post.content, headers=post.reveal())
    assert server.received == []


def test_a_client_that_sends_fields_is_served_too(server: TwilioStandIn) -> None:
    """As Twilio's own documentation does it: fields as `data`, Basic auth by the client."""
    with Storage() as storage:
        terms = agree(Twilio({}), host=open_host(f"{storage.url}/media", environment={}))
        with httpx.Client(transport=SendableTransport(terms), auth=(SID, TOKEN)) as client:
            answer = client.post(
                f"{server.url}/2010-04-01/Accounts/{SID}/Messages.json",
                data={
                    "From": f"whatsapp:{SENDER}",
                    "To": TO,
                    "Body": "Grüße & more=less",
                    "MediaUrl": str(SAMPLES / "film.mov"),
                },
            )
        assert answer.is_success, answer.text
        (path,) = storage.files
    sent: dict[str, Any] = server.accepted[0]
    assert sent == {
        "From": f"whatsapp:{SENDER}",
        "To": TO,
        "Body": "Grüße & more=less",
        "MediaUrl": storage.url + path,
    }


@pytest.mark.parametrize("sid", ["AC/../x", "AC 1", "AC?"])
def test_an_account_that_is_none(sid: str) -> None:
    with pytest.raises(UsageError, match="TWILIO_ACCOUNT_SID"):
        connect("twilio", {"TWILIO_ACCOUNT_SID": sid, "TWILIO_AUTH_TOKEN": TOKEN}).post(Twilio.example)


@pytest.mark.parametrize("message", [{"a": 7}, {"a": ["x", None]}, {"a": "\ud800"}])
def test_what_no_form_can_hold(message: Json) -> None:
    with pytest.raises(UsageError):
        FORM.write(message)


@pytest.mark.parametrize("content", [b"a=%ff", b"a", b"a=b&c", "é=1".encode(), b"&".join([b"a=1"] * 1001)])
def test_what_is_no_form(content: bytes) -> None:
    with pytest.raises(UsageError, match="invalid form"):
        FORM.read(content)


def test_a_field_that_is_there_several_times_stays_so() -> None:
    message = {"a": ["1", "2", "3"], "b": "", "c": "ü +&="}
    assert FORM.read(FORM.write(message)) == message
