"""A stand-in for EngageLab's `POST /v1/messages`, as strict as its document, and sometimes stricter.

Documented: path, Basic auth, fields, lengths, types and sizes of media, the two forms of answer, the codes with their
status. Inferred: which code stands for which mistake, and that a link is fetched before the answer: EngageLab itself
answers first and reports by callback.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from tests.servers.base import Platform, Received, Reply
from tests.servers.fetcher import fetch

KEY, SECRET = "canary-secret-engagelab-key", "canary-secret-engagelab"
STATUS = {1000: 500, 2001: 401, 2002: 401, 2003: 400, 2004: 403, 3001: 400, 3002: 400, 3003: 400, 4001: 400}
MEDIA: dict[str, set[str]] = {
    "image": {"id", "link", "caption"},
    "video": {"id", "link", "caption"},
    "audio": {"id", "link"},
    "document": {"id", "link", "caption", "filename"},
    "sticker": {"id", "link"},
}
"""Type -> the fields that its object may have."""
VARIABLES = {"text", "currency", "date_time"}


class Failure(Exception):
    """An answer with one of the documented codes."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class EngageLabStandIn(Platform):
    """`accepted`: messages that would be sent. `ids`: media that WhatsApp knows. `templates`: name and language."""

    def __init__(self) -> None:
        super().__init__()
        self.accepted: list[dict[str, Any]] = []
        self.ids = {"1037543291543636"}
        self.senders = {"+8613800138000", "8613800138000"}
        self.templates = {("code", "zh_CN"), ("your-template-name", "zh_CN")}
        self.out_of_order = 0

    @property
    def environment(self) -> dict[str, str]:
        return {
            "ENGAGELAB_DEV_KEY": KEY,
            "ENGAGELAB_DEV_SECRET": SECRET,
            "ENGAGELAB_FROM": "+8613800138000",
            "ENGAGELAB_URL": self.url,
        }

    def answer(self, request: Received) -> Reply:
        try:
            return self._message(request)
        except Failure as failure:
            return Reply(STATUS[failure.code], {"code": failure.code, "message": str(failure)})
        except AssertionError as error:
            return Reply(STATUS[3003], {"code": 3003, "message": str(error)})

    def _message(self, request: Received) -> Reply:
        if (request.method, request.path) != ("POST", "/v1/messages"):
            return Reply(404, {"code": 4001, "message": f"there is no {request.method} {request.path}"})
        sent = request.headers.get("authorization", "")
        need(sent.startswith("Basic "), 2001, "no valid token")
        pair = base64.b64decode(sent.removeprefix("Basic "), validate=True).decode()
        need(pair == f"{KEY}:{SECRET}", 2002, "the token has expired or was disabled")
        need(not self.out_of_order, self.out_of_order, "out of order")
        need(request.content_type.partition(";")[0] == "application/json", 3001, "Content-Type is not application/json")
        try:
            message = request.json()
        except json.JSONDecodeError as error:
            raise Failure(3001, f"not JSON: {error}") from error

        only(message, "the message", {"to", "body"}, {"from", "request_id", "custom_args"})
        if "from" in message:
            need(message["from"] in self.senders, 2004, "this key may not send from this number")
        need(isinstance(message["to"], list) and message["to"], 3002, "to must be a list of strings")
        for number in message["to"]:
            need(isinstance(number, str) and re.fullmatch(r"(\+|00)?[1-9]\d{6,14}", number), 3003, f"to: {number}")
        need(isinstance(message.get("request_id", ""), str), 3002, "request_id must be a string")
        need(isinstance(message.get("custom_args", {}), dict), 3002, "custom_args must be an object")
        body = message["body"]
        need(isinstance(body, dict) and isinstance(body.get("type"), str), 3002, "body needs a type")
        kind = body["type"]
        need(kind in MEDIA or kind in ("text", "template"), 3002, f"there is no type {kind}")
        only(body, "body", {"type", kind}, set())
        if kind == "text":
            only(body["text"], "text", {"body"}, set())
            length(body["text"]["body"], 4096, "text.body")
        elif kind == "template":
            self._template(body["template"])
        else:
            self._media(kind, body[kind])
        self.accepted.append(message)
        echoed = {"request_id": message["request_id"]} if "request_id" in message else {}
        return Reply(200, {"message_id": "cbggf4if6o9ukqaalfug", **echoed})

    def _media(self, kind: str, media: Any, *, pdf: bool = False) -> None:
        only(media, kind, set(), MEDIA[kind])
        need(("id" in media) != ("link" in media), 3002, f"{kind} needs an id or a link")
        for field in media.keys() & {"caption", "filename"}:
            length(media[field], 1024 if field == "caption" else 255, f"{kind}.{field}")
        if "id" in media:
            need(media["id"] in self.ids, 4001, f"there is no media {media['id']}")
            return
        content = fetch(media["link"], kind, types={"application/pdf"} if pdf else None)
        alpha = content.startswith(b"\x89PNG") and (content[25] in (4, 6) or b"tRNS" in content[:1024])
        need(not (kind == "image" and alpha), 3003, "transparent backgrounds are not supported")

    def _template(self, template: Any) -> None:
        only(template, "template", {"name", "language"}, {"components"})
        found = (template["name"], template["language"])
        need(all(isinstance(one, str) for one in found), 3002, "name and language of a template are strings")
        need(found in self.templates, 4001, f"there is no template {found}")
        for component in template.get("components", []):
            only(component, "component", {"type", "parameters"}, set())
            for parameter in component["parameters"]:
                kind = parameter.get("type")
                need(kind in VARIABLES | {"image", "video", "document"}, 3002, f"there is no variable {kind}")
                only(parameter, "parameter", {"type", kind}, set())
                if kind not in VARIABLES:
                    need(component["type"] == "header", 3002, f"{kind} exists only in the header")
                    self._media(kind, parameter[kind], pdf=kind == "document")


def need(held: Any, code: int, message: str) -> None:
    if not held:
        raise Failure(code, message)


def only(found: Any, what: str, required: set[str], optional: set[str]) -> None:
    need(isinstance(found, dict), 3002, f"{what} must be an object")
    need(required <= found.keys(), 3002, f"{what} needs {', '.join(sorted(required - found.keys()))}")
    extra = found.keys() - required - optional
    need(not extra, 3002, f"{what} has no {', '.join(sorted(extra))}")


def length(text: Any, most: int, what: str) -> None:
    need(isinstance(text, str) and 0 < len(text) <= most, 3003, f"{what} must have 1 to {most} characters")
