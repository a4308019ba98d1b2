"""The WhatsApp Cloud API: uploads, Meta's errors as sentences, and messages as its pages print them."""

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
from mediaprep.destinations.body import Json
from mediaprep.destinations.whatsapp import TEMPORARY, WhatsApp
from mediaprep.errors import AnswerLost, BadAnswer, Refused, UsageError
from mediaprep.network.deadline import Deadline
from mediaprep.network.web import Line
from tests.servers.plain import Oddity, Site
from tests.servers.whatsapp import PHONE_NUMBER_ID, TOKEN, Failure, WhatsAppStandIn

ID = "1037543291543636"
LINK = "https://cdn.example.com/a"
CONTENT = {
    "image": ("image/jpeg", b"\xff\xd8\xff\xe0 a picture"),
    "video": ("video/mp4", b"\0\0\0\x20ftypisom a film"),
    "gif": ("video/mp4", b"\0\0\0\x20ftypisom a silent film"),
    "audio": ("audio/mpeg", b"ID3 a song"),
    "voice": ("audio/ogg", b"OggS a note OpusHead"),
    "sticker": ("image/webp", b"RIFF\0\0\0\0WEBPVP8 a sticker"),
    "animated_sticker": ("image/webp", b"RIFF\0\0\0\0WEBPVP8X ANIM a sticker that moves"),
    "document": ("application/pdf", b"%PDF-1.7 an offer"),
}
TARGETS = list(CONTENT)


@pytest.fixture
def server() -> Iterator[WhatsAppStandIn]:
    with WhatsAppStandIn() as running:
        yield running


def parcel(folder: Path, target: str = "image", filename: str = "offer.pdf") -> Parcel:
    mime, content = CONTENT[target]
    path = folder / "output"
    path.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    return Parcel(path=path, mime=mime, bytes=len(content), sha256=digest, target=target, filename=filename)


def line() -> Line:
    return Line(Deadline(300))


def at(url: str) -> WhatsApp:
    return WhatsApp({"WHATSAPP_URL": url, "WHATSAPP_TOKEN": TOKEN, "WHATSAPP_PHONE_NUMBER_ID": PHONE_NUMBER_ID})


@pytest.mark.parametrize("target", TARGETS)
def test_a_file_goes_up_under_its_bare_type(server: WhatsAppStandIn, tmp_path: Path, target: str) -> None:
    sent = parcel(tmp_path, target)
    receipt = WhatsApp(server.environment).upload(sent, line())
    assert server.media == {receipt.value: sent.mime} and server.stored == {sent.sha256: 1}
    assert receipt.expires is not None and receipt.fresh
    left = receipt.expires - datetime.datetime.now(datetime.UTC)
    assert left / datetime.timedelta(days=1) == pytest.approx(30, abs=0.01)
    (request,) = server.received
    assert (request.path, request.headers["authorization"]) == (f"/v23.0/{PHONE_NUMBER_ID}/media", f"Bearer {TOKEN}")
    assert [(part.name, part.mime) for part in request.parts()] == [
        ("messaging_product", None), ("type", None), ("file", sent.mime),
    ]  # fmt: skip


def test_an_answer_that_is_lost_is_not_asked_for_again(server: WhatsAppStandIn, tmp_path: Path) -> None:
    server.faults = ["lost"]
    destination = WhatsApp(server.environment)
    with pytest.raises(AnswerLost):
        destination.upload(parcel(tmp_path), line())
    assert not destination.repeatable, "Meta does not know a file again"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"<html>", b'{"id": ""}', b'{"id": 7}', b'{"id": "a/../b"}'])
def test_a_yes_that_names_no_media_is_no_success(tmp_path: Path, body: bytes) -> None:
    with Oddity() as server:
        server.body = body
        with pytest.raises(BadAnswer) as caught:
            at(server.url).upload(parcel(tmp_path), line())
    assert caught.value.stored is None


@pytest.mark.parametrize("code", sorted(WhatsApp.errors.keys() - range(201, 299)))
def test_every_code_is_a_sentence_and_its_kind_does_not_hang_on_the_status(
    server: WhatsAppStandIn, tmp_path: Path, code: int
) -> None:
    for status in (200, 400, 500):
        server.failures = [Failure(code, f"(#{code}) Meta's words", status=status, details=f"about {TOKEN}")]
        with pytest.raises(Refused) as caught:
            WhatsApp(server.environment).upload(parcel(tmp_path), line())
        assert WhatsApp.errors[code] in str(caught.value)
        assert f'(code {code}: "(#{code}) Meta\'s words: about ***")' in str(caught.value)
        assert caught.value.temporary == (code in TEMPORARY)


def test_other_errors_are_quoted_and_judged_by_their_status(tmp_path: Path) -> None:
    with WhatsAppStandIn() as server:
        server.failures = [Failure(131031, "Account locked", status=403), Failure(7, "Later", status=503)]
        destination = WhatsApp(server.environment)
        with pytest.raises(Refused, match="status 403: Account locked") as locked:
            destination.upload(parcel(tmp_path), line())
        with pytest.raises(Refused, match="Later") as later:
            destination.upload(parcel(tmp_path), line())
    assert (locked.value.temporary, later.value.temporary) == (False, True)


@pytest.mark.parametrize("body", [b"Bad Gateway", b'{"error": "no"}', b'{"error": {"code": "190"}}', b"[]", b""])
def test_an_error_of_another_form_is_quoted_too(tmp_path: Path, body: bytes) -> None:
    with Oddity() as server:
        server.status, server.body = 502, body
        with pytest.raises(Refused, match="502") as caught:
            at(server.url).upload(parcel(tmp_path), line())
    assert caught.value.temporary and body.decode() in str(caught.value)


def test_what_the_platform_refuses(server: WhatsAppStandIn, tmp_path: Path) -> None:
    def refused(sent: Parcel, **environment: str) -> str:
        with pytest.raises(Refused) as caught:
            WhatsApp({**server.environment, **environment}).upload(sent, line())
        assert "canary" not in str(caught.value) and not caught.value.temporary
        return str(caught.value)

    good = parcel(tmp_path)
    mime = "audio/ogg; codecs=opus"
    said = refused(Parcel(path=good.path, mime=mime, bytes=1, sha256="", target="voice", filename="a.ogg"))
    assert "Param file must be a file with one of the following types" in said
    assert said.endswith(f"Received file of type '{mime}'.\")"), "the end of it is what matters"
    assert "check WHATSAPP_PHONE_NUMBER_ID" in refused(good, WHATSAPP_PHONE_NUMBER_ID="1")
    assert "put it into WHATSAPP_TOKEN" in refused(good, WHATSAPP_TOKEN="canary-secret-old")
    assert not server.stored


def test_what_is_missing_is_said_before_anything_is_sent(server: WhatsAppStandIn, tmp_path: Path) -> None:
    for name in ("WHATSAPP_TOKEN", "WHATSAPP_PHONE_NUMBER_ID"):
        destination = connect("whatsapp", {**server.environment, name: ""})
        with pytest.raises(UsageError, match=f"{name} is not set"):
            _ = destination.account
        with pytest.raises(UsageError, match=f"{name} is not set"):
            destination.upload(parcel(tmp_path), line())
        with pytest.raises(UsageError, match=f"{name} is not set"):
            destination.post({})
    with pytest.raises(UsageError, match="invalid WHATSAPP_PHONE_NUMBER_ID"):
        _ = connect("whatsapp", {**server.environment, "WHATSAPP_PHONE_NUMBER_ID": "+12345678900"}).account
    assert server.received == []


def test_an_account_is_a_phone_number(server: WhatsAppStandIn) -> None:
    assert WhatsApp(server.environment).account == f"{server.url}/v23.0/{PHONE_NUMBER_ID}"
    usual = WhatsApp({"WHATSAPP_TOKEN": TOKEN, "WHATSAPP_PHONE_NUMBER_ID": "1"})
    assert usual.account == "https://graph.facebook.com/v23.0/1"


@pytest.mark.parametrize(
    ("target", "kind", "media"),
    [
        ("image", "image", {"caption": "Look"}),
        ("video", "video", {"caption": "Look"}),
        ("gif", "video", {"caption": "Look"}),
        ("audio", "audio", {}),
        ("voice", "audio", {"voice": True}),
        ("sticker", "sticker", {}),
        ("animated_sticker", "sticker", {}),
        ("document", "document", {"filename": "offer.pdf", "caption": "Look"}),
    ],
)
@pytest.mark.parametrize("reference", [Reference(id=ID), Reference(link=LINK)])
def test_messages_are_those_of_the_pages(
    tmp_path: Path, target: str, kind: str, media: Json, reference: Reference
) -> None:
    envelope = Envelope(to="+1 234-567-8900", caption="Look")
    assert WhatsApp({}).message(reference, parcel(tmp_path, target), envelope) == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+12345678900",
        "type": kind,
        kind: {**({"id": ID} if reference.id else {"link": LINK}), **media},
    }


BODY = {"type": "body", "parameters": [{"type": "text", "text": "Marta"}]}
OFFER: dict[str, Any] = {"to": "+12345678900", "template": "offer", "language": "en_US"}


@pytest.mark.parametrize(
    ("target", "kind", "more"),
    [("image", "image", {}), ("gif", "video", {}), ("document", "document", {"filename": "Offer.pdf"})],
)
def test_the_header_of_a_template(tmp_path: Path, target: str, kind: str, more: Json) -> None:
    envelope = Envelope(**OFFER, components=(BODY,), filename="Offer.pdf")
    made = WhatsApp({}).message(Reference(id=ID), parcel(tmp_path, target), envelope)
    assert made["type"] == "template" and made["template"] == {
        "name": "offer",
        "language": {"code": "en_US"},
        "components": [{"type": "header", "parameters": [{"type": kind, kind: {"id": ID, **more}}]}, BODY],
    }


@pytest.mark.parametrize(
    ("target", "envelope", "words"),
    [
        ("image", {}, "E.164"),
        ("image", {"to": "12345678900"}, "E.164"),
        ("image", {"group": "1@g.us"}, "--group"),
        ("image", {"to": "+12345678900", "view_once": True}, "--view-once"),
        ("image", {"to": "+12345678900", "template": "offer"}, "--language"),
        ("image", {"to": "+12345678900", "components": (BODY,)}, "--language"),
        ("image", {**OFFER, "caption": "Look"}, "--caption"),
        ("image", {**OFFER, "components": ({"type": "HEADER"},)}, "has a header"),
        ("voice", OFFER, "invalid template header: audio"),
        ("sticker", OFFER, "invalid template header: sticker"),
    ],
)
def test_what_no_message_can_say(tmp_path: Path, target: str, envelope: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        WhatsApp({}).message(Reference(id=ID), parcel(tmp_path, target), Envelope(**envelope))


@pytest.mark.parametrize("target", TARGETS)
def test_messages_are_accepted(server: WhatsAppStandIn, tmp_path: Path, target: str) -> None:
    destination = WhatsApp(server.environment)
    sent = parcel(tmp_path, target)
    envelopes = [Envelope(to="+12345678900", caption="Look")]
    if target in ("image", "video", "gif", "document"):
        envelopes.append(Envelope(**OFFER, components=(BODY,)))
    with Site() as site:
        site.content, site.mime = CONTENT[target][1], sent.full_mime
        for reference in (Reference(id=destination.upload(sent, line()).value), Reference(link=f"{site.url}/a")):
            for envelope in envelopes:
                post = destination.post(destination.message(reference, sent, envelope))
                answer = httpx.post(post.url, json=post.json, headers=post.reveal())
                assert answer.status_code == 200, answer.text
                assert post.json == server.accepted[-1] and "canary" not in repr(post)


def message(kind: str, **content: Any) -> Json:
    return {
        "messaging_product": "whatsapp",
        "to": "12345678900",
        "context": {"message_id": "w"},
        "type": kind,
    } | content


def media(kind: str, **more: Any) -> Json:
    return {"type": kind, kind: {"link": f"assets/{kind}", **more}}


def header(kind: str) -> Json:
    return {"type": "header", "parameters": [media(kind)]}


CARDS = [{"card_index": i, "components": [header("video"), BODY]} for i in range(2)]


@pytest.mark.parametrize(
    ("sent", "targets"),
    [
        (message("image", image={"link": "a.heic", "caption": "Look"}), ["image"]),
        (message("video", video={"link": "file:///a.mov"}), ["video"]),
        (message("audio", audio={"link": "https://x.example/a.wav"}), ["audio"]),
        (message("audio", audio={"link": "a.wav", "voice": True}), ["voice"]),
        (message("audio", audio={"link": "a.wav", "voice": False}), ["audio"]),
        (message("sticker", sticker={"link": "a.gif"}), ["sticker"]),
        (message("document", document={"filename": "b.pdf", "link": "a.pdf"}), ["document"]),
        (message("template", template={"name": "offer", "components": [BODY, header("document")]}), ["document"]),
        (
            message("template", template={"components": [header("image"), {"type": "carousel", "cards": CARDS}]}),
            ["image", "video", "video"],
        ),
        (message("interactive", interactive={"type": "button", "header": media("image"), "body": {}}), ["image"]),
        (
            message("interactive", interactive={"type": "carousel", "action": {"cards": [{"header": media("video")}]}}),
            ["video"],
        ),
    ],
)
def test_media_in_a_message_is_found_and_filled_in(sent: Json, targets: list[str]) -> None:
    before = json.dumps(sent)
    slots = WhatsApp({}).read(sent).slots
    assert [slot.target for slot in slots] == targets
    done = sent
    for number, slot in enumerate(slots):
        done = filled(done, slot, Reference(id=f"{ID}{number}"))
    assert json.dumps(sent) == before
    wanted = before
    for number, slot in enumerate(slots):
        wanted = wanted.replace(f'"link": "{slot.source}"', f'"id": "{ID}{number}"', 1)
    assert json.dumps(done) == wanted, "everything else is as it was, and where it was"
    assert WhatsApp({}).read(done).slots == ()


def test_a_slot_knows_caption_and_file_name() -> None:
    (slot,) = WhatsApp({}).read(message("document", document={"link": "a", "caption": "Look", "filename": "b"})).slots
    assert (slot.source, slot.caption, slot.filename) == ("a", "Look", "b")


@pytest.mark.parametrize(
    ("sent", "text", "caption"),
    [
        (message("text", text={"body": "Hello"}), "Hello", ""),
        ({"messaging_product": "whatsapp", "to": "1", "text": {"body": "Hello"}}, "Hello", ""),
        (message("image", image={"id": ID, "caption": "Look"}), "", "Look"),
        (message("audio", audio={"id": ID, "voice": True}), "", ""),
        (message("location", location={"latitude": 1, "longitude": 2}), "", ""),
        (message("template", template={"name": "hello", "language": {"code": "en"}}), "", ""),
        (message("template", template={"components": [BODY, {"type": "button", "parameters": [None]}]}), "", ""),
        (message("interactive", interactive={"header": {"type": "text", "text": "x"}, "body": {"text": "y"}}), "y", ""),
        (message("interactive", interactive={"action": {"flow_data": media("image")}}), "", ""),
        ({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.1"}, "", ""),
    ],
)
def test_what_needs_no_work(sent: Json, text: str, caption: str) -> None:
    found = WhatsApp({}).read(sent)
    assert (found.text, found.caption, found.slots) == (text, caption, ())


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({}, "messaging_product"),
        ({"messaging_product": "sms", "to": "1"}, "must be"),
        ({"messaging_product": "whatsapp"}, '"to"'),
        (message("image"), '"image"'),
        (message("image", image="a.jpg"), '"image"'),
        (message("image", image={"caption": "Look"}), '"image.link"'),
        (message("image", image={"link": ["a.jpg"]}), '"image.link"'),
        (message("text", text="Hello"), '"text"'),
        (message("text", text={"body": 7}), '"text.body"'),
        ({**message("image"), "type": 7}, '"type"'),
    ],
)
def test_what_is_no_message(sent: Json, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        WhatsApp({}).read(sent)


@pytest.fixture
def proxy() -> Iterator[WhatsAppStandIn]:
    with WhatsAppStandIn(proxy=True) as running:
        yield running


def test_a_proxy_needs_another_address_and_header_alone(proxy: WhatsAppStandIn, tmp_path: Path) -> None:
    """360dialog: no phone number's id, no Bearer."""
    destination, sent = connect("whatsapp", proxy.environment), parcel(tmp_path)
    receipt = destination.upload(sent, line())
    post = destination.post(destination.message(Reference(id=receipt.value), sent, Envelope(to="+12345678900")))
    answer = httpx.post(post.url, content=post.content, headers=post.reveal(), trust_env=False)
    assert answer.is_success, answer.text
    assert [request.path for request in proxy.received] == ["/media", "/messages"]
    assert receipt.value in proxy.media and "canary" not in repr(post)


def test_a_proxy_s_account_is_that_of_its_key(proxy: WhatsAppStandIn) -> None:
    """All its numbers have one address."""
    one = connect("whatsapp", proxy.environment)
    other = connect("whatsapp", {**proxy.environment, "WHATSAPP_TOKEN": "canary-secret-other"})
    assert one.account != other.account and one.account.startswith(proxy.url) and "canary" not in one.account


def test_a_proxy_may_have_phone_numbers_in_its_addresses(proxy: WhatsAppStandIn) -> None:
    destination = connect("whatsapp", {**proxy.environment, "WHATSAPP_PHONE_NUMBER_ID": PHONE_NUMBER_ID})
    assert destination.post({}).url == f"{proxy.url}/{PHONE_NUMBER_ID}/messages"
    assert destination.account == f"{proxy.url}/{PHONE_NUMBER_ID}"


def test_what_a_proxy_refuses_is_quoted(proxy: WhatsAppStandIn, tmp_path: Path) -> None:
    environment = {**proxy.environment, "WHATSAPP_TOKEN": "canary-secret-wrong"}
    with pytest.raises(Refused, match=r"401: .*Invalid api_key") as caught:
        connect("whatsapp", environment).upload(parcel(tmp_path), line())
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("header", ["D360 API KEY", "Key:", "K\u00e9y", "a" * 65])
def test_a_key_s_header_must_be_one(header: str) -> None:
    with pytest.raises(UsageError, match="invalid WHATSAPP_KEY_HEADER"):
        connect("whatsapp", {"WHATSAPP_KEY_HEADER": header})
