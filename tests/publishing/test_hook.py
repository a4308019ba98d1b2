"""The hook as a function: every destination's messages, against servers that take only what their documents allow."""

from __future__ import annotations

import contextlib
import copy
import datetime
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from mediaprep.cli import show
from mediaprep.destinations import connect
from mediaprep.destinations.body import DEEPEST, Json
from mediaprep.errors import UsageError
from mediaprep.hosts import open_host
from mediaprep.network import fetch as fetching
from mediaprep.planning.profiles import Profile, load
from mediaprep.publishing.hook import local_path, prepare_message, read_message
from mediaprep.publishing.publish import publish
from mediaprep.publishing.terms import Terms, agree
from mediaprep.record import NotSendable
from tests.carriers import S3_KEYS
from tests.servers import engagelab, msgflash
from tests.servers.base import StandIn
from tests.servers.engagelab import EngageLabStandIn
from tests.servers.msgflash import MsgFlashStandIn
from tests.servers.shelf import Shelf
from tests.servers.storage import Storage
from tests.servers.wassenger import WassengerStandIn
from tests.servers.whatsapp import WhatsAppStandIn

SAMPLES = Path(__file__).parents[2] / "samples"
MEDIA = "<media>"
UPLOADS = ("wassenger", "whatsapp")


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIAPREP_STATE", str(tmp_path / "state"))


@dataclass
class Desk:
    """A destination's stand-in, and the storage that links come from."""

    via: str
    api: Any
    storage: Storage
    environment: dict[str, str]

    def terms(self, *, host: bool | None = None, **more: Any) -> Terms:
        chosen = self.via not in UPLOADS if host is None else host
        there = open_host(f"{self.storage.url}/media", environment={}) if chosen else None
        return agree(connect(self.via, self.environment), host=there, timeout=300, **more)

    @property
    def references(self) -> list[str]:
        """Everything that was published, in its order."""
        ids = getattr(self.api, "files", None) or getattr(self.api, "media", None) or ()
        return [*ids, *(f"{self.storage.url}{path}" for path in self.storage.files)]

    @property
    def seen(self) -> int:
        """Requests that any server got."""
        return len(self.api.received) + len(self.storage.received)

    def send(self, message: Json) -> None:
        """POST it as a sender would; the API must take it."""
        if "name" in message:
            url, headers = f"{self.api.url}/api/v1/templates", {"x-api-key": msgflash.KEY}
        else:
            post = connect(self.via, self.environment).post(message)
            url, headers = post.url, post.reveal()
        answer = httpx.post(url, json=message, headers=headers)
        assert answer.is_success, answer.text


@contextlib.contextmanager
def desk(via: str) -> Iterator[Desk]:
    with contextlib.ExitStack() as stack:
        storage = stack.enter_context(Storage())
        api: StandIn
        match via:
            case "wassenger":
                api = wassenger = stack.enter_context(WassengerStandIn())
                environment = wassenger.environment
            case "whatsapp":
                api = whatsapp = stack.enter_context(WhatsAppStandIn())
                environment = whatsapp.environment
            case "engagelab":
                api = stack.enter_context(EngageLabStandIn())
                keys = {"ENGAGELAB_DEV_KEY": engagelab.KEY, "ENGAGELAB_DEV_SECRET": engagelab.SECRET}
                environment = {"ENGAGELAB_URL": api.url, **keys}
            case _:
                api = stack.enter_context(MsgFlashStandIn())
                environment = {"MSGFLASH_URL": api.url, "MSGFLASH_API_KEY": msgflash.KEY}
        yield Desk(via, api, storage, environment)


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with Shelf() as running:
        yield running


def holding(message: Any, value: str, key: str = "") -> Any:
    """The message with `value` where its media belongs, under `key` where that is given."""
    if isinstance(message, list):
        return [holding(one, value, key) for one in message]
    if not isinstance(message, dict):
        return message
    return {
        (key or name if held == MEDIA else name): value if held == MEDIA else holding(held, value, key)
        for name, held in message.items()
    }


def wassenger(**media: Any) -> Json:
    return {"phone": "+12345678900", "media": media, "reference": "order 7"}


def engagelab_message(kind: str, **media: Any) -> Json:
    return {
        "from": "8613800138000",
        "to": ["8613800138001"],
        "body": {"type": kind, kind: media},
        "custom_args": {"arg1": "string val", "arg2": 123},
    }


def msgflash_message(kind: str, **more: Any) -> Json:
    common = {"instanceId": msgflash.INSTANCE, "to": "+22912345678"}
    return {**common, "type": kind, "mediaUrl": MEDIA, **more}


def whatsapp(kind: str, **media: Any) -> Json:
    head = {"messaging_product": "whatsapp", "recipient_type": "individual", "to": "+22912345678"}
    return {**head, "type": kind, kind: media}


def engagelab_template(kind: str, **media: Any) -> Json:
    header = {"type": "header", "parameters": [{"type": kind, kind: media}]}
    body = {"type": "body", "parameters": [{"type": "text", "text": "Awa"}]}
    template = {"name": "your-template-name", "language": "zh_CN", "components": [header, body]}
    return {"to": ["00447911123456"], "body": {"type": "template", "template": template}, "request_id": "r1"}


def whatsapp_template(*components: Json) -> Json:
    return whatsapp("template", name="offer", language={"code": "en_US"}, components=list(components))


def header(kind: str, link: str = MEDIA) -> Json:
    return {"type": "header", "parameters": [{"type": kind, kind: {"link": link}}]}


MESSAGES: dict[str, tuple[str, Json, str]] = {
    "wassenger, a file": ("wassenger", {**wassenger(file=MEDIA, viewOnce=True), "message": "été 😀"}, "photo-gps.jpg"),
    "wassenger, a url": ("wassenger", wassenger(url=MEDIA, filename="holiday.mp4"), "film.mov"),
    "wassenger, a GIF": ("wassenger", wassenger(file=MEDIA, format="gif"), "ball-transparent.gif"),
    "wassenger, a voice note": ("wassenger", wassenger(file=MEDIA, format="ptt"), "memo.wav"),
    "engagelab, image": ("engagelab", engagelab_message("image", link=MEDIA, caption="é"), "logo-transparent.png"),
    "engagelab, a GIF in the video": ("engagelab", engagelab_message("video", link=MEDIA), "ball-transparent.gif"),
    "engagelab, audio": ("engagelab", engagelab_message("audio", link=MEDIA), "memo.flac"),
    "engagelab, document": ("engagelab", engagelab_message("document", link=MEDIA, filename="nom"), "letter.docx"),
    "engagelab, sticker": ("engagelab", engagelab_message("sticker", link=MEDIA), "ball-apng.png"),
    "engagelab, template": ("engagelab", engagelab_template("document", link=MEDIA, filename="f.pdf"), "letter.pdf"),
    "msgflash, image": ("msgflash", msgflash_message("image", text="Nouveautés"), "photo-phone.heic"),
    "msgflash, voice note": ("msgflash", msgflash_message("voice_note"), "memo.wav"),
    "msgflash, scheduled": ("msgflash", msgflash_message("document", scheduledAt="2036-12-24T18:00:00Z"), "letter.pdf"),
    "msgflash, template": (
        "msgflash",
        {"name": "Hello", "type": "video", "body": "Bonjour {{contact.firstName}}", "mediaUrl": MEDIA},
        "film.mov",
    ),
    "whatsapp, image": ("whatsapp", whatsapp("image", link=MEDIA, caption="é"), "photo.bmp"),
    "whatsapp, voice note": ("whatsapp", whatsapp("audio", voice=True, link=MEDIA), "memo.wav"),
    "whatsapp, audio": ("whatsapp", whatsapp("audio", link=MEDIA), "memo.wav"),
    "whatsapp, sticker": ("whatsapp", whatsapp("sticker", link=MEDIA), "photo.webp"),
    "whatsapp, template": ("whatsapp", whatsapp_template(header("video")), "ball-transparent.gif"),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_becomes_sendable_and_stays_the_same(name: str) -> None:
    via, message, sample = MESSAGES[name]
    message = holding(message, str(SAMPLES / sample))
    before = copy.deepcopy(message)
    with desk(via) as to:
        made = prepare_message(message, terms=to.terms())
        assert message == before, "what was given stays as it is"
        (reference,) = to.references
        key = {"wassenger": "file", "whatsapp": "id"}.get(via, "")
        expected = holding(MESSAGES[name][1], reference, key)
        assert json.dumps(made) == json.dumps(expected), "the order of keys counts too"
        to.send(made)
        if key:
            seen = to.seen
            assert prepare_message(made, terms=to.terms()) is made, "an id passes as it is"
            assert to.seen == seen


@pytest.mark.parametrize("via", UPLOADS)
def test_with_a_host_the_message_holds_a_link(via: str) -> None:
    def message(source: str, key: str) -> Json:
        return wassenger(**{key: source}) if via == "wassenger" else whatsapp("image", link=source)

    with desk(via) as to:
        made = prepare_message(message(str(SAMPLES / "photo.bmp"), "file"), terms=to.terms(host=True))
        (link,) = to.references
        assert made == message(link, "url")
        to.send(made)


@pytest.mark.parametrize(
    ("via", "message"),
    [
        ("wassenger", {"group": "1203@g.us", "message": "x" * 4096}),
        ("wassenger", wassenger(file="06248ed01a7a65946c070001", format="ptt")),
        ("wassenger", {"phone": "+12345678900", "location": {"address": "Cotonou"}}),
        ("engagelab", {"to": ["1"], "body": {"type": "text", "text": {"body": "é" * 4096}}}),
        ("engagelab", engagelab_message("image", id="1037543291543636", caption="x" * 1024)),
        ("engagelab", {"to": ["1"], "body": {"type": "template", "template": {"name": "code", "language": "zh_CN"}}}),
        ("msgflash", {"instanceId": "i", "to": "+22912345678", "type": "location", "latitude": 6.3654, "longitude": 2}),
        ("msgflash", {"to": "+22912345678", "type": "contact", "contactId": "c"}),
        ("msgflash", {"to": "+22912345678", "templateId": "t", "variables": {"code": "PROMO10"}}),
        ("whatsapp", whatsapp("text", body="x" * 4096, preview_url=True)),
        ("whatsapp", whatsapp("audio", id="1037543291543636", voice=True)),
        ("whatsapp", {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.1"}),
        ("whatsapp", whatsapp("reaction", message_id="wamid.1", emoji="👍")),
        ("whatsapp", whatsapp_template({"type": "body", "parameters": [{"type": "text", "text": "Awa"}]})),
    ],
)
def test_a_message_without_media_passes_as_it_is(via: str, message: Json) -> None:
    with desk(via) as to:
        before = copy.deepcopy(message)
        assert prepare_message(message, terms=to.terms()) is message
        assert message == before and to.seen == 0


def test_the_cards_of_a_carousel_are_published_and_the_same_file_once() -> None:
    def message(*links: str, key: str = "link") -> Json:
        def card(number: int, link: str) -> Json:
            parameter = {"type": "image", "image": {key: link}}
            return {"card_index": number, "components": [{"type": "header", "parameters": [parameter]}]}

        cards = [card(number, link) for number, link in enumerate(links)]
        return whatsapp_template({"type": "carousel", "cards": cards})

    ready, photo, notes = (str(SAMPLES / name) for name in ("photo-ready.jpg", "photo.bmp", "notes.txt"))
    with desk("whatsapp") as to:
        made = prepare_message(message(ready, photo, ready), terms=to.terms(force=True))
        assert len(to.references) == len(to.api.received) == 2
        parameters = [card["components"][0]["parameters"][0] for card in made["template"]["components"][0]["cards"]]
        ids = [one["image"]["id"] for one in parameters]
        assert ids[0] == ids[2] != ids[1] and set(ids) == set(to.references)
        assert made == message(*ids, key="id")
    with desk("whatsapp") as to:
        for bad in (notes, "/nowhere.jpg", str(SAMPLES), "file://elsewhere/a.jpg"):
            with pytest.raises(NotSendable):
                prepare_message(message(ready, bad), terms=to.terms())
        assert to.seen == 0, "one card that cannot be sent, and nothing is published"


def small_films(name: str) -> Profile:
    """A platform that takes no film of more than 8 kB, which shows only when one is made."""
    profile = load(name)
    video = replace(profile.limits("video"), max_bytes=8_000, error_above=None)
    return replace(profile, targets={**profile.targets, "video": video})


def test_what_still_needs_work_goes_first() -> None:
    """What is ready is not published before that."""
    names = {"image": "photo-ready.jpg", "video": "film-ready.mp4"}
    cards = [{"components": [header(kind, str(SAMPLES / name))]} for kind, name in names.items()]
    message = whatsapp_template({"type": "carousel", "cards": cards})
    with desk("whatsapp") as to, pytest.raises(NotSendable, match=r"film-ready\.mp4 cannot be sent"):
        prepare_message(message, terms=to.terms(), profile=small_films("whatsapp"))
    assert to.seen == 0


NOT_SENDABLE: dict[str, tuple[str, Json, str, str]] = {
    "a film as an image": ("whatsapp", whatsapp("image", link=MEDIA), "film.mov", "video"),
    "a document as a film": ("engagelab", engagelab_message("video", link=MEDIA), "letter.pdf", "application/pdf"),
    "a picture as sound": ("engagelab", engagelab_message("audio", link=MEDIA), "photo.bmp", "image/bmp"),
    "a text as a template": ("engagelab", engagelab_template("document", link=MEDIA), "letter.docx", "PDF|pdf"),
    "sound as a sticker": ("whatsapp", whatsapp("sticker", link=MEDIA), "memo.wav", "audio"),
    "a missing file": ("wassenger", wassenger(file=MEDIA), "no such.jpg", "no such file"),
    "a folder": ("wassenger", wassenger(file=MEDIA), "", "a folder"),
    "a long caption": ("whatsapp", whatsapp("image", link=MEDIA, caption="x" * 1025), "photo.bmp", "1025 char.*1024"),
    "a caption on sound": ("wassenger", {**wassenger(file=MEDIA), "message": "hi"}, "memo.flac", "captions are not"),
    "a caption on a voice note": (
        "wassenger",
        {**wassenger(file=MEDIA, format="ptt"), "message": "hi"},
        "",
        "captions are not",
    ),
    "a long caption of an id": ("engagelab", engagelab_message("image", id="1", caption="é" * 1025), "", "1025"),
    "a long text": ("whatsapp", whatsapp("text", body="😀" * 4097), "", "4097 char.*4096"),
    "long words above buttons": (
        "whatsapp",
        whatsapp("interactive", type="button", body={"text": "x" * 4097}),
        "",
        "4097 char.*4096",
    ),
    "a long body of a template": ("msgflash", {"name": "n", "type": "text", "body": "x" * 4097}, "", "4097"),
}


@pytest.mark.parametrize("name", NOT_SENDABLE)
def test_what_cannot_be_sent_is_refused_with_its_record_and_nothing_is_published(name: str) -> None:
    via, message, sample, words = NOT_SENDABLE[name]
    with desk(via) as to:
        with pytest.raises(NotSendable, match=words) as caught:
            prepare_message(holding(message, str(SAMPLES / sample)), terms=to.terms())
        assert to.seen == 0
    record = caught.value.record
    assert record.error is not None and record.error.message in str(caught.value)
    assert record.status == "failed" or record.findings
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500


@pytest.mark.parametrize("target", ["", "image"])
def test_words_under_the_name_of_a_picture_are_refused(tmp_path: Path, target: str) -> None:
    (tmp_path / "a.jpg").write_text("Not Found\n")
    via, message = ("whatsapp", whatsapp("image", link=MEDIA)) if target else ("wassenger", wassenger(file=MEDIA))
    with desk(via) as to, pytest.raises(NotSendable, match="text/plain"):
        prepare_message(holding(message, str(tmp_path / "a.jpg")), terms=to.terms())
    assert to.seen == 0


def test_a_film_that_would_only_fit_as_a_document_is_not_sent_as_a_film() -> None:
    """Elsewhere it would go out as another kind of message; here the message says which kind it is."""
    small = small_films("engagelab")
    film = SAMPLES / "film-ready.mp4"
    with desk("engagelab") as to:
        with pytest.raises(NotSendable, match="cannot be sent"):
            prepare_message(holding(engagelab_message("video", link=MEDIA), str(film)), terms=to.terms(), profile=small)
        assert to.seen == 0
        assert publish(film, terms=to.terms(), profile=small, target="video").target == "document"


@pytest.mark.parametrize("via", ["wassenger", "engagelab"])
def test_the_second_time_nothing_is_done_and_nothing_goes_out(via: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor for another recipient with other words."""

    def message(words: str, source: str, key: str) -> Json:
        if via == "wassenger":
            return {**wassenger(**{key or "url": source}), "message": words}
        return engagelab_message("video", link=source, caption=words)

    film = str(SAMPLES / "film.mov")
    with desk(via) as to:
        for words in ("Hello Awa", "Hello Jean, how are you?", "\ud83d"):
            made = prepare_message(message(words, film, "file"), terms=to.terms())
            assert made == message(words, to.references[0], "file")
            monkeypatch.setenv("MEDIAPREP_FFMPEG", "/no/ffmpeg")  # whatever is still to be done cannot be
        assert sum((to.api.stored + to.storage.stored).values()) == 1
        assert [one.method for one in (*to.api.received, *to.storage.received)].count(
            "PUT" if via == "engagelab" else "POST"
        ) == 1


def test_a_scheduled_message_needs_a_link_that_outlives_it() -> None:
    in_ten_days = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=10)).isoformat()
    message = holding(msgflash_message("image", scheduledAt=in_ten_days), str(SAMPLES / "photo.bmp"))
    with desk("msgflash") as to:
        keys = {**S3_KEYS, "AWS_ENDPOINT_URL": to.storage.url}
        week = open_host("s3://bucket/media", valid_for=datetime.timedelta(days=7), environment=keys)
        with pytest.raises(NotSendable, match="before the message goes out"):
            prepare_message(message, terms=agree(connect("msgflash", to.environment), host=week))
        assert to.seen == 0
        assert prepare_message(message, terms=to.terms())["scheduledAt"] == in_ten_days


# Links as sources


def test_a_link_is_fetched_from_where_that_is_allowed(shelf: Shelf) -> None:
    link = shelf.sample("photo-gps.jpg", "image/jpeg")
    with desk("engagelab") as to:
        message = engagelab_message("image", link=f"{link}?key=canary-secret-signature")
        with pytest.raises(NotSendable, match="--allow-host") as caught:
            prepare_message(message, terms=to.terms())
        assert shelf.received == [] and to.seen == 0
        assert "canary" not in str(caught.value), "a query may hold a key"
        made = prepare_message(message, terms=to.terms(), allow_hosts=["127.0.0.1"])
        assert made == engagelab_message("image", link=to.references[0])
        to.send(made)


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> None:
    """A world in which loopback belongs to everybody; no server of a test can have a public address."""
    monkeypatch.setattr(fetching, "is_public", lambda _: True)


@pytest.mark.usefixtures("public")
def test_a_public_link_that_needs_no_work_stays_where_there_is_no_host(shelf: Shelf) -> None:
    link = shelf.sample("photo-ready.jpg", "image/jpeg")
    for via, message in (
        ("engagelab", engagelab_message("image", link=link)),
        ("msgflash", holding(msgflash_message("image"), link)),
    ):
        shelf.received.clear()
        with desk(via) as to:
            assert prepare_message(message, terms=to.terms(host=False)) == message
            assert to.storage.received == [] and to.api.received == []
            to.send(message)
        assert [one.method for one in shelf.received[:3]] == ["GET", "HEAD", "GET"], "it was fetched, and then tried"


@pytest.mark.usefixtures("public")
def test_without_a_host_a_link_that_needs_work_or_cannot_be_fetched_is_refused(shelf: Shelf) -> None:
    work = shelf.sample("photo-gps.jpg", "image/jpeg")
    wrong = shelf.sample("photo-ready.jpg", "application/octet-stream")
    page = shelf.put("page", b"<!DOCTYPE html><title>Sign in</title>", "text/html")
    with desk("engagelab") as to:
        for link, words in (
            (work, "give --host"),
            (wrong, "a platform would see"),
            (page, "a web page"),
            (f"{shelf.url}/nothing.jpg", "does not have this file"),
            (str(SAMPLES / "photo-ready.jpg"), "give --host"),
        ):
            with pytest.raises(NotSendable, match=words):
                prepare_message(engagelab_message("image", link=link), terms=to.terms(host=False))
        assert to.seen == 0


@pytest.mark.usefixtures("public")
def test_wassenger_fetches_a_public_link_itself(shelf: Shelf) -> None:
    link = shelf.sample("photo-ready.jpg", "image/jpeg")
    with desk("wassenger") as to:
        made = prepare_message({**wassenger(url=link, viewOnce=True), "message": "hi"}, terms=to.terms())
        assert made == {**wassenger(file=to.references[0], viewOnce=True), "message": "hi"}
        (upload,) = to.api.received
        assert upload.json()["url"] == link
        to.send(made)


@pytest.mark.usefixtures("public")
def test_wassenger_gets_the_bytes_where_a_link_needs_work(shelf: Shelf) -> None:
    with desk("wassenger") as to:
        made = prepare_message(wassenger(url=shelf.sample("photo-gps.jpg", "image/jpeg")), terms=to.terms())
        assert made == wassenger(file=to.references[0])
        (upload,) = to.api.received
        assert upload.content_type.startswith("multipart/form-data")


# Where a source lies


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("photos/été.jpg", "photos/été.jpg"),
        ("/a#b?c%20d.jpg", "/a#b?c%20d.jpg"),
        ("file:///a/b.jpg", "/a/b.jpg"),
        ("file:/a/b.jpg", "/a/b.jpg"),
        ("FILE://LocalHost/a/b.jpg", "/a/b.jpg"),
        ("file:///a/%C3%A9t%C3%A9%20%23%3F%25.jpg", "/a/été #?%.jpg"),
        ("file:///a/été b.jpg", "/a/été b.jpg"),
        ("file:///a/%FF.jpg", "/a/\udcff.jpg"),
        ("file:///a\tb.jpg", "/a\tb.jpg"),
        ("https://example.com/a?b#c", "https://example.com/a?b#c"),
    ],
)
def test_a_source_is_a_path_a_link_or_a_file_address(source: str, path: str) -> None:
    assert local_path(source) == path


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("file://cdn.example.com/a.jpg", "another machine"),
        ("file://localhost:80/a.jpg", "another machine"),
        ("file://[/a.jpg", "another machine"),
        ("file:a.jpg", "invalid file: address"),
        ("file://", "invalid file: address"),
        ("file://elsewhere", "invalid file: address"),
        ("file:///a.jpg?size=1", "%23 and %3F"),
        ("file:///a.jpg#top", "%23 and %3F"),
        ("file:///a%00.jpg", "zero byte"),
        ("a\0.jpg", "zero byte"),
        ("\ud800.jpg", "invalid Unicode"),
        ("https://example.com/\ud800.jpg", "invalid Unicode"),
        ("file:///\ud800.jpg", "invalid Unicode"),
        ("data:image/png;base64,iVBORw0KGgo=", "write the content to a file first"),
        (str(SAMPLES), "a folder"),
        (SAMPLES.as_uri(), "a folder"),
    ],
)
def test_what_is_no_source_is_said(source: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        local_path(source)
    with desk("wassenger") as to, pytest.raises(NotSendable, match=words) as caught:
        prepare_message(wassenger(file=source), terms=to.terms())
    assert to.seen == 0
    caught.value.record.json().encode()
    str(caught.value).encode()


def test_no_sentence_repeats_a_medium_that_was_put_into_the_message() -> None:
    with desk("wassenger") as to, pytest.raises(NotSendable) as caught:
        prepare_message(wassenger(file="data:image/png;base64," + "A" * 9000), terms=to.terms())
    assert len(str(caught.value)) < 500


# Everything else stays as it is

letters = st.text(st.characters(exclude_categories=()), max_size=12)
numbers = st.integers() | st.integers(10**30, 10**40) | st.floats(allow_nan=False, allow_infinity=False)
anything = st.recursive(
    st.none() | st.booleans() | numbers | letters,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(letters, inner, max_size=4),
    max_leaves=12,
)
extras = st.dictionaries(letters.map("x-{}".format), anything, max_size=5)


@given(anything, extras)
def test_a_message_is_written_as_it_was_read(value: Any, more: Json) -> None:
    message = {**more, "value": value}
    for written in (json.dumps(message), show.message(message), json.dumps(message, indent=1)):
        found = read_message(written.encode())
        assert json.dumps(found) == json.dumps(message)
        show.message(found).encode()


def test_nothing_but_the_reference_changes() -> None:
    photo = str(SAMPLES / "photo-ready.jpg")

    def mixed(one: Json, other: Json, last: Json) -> Json:
        return {**last, **one, **other}

    with desk("wassenger") as to, desk("engagelab") as other:

        @settings(max_examples=40)
        @given(extras, extras, extras, letters)
        def check(first: Json, second: Json, third: Json, words: str) -> None:
            message = mixed(second, {"media": {**first, "file": MEDIA, **second}, "message": words}, third)
            message = {**message, "phone": "+12345678900"}
            made = prepare_message(holding(message, photo), terms=to.terms())
            assert json.dumps(made) == json.dumps(holding(message, to.references[0]))
            body = {**first, "type": "image", "image": {"caption": words, **second, "link": MEDIA, **first}}
            message = {**third, "to": ["1"], "body": body}
            made = prepare_message(holding(message, photo), terms=other.terms())
            assert json.dumps(made) == json.dumps(holding(message, other.references[0]))

        check()
        assert len(to.references) == len(other.references) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "no message"),
        (b" \n", "no message"),
        (b"{", "invalid JSON"),
        (b"{'to': 1}", "invalid JSON"),
        (b'{"to": "1"}\n{"to": "2"}\n', "follows the message on line 2; give one message at a time"),
        (b'{"a": NaN}', "invalid JSON"),
        (b'{"a": -Infinity}', "invalid JSON"),
        (b'{"a": 1e999}', "not a number"),
        (b'{"a": ' + b"9" * 5000 + b"}", "invalid JSON"),
        (b"\xff\xfe\xfd", "invalid JSON"),
        (b"[]", "invalid message"),
        (b"null", "invalid message"),
        (b'"text"', "invalid message"),
        (b'{"a":' * (DEEPEST + 1) + b"1" + b"}" * (DEEPEST + 1), "levels deep"),
        (b"[" * 200_000, "invalid JSON"),
    ],
)
def test_what_is_no_message_is_one_sentence(text: bytes, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        read_message(text)
    assert "\n" not in str(caught.value)


def test_the_deepest_message_can_be_worked_on_and_written() -> None:
    depth = DEEPEST - 3
    deep = b'{"phone": "+12345678900", "media": {"file": "%s"}, "x": %s}' % (
        str(SAMPLES / "photo-ready.jpg").encode(),
        b"[" * depth + b"]" * depth,
    )
    with desk("wassenger") as to:
        made = prepare_message(read_message(deep), terms=to.terms())
        assert show.message(made).count("[") == depth


def test_files_are_taken_from_one_folder_where_it_is_named(tmp_path: Path) -> None:
    inside, outside = tmp_path / "media", tmp_path / "mine"
    inside.mkdir()
    outside.mkdir()
    photo = (SAMPLES / "photo-ready.jpg").read_bytes()
    for folder in (inside, outside):
        (folder / "a.jpg").write_bytes(photo)
    (inside / "way-out").symlink_to(outside)
    message: Json = {"phone": "+12345678900", "media": {"file": ""}}
    with desk("wassenger") as one:
        for source in (
            outside / "a.jpg",
            inside / ".." / "mine" / "a.jpg",
            inside / "way-out" / "a.jpg",
            "/etc/passwd",
        ):
            for named in (str(source), f"file://{source}"):
                message["media"]["file"] = named
                with pytest.raises(NotSendable, match="outside"):
                    prepare_message(message, terms=one.terms(), within=inside)
        assert one.seen == 0
        message["media"]["file"] = str(inside / "a.jpg")
        assert prepare_message(message, terms=one.terms(), within=inside) != message
