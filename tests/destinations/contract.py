"""What holds for every destination, tried against its stand-in. A destination joins by its line in `PLATFORMS`."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from mediaprep.destinations import connect, destination_class
from mediaprep.destinations.base import EXAMPLE, Destination, Envelope, Parcel, Reference, filled
from mediaprep.destinations.body import Json
from mediaprep.errors import UsageError
from mediaprep.hosts import open_host
from mediaprep.network.deadline import Deadline
from mediaprep.network.web import Line
from mediaprep.planning.profiles import load
from mediaprep.publishing.terms import agree
from mediaprep.publishing.transport import SendableTransport
from tests.conftest import CANARY
from tests.servers.base import Platform
from tests.servers.engagelab import EngageLabStandIn
from tests.servers.msgflash import MsgFlashStandIn
from tests.servers.shelf import Shelf
from tests.servers.storage import Storage
from tests.servers.twilio import TwilioStandIn
from tests.servers.waha import WAHAStandIn
from tests.servers.wassenger import WassengerStandIn
from tests.servers.whatsapp import WhatsAppStandIn

PLATFORMS: dict[str, type[Platform]] = {
    "wassenger": WassengerStandIn,
    "engagelab": EngageLabStandIn,
    "msgflash": MsgFlashStandIn,
    "whatsapp": WhatsAppStandIn,
    "twilio": TwilioStandIn,
    "waha": WAHAStandIn,
}

SAMPLES = Path(__file__).parents[2] / "samples"
READY = {
    "image": ("photo-ready.jpg", "image/jpeg"),
    "video": ("film-ready.mp4", "video/mp4"),
    "gif": ("film-ready.mp4", "video/mp4"),
    "audio": ("memo-ready.ogg", "audio/ogg"),
    "voice": ("memo-ready.ogg", "audio/ogg"),
    "sticker": ("sticker-ready.webp", "image/webp"),
    "animated_sticker": ("sticker-animated-ready.webp", "image/webp"),
    "document": ("letter.pdf", "application/pdf"),
    "template_document": ("letter.pdf", "application/pdf"),
}
"""Target -> a sample that complies."""
WRONG_ADDRESSES = {
    "https://me:canary-secret@gateway.example.com/v1": "user name or password",
    "https://gateway.example.com/v1?key=canary-secret": "query or fragment",
    "gateway.example.com/canary-secret": "_URL",
    "https://gateway example.com/": "_URL",
    "https://gateway.example.com:99999/": "_URL",
}


def parcel(target: str) -> Parcel:
    """A sample as what a message of that kind names."""
    name, mime = READY[target]
    content = (SAMPLES / name).read_bytes()
    return Parcel(
        path=SAMPLES / name, mime=mime, bytes=len(content), sha256=hashlib.sha256(content).hexdigest(), target=target,
        filename=f"photo{Path(name).suffix}",
    )  # fmt: skip


def needed(name: str, *when: str) -> list[str]:
    """The variables that a destination needs at one of these times."""
    return [one.name for one in destination_class(name).variables if one.needed in when]


def environment_of(name: str) -> dict[str, str]:
    """What a destination needs to publish and to send, without a server behind it."""
    platform = PLATFORMS[name]()
    environment = platform.environment
    platform._server.server_close()
    return environment


class DestinationContract:
    @pytest.fixture
    def name(self, request: pytest.FixtureRequest) -> str:
        raise NotImplementedError

    @pytest.fixture
    def api(self, name: str) -> Iterator[Platform]:
        with PLATFORMS[name]() as running:
            yield running

    @pytest.fixture
    def destination(self, name: str, api: Platform) -> Destination:
        return connect(name, api.environment)

    def test_it_tells_everything_about_itself(self, name: str, api: Platform) -> None:
        found = destination_class(name)
        assert found.name == name and found.title and found.accepts and found.returns and found.lasts
        declared = {one.name for one in found.variables}
        assert all(one.name.startswith(f"{name.upper()}_") and one.what for one in found.variables)
        assert api.environment.keys() <= declared and f"{name.upper()}_URL" in declared
        assert set(needed(name, "publish", "message", "send")) <= api.environment.keys()
        assert found.takes <= set(Envelope.__struct_fields__)
        assert all(text and "\n" not in text for text in found.errors.values())
        assert load(name).targets.keys() & {"image", "video", "document"}

    def test_the_example_is_what_it_writes(self, name: str, destination: Destination) -> None:
        reference, envelope = EXAMPLE
        assert destination.message(reference, parcel("image"), envelope) == destination_class(name).example

    def test_the_medium_of_the_example_is_found_and_replaced_alone(self, destination: Destination) -> None:
        example = destination.example
        before = copy.deepcopy(example)
        (slot,) = destination.read(example).slots
        assert slot.source == EXAMPLE[0].link and slot.caption == EXAMPLE[1].caption
        made = filled(example, slot, Reference(link="https://cdn.example.com/new"))
        assert example == before
        assert json.dumps(made) == json.dumps(before).replace(slot.source, "https://cdn.example.com/new")

    def test_a_message_is_read_from_the_body_that_it_is_written_to(self, destination: Destination) -> None:
        post = destination.post(destination.example, "image")
        assert destination.body.read(post.content) == post.message == destination.example
        assert post.json == (post.message if destination.body.mime == "application/json" else None)
        assert post.reveal()["content-type"] == destination.body.mime
        path = urlsplit(post.url).path
        assert destination.sends(path) and destination.target_of(path) in ("", "image")

    def test_every_kind_is_accepted_by_each_reference(self, name: str, destination: Destination, api: Platform) -> None:
        envelope = Envelope(to="+12345678900", caption="Grüße 😀 & more=less")
        for target in load(name).targets.keys() & READY.keys():
            sent = parcel(target)
            for reference in self.references(destination, sent):
                message = destination.message(reference, sent, envelope)
                post = destination.post(message, target)
                answer = httpx.post(post.url, content=post.content, headers=post.reveal(), trust_env=False)
                assert answer.is_success, f"{target}: {answer.text}"
                assert destination.read(message, target)
        assert api.accepted

    @staticmethod
    def references(destination: Destination, sent: Parcel) -> Iterator[Reference]:
        """Every reference that a file can have with this destination, each while it serves."""
        if destination.uploads:
            yield Reference(id=destination.upload(sent, Line(Deadline(300))).value)
        if destination.inline:
            yield destination.inside(sent.path, sent.full_mime)
        if not destination.uploads:
            with Shelf() as shelf:
                yield Reference(link=shelf.put(sent.path.name, sent.path.read_bytes(), sent.full_mime))

    def test_what_is_missing_is_named_when_it_is_needed(
        self, name: str, destination: Destination, api: Platform, tmp_path: Path
    ) -> None:
        host = None if destination.uploads else open_host(str(tmp_path), public_url="https://cdn.example.com")
        for missing in needed(name, "publish", "message"):
            with pytest.raises(UsageError, match=f"{missing} is not set"):
                agree(connect(name, {**api.environment, missing: ""}), host=host, envelope=EXAMPLE[1])
        for missing in needed(name, "publish", "send"):
            with pytest.raises(UsageError, match=f"{missing} is not set"):
                connect(name, {**api.environment, missing: ""}).post(destination.example)
        bare = {key: value for key, value in api.environment.items() if key not in needed(name, "send")}
        assert agree(connect(name, bare), host=host, envelope=EXAMPLE[1])
        assert api.received == []

    def test_what_it_cannot_carry_is_refused_by_its_option(self, destination: Destination) -> None:
        said: dict[str, Any] = {
            "to": "+12345678900", "group": "1@g.us", "caption": "x", "filename": "x.pdf", "view_once": True,
            "template": "x", "language": "en", "components": ({},), "request_id": "x", "custom_args": {"a": 1},
        }  # fmt: skip
        for field in said.keys() - destination.takes:
            with pytest.raises(UsageError, match=f"--{field.replace('_', '-')}"):
                destination.check_envelope(Envelope(**{field: said[field]}))

    def test_without_uploads_it_says_so(self, destination: Destination, tmp_path: Path) -> None:
        if destination.uploads:
            assert destination.account and CANARY not in destination.account
            return
        with pytest.raises(UsageError, match="--host"):
            _ = destination.account
        with pytest.raises(UsageError, match="--host"):
            destination.upload(parcel("image"), Line(Deadline(1)))

    def test_a_file_inside_a_message_has_a_limit(self, destination: Destination, tmp_path: Path) -> None:
        path = tmp_path / "large"
        with path.open("wb") as file:
            file.truncate(destination.inline + 1)
        with pytest.raises(UsageError, match="--host"):
            destination.inside(path, "image/jpeg")

    @pytest.mark.parametrize("message", [{}, {"to": 7}, {"media": []}, {"body": {"type": ["x"]}}, {"file": {}}])
    def test_what_is_no_message_is_refused(self, destination: Destination, message: Json) -> None:
        with pytest.raises(UsageError) as caught:
            destination.read(message)
        assert "\n" not in str(caught.value)

    def test_it_shows_no_secret(self, destination: Destination) -> None:
        post = destination.post(destination.example)
        for shown in (repr(destination), repr(vars(destination)), repr(post), str(post), str(post.headers)):
            assert CANARY not in shown
        with pytest.raises(TypeError):
            pickle.dumps(destination)
        assert str(post.reveal()) != str(post.headers)

    @pytest.mark.parametrize("address", WRONG_ADDRESSES)
    def test_a_gateway_s_address_holds_no_key(self, name: str, api: Platform, address: str) -> None:
        """It is part of what the journal writes down."""
        with pytest.raises(UsageError, match=WRONG_ADDRESSES[address]) as caught:
            connect(name, {**api.environment, f"{name.upper()}_URL": address})
        assert CANARY not in str(caught.value) and f"{name.upper()}_URL" in str(caught.value)

    def test_a_request_that_cannot_be_read_is_not_sent(self, destination: Destination, api: Platform) -> None:
        post = destination.post(destination.example, "image")
        bad: list[tuple[bytes, dict[str, str]]] = [
            (post.content, {"content-type": "text/plain"}),
            (post.content, {}),
            (post.content, {**post.reveal(), "content-encoding": "gzip"}),
            (b"", post.reveal()),
            (b"\xff{", post.reveal()),
            (b"just words", post.reveal()),
        ]
        with httpx.Client(transport=SendableTransport(agree(destination)), trust_env=False) as client:
            for content, headers in bad:
                with pytest.raises(UsageError):
                    client.post(post.url, content=content, headers=headers)
        assert api.received == []

    def test_its_messages_are_made_sendable_inside_httpx(self, name: str, api: Platform) -> None:
        """A photo that has to be worked on, by its path, in a message of the API's own."""
        with contextlib.ExitStack() as stack:
            destination = connect(name, api.environment)
            host = None
            if not (destination.uploads or destination.inline):
                storage = stack.enter_context(Storage())
                host = open_host(f"{storage.url}/media", environment={})
            terms = agree(destination, host=host, timeout=300)
            (slot,) = destination.read(destination.example).slots
            given = filled(destination.example, slot, Reference(link=str(SAMPLES / "photo-gps.jpg")))
            post = destination.post(given, "image")
            client = stack.enter_context(httpx.Client(transport=SendableTransport(terms)))
            answer = client.post(post.url, content=post.content, headers=post.reveal())
            assert answer.is_success, answer.text
            assert b"photo-gps" not in api.received[-1].body
