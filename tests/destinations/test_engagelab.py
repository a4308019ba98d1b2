"""EngageLab: what its messages say, what is found in them, and that a strict server takes them."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaprep.destinations.base import Envelope, Outgoing, Parcel, Reference, filled
from mediaprep.destinations.body import Json
from mediaprep.destinations.engagelab import TYPES, EngageLab, dialled
from mediaprep.errors import UsageError
from tests.servers.engagelab import KEY, SECRET, STATUS, EngageLabStandIn
from tests.servers.shelf import Shelf

PDF = "application/pdf"
TEMPLATE = {"template": "code", "language": "zh_CN"}


@pytest.fixture
def server() -> Iterator[EngageLabStandIn]:
    with EngageLabStandIn() as running:
        yield running


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with Shelf() as running:
        yield running


def connected(server: EngageLabStandIn, **changed: str) -> EngageLab:
    return EngageLab(
        {
            "ENGAGELAB_URL": server.url + "/",
            "ENGAGELAB_DEV_KEY": KEY,
            "ENGAGELAB_DEV_SECRET": SECRET,
            "ENGAGELAB_FROM": "+8613800138000",
            **changed,
        }
    )


def ready(target: str, mime: str = "image/jpeg", filename: str = "holiday.jpg") -> Parcel:
    return Parcel(path=Path(filename), mime=mime, bytes=1, sha256="0" * 64, target=target, filename=filename)


def send(destination: EngageLab, message: Json) -> httpx.Response:
    post = destination.post(message)
    return httpx.post(post.url, json=post.json, headers=post.reveal(), trust_env=False)


def written(target: str = "image", *, mime: str = "image/jpeg", **said: Any) -> Json:
    envelope = Envelope(**{"to": "+8613800138000", **said})
    return EngageLab({}).message(Reference(link="https://x.example/a"), ready(target, mime), envelope)


# ---------------------------------------------------------------- sent


@pytest.mark.parametrize(
    ("target", "sample", "mime"),
    [
        ("image", "photo-ready.jpg", "image/jpeg"),
        ("video", "film-ready.mp4", "video/mp4"),
        ("video", "film-ready.3gp", "video/3gpp"),
        ("gif", "film-silent.mp4", "video/mp4"),
        ("audio", "memo-ready.m4a", "audio/mp4"),
        ("audio", "memo-ready.amr", "audio/amr"),
        ("audio", "memo.aac", "audio/aac"),
        ("audio", "song-cover.mp3", "audio/mpeg"),
        ("voice", "memo-ready.ogg", "audio/ogg"),
        ("document", "letter.pdf", PDF),
        ("document", "letter.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("sticker", "sticker-ready.webp", "image/webp"),
        ("animated_sticker", "sticker-animated-ready.webp", "image/webp"),
    ],
)
def test_a_strict_server_takes_the_messages(
    server: EngageLabStandIn, shelf: Shelf, target: str, sample: str, mime: str
) -> None:
    parcel = ready(target, mime, sample)
    link = shelf.sample(sample, parcel.full_mime)
    engagelab = connected(server)
    envelope = Envelope(to="00447911 12-34-56", caption="A day out", request_id="r1", custom_args={"a": 1})
    message = engagelab.message(Reference(link=link), parcel, envelope)
    answer = send(engagelab, message)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"message_id": "cbggf4if6o9ukqaalfug", "request_id": "r1"}
    assert server.accepted == [message]
    assert message["to"] == ["00447911123456"]
    assert ("caption" in message["body"][TYPES[target]]) == (TYPES[target] in ("image", "video", "document"))
    assert {request.method for request in shelf.received} == {"HEAD", "GET"}


@pytest.mark.parametrize(
    ("target", "sample", "mime"),
    [
        ("image", "photo-ready.jpg", "image/jpeg"),
        ("video", "film-ready.mp4", "video/mp4"),
        ("template_document", "letter.pdf", PDF),
    ],
)
def test_a_strict_server_takes_templates_with_media(
    server: EngageLabStandIn, shelf: Shelf, target: str, sample: str, mime: str
) -> None:
    engagelab = connected(server)
    body = {"type": "body", "parameters": [{"type": "text", "text": "12345"}]}
    envelope = Envelope(to="8613800138000", components=(body,), template="code", language="zh_CN")
    reference = Reference(link=shelf.sample(sample, mime))
    message = engagelab.message(reference, ready(target, mime, sample), envelope)
    assert send(engagelab, message).status_code == 200
    header, kept = message["body"]["template"]["components"]
    assert kept == body
    (parameter,) = header["parameters"]
    name = {"filename": "letter.pdf"} if mime == PDF else {}
    assert parameter[parameter["type"]] == {"link": reference.link, **name}


def test_an_id_that_whatsapp_gave_is_sent_as_it_is(server: EngageLabStandIn) -> None:
    engagelab = connected(server, ENGAGELAB_FROM="")
    message = engagelab.message(Reference(id="1037543291543636"), ready("image"), Envelope(to="+8613800138000"))
    assert message == {"to": ["+8613800138000"], "body": {"type": "image", "image": {"id": "1037543291543636"}}}
    assert send(engagelab, message).status_code == 200


@pytest.mark.parametrize(
    ("changed", "message", "code"),
    [
        ({"ENGAGELAB_DEV_KEY": "canary-secret-other"}, {}, 2002),
        ({}, {"from": "+15550001"}, 2004),
        ({}, {"body": 7}, 3002),
        ({}, {"extra": 1}, 3002),
        ({}, {"to": "+8613800138000"}, 3002),
        ({}, {"body": {"type": "image", "image": {"id": "1"}}}, 4001),
        ({}, {"body": {"type": "template", "template": {"name": "code", "language": {"code": "zh_CN"}}}}, 3002),
        ({}, {"body": {"type": "template", "template": {"name": "code", "language": "fr"}}}, 4001),
        ({}, {"body": {"type": "image", "image": {"link": "http://127.0.0.1:9/nobody.jpg"}}}, 3003),
    ],
)
def test_what_the_server_refuses_has_a_sentence(
    server: EngageLabStandIn, changed: dict[str, str], message: Json, code: int
) -> None:
    engagelab = connected(server, **changed)
    answer = send(engagelab, written() | message)
    assert (answer.status_code, answer.json()["code"]) == (STATUS[code], code)
    assert not server.accepted


@pytest.mark.parametrize("code", STATUS)
def test_every_documented_code_has_a_sentence_that_says_what_to_do(server: EngageLabStandIn, code: int) -> None:
    server.out_of_order = code
    answer = send(connected(server), written())
    assert (answer.status_code, answer.json()["code"]) == (STATUS[code], code)
    assert "; " in EngageLab.errors[code]


def test_pictures_that_can_be_seen_through_are_refused_by_the_server(server: EngageLabStandIn, shelf: Shelf) -> None:
    engagelab = connected(server)
    link = shelf.sample("logo-transparent.png", "image/png")
    message = engagelab.message(Reference(link=link), ready("image", "image/png"), Envelope(to="+8613800138000"))
    assert "transparent" in send(engagelab, message).json()["message"]


# ---------------------------------------------------------------- written


def test_a_document_is_called_by_its_name_its_caption_or_the_file() -> None:
    named = written("document", mime=PDF, caption="May", filename="bill.pdf")["body"]["document"]
    assert named == {"link": "https://x.example/a", "caption": "May", "filename": "bill.pdf"}
    assert written("document", mime=PDF, caption="May")["body"]["document"].keys() == {"link", "caption"}
    assert written("document", mime=PDF)["body"]["document"]["filename"] == "holiday.jpg"


@pytest.mark.parametrize("target", ["audio", "voice", "sticker", "animated_sticker"])
def test_sounds_and_stickers_have_no_caption(target: str) -> None:
    body = written(target, caption="not shown")["body"]
    assert body[body["type"]] == {"link": "https://x.example/a"}


@pytest.mark.parametrize(
    ("target", "said", "words"),
    [
        ("poster", {}, "support poster"),
        ("image", {"to": ""}, "missing phone number"),
        ("image", {"to": "", "group": "1@g.us"}, "--group"),
        ("image", {"view_once": True}, "--view-once"),
        ("image", {"language": "zh_CN"}, "--template"),
        ("image", {"template": "code"}, "--language"),
        ("image", {**TEMPLATE, "caption": "words"}, "--caption"),
        ("audio", TEMPLATE, "accepted: image, video, document"),
        ("sticker", TEMPLATE, "accepted: image, video, document"),
        ("document", TEMPLATE, "accepted: PDF"),
    ],
)
def test_what_cannot_be_said_is_refused_before_anything_is_sent(target: str, said: Json, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        written(target, **said)


def test_a_sender_that_is_no_number_is_named() -> None:
    with pytest.raises(UsageError, match='ENGAGELAB_FROM: "me"'):
        EngageLab({"ENGAGELAB_FROM": "me"}).message(Reference(id="7"), ready("image"), Envelope(to="+8613800138000"))


def test_a_missing_key_is_named_where_it_is_needed() -> None:
    message = written()
    with pytest.raises(UsageError, match="ENGAGELAB_DEV_KEY"):
        EngageLab({}).post(message)
    with pytest.raises(UsageError, match="ENGAGELAB_DEV_SECRET"):
        EngageLab({"ENGAGELAB_DEV_KEY": KEY}).post(message)
    post = EngageLab({"ENGAGELAB_DEV_KEY": KEY, "ENGAGELAB_DEV_SECRET": SECRET}).post(message)
    assert post.url == "https://wa.api.engagelab.cc/v1/messages"
    assert SECRET not in repr(post) and "Basic" not in repr(post)
    with pytest.raises(UsageError, match="--host"):
        _ = EngageLab({}).account


@given(st.from_regex(r"(\+|00)?[1-9][0-9]{6,14}", fullmatch=True), st.lists(st.integers(0, 15)))
def test_phone_numbers_keep_their_form(number: str, gaps: list[int]) -> None:
    loose = number
    for gap in gaps:
        loose = f"{loose[:gap]}{' ' if gap % 2 else '-'}{loose[gap:]}"
    assert dialled(loose) == number


@pytest.mark.parametrize("number", ["", "+", "07911 123456", "+0123456789", "+44 79 11x", "123456", "+" + "1" * 16])
def test_what_is_no_phone_number_is_refused(number: str) -> None:
    with pytest.raises(UsageError, match="phone number"):
        dialled(number)


# ---------------------------------------------------------------- read


def message_with(kind: str, held: object) -> Json:
    return {"to": ["+8613800138000"], "body": {"type": kind, kind: held}}


def header(*parameters: Json, kind: str = "header") -> Json:
    components = [{"type": "body", "parameters": []}, {"type": kind, "parameters": list(parameters)}]
    return message_with("template", {"name": "code", "language": "zh_CN", "components": components})


@pytest.mark.parametrize("source", ["/home/me/a.mov", "file:///home/me/a.mov", "https://x.example/a.mov"])
@pytest.mark.parametrize("kind", ["image", "video", "audio", "document", "sticker"])
def test_media_is_found_by_path_address_and_link(kind: str, source: str) -> None:
    (slot,) = EngageLab({}).read(message_with(kind, {"link": source, "caption": "c", "filename": "f"})).slots
    assert (slot.source, slot.target, slot.where) == (source, kind, ("body", kind))
    assert (slot.caption, slot.filename) == ("c", "f")


def test_media_in_a_template_is_found_in_its_header() -> None:
    text, document = {"type": "text", "text": "x"}, {"type": "document", "document": {"link": "bill.doc"}}
    found = EngageLab({}).read(header(text, document, {"type": "image", "image": {"link": "a.heic"}})).slots
    assert [(slot.source, slot.target) for slot in found] == [("bill.doc", "template_document"), ("a.heic", "image")]
    assert found[0].where == ("body", "template", "components", 1, "parameters", 1, "document")


@pytest.mark.parametrize(
    "message",
    [
        message_with("image", {"id": "1037543291543636"}),
        header({"type": "video", "video": {"id": "1037543291543636"}}),
        message_with("template", {"name": "code", "language": "zh_CN"}),
        message_with("text", {"body": "Hello"}),
    ],
)
def test_where_no_media_is_missing_there_is_nothing_to_do(message: Json) -> None:
    assert not EngageLab({}).read(message).slots


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({}, '"body.type"'),
        ({"type": "image", "image": {"link": "a.jpg"}}, '"body.type"'),
        (message_with("poster", {}), 'body.type": "poster"'),
        ({"body": {"type": ["image"]}}, '"body.type" .* must be a text'),
        (message_with("image", None), '"body.image"'),
        (message_with("image", "a.jpg"), '"body.image" .* must be an object'),
        (message_with("image", {}), '"body.image.link"'),
        (message_with("image", {"link": 7}), '"body.image.link" .* must be a text'),
        (message_with("text", {}), '"body.text.body"'),
        (message_with("template", {"components": {}}), '"body.template.components" .* must be a list'),
        (header({"type": "image"}), r'"body.template.components\[1\].parameters\[0\].image"'),
        (header({"type": "image", "image": {"link": "a.jpg"}}, kind="body"), "move it to the header"),
    ],
)
def test_what_is_no_message_is_refused_with_the_key_that_is_wrong(message: Json, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        EngageLab({}).read(message)
    assert "\n" not in str(caught.value)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    anything, anything, st.sampled_from(["image", "text", "template", "video", ""]), st.sampled_from(["link", "body"])
)
def test_whatever_is_read_is_taken_or_refused_in_words(one: object, other: object, kind: str, key: str) -> None:
    for message in (
        {"body": one},
        {"body": {"type": kind, kind: one}},
        {"body": {"type": kind, kind: {key: one, "id": other}}},
        {"body": {"type": "template", "template": {"components": one}}},
        {"body": {"type": "template", "template": {"components": [{"type": "header", "parameters": one}]}}},
        {
            "body": {
                "type": "template",
                "template": {"components": [{"type": "header", "parameters": [{"type": other}]}]},
            }
        },
    ):
        with contextlib.suppress(UsageError):
            assert isinstance(EngageLab({}).read(message), Outgoing)


@given(st.dictionaries(st.text(max_size=8), anything, max_size=4), st.text(min_size=1), st.text(min_size=1))
def test_a_reference_replaces_the_media_and_nothing_else(extra: dict[str, Any], source: str, link: str) -> None:
    around = {key: value for key, value in extra.items() if key not in ("id", "link", "caption", "filename")}
    message = extra | {"body": {"type": "image", **around, "image": {**around, "link": source}}}
    expected = copy.deepcopy(message)
    expected["body"]["image"]["link"] = link
    (slot,) = EngageLab({}).read(message).slots
    assert filled(message, slot, Reference(link=link)) == expected


def test_an_id_takes_the_place_of_the_link_and_of_an_empty_id() -> None:
    message = message_with("image", {"link": "a.jpg", "caption": "c", "id": ""})
    (slot,) = EngageLab({}).read(message).slots
    assert filled(message, slot, Reference(id="7"))["body"]["image"] == {"id": "7", "caption": "c"}
