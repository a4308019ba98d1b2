"""MsgFlash: what its messages say, what is found in them, and that a strict server takes them."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaprep.destinations.base import Envelope, Parcel, Reference, filled
from mediaprep.destinations.body import Json
from mediaprep.destinations.msgflash import TYPES, MsgFlash
from mediaprep.errors import UsageError
from tests.servers.msgflash import INSTANCE, KEY, MsgFlashStandIn
from tests.servers.shelf import Shelf

PDF = "application/pdf"
LINK = Reference(link="https://x.example/a")
TO = "+22912345678"


@pytest.fixture
def server() -> Iterator[MsgFlashStandIn]:
    with MsgFlashStandIn() as running:
        yield running


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with Shelf() as running:
        yield running


def connected(server: MsgFlashStandIn, **changed: str) -> MsgFlash:
    return MsgFlash({"MSGFLASH_URL": server.url, "MSGFLASH_API_KEY": KEY, "MSGFLASH_INSTANCE_ID": INSTANCE, **changed})


def ready(target: str, mime: str = "image/jpeg", filename: str = "holiday.jpg") -> Parcel:
    return Parcel(path=Path(filename), mime=mime, bytes=1, sha256="0" * 64, target=target, filename=filename)


def send(destination: MsgFlash, message: Json) -> httpx.Response:
    post = destination.post(message)
    return httpx.post(post.url, json=post.json, headers=post.reveal(), trust_env=False)


def written(target: str = "image", **said: Any) -> Json:
    return MsgFlash({"MSGFLASH_INSTANCE_ID": INSTANCE}).message(LINK, ready(target), Envelope(**{"to": TO, **said}))


# ---------------------------------------------------------------- sent

SENT = [
    ("image", "photo-ready.jpg", "image/jpeg"),
    ("image", "photo.webp", "image/webp"),
    ("video", "film-ready.mp4", "video/mp4"),
    ("audio", "memo-ready.m4a", "audio/mp4"),
    ("voice", "memo-ready.ogg", "audio/ogg"),
    ("document", "letter.pdf", PDF),
]


@pytest.mark.parametrize(("target", "sample", "mime"), SENT)
def test_a_strict_server_takes_the_messages(
    server: MsgFlashStandIn, shelf: Shelf, target: str, sample: str, mime: str
) -> None:
    parcel = ready(target, mime, sample)
    reference = Reference(link=shelf.sample(sample, parcel.full_mime))
    msgflash = connected(server)
    message = msgflash.message(reference, parcel, Envelope(to="+229 12 34 56 78", caption="A day out"))
    answer = send(msgflash, message)
    assert answer.status_code == 201, answer.text
    assert answer.json()["data"]["status"] == "queued"
    assert server.accepted == [("/api/v1/messages/send", message)]
    assert message["to"] == TO and message["type"] == TYPES[target]
    assert ("text" in message) == (target not in ("audio", "voice"))
    assert {request.method for request in shelf.received} == {"HEAD", "GET"}


@pytest.mark.parametrize(("target", "sample", "mime"), [one for one in SENT if one[0] != "voice"])
def test_a_strict_server_takes_templates_with_media(
    server: MsgFlashStandIn, shelf: Shelf, target: str, sample: str, mime: str
) -> None:
    reference = Reference(link=shelf.sample(sample, mime))
    template = MsgFlash({}).message(reference, ready(target, mime), Envelope(template="May", caption="Hi {{name}}"))
    assert template == {"name": "May", "type": target, "body": "Hi {{name}}", "mediaUrl": reference.link}
    answer = httpx.post(f"{server.url}/api/v1/templates", json=template, headers={"x-api-key": KEY}, trust_env=False)
    assert answer.status_code == 201, answer.text
    with pytest.raises(UsageError, match="a template, not a message"):
        connected(server).post(template)


def test_a_message_with_a_time_goes_to_the_schedule(server: MsgFlashStandIn, shelf: Shelf) -> None:
    msgflash = connected(server)
    reference = Reference(link=shelf.sample("photo-ready.jpg", "image/jpeg"))
    noon = datetime.datetime(2026, 12, 24, 12, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))
    message = msgflash.message(reference, ready("image"), Envelope(to=TO, scheduled_at=noon))
    assert message["scheduledAt"] == "2026-12-24T11:00:00Z"
    assert send(msgflash, message).status_code == 201
    assert server.accepted[0][0] == "/api/v1/messages/schedule"


@pytest.mark.parametrize(
    ("changed", "message", "status", "code"),
    [
        ({"MSGFLASH_API_KEY": "canary-secret-other"}, {}, 401, "UNAUTHORIZED"),
        ({}, {"instanceId": INSTANCE.replace("0", "1")}, 404, "NOT_FOUND"),
        ({}, {"instanceId": "inst_uuid"}, 400, "VALIDATION_ERROR"),
        ({}, {"to": "22912345678"}, 422, "INVALID_DESTINATION"),
        ({}, {"filename": "a.jpg"}, 400, "VALIDATION_ERROR"),
        ({}, {"mediaUrl": "http://127.0.0.1:9/nobody.jpg"}, 400, "VALIDATION_ERROR"),
    ],
)
def test_the_server_refuses_what_its_documents_refuse(
    server: MsgFlashStandIn, changed: dict[str, str], message: Json, status: int, code: str
) -> None:
    answer = send(connected(server, **changed), written() | message)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert not server.accepted


# ---------------------------------------------------------------- written


@pytest.mark.parametrize(
    ("target", "said", "words"),
    [
        ("sticker", {}, "support sticker"),
        ("gif", {}, "support gif"),
        ("image", {"to": "22912345678"}, "E.164"),
        ("image", {"to": "", "group": "1@g.us"}, "--group"),
        ("image", {"scheduled_at": datetime.datetime(2026, 12, 24)}, "time zone"),  # noqa: DTZ001 - the point
        ("image", {"template": "May"}, "--to"),
        ("voice", {"template": "May", "to": ""}, "invalid template type: voice_note"),
    ],
)
def test_what_cannot_be_said_is_refused_before_anything_is_sent(target: str, said: Json, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        written(target, **said)


def test_an_id_is_nothing_to_msgflash() -> None:
    with pytest.raises(UsageError, match="--host"):
        MsgFlash({"MSGFLASH_INSTANCE_ID": INSTANCE}).message(Reference(id="7"), ready("image"), Envelope(to=TO))


def test_the_instance_must_be_there_and_should_be_a_uuid() -> None:
    with pytest.raises(UsageError, match="MSGFLASH_INSTANCE_ID is not set"):
        MsgFlash({}).message(LINK, ready("image"), Envelope(to=TO))
    with pytest.warns(UserWarning, match='"My phone"'):
        made = MsgFlash({"MSGFLASH_INSTANCE_ID": "My phone"}).message(LINK, ready("image"), Envelope(to=TO))
    assert made["instanceId"] == "My phone"


def test_a_missing_key_is_named_where_it_is_needed() -> None:
    with pytest.raises(UsageError, match="MSGFLASH_API_KEY"):
        MsgFlash({}).post(written())
    post = MsgFlash({"MSGFLASH_API_KEY": KEY}).post(written())
    assert post.url == "https://srv.msgflash.com/api/v1/messages/send"
    assert KEY not in repr(post)
    with pytest.raises(UsageError, match="--host"):
        _ = MsgFlash({}).account


# ---------------------------------------------------------------- read


def message_with(kind: str, **fields: object) -> Json:
    return {"instanceId": INSTANCE, "to": TO, "type": kind, **fields}


@pytest.mark.parametrize("source", ["/home/me/a.mov", "file:///home/me/a.mov", "https://x.example/a.mov"])
@pytest.mark.parametrize("kind", TYPES.values())
def test_media_is_found_by_path_address_and_link(kind: str, source: str) -> None:
    (slot,) = MsgFlash({}).read(message_with(kind, mediaUrl=source, text="c")).slots
    assert (slot.source, TYPES[slot.target], slot.where, slot.caption, slot.until) == (source, kind, (), "c", None)


def test_media_of_a_template_and_beside_one_is_found() -> None:
    (slot,) = MsgFlash({}).read({"name": "May", "type": "document", "body": "Hi", "mediaUrl": "bill.pdf"}).slots
    assert (slot.source, slot.target, slot.caption) == ("bill.pdf", "document", "Hi")
    (slot,) = MsgFlash({}).read({"to": TO, "templateId": "7", "mediaUrl": "a.jpg"}).slots
    assert (slot.source, slot.target) == ("a.jpg", "")


@pytest.mark.parametrize("said", ["2026-12-24T12:00:00+01:00", "2026-12-24T11:00:00.000Z", "2026-12-24T11:00:00"])
def test_a_link_must_live_until_the_message_goes_out(said: str) -> None:
    (slot,) = MsgFlash({}).read(message_with("image", mediaUrl="a.jpg", scheduledAt=said)).slots
    assert slot.until == datetime.datetime(2026, 12, 24, 11, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (message_with("text", text="Hello"), "Hello"),
        (message_with("location", latitude=1.5, longitude=2.5), ""),
        (message_with("contact", contactId=INSTANCE), ""),
        (message_with("buttons", title="Sure?", description="d", buttons=[]), "d"),
        ({"instanceId": INSTANCE, "to": TO, "templateId": INSTANCE}, ""),
        ({"name": "Hello", "type": "text", "body": "Hi {{contact.firstName}}"}, "Hi {{contact.firstName}}"),
    ],
)
def test_messages_without_media_have_nothing_to_publish(message: Json, text: str) -> None:
    found = MsgFlash({}).read(message)
    assert found.text == text and not found.slots


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({}, '"type"'),
        (message_with("poster"), '"type": "poster"'),
        ({"name": "May", "type": "voice_note", "mediaUrl": "a.ogg"}, '"type": "voice_note"'),
        ({"type": 7}, '"type" .* must be a text'),
        (message_with("image"), '"mediaUrl"'),
        (message_with("image", mediaUrl=["a.jpg"]), '"mediaUrl" .* must be a text'),
        (message_with("image", mediaUrl="a.jpg", text=7), '"text" .* must be a text'),
        (message_with("text"), '"text"'),
        (message_with("text", text="x", mediaUrl="a.jpg"), '"mediaUrl"'),
        (message_with("image", mediaUrl="a.jpg", scheduledAt="soon"), '"scheduledAt": "soon"'),
        (message_with("image", mediaUrl="a.jpg", scheduledAt="0001-01-01T00:00:00+05:00"), "expected a time"),
    ],
)
def test_what_is_no_message_is_refused_with_the_key_that_is_wrong(message: Json, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        MsgFlash({}).read(message)
    assert "\n" not in str(caught.value)


@given(st.dictionaries(st.text(max_size=8), st.integers() | st.text()), st.text(min_size=1), st.text(min_size=1))
def test_a_reference_replaces_the_media_and_nothing_else(extra: dict[str, Any], source: str, link: str) -> None:
    message = extra | message_with("video", mediaUrl=source, text="c", scheduledAt="2026-12-24T11:00:00Z")
    (slot,) = MsgFlash({}).read(message).slots
    assert filled(message, slot, Reference(link=link)) == message | {"mediaUrl": link}


@given(st.datetimes(datetime.datetime(2000, 1, 1), datetime.datetime(2100, 1, 1), timezones=st.timezones()))  # noqa: DTZ001
def test_a_time_that_is_written_is_the_time_that_is_read(moment: datetime.datetime) -> None:
    (slot,) = MsgFlash({}).read(written(scheduled_at=moment)).slots
    assert slot.until == moment.astimezone(datetime.UTC)  # by itself no time of a skipped hour equals any other
