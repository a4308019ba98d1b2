"""EngageLab's WhatsApp API. It takes links, or ids that WhatsApp gave; there is no upload.

Source: WhatsApp Send Message API Documentation, https://www.engagelab.com/docs/whatsapp/rest-api/send-message
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from mediaprep.destinations.base import Destination, Envelope, Json, Outgoing, Parcel, Post, Reference, Slot
from mediaprep.errors import UsageError
from mediaprep.network import secret
from mediaprep.network.addresses import checked

BASE = "https://wa.api.engagelab.cc"

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
        self._key = secret.Key("ENGAGELAB_DEV_KEY", "the DevKey of EngageLab's console", environment)
        self._secret = secret.Key("ENGAGELAB_DEV_SECRET", "the DevSecret of EngageLab's console", environment)
        self._base = checked(environment.get("ENGAGELAB_URL", "").strip() or BASE, "ENGAGELAB_URL")
        self._sender = environment.get("ENGAGELAB_FROM", "").strip()

    def message(self, reference: Reference, parcel: Parcel, envelope: Envelope) -> Json:
        self.address(envelope)
        kind = TYPES.get(parcel.target)
        if kind is None:
            raise UsageError(f"EngageLab has no message for {parcel.target}; it has {', '.join(sorted(MEDIA))}")
        media: Json = {"id": reference.id} if reference.id else {"link": reference.link}
        if envelope.template:
            body = {"type": "template", "template": _template(kind, media, parcel, envelope)}
        elif envelope.language or envelope.components:
            raise UsageError("a language and components belong to a template; give its name too")
        else:
            body = {"type": kind, kind: media | _described(kind, parcel, envelope)}
        made: Json = {"from": phone(self._sender, "ENGAGELAB_FROM")} if self._sender else {}
        made |= {"to": [phone(envelope.to)], "body": body}
        if envelope.request_id:
            made["request_id"] = envelope.request_id
        if envelope.custom_args:
            made["custom_args"] = envelope.custom_args
        return made

    def read(self, message: Json) -> Outgoing:
        kind = self.member(message, str, "body", "type")
        if kind not in MEDIA | {"text", "template"}:
            raise UsageError(f'"body.type" is "{kind}"; EngageLab has text, template, {", ".join(sorted(MEDIA))}')
        self.member(message, dict, "body", kind)
        if kind == "text":
            return Outgoing(text=self.member(message, str, "body", "text", "body"))
        if kind == "template":
            return Outgoing(slots=tuple(self._headers(message)))
        slots = tuple(self._slot(message, ("body", kind), kind))
        caption = "" if slots else self.member(message, str, "body", kind, "caption", default="")
        return Outgoing(caption=caption, slots=slots)

    def post(self, message: Json) -> Post:
        keys: dict[str, str | secret.Secret] = {
            "Authorization": secret.basic(self._key.needed(), self._secret.needed())
        }
        return Post(url=f"{self._base}/v1/messages", headers=keys, json=message)

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
                        f'"body.template.components[{i}]" holds a medium; a template has media in its header alone'
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


def phone(number: str, place: str = "to") -> str:
    """A phone number in one of the forms of EngageLab's own examples, kept as it is but for blanks and dashes:
    `+8613800138000`, `8613800138000`, `00447911123456`. Raises `UsageError` for what is none; `place`: where it stood.
    """
    if not number:
        raise UsageError("there is no phone number; add --to, such as +8613800138000")
    plain = re.sub(r"[\s-]", "", number)
    if not re.fullmatch(r"(\+|00)?[1-9]\d{6,14}", plain, re.ASCII):
        raise UsageError(
            f'{place}: "{number}" is no phone number with country code; write it as +8613800138000 or 00447911123456'
        )
    return plain


def _described(kind: str, parcel: Parcel, envelope: Envelope) -> Json:
    """Caption and file name. Without a file name a document is called by its caption (section document)."""
    caption = {"caption": envelope.caption} if envelope.caption and kind in CAPTIONED else {}
    filename = envelope.filename or ("" if caption else parcel.filename)
    return caption | ({"filename": filename} if filename and kind == "document" else {})


def _template(kind: str, media: Json, parcel: Parcel, envelope: Envelope) -> Json:
    if kind not in HEADERS:
        raise UsageError(f"a template's header takes an image, a video or a document, not {parcel.target}")
    if kind == "document" and parcel.mime != "application/pdf":
        raise UsageError(f"the document of a template must be a PDF, not {parcel.mime}; convert it first")
    if not envelope.language:
        raise UsageError("a template needs its language, such as zh_CN; give the one that it was made in")
    if envelope.caption:
        raise UsageError("a template has no caption; its words stand in its components")
    named = {"filename": envelope.filename or parcel.filename} if kind == "document" else {}
    header = {"type": "header", "parameters": [{"type": kind, kind: media | named}]}
    return {
        "name": envelope.template,
        "language": envelope.language,
        "components": [header, *envelope.components],
    }
