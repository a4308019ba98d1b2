"""EngageLab's WhatsApp API. It takes links, or ids that WhatsApp gave; there is no upload.

Source: WhatsApp Send Message API Documentation, https://www.engagelab.com/docs/whatsapp/rest-api/send-message
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from mediaprep.destinations.base import Destination, Envelope, Outgoing, Parcel, Reference, Slot
from mediaprep.destinations.body import Json, Post
from mediaprep.destinations.variable import Variable
from mediaprep.errors import UsageError
from mediaprep.network import secret

BASE = "https://wa.api.engagelab.cc"
KEY = Variable(name="ENGAGELAB_DEV_KEY", what="the DevKey of EngageLab's console", needed="send")
SECRET = Variable(name="ENGAGELAB_DEV_SECRET", what="the DevSecret of EngageLab's console", needed="send")
SENDER = Variable(name="ENGAGELAB_FROM", what="the phone number that messages come from; default: the account's own")
ADDRESS = Variable(name="ENGAGELAB_URL", what=f"the base address of another server, such as a gateway; default: {BASE}")

TYPES = {
    "image": "image",
    "video": "video",
    "gif": "video",
    "audio": "audio",
    "voice": "audio",
    "document": "document",
    "template_document": "document",
    "sticker": "sticker",
    "animated_sticker": "sticker",
}
"""Target -> type of message. No type and no flag for voice notes is documented."""
MEDIA = frozenset(TYPES.values())
CAPTIONED = frozenset({"image", "video", "document"})
"""Sections image, video and document; audio and sticker have no caption."""
HEADERS = frozenset({"image", "video", "document"})
"""Media of a template; "media types exist only in the header" (section template.components.parameters)."""


class EngageLab(Destination):
    """Messages of `POST /v1/messages`, with Basic auth."""

    name = "engagelab"
    title = "EngageLab"
    accepts = "links"
    returns = "link (its messages also accept an ID that WhatsApp gave)"
    lasts = "as long as the host serves it"
    variables = (KEY, SECRET, SENDER, ADDRESS)
    example: ClassVar[Json] = {
        "from": "+8613800138000",
        "to": ["+12345678900"],
        "body": {"type": "image", "image": {"link": "https://cdn.example.com/photo.jpg", "caption": "Hello"}},
    }
    takes = frozenset({"to", "caption", "filename", "template", "language", "components", "request_id", "custom_args"})
    errors: ClassVar[Mapping[int, str]] = {
        1000: "EngageLab had an internal error; try again later",
        2001: "EngageLab does not know the key; check ENGAGELAB_DEV_KEY and ENGAGELAB_DEV_SECRET",
        2002: "the key has expired or was disabled; make a new one in EngageLab's console",
        2003: "WhatsApp refused EngageLab's own sign-in; ask EngageLab's customer service",
        2004: "the key may not send from this number; allow it in EngageLab's console, or check ENGAGELAB_FROM",
        3001: "the request is not JSON as EngageLab reads it; send the message as application/json",
        3002: "a field of the message is missing or wrong; compare it with EngageLab's document",
        3003: "a value in the message is not valid; EngageLab's own words say which",
        4001: "something that the message names does not exist, such as its template; check its name and language",
    }

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._key, self._secret = KEY.key(environment), SECRET.key(environment)
        self._base = ADDRESS.address(environment, BASE)
        self._sender = SENDER.text(environment)

    def message(self, reference: Reference, parcel: Parcel, envelope: Envelope) -> Json:
        self.check_envelope(envelope)
        kind = TYPES.get(parcel.target)
        if kind is None:
            raise UsageError(f"EngageLab does not support {parcel.target}; supported: {', '.join(sorted(MEDIA))}")
        media: Json = {**reference.fields()}
        if envelope.template:
            body = {"type": "template", "template": _template(kind, media, parcel, envelope)}
        elif envelope.language or envelope.components:
            raise UsageError("--language and --components require --template")
        else:
            body = {"type": kind, kind: media | _described(kind, parcel, envelope)}
        made: Json = {"from": dialled(self._sender, SENDER.name)} if self._sender else {}
        made |= {"to": [dialled(envelope.to)], "body": body}
        if envelope.request_id:
            made["request_id"] = envelope.request_id
        if envelope.custom_args:
            made["custom_args"] = envelope.custom_args
        return made

    def read(self, message: Json, target: str = "") -> Outgoing:
        kind = self.member(message, str, "body", "type")
        if kind not in MEDIA | {"text", "template"}:
            raise UsageError(f'invalid "body.type": "{kind}"; expected text, template, {", ".join(sorted(MEDIA))}')
        self.member(message, dict, "body", kind)
        if kind == "text":
            return Outgoing(text=self.member(message, str, "body", "text", "body"))
        if kind == "template":
            return Outgoing(slots=tuple(self._headers(message)))
        slots = tuple(self._slot(message, ("body", kind), kind))
        caption = "" if slots else self.member(message, str, "body", kind, "caption", default="")
        return Outgoing(caption=caption, slots=slots)

    def post(self, message: Json, target: str = "") -> Post:
        keys: dict[str, str | secret.Secret] = {
            "Authorization": secret.basic(self._key.needed(), self._secret.needed())
        }
        return Post(url=f"{self._base}/v1/messages", headers=keys, message=message)

    def _headers(self, message: Json) -> Iterator[Slot]:
        """The media of a template."""
        top = ("body", "template", "components")
        for i in range(len(self.member(message, list, *top, default=[]))):
            component = self.member(message, str, *top, i, "type")
            for j in range(len(self.member(message, list, *top, i, "parameters", default=[]))):
                kind = self.member(message, str, *top, i, "parameters", j, "type")
                if kind not in HEADERS:
                    continue
                if component != "header":
                    raise UsageError(
                        f'"body.template.components[{i}]" contains media; move it to the header, the only place for it'
                    )
                target = "template_document" if kind == "document" else kind
                yield from self._slot(message, (*top, i, "parameters", j, kind), target)

    def _slot(self, message: Json, where: tuple[str | int, ...], target: str) -> Iterator[Slot]:
        """The place of a medium, unless an id stands there already."""
        self.member(message, dict, *where)
        if not self.member(message, str, *where, "id", default=""):
            yield Slot(
                source=self.member(message, str, *where, "link"),
                target=target,
                where=where,
                link_key="link",
                id_key="id",
                caption=self.member(message, str, *where, "caption", default=""),
                filename=self.member(message, str, *where, "filename", default=""),
            )


def dialled(number: str, place: str = "to") -> str:
    """A phone number in one of the forms of EngageLab's own examples, kept as it is but for blanks and dashes:
    `+8613800138000`, `8613800138000`, `00447911123456`. Raises `UsageError` for what is none; `place`: where it stood.
    """
    if not number:
        raise UsageError("missing phone number; add --to, such as +8613800138000")
    plain = re.sub(r"[\s-]", "", number)
    if not re.fullmatch(r"(\+|00)?[1-9]\d{6,14}", plain, re.ASCII):
        raise UsageError(f'invalid phone number in {place}: "{number}"; expected a country code, as in +8613800138000')
    return plain


def _described(kind: str, parcel: Parcel, envelope: Envelope) -> Json:
    """Caption and file name. Without a file name a document is called by its caption (section document)."""
    caption = {"caption": envelope.caption} if envelope.caption and kind in CAPTIONED else {}
    filename = envelope.filename or ("" if caption else parcel.filename)
    return caption | ({"filename": filename} if filename and kind == "document" else {})


def _template(kind: str, media: Json, parcel: Parcel, envelope: Envelope) -> Json:
    if kind not in HEADERS:
        raise UsageError(f"invalid template header: {parcel.target}; accepted: image, video, document")
    if kind == "document" and parcel.mime != "application/pdf":
        raise UsageError(f"invalid template document: {parcel.mime}; accepted: PDF. Convert it first")
    if not envelope.language:
        raise UsageError("--template requires --language, such as zh_CN: the one that the template was made in")
    if envelope.caption:
        raise UsageError("a template does not support --caption; put the text into --components")
    named = {"filename": envelope.filename or parcel.filename} if kind == "document" else {}
    header = {"type": "header", "parameters": [{"type": kind, kind: media | named}]}
    return {
        "name": envelope.template,
        "language": envelope.language,
        "components": [header, *envelope.components],
    }
