"""MsgFlash. It takes links alone: its upload belongs to the console, not to API keys.

Source: https://docs.msgflash.com, pages "Message types" and "API reference: messages".
"""

from __future__ import annotations

import datetime
import re
import warnings
from collections.abc import Mapping
from typing import ClassVar

from mediaprep.destinations.base import Destination, Envelope, Outgoing, Parcel, Reference, Slot
from mediaprep.destinations.body import Json, Post
from mediaprep.destinations.fields import e164, instant
from mediaprep.destinations.variable import Variable
from mediaprep.errors import UsageError

BASE = "https://srv.msgflash.com"
INSTANCE = Variable(name="MSGFLASH_INSTANCE_ID", what="the UUID of the WhatsApp instance", needed="message")
KEY = Variable(name="MSGFLASH_API_KEY", what="the API key of MsgFlash's console", needed="send")
ADDRESS = Variable(name="MSGFLASH_URL", what=f"the base address of another server, such as a gateway; default: {BASE}")

TARGETS = {"image": "image", "video": "video", "audio": "audio", "voice_note": "voice", "document": "document"}
"""Type of message -> target."""
TYPES = {target: kind for kind, target in TARGETS.items()}
WITHOUT_MEDIA = frozenset({"text", "location", "contact", "buttons"})
CAPTIONED = frozenset({"image", "video", "document"})
"""Sections image, video and document; audio and voice_note have no `text`."""
TEMPLATES = frozenset({"image", "video", "audio", "document"})
"""Types of a template that hold media."""
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


class MsgFlash(Destination):
    """Messages of `POST /api/v1/messages/send` and `/schedule`, and definitions of templates with media."""

    name = "msgflash"
    title = "MsgFlash"
    accepts = "links"
    returns = "link"
    lasts = "as long as the host serves it"
    variables = (INSTANCE, KEY, ADDRESS)
    example: ClassVar[Json] = {
        "instanceId": "0b8e8b1e-6f0c-4b52-9a3e-6f3f1d3c9a10",
        "to": "+12345678900",
        "type": "image",
        "mediaUrl": "https://cdn.example.com/photo.jpg",
        "text": "Hello",
    }
    takes = frozenset({"to", "caption", "filename", "template", "scheduled_at"})
    message_paths = ("/messages/send", "/messages/schedule")

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._key = KEY.key(environment)
        self._instance_id = INSTANCE.text(environment)
        if self._instance_id and not UUID.fullmatch(self._instance_id):
            warnings.warn(
                f'invalid MSGFLASH_INSTANCE_ID: "{self._instance_id}", not a UUID; MsgFlash may refuse messages',
                stacklevel=2,
            )
        self._base = ADDRESS.address(environment, BASE)

    def message(self, reference: Reference, parcel: Parcel, envelope: Envelope) -> Json:
        """With `template`, its definition: for MsgFlash the media of a template is the template's own."""
        self.check_envelope(envelope)
        kind = TYPES.get(parcel.target)
        if kind is None:
            raise UsageError(f"MsgFlash does not support {parcel.target}; supported: {', '.join(TYPES)}")
        if not reference.link:
            raise UsageError("MsgFlash accepts only links; give --host, so that the file is published there")
        if envelope.template:
            return _template(kind, reference, envelope)
        made = {
            "instanceId": self._instance(),
            "to": e164(envelope.to),
            "type": kind,
            "mediaUrl": reference.link,
        }
        if envelope.caption and kind in CAPTIONED:
            made["text"] = envelope.caption
        if envelope.scheduled_at is not None:
            made["scheduledAt"] = _utc(envelope.scheduled_at)
        return made

    def read(self, message: Json, target: str = "") -> Outgoing:
        definition = _defines_template(message)
        known = TEMPLATES | {"text"} if definition else TARGETS.keys() | WITHOUT_MEDIA
        words = "body" if definition else "text"
        kind = self.member(message, str, "type", default="" if "templateId" in message else None)
        if kind and kind not in known:
            raise UsageError(f'invalid "type": "{kind}"; expected {", ".join(sorted(known))}')
        if kind in WITHOUT_MEDIA and "mediaUrl" in message:
            raise UsageError(f'a message of type "{kind}" does not support "mediaUrl"; remove one of them')
        if kind == "text":
            return Outgoing(text=self.member(message, str, words))
        if kind == "buttons":
            return Outgoing(text=self.member(message, str, "description", default=""))
        if kind not in TARGETS and not message.get("mediaUrl"):
            return Outgoing()
        slot = Slot(
            source=self.member(message, str, "mediaUrl"),
            target=TARGETS.get(kind, ""),
            where=(),
            link_key="mediaUrl",
            caption=self.member(message, str, words, default=""),
            until=self._scheduled(message),
        )
        return Outgoing(slots=(slot,))

    def post(self, message: Json, target: str = "") -> Post:
        if _defines_template(message):
            raise UsageError(
                "this is a template, not a message; make it with POST /api/v1/templates, then send its templateId"
            )
        way = "schedule" if message.get("scheduledAt") else "send"
        return Post(
            url=f"{self._base}/api/v1/messages/{way}", headers={"x-api-key": self._key.needed()}, message=message
        )

    def _instance(self) -> str:
        if not self._instance_id:
            raise INSTANCE.missing()
        return self._instance_id

    def _scheduled(self, message: Json) -> datetime.datetime | None:
        said = self.member(message, str, "scheduledAt", default="")
        found = instant(said)
        if said and found is None:
            raise UsageError(f'invalid "scheduledAt": "{said}"; expected a time such as 2026-12-24T18:00:00Z')
        return found


def _defines_template(message: Json) -> bool:
    return "name" in message and "to" not in message


def _template(kind: str, reference: Reference, envelope: Envelope) -> Json:
    if kind not in TEMPLATES:
        raise UsageError(f"invalid template type: {kind}; accepted: {', '.join(sorted(TEMPLATES))}")
    if envelope.to or envelope.scheduled_at is not None:
        raise UsageError("a template of MsgFlash does not support --to and --scheduled-at; leave them out")
    body = {"body": envelope.caption} if envelope.caption else {}
    return {"name": envelope.template, "type": kind, **body, "mediaUrl": reference.link}


def _utc(time: datetime.datetime) -> str:
    if time.tzinfo is None:
        raise UsageError(f"{time.isoformat()} has no time zone; add Z or +01:00")
    return time.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")
