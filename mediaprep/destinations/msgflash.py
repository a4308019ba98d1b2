"""MsgFlash. It takes links alone: its upload belongs to the console, not to API keys.

Source: https://docs.msgflash.com, pages "Message types" and "API reference: messages".
"""

from __future__ import annotations

import datetime
import re
import warnings
from collections.abc import Mapping

from mediaprep.destinations.base import (
    Destination,
    Envelope,
    Json,
    Outgoing,
    Parcel,
    Post,
    Reference,
    Slot,
    e164,
    moment,
)
from mediaprep.errors import UsageError
from mediaprep.network import secret
from mediaprep.network.addresses import checked

BASE = "https://srv.msgflash.com"

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
    takes = frozenset({"to", "caption", "filename", "template", "scheduled_at"})
    message_paths = ("/messages/send", "/messages/schedule")

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._key = secret.Key("MSGFLASH_API_KEY", "the API key of MsgFlash's console", environment)
        self._instance_id = environment.get("MSGFLASH_INSTANCE_ID", "").strip()
        if self._instance_id and not UUID.fullmatch(self._instance_id):
            warnings.warn(
                f'MSGFLASH_INSTANCE_ID is "{self._instance_id}", which is no UUID; MsgFlash may refuse the message',
                stacklevel=2,
            )
        self._base = checked(environment.get("MSGFLASH_URL", "").strip() or BASE, "MSGFLASH_URL")

    def message(self, reference: Reference, parcel: Parcel, envelope: Envelope) -> Json:
        """With `template`, its definition: for MsgFlash the media of a template is the template's own."""
        self.address(envelope)
        kind = TYPES.get(parcel.target)
        if kind is None:
            raise UsageError(f"MsgFlash has no message for {parcel.target}; it has {', '.join(TYPES)}")
        if not reference.link:
            raise UsageError("MsgFlash takes links alone; give --host, and the file is published there")
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

    def read(self, message: Json) -> Outgoing:
        definition = _defines_template(message)
        known = TEMPLATES | {"text"} if definition else TARGETS.keys() | WITHOUT_MEDIA
        words = "body" if definition else "text"
        kind = self.member(message, str, "type", default="" if "templateId" in message else None)
        if kind and kind not in known:
            raise UsageError(f'"type" is "{kind}"; MsgFlash has {", ".join(sorted(known))}')
        if kind in WITHOUT_MEDIA and "mediaUrl" in message:
            raise UsageError(f'a message of type "{kind}" has no "mediaUrl"; leave it out, or change the type')
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

    def post(self, message: Json) -> Post:
        if _defines_template(message):
            raise UsageError(
                "this is a template, not a message; make it with POST /api/v1/templates, then send its templateId"
            )
        way = "schedule" if message.get("scheduledAt") else "send"
        return Post(url=f"{self._base}/api/v1/messages/{way}", headers={"x-api-key": self._key.needed()}, json=message)

    def _instance(self) -> str:
        if not self._instance_id:
            raise UsageError("MSGFLASH_INSTANCE_ID is not set; put the UUID of the WhatsApp instance in that variable")
        return self._instance_id

    def _scheduled(self, message: Json) -> datetime.datetime | None:
        said = self.member(message, str, "scheduledAt", default="")
        found = moment(said)
        if said and found is None:
            raise UsageError(f'"scheduledAt" is "{said}", which is no time; write it such as 2026-12-24T18:00:00Z')
        return found


def _defines_template(message: Json) -> bool:
    return "name" in message and "to" not in message


def _template(kind: str, reference: Reference, envelope: Envelope) -> Json:
    if kind not in TEMPLATES:
        raise UsageError(f"a template of MsgFlash is {', '.join(sorted(TEMPLATES))} or text, never {kind}")
    if envelope.to or envelope.scheduled_at is not None:
        raise UsageError("a template of MsgFlash has no recipient and no time; leave them out")
    body = {"body": envelope.caption} if envelope.caption else {}
    return {"name": envelope.template, "type": kind, **body, "mediaUrl": reference.link}


def _utc(moment: datetime.datetime) -> str:
    if moment.tzinfo is None:
        raise UsageError(f"{moment.isoformat()} may be any time of day; say its zone, such as {moment.isoformat()}Z")
    return moment.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")
