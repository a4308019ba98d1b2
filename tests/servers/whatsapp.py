"""A stand-in for the Cloud API's `/<phone-number-id>/media` and `/messages`, as strict as Meta's pages.

Documented: paths, Bearer token, fields, types, sizes, the answers, the envelope of errors, the codes; of proxies,
360dialog's addresses and header. That media of an unknown id is code 100 with subcode 33 is observed, not documented.
Inferred: which code stands for which mistake. Unlike Meta, it fetches links before it answers and says 131053 then:
Meta says so later, by webhook. Stricter than Meta: unknown keys, and bytes that are not what they are called.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Collection
from typing import Any

from tests.servers.base import Platform, Received, Reply
from tests.servers.fetcher import LARGEST, LARGEST_STILL_STICKER, OFFICE, SUFFIXES, TYPES, fetch, sniffed

TOKEN = "canary-secret-whatsapp"
PHONE_NUMBER_ID = "106540352242922"
DOCUMENTS = [
    "application/vnd.ms-powerpoint", "application/msword", OFFICE + "wordprocessingml.document",
    OFFICE + "presentationml.presentation", OFFICE + "spreadsheetml.sheet", "application/pdf", "text/plain",
    "application/vnd.ms-excel",
]  # fmt: skip
KINDS = {mime: kind for kind in ("image", "video", "audio", "sticker") for mime in sorted(TYPES[kind])}
KINDS |= dict.fromkeys(DOCUMENTS, "document")
FIELDS = {
    "image": {"caption"},
    "video": {"caption"},
    "audio": {"voice"},
    "document": {"caption", "filename"},
    "sticker": set[str](),
}
"""Type -> the fields that its object may have beside `id` or `link`."""


class Failure(Exception):
    def __init__(self, code: int, message: str, *, status: int = 400, subcode: int = 0, details: str = "") -> None:
        super().__init__(message)
        self.code, self.status, self.subcode, self.details = code, status, subcode, details

    def reply(self) -> Reply:
        error: dict[str, Any] = {"message": str(self), "type": "OAuthException", "code": self.code}
        if self.subcode:
            error["error_subcode"] = self.subcode
        if self.details:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        return Reply(self.status, {"error": {**error, "fbtrace_id": "A0nodi98JaYHcSTvVvrOtJs"}})


class WhatsAppStandIn(Platform):
    """`media`: the type by id; `contents`: the SHA-256 of what it holds. `accepted`: messages that would be sent.
    `failures`: what the next requests meet. `proxy`: it is 360dialog's, with another header for the key and addresses
    without a phone number's id.
    """

    def __init__(self, *, proxy: bool = False) -> None:
        super().__init__()
        self.proxy = proxy
        self.media: dict[str, str] = {}
        self.contents: dict[str, str] = {}
        self.accepted: list[dict[str, Any]] = []
        self.failures: list[Failure] = []
        self._ids = itertools.count(1037543291543636)

    @property
    def environment(self) -> dict[str, str]:
        if self.proxy:
            return {"WHATSAPP_TOKEN": TOKEN, "WHATSAPP_KEY_HEADER": "D360-API-KEY", "WHATSAPP_URL": self.url}
        return {
            "WHATSAPP_TOKEN": TOKEN,
            "WHATSAPP_PHONE_NUMBER_ID": PHONE_NUMBER_ID,
            "WHATSAPP_URL": f"{self.url}/v23.0",
        }

    @property
    def uploaded(self) -> Collection[str]:
        return self.media

    def answer(self, request: Received) -> Reply:
        try:
            if self.failures:
                raise self.failures.pop(0)
            return self._routed(request)
        except Failure as failure:
            return failure.reply()
        except AssertionError as error:
            return Failure(100, "(#100) Invalid parameter", details=str(error)).reply()
        except (json.JSONDecodeError, LookupError, TypeError, AttributeError) as error:
            return Failure(100, f"(#100) A parameter is missing or malformed: {error}").reply()

    def _routed(self, request: Received) -> Reply:
        edges = {"media": self._upload, "messages": self._message}
        if self.proxy:
            assert "authorization" not in request.headers, "a key for somebody else"
            if request.headers.get("d360-api-key") != TOKEN:
                return Reply(401, {"meta": {"http_code": 401, "developer_message": "Invalid api_key"}})
            return edges[request.path.removeprefix("/")](request)
        sent = request.headers.get("authorization", "")
        if sent != f"Bearer {TOKEN}":
            words = "Invalid OAuth access token - Cannot parse access token" if sent else "An access token is required"
            raise Failure(190, words, status=401)
        version, number, edge = [*request.path.split("/")[1:], "", "", ""][:3]
        if version != "v23.0" or number != PHONE_NUMBER_ID or request.method != "POST":
            raise Failure(
                100,
                f"Unsupported {request.method.lower()} request. Object with ID '{number}' does not exist, cannot be "
                "loaded due to missing permissions, or does not support this operation",
                subcode=33,
            )
        return edges[edge](request)

    def _upload(self, request: Received) -> Reply:
        assert request.content_type.startswith("multipart/form-data; boundary="), "not a multipart form"
        fields = {part.name: part for part in request.parts()}
        assert fields.keys() <= {"file", "type", "messaging_product"}, f"unknown fields: {sorted(fields)}"
        for name in ("messaging_product", "type", "file"):
            if name not in fields:
                raise Failure(100, f"(#100) The parameter {name} is required.")
        assert fields["messaging_product"].content == b"whatsapp", "messaging_product must be whatsapp"
        file = fields["file"]
        assert file.filename, "the field file is no file"
        if file.mime not in KINDS:
            raise Failure(
                100,
                f"(#100) Param file must be a file with one of the following types: {', '.join(KINDS)}. "
                f"Received file of type '{file.mime}'.",
            )
        assert fields["type"].content.decode() == file.mime, "type is not that of the file"
        largest = LARGEST[KINDS[file.mime]]
        if KINDS[file.mime] == "sticker" and b"ANIM" not in file.content[:64]:
            largest = LARGEST_STILL_STICKER
        assert 0 < len(file.content) <= largest, f"{len(file.content)} bytes: the file is empty or too large"
        if file.mime in SUFFIXES and file.mime not in sniffed(file.content):
            raise Failure(131053, "(#131053) Media upload error", details=f"the bytes are not {file.mime}")
        uploaded = str(next(self._ids))
        self.contents[uploaded] = self.keep(file.content)
        self.media[uploaded] = file.mime
        return Reply(200, {"id": uploaded})

    def _message(self, request: Received) -> Reply:
        assert request.content_type == "application/json", "Content-Type is not application/json"
        message = request.json()
        kind = message.get("type", "text")
        known = {"messaging_product", "recipient_type", "to", "type", "context", "biz_opaque_callback_data", kind}
        assert message.keys() <= known, f"unknown keys: {sorted(message.keys() - known)}"
        assert message["messaging_product"] == "whatsapp", "messaging_product must be whatsapp"
        assert message.get("recipient_type") == "individual", "recipient_type must be individual"
        assert re.fullmatch(r"\+?[1-9]\d{6,14}", message["to"]), f"to: {message['to']}"
        match kind:
            case "text":
                assert message["text"].keys() <= {"body", "preview_url"}, "unknown keys in text"
                assert 0 < len(message["text"]["body"]) <= 4096, "the text is empty or too long"
            case "template":
                self._template(message["template"])
            case kind if kind in FIELDS:
                self._media(kind, message[kind], FIELDS[kind])
            case _:
                raise Failure(131051, "(#131051) Unsupported message type")
        self.accepted.append(message)
        number = message["to"]
        return Reply(
            200,
            {
                "messaging_product": "whatsapp",
                "contacts": [{"input": number, "wa_id": number.lstrip("+")}],
                "messages": [{"id": f"wamid.{len(self.accepted)}", "message_status": "accepted"}],
            },
        )

    def _template(self, template: dict[str, Any]) -> None:
        assert template.keys() == {"name", "language", "components"}, f"template: {sorted(template)}"
        assert template["name"] and template["language"].keys() == {"code"}, "a template has a name and a language"
        types = [component["type"] for component in template["components"]]
        assert set(types) <= {"header", "body", "button"} and types.count("header") <= 1, f"components: {types}"
        for component in template["components"]:
            for parameter in component["parameters"]:
                kind = parameter["type"]
                if component["type"] == "header":
                    assert kind in {"image", "video", "document"}, f"no header is {kind}"
                    self._media(kind, parameter[kind], {"filename"} if kind == "document" else set())

    def _media(self, kind: str, media: dict[str, Any], fields: set[str]) -> None:
        assert ("id" in media) != ("link" in media), "either id or link"
        assert media.keys() <= {"id", "link", *fields}, f"unknown keys: {sorted(media)}"
        assert 0 < len(media.get("caption", "-")) <= 1024, "the caption is empty or too long"
        assert media.get("voice", True) is True, "voice is true, or left out"
        if "id" in media:
            if media["id"] not in self.media:
                raise Failure(100, f"Object with ID '{media['id']}' does not exist", subcode=33)
            assert KINDS[self.media[media["id"]]] == kind, f"{self.media[media['id']]} is no {kind}"
            assert "voice" not in media or self.media[media["id"]] == "audio/ogg", "a voice note is Ogg with Opus"
            return
        try:
            fetch(media["link"], "voice" if media.get("voice") else kind)
        except AssertionError as error:
            raise Failure(131053, "(#131053) Media upload error", details=str(error)) from error
