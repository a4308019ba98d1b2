"""The payloads are those of the documents, field by field: written, read, and given a new reference."""

from __future__ import annotations

import copy
import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from mediaprep.destinations import connect
from mediaprep.destinations.base import Envelope, Parcel, Reference, filled
from mediaprep.network.deadline import Deadline
from mediaprep.network.web import Line
from mediaprep.publishing.hook import prepare_message
from mediaprep.publishing.terms import agree
from tests.destinations.examples import (
    ENGAGELAB,
    ENGAGELAB_ANSWERS,
    MSGFLASH,
    WASSENGER,
    WASSENGER_ANSWERS,
    WASSENGER_UPLOADS,
)
from tests.servers import engagelab
from tests.servers.base import Received, Reply, StandIn
from tests.servers.engagelab import EngageLabStandIn
from tests.servers.wassenger import WassengerStandIn

ENGAGELAB_MEDIA = ("image", "video", "audio", "document", "sticker")
MSGFLASH_MEDIA = ("image", "video", "audio", "voice_note", "document")


def ready(target: str, filename: str = "made.bin", mime: str = "application/pdf") -> Parcel:
    return Parcel(path=Path(filename), mime=mime, bytes=1, sha256="0" * 64, target=target, filename=filename)


@pytest.mark.parametrize("name", WASSENGER)
def test_wassenger_messages_are_those_of_its_tutorial(name: str) -> None:
    example = WASSENGER[name]
    envelope = Envelope(to=example.get("phone", ""), group=example.get("group", ""), caption=example["message"])
    reference = Reference(id=example["media"]["file"])
    assert connect("wassenger", {}).message(reference, ready("image"), envelope) == example


class Tutorial(StandIn):
    """Wassenger as its tutorial prints it: one answer, with an id in its place."""

    ID = "06248ed01a7a65946c0701"  # the tutorial's own, which has two digits less than it says

    def answer(self, request: Received) -> Reply:
        (file,) = WASSENGER_ANSWERS["uploaded"]
        return Reply(200, [{**file, "id": self.ID}])


def test_wassenger_uploads_and_what_is_read_of_their_answer_are_those_of_its_tutorial() -> None:
    example, (answer,) = WASSENGER_UPLOADS["url with options"], WASSENGER_ANSWERS["uploaded"]
    parcel = replace(
        ready("image", example["filename"], answer["mime"]),
        bytes=answer["size"], link=example["url"], reference=example["reference"],
    )  # fmt: skip
    with Tutorial() as server:
        wassenger = connect("wassenger", {"WASSENGER_TOKEN": "canary-secret-wassenger", "WASSENGER_URL": server.url})
        receipt = wassenger.kept_for(datetime.timedelta(days=1)).upload(parcel, Line(Deadline(300)))
    (request,) = server.received
    assert (request.method, request.path, request.content_type) == ("POST", "/v1/files", "application/json")
    assert request.json() == example
    assert receipt.value == Tutorial.ID
    assert receipt.expires == datetime.datetime.fromisoformat(answer["expiresAt"])


def test_the_stand_ins_answer_as_the_documents_print_it() -> None:
    with WassengerStandIn() as wassenger, httpx.Client(trust_env=False) as client:
        headers, jpeg = {"Token": wassenger.environment["WASSENGER_TOKEN"]}, b"\xff\xd8\xff a picture"
        form = {"file": ("a.jpg", jpeg, "image/jpeg")}
        (said,) = client.post(
            f"{wassenger.url}/v1/files", params={"reference": "r"}, files=form, headers=headers
        ).json()
    (printed,) = WASSENGER_ANSWERS["uploaded"]
    assert said.keys() == {*printed, "reference"}, "the reference is inferred"
    assert all(type(said[key]) is type(value) for key, value in printed.items())
    with EngageLabStandIn() as server, httpx.Client(trust_env=False, auth=(engagelab.KEY, engagelab.SECRET)) as client:
        message = {**ENGAGELAB["text"], "to": ["8613800138000"], "request_id": "r"}
        good, bad = (client.post(f"{server.url}/v1/messages", json=one).json() for one in (message, {}))
    assert good.keys() == ENGAGELAB_ANSWERS["sent"].keys() and bad.keys() == ENGAGELAB_ANSWERS["failed"].keys()


@pytest.mark.parametrize("name", ENGAGELAB_MEDIA)
def test_engagelab_messages_are_those_of_its_document(name: str) -> None:
    example = ENGAGELAB[name]
    media = example["body"][name]
    envelope = Envelope(to=example["to"], caption=media.get("caption", ""), filename=media.get("filename", ""))
    made = connect("engagelab", {"ENGAGELAB_FROM": example["from"]}).message(
        Reference(link=media["link"]), ready(name), envelope
    )
    # Its examples write `to` as a string, its table of parameters asks for a list of strings.
    assert made == example | {"to": [example["to"]]}


def test_engagelab_templates_with_media_are_those_of_its_document() -> None:
    example = ENGAGELAB["template with a document"]
    template = example["body"]["template"]
    header, *components = template["components"]
    document = header["parameters"][0]["document"]
    envelope = Envelope(
        to=example["to"][0],
        filename=document["filename"],
        template=template["name"],
        language=template["language"],
        components=tuple(components),
    )
    made = connect("engagelab", {"ENGAGELAB_FROM": example["from"]}).message(
        Reference(link=document["link"]), ready("template_document"), envelope
    )
    assert made == example


@pytest.mark.parametrize("name", MSGFLASH_MEDIA)
def test_msgflash_messages_are_those_of_its_document(name: str) -> None:
    example = MSGFLASH[name]
    with pytest.warns(UserWarning, match="UUID"):
        msgflash = connect("msgflash", {"MSGFLASH_INSTANCE_ID": example["instanceId"]})
    parcel = ready("voice" if name == "voice_note" else name)
    envelope = Envelope(to=example["to"], caption=example.get("text", ""))
    assert msgflash.message(Reference(link=example["mediaUrl"]), parcel, envelope) == example


def test_msgflash_templates_with_media_are_those_of_its_document() -> None:
    example = MSGFLASH["template of a document"]
    envelope = Envelope(template=example["name"], caption=example["body"])
    made = connect("msgflash", {}).message(Reference(link=example["mediaUrl"]), ready(example["type"]), envelope)
    assert made == example


@pytest.mark.parametrize(
    ("via", "example", "text"),
    [
        ("engagelab", ENGAGELAB["text"], "votre-contenu-de-message-texte"),
        ("engagelab", ENGAGELAB["template"], ""),
        ("msgflash", MSGFLASH["free"], "Bonjour Awa"),
        ("msgflash", MSGFLASH["text"], "Bonjour Jean,\n\nVotre commande #1234 est prête."),
        ("msgflash", MSGFLASH["template"], ""),
        ("msgflash", MSGFLASH["location"], ""),
        ("msgflash", MSGFLASH["contact"], ""),
    ],
)
def test_examples_without_media_have_nothing_to_publish(via: str, example: dict[str, Any], text: str) -> None:
    found = connect(via, {}).read(example)
    assert found.text == text and not found.slots
    assert prepare_message(example, terms=agree(connect(via, {}))) is example


@pytest.mark.parametrize(
    ("via", "example"),
    [
        *(("engagelab", ENGAGELAB[name]) for name in (*ENGAGELAB_MEDIA, "template with a document")),
        *(("msgflash", MSGFLASH[name]) for name in (*MSGFLASH_MEDIA, "template of a document")),
        *(("wassenger", example | {"media": {"url": "holiday.mov"}}) for example in WASSENGER.values()),
    ],
)
def test_the_medium_of_an_example_is_found_and_replaced_alone(via: str, example: dict[str, Any]) -> None:
    before = copy.deepcopy(example)
    (slot,) = connect(via, {}).read(example).slots
    after = filled(example, slot, Reference(link="https://cdn.example.com/new"))
    assert example == before
    assert repr(after) == repr(before).replace(slot.source, "https://cdn.example.com/new")
