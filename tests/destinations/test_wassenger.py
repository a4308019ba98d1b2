"""Wassenger: uploads in three ways, what is made of its answers, and its messages as its tutorial prints them."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from mediaprep.destinations import connect
from mediaprep.destinations.base import Envelope, Parcel, Reference, filled
from mediaprep.destinations.wassenger import Wassenger, Way, expiration
from mediaprep.errors import AnswerLost, BadAnswer, Refused, UsageError
from mediaprep.network.deadline import Deadline
from mediaprep.network.web import Line
from tests.servers.base import Received, Reply, StandIn
from tests.servers.plain import Oddity, Site
from tests.servers.wassenger import TOKEN, WassengerStandIn

JPEG = b"\xff\xd8\xff\xe0 a picture"
MP4 = b"\0\0\0\x20ftypisom a film"
NOTE = b"OggS a note OpusHead"
ID = "06248ed01a7a65946c070123"
DAY = datetime.timedelta(days=1)


@pytest.fixture
def server() -> Iterator[WassengerStandIn]:
    with WassengerStandIn() as running:
        yield running


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        running.content, running.mime = JPEG, "image/jpeg"
        yield running


def parcel(folder: Path, content: bytes = JPEG, mime: str = "image/jpeg", target: str = "image", **more: str) -> Parcel:
    path = folder / "output"
    path.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    facts = {"filename": f"holiday.{mime.rpartition('/')[2]}", **more}
    return Parcel(path=path, mime=mime, bytes=len(content), sha256=digest, target=target, **facts)


def line(seconds: float = 300) -> Line:
    return Line(Deadline(seconds))


def from_now(moment: datetime.datetime | None) -> float:
    """Days."""
    assert moment is not None
    return (moment - datetime.datetime.now(datetime.UTC)) / DAY


@pytest.mark.parametrize("way", ["form", "raw"])
@pytest.mark.parametrize(("status", "listed"), [(201, True), (200, False), (202, True)])
def test_a_file_goes_up(server: WassengerStandIn, tmp_path: Path, way: Way, status: int, listed: bool) -> None:
    server.status, server.listed = status, listed
    sent = parcel(tmp_path, filename="Été 100%.jpg")
    receipt = Wassenger(server.environment, way=way).upload(sent, line())
    (file,) = server.files.values()
    assert receipt.value == file["id"] and receipt.fresh
    assert from_now(receipt.expires) == pytest.approx(90, abs=0.01)
    assert (file["sha2"], file["mime"], file["filename"]) == (sent.sha256, "image/jpeg", "Été 100%.jpg")
    (request,) = server.received
    assert request.query == {"filename": "Été 100%.jpg", "reference": sent.sha256}
    assert request.headers["token"] == TOKEN
    assert request.content_type.startswith("multipart/form-data; boundary=" if way == "form" else "image/jpeg")


@pytest.mark.parametrize("way", ["form", "raw"])
def test_a_voice_note_goes_up_with_its_codec(server: WassengerStandIn, tmp_path: Path, way: Way) -> None:
    Wassenger(server.environment, way=way).upload(parcel(tmp_path, NOTE, "audio/ogg", "voice"), line())
    assert next(iter(server.files.values()))["mime"] == "audio/ogg; codecs=opus"


def test_wassenger_fetches_what_has_a_link(server: WassengerStandIn, site: Site, tmp_path: Path) -> None:
    told: list[bool] = []
    sent = parcel(tmp_path, link=f"{site.url}/holiday.jpg", reference="order 7")
    destination = Wassenger(server.environment).kept_for(7 * DAY)
    receipt = destination.upload(sent, Line(Deadline(300), last=lambda: told.append(bool(server.received))))
    assert server.received[0].json() == {
        "url": sent.link, "expiration": "7d", "filename": "holiday.jpeg", "reference": "order 7",
    }  # fmt: skip
    assert len(server.received) == 1 and receipt.value in server.files
    assert from_now(receipt.expires) == pytest.approx(7, abs=0.01)
    assert told == [False]


def test_text_at_a_link_goes_up_as_a_file(server: WassengerStandIn, site: Site, tmp_path: Path) -> None:
    """Source: the tutorial: what is "not binary, such as HTML or text" is an error where it is fetched."""
    site.content, site.mime = b"Words\n", "text/plain"
    sent = parcel(tmp_path, site.content, site.mime, "document", link=f"{site.url}/notes.txt")
    assert Wassenger(server.environment).upload(sent, line()).value in server.files
    kinds = [request.content_type.partition(";")[0] for request in server.received]
    assert kinds == ["application/json", "multipart/form-data"]


@pytest.mark.parametrize("way", ["form", "raw"])
def test_the_server_refuses_bytes_under_another_type(server: WassengerStandIn, tmp_path: Path, way: Way) -> None:
    with pytest.raises(Refused, match="the bytes are not image/png"):
        Wassenger(server.environment, way=way).upload(parcel(tmp_path, JPEG, "image/png"), line())


@pytest.mark.parametrize("trouble", ["unreachable", "other content", "a page", "other content, known"])
def test_where_the_link_does_not_give_the_content_the_file_goes_up(
    server: WassengerStandIn, site: Site, tmp_path: Path, trouble: str
) -> None:
    sent = parcel(tmp_path, link=f"{site.url}/holiday.jpg")
    match trouble:
        case "unreachable":
            server.fetches = False
        case "a page":
            site.content, site.mime = b"<html>Sign in</html>", "text/html"
        case _:
            site.content = JPEG + b", cropped"
    if "known" in trouble:
        Wassenger(server.environment).upload(parcel(tmp_path, site.content), line())
        sent = parcel(tmp_path, link=sent.link)
    receipt = Wassenger(server.environment).upload(sent, line())
    assert server.files[receipt.value]["sha2"] == sent.sha256 and server.stored[sent.sha256] == 1


def test_content_that_is_there_already_is_found_again(server: WassengerStandIn, tmp_path: Path) -> None:
    first = Wassenger(server.environment, valid_for=2 * DAY).upload(parcel(tmp_path), line())
    second = Wassenger(server.environment).upload(parcel(tmp_path), line())
    assert second.value == first.value and not second.fresh and second.expires == first.expires
    assert server.stored == {parcel(tmp_path).sha256: 1}
    assert server.received[-1].path == f"/v1/files/{first.value}"


@pytest.mark.parametrize("fault", ["500", "html", "lost", "redirect"])
def test_what_is_there_already_is_used_even_if_its_expiry_cannot_be_learnt(
    server: WassengerStandIn, tmp_path: Path, fault: Any
) -> None:
    destination = Wassenger(server.environment)
    first = destination.upload(parcel(tmp_path), line())

    class Interposed(StandIn):
        """Gives uploads to the server, and to the next request the fault."""

        def answer(self, request: Received) -> Reply:
            self.faults = [fault]
            return server.answer(request)

    with Interposed() as between:
        again = Wassenger({**server.environment, "WASSENGER_URL": between.url}).upload(parcel(tmp_path), line())
    assert again.value == first.value and again.expires is not None
    assert again.expires < datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1, minutes=1), (
        "asked again then"
    )


def test_an_upload_whose_answer_was_lost_is_found_again(server: WassengerStandIn, tmp_path: Path) -> None:
    destination = Wassenger(server.environment)
    server.faults = ["lost"]
    with pytest.raises(AnswerLost):
        destination.upload(parcel(tmp_path), line())
    assert destination.repeatable
    receipt = destination.upload(parcel(tmp_path), line())
    assert from_now(receipt.expires) == pytest.approx(90, abs=0.01)
    assert sum(server.stored.values()) == 1


@pytest.mark.parametrize(
    ("said", "days"),
    [("2050-09-06T22:49:50.949Z", None), (None, 90), ("some day", 90), (17, 90)],
)
def test_the_expiry_of_the_answer_is_believed(
    server: WassengerStandIn, tmp_path: Path, said: Any, days: int | None
) -> None:
    server.changes = {"expiresAt": said}
    expires = Wassenger(server.environment).upload(parcel(tmp_path), line()).expires
    if days is None:
        assert expires == datetime.datetime(2050, 9, 6, 22, 49, 50, 949000, datetime.UTC)
    else:
        assert from_now(expires) == pytest.approx(days, abs=0.01)


@pytest.mark.parametrize("changes", [{"size": 3}, {"sha2": "0" * 64}, {"id": "../x"}, {"id": None}, {"id": 7}])
def test_an_answer_about_something_else_is_no_success(
    server: WassengerStandIn, tmp_path: Path, changes: dict[str, Any]
) -> None:
    server.changes = changes
    with pytest.raises(BadAnswer) as caught:
        Wassenger(server.environment).upload(parcel(tmp_path), line())
    assert caught.value.stored is None and not caught.value.temporary


def test_a_digest_of_another_kind_is_not_compared(server: WassengerStandIn, tmp_path: Path) -> None:
    server.changes = {"sha2": "abc", "size": None}
    assert Wassenger(server.environment).upload(parcel(tmp_path), line()).value in server.files


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b"null", b"<html>", b'[{"id": ', b"[[[", b'"06248ed01a7a65946c07"']
)
def test_a_yes_that_names_no_file_is_no_success(tmp_path: Path, body: bytes) -> None:
    with Oddity() as server:
        server.body = body
        with pytest.raises(BadAnswer):
            Wassenger({"WASSENGER_TOKEN": TOKEN, "WASSENGER_URL": server.url}).upload(parcel(tmp_path), line())


@pytest.mark.parametrize(
    ("status", "body", "words", "temporary"),
    [
        (401, {"message": f"no such key: {TOKEN}"}, 'check WASSENGER_TOKEN ("no such key: ***")', False),
        (403, {}, "WASSENGER_TOKEN may not do this", False),
        (409, {"message": "the device is busy"}, "the device is busy", False),
        (413, {"message": ["too big"]}, 'too large; make it smaller ("{"message": ["too big"]}")', False),
        (422, {"message": "\x1b[2J bad\nname"}, "status 422: \\x1b[2J bad name", False),
        (429, {"message": "slow down"}, 'wait a minute, then run again ("slow down")', True),
        (503, {}, "503", True),
    ],
)
def test_a_no_is_quoted(tmp_path: Path, status: int, body: Any, words: str, temporary: bool) -> None:
    with Oddity() as server:
        server.status, server.body = status, json.dumps(body).encode()
        with pytest.raises(Refused) as caught:
            Wassenger({"WASSENGER_TOKEN": TOKEN, "WASSENGER_URL": server.url}).upload(parcel(tmp_path), line())
    assert words in str(caught.value) and "canary" not in str(caught.value)
    assert (caught.value.status, caught.value.temporary) == (status, temporary)


def test_a_key_that_is_wrong_or_missing(server: WassengerStandIn, tmp_path: Path) -> None:
    wrong = Wassenger({**server.environment, "WASSENGER_TOKEN": "canary-secret-other"})
    with pytest.raises(Refused, match="check WASSENGER_TOKEN"):
        wrong.upload(parcel(tmp_path), line())
    missing = connect("wassenger", {"WASSENGER_URL": server.url})
    for use in (lambda: missing.account, lambda: missing.upload(parcel(tmp_path), line()), lambda: missing.post({})):
        with pytest.raises(UsageError, match="WASSENGER_TOKEN is not set"):
            use()
    assert len(server.received) == 1 and not server.stored


def test_an_account_is_told_from_another_and_shows_no_key() -> None:
    one, same, other = (Wassenger({"WASSENGER_TOKEN": f"canary-secret-{name}"}) for name in ("a", "a", "b"))
    assert one.account == same.account != other.account
    assert one.account.startswith("https://api.wassenger.com ") and "canary" not in one.account


@pytest.mark.parametrize(
    ("time", "written"),
    [(7 * DAY, "7d"), (DAY / 2, "12h"), (DAY / 48, "30m"), (DAY * 1.5, "2d"), (DAY / 86400, "10m"), (90 * DAY, "90d")],
)
def test_a_time_is_the_next_that_wassenger_has(time: datetime.timedelta, written: str) -> None:
    assert expiration(time) == written


def test_a_time_that_wassenger_has_not_is_refused() -> None:
    assert expiration(360 * DAY) == "360d"
    with pytest.raises(UsageError, match="--valid-for"):
        Wassenger({}).kept_for(361 * DAY)


PHONE = {"phone": "+12345678900", "message": "This is a media message example 😀", "media": {"file": ID}}
GROUP = {
    "group": "120363163556487865@g.us",
    "message": "This is a media message example sent a group 😀",
    "media": {"file": ID},
}
"""Both of the tutorial, with an id in its place."""


def test_messages_are_those_of_the_tutorial(tmp_path: Path) -> None:
    message = Wassenger({}).message
    to = Envelope(to="+1 (234) 567-8900", caption="This is a media message example 😀")
    assert message(Reference(id=ID), parcel(tmp_path), to) == PHONE
    to = Envelope(group="120363163556487865@g.us", caption="This is a media message example sent a group 😀")
    assert message(Reference(id=ID), parcel(tmp_path), to) == GROUP


@pytest.mark.parametrize(
    ("target", "envelope", "media"),
    [
        ("gif", {}, {"format": "gif"}),
        ("voice", {}, {"format": "ptt"}),
        ("document", {}, {"filename": "holiday.jpeg"}),
        ("document", {"filename": "Offer.pdf"}, {"filename": "Offer.pdf"}),
        ("video", {"view_once": True}, {"viewOnce": True}),
    ],
)
def test_what_media_says_of_itself(tmp_path: Path, target: str, envelope: Any, media: dict[str, Any]) -> None:
    made = Wassenger({}).message(
        Reference(link="https://x.example/a"), parcel(tmp_path, target=target), Envelope(to="+12345678900", **envelope)
    )
    assert made == {"phone": "+12345678900", "media": {"url": "https://x.example/a", **media}}


@pytest.mark.parametrize(
    ("envelope", "words"),
    [
        ({}, "either --to or --group"),
        ({"to": "+12345678900", "group": "1@g.us"}, "either --to or --group"),
        ({"to": "12345678900"}, "E.164"),
        ({"group": "friends"}, "@g.us"),
        ({"to": "+12345678900", "template": "offer"}, "--template"),
    ],
)
def test_what_no_message_can_say(tmp_path: Path, envelope: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Wassenger({}).message(Reference(id=ID), parcel(tmp_path), Envelope(**envelope))


@pytest.mark.parametrize(
    ("content", "mime", "target"),
    [(JPEG, "image/jpeg", "image"), (MP4, "video/mp4", "gif"), (NOTE, "audio/ogg", "voice")],
)
def test_messages_are_accepted(
    server: WassengerStandIn, site: Site, tmp_path: Path, content: bytes, mime: str, target: str
) -> None:
    destination = Wassenger(server.environment)
    sent = parcel(tmp_path, content, mime, target)
    site.content, site.mime = content, sent.full_mime
    for reference in (Reference(id=destination.upload(sent, line()).value), Reference(link=f"{site.url}/a")):
        post = destination.post(destination.message(reference, sent, Envelope(to="+12345678900", view_once=True)))
        answer = httpx.post(post.url, json=post.json, headers=post.reveal())
        assert answer.status_code == 201, answer.text
        assert post.json == server.accepted[-1] and "canary" not in repr(post)


@pytest.mark.parametrize("key", ["file", "url"])
@pytest.mark.parametrize("source", ["assets/holiday.mov", "holiday", "file:///srv/a.jpg", "https://x.example/a.jpg"])
def test_media_in_a_message_is_found_and_filled_in(key: str, source: str) -> None:
    message = {"reference": "r", "media": {"viewOnce": True, key: source, "filename": "a.jpg"}, "phone": "+1"}
    message |= {"message": "Look", "deliverAt": "2027-01-01T00:00:00Z"}
    before = json.dumps(message)
    (slot,) = Wassenger({}).read(message).slots
    assert (slot.source, slot.target, slot.caption, slot.filename) == (source, "", "Look", "a.jpg")
    done = filled(message, slot, Reference(id=ID))
    assert done == {**message, "media": {"viewOnce": True, "file": ID, "filename": "a.jpg"}}
    assert list(done) == list(message) and json.dumps(message) == before


@pytest.mark.parametrize(("form", "target"), [("ptt", "voice"), ("gif", "gif"), ("native", ""), ("other", "")])
def test_the_format_names_the_target(form: str, target: str) -> None:
    (slot,) = Wassenger({}).read({"group": "1@g.us", "media": {"file": "a.wav", "format": form}}).slots
    assert slot.target == target


def test_what_needs_no_work() -> None:
    read = Wassenger({}).read
    text = read({"phone": "+12345678900", "message": "Hello"})
    assert (text.text, text.caption, text.slots) == ("Hello", "", ())
    known = read(PHONE)
    assert (known.text, known.caption, known.slots) == ("", PHONE["message"], ())
    assert read({"phone": "+12345678900", "location": {"coordinates": [1, 2]}}).slots == ()


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({}, "phone"),
        ({"message": "Hello"}, "phone"),
        ({"phone": 12345678900}, "phone"),
        ({"phone": "+1", "message": ["Hello"]}, "message"),
        ({"phone": "+1", "media": "a.jpg"}, "media"),
        ({"phone": "+1", "media": {}}, "media"),
        ({"phone": "+1", "media": {"file": 7}}, "file"),
        ({"phone": "+1", "media": {"file": "a.jpg", "url": "https://x.example/a.jpg"}}, "expected either"),
    ],
)
def test_what_is_no_message(message: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Wassenger({}).read(message)
