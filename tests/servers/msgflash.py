"""A stand-in for MsgFlash's messages and templates, as strict as its documents, and sometimes stricter.

Documented: paths, `x-api-key`, fields, the forms of success and error, the codes with their status, types and sizes of
media (of its console). Inferred: 201 for `/send` and for templates, that unknown fields are refused, the length of a
caption, and that a link is fetched before the answer: MsgFlash itself queues first.
"""

from __future__ import annotations

import datetime
import json
import re
from typing import Any
from uuid import uuid4

from tests.servers.base import Platform, Received, Reply
from tests.servers.fetcher import MIB, OFFICE, fetch

KEY = "canary-secret-msgflash"
INSTANCE = "0b8e8b1e-6f0c-4b52-9a3e-6f3f1d3c9a10"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

AUDIO = {"audio/mpeg", "audio/ogg", "audio/mp4", "audio/aac", "audio/amr"}
TYPES = {
    "image": {"image/jpeg", "image/png", "image/webp", "image/gif"},
    "video": {"video/mp4", "video/3gpp"},
    "audio": AUDIO,
    "voice_note": AUDIO | {"audio/webm"},
    "document": {
        "application/pdf",
        "application/msword",
        OFFICE + "wordprocessingml.document",
        "application/vnd.ms-excel",
        OFFICE + "spreadsheetml.sheet",
    },
}
LARGEST = {"image": 5 * MIB, "document": 10 * MIB}
FIELDS: dict[str, tuple[set[str], set[str]]] = {
    "text": ({"text"}, set()),
    "image": ({"mediaUrl"}, {"text"}),
    "video": ({"mediaUrl"}, {"text"}),
    "audio": ({"mediaUrl"}, set()),
    "voice_note": ({"mediaUrl"}, set()),
    "document": ({"mediaUrl"}, {"text"}),
    "location": ({"latitude", "longitude"}, {"locationName", "locationAddress"}),
    "contact": ({"contactId"}, set()),
    "buttons": ({"title", "description", "buttons"}, {"footer"}),
}
"""Type -> the fields that it needs, and those that it may have, beside the common ones."""


class Failure(Exception):
    """An answer with one of the documented codes."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class MsgFlashStandIn(Platform):
    """`accepted`: messages that would be sent, with the path they came on."""

    def __init__(self) -> None:
        super().__init__()
        self.accepted: list[tuple[str, dict[str, Any]]] = []
        self.instances = {INSTANCE}

    @property
    def environment(self) -> dict[str, str]:
        return {"MSGFLASH_API_KEY": KEY, "MSGFLASH_INSTANCE_ID": INSTANCE, "MSGFLASH_URL": self.url}

    def answer(self, request: Received) -> Reply:
        try:
            return self._answer(request)
        except Failure as failure:
            error = {"code": failure.code, "message": str(failure), "details": []}
            return Reply(failure.status, {"error": error})
        except AssertionError as error:
            return Reply(400, {"error": {"code": "VALIDATION_ERROR", "message": str(error), "details": []}})

    def _answer(self, request: Received) -> Reply:
        if request.headers.get("x-api-key") != KEY:
            raise Failure(401, "UNAUTHORIZED", "API key missing, invalid, or revoked")
        assert request.content_type.partition(";")[0] == "application/json", "Content-Type is not application/json"
        try:
            body = request.json()
        except json.JSONDecodeError as error:
            raise Failure(400, "BAD_REQUEST", f"not JSON: {error}") from error
        assert isinstance(body, dict), "the body must be an object"
        match request.method, request.path:
            case "POST", "/api/v1/messages/send":
                self._message(body, set())
            case "POST", "/api/v1/messages/schedule":
                self._message(body, {"scheduledAt"})
                found = datetime.datetime.fromisoformat(body["scheduledAt"])
                assert found.tzinfo is not None, "scheduledAt has no zone"
            case "POST", "/api/v1/templates":
                self._template(body)
            case method, path:
                raise Failure(404, "NOT_FOUND", f"there is no {method} {path}")
        self.accepted.append((request.path, body))
        return Reply(201, {"data": {"id": str(uuid4()), "status": "queued"}})

    def _message(self, message: dict[str, Any], timed: set[str]) -> None:
        common = {"instanceId", "to", *timed}
        if "templateId" in message:
            only(message, common | {"templateId"}, {"contactId", "variables"})
            kind = ""
        else:
            kind = message.get("type", "")
            assert kind in FIELDS, f"there is no type {kind!r}"
            needed, allowed = FIELDS[kind]
            only(message, common | {"type"} | needed, allowed | {"contactId"})
        for field in message.keys() & {"instanceId", "templateId", "contactId"}:
            assert isinstance(message[field], str) and UUID.fullmatch(message[field]), f"{field} must be a UUID"
        if message["instanceId"] not in self.instances:
            raise Failure(404, "NOT_FOUND", "Instance not found")
        if not re.fullmatch(r"\+[1-9]\d{6,14}", message["to"]):
            raise Failure(422, "INVALID_DESTINATION", "Invalid recipient number")
        if "text" in message:
            most = 4096 if kind == "text" else 1024
            assert isinstance(message["text"], str) and 0 < len(message["text"]) <= most, (
                f"text: 1 to {most} characters"
            )
        if kind in TYPES:
            _media(kind, message["mediaUrl"])

    def _template(self, template: dict[str, Any]) -> None:
        kind = template.get("type", "")
        assert kind in ("text", "image", "video", "audio", "document"), f"there is no type {kind!r} for templates"
        only(template, {"name", "type"} | ({"body"} if kind == "text" else {"mediaUrl"}), {"body"})
        if kind != "text":
            _media(kind, template["mediaUrl"])


def _media(kind: str, link: Any) -> None:
    assert isinstance(link, str), "mediaUrl must be a string"
    fetch(link, "audio" if kind == "voice_note" else kind, types=TYPES[kind], largest=LARGEST.get(kind))


def only(found: dict[str, Any], required: set[str], optional: set[str]) -> None:
    assert required <= found.keys(), f"missing: {', '.join(sorted(required - found.keys()))}"
    extra = found.keys() - required - optional
    assert not extra, f"unknown: {', '.join(sorted(extra))}"
