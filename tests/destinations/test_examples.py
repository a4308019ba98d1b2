"""The payloads are those of the documents, field by field: written, read, and given a new reference."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from mediaprep.destinations import connect
from mediaprep.destinations.base import Envelope, Parcel, Reference, filled
from tests.destinations.examples import ENGAGELAB, MSGFLASH, WASSENGER

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
    msgflash = connect("msgflash", {"MSGFLASH_INSTANCE_ID": example["instanceId"]})
    parcel = ready("voice" if name == "voice_note" else name)
    envelope = Envelope(to=example["to"], caption=example.get("text", ""))
    with pytest.warns(UserWarning, match="no UUID"):
        made = msgflash.message(Reference(link=example["mediaUrl"]), parcel, envelope)
    assert made == example


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
