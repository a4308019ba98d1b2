"""A stand-in for Wassenger's `/v1/files` and `/v1/messages`, as strict as its tutorial, and sometimes stricter.

Documented: paths, the header `Token`, three ways to upload, the options, the file's description, that links are
fetched and text is not taken so, what a message holds. Inferred: every status, the words of errors, and the object that
`GET /v1/files/<id>` answers; what `expiration` may be, beside `1d`, is how a client types it. The 409 for content that
is there already is what two independent clients rely on. Stricter than any document: unknown keys are refused, and so
are types that say nothing, or something else than the bytes.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import re
import threading
from collections.abc import Collection
from typing import Any

from tests.servers.base import Platform, Received, Reply
from tests.servers.fetcher import MIB, SUFFIXES, fetch, sniffed

TOKEN = "canary-secret-wassenger"
LARGEST = {"image": 5 * MIB, "audio": 16 * MIB}
LARGEST_OTHER = 100 * MIB
UNITS = {"m": "minutes", "h": "hours", "d": "days"}
EXPIRATIONS = {
    "10m",
    "30m",
    "1h",
    "6h",
    "12h",
    *(f"{days}d" for days in (1, 2, 3, 5, 7, 15, 30, 60, 90, 120, 180, 360)),
}
OPTIONS = {"expiration", "filename", "reference"}
ALONGSIDE = {"device", "reference", "deliverAt", "template", "location", "contacts", "poll", "previewUrl", "actions"}
"""What a message may hold beside recipient, text and media (wassengerhq/whatsapp-skills, tools-reference.md)."""


class Failure(Exception):
    def __init__(self, status: int, message: str, **meta: str) -> None:
        super().__init__(message)
        self.status = status
        self.meta = meta


class WassengerStandIn(Platform):
    """`files`: descriptions by id. `accepted`: messages that would be sent.

    How it answers an upload: `status`, and `listed`, in a list or bare. `changes`: laid over a file's description, and
    None takes a field out. `fetches`: whether it can reach links.
    """

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, dict[str, Any]] = {}
        self.accepted: list[dict[str, Any]] = []
        self.status = 201
        self.listed = True
        self.changes: dict[str, Any] = {}
        self.fetches = True
        self._one_at_a_time = threading.Lock()

    @property
    def environment(self) -> dict[str, str]:
        return {"WASSENGER_TOKEN": TOKEN, "WASSENGER_URL": self.url}

    @property
    def uploaded(self) -> Collection[str]:
        return self.files

    def answer(self, request: Received) -> Reply:
        try:
            return self._routed(request)
        except Failure as failure:
            meta = {"meta": failure.meta} if failure.meta else {}
            return Reply(failure.status, {"status": failure.status, "message": str(failure), **meta})
        except (AssertionError, json.JSONDecodeError) as error:
            return Reply(400, {"status": 400, "message": str(error)})

    def _routed(self, request: Received) -> Reply:
        if request.headers.get("token") != TOKEN:
            raise Failure(401, "Invalid or missing API token")
        match request.method, request.path.split("/")[1:]:
            case "POST", ["v1", "files"]:
                return self._upload(request)
            case "GET", ["v1", "files", known] if known in self.files:
                return Reply(200, self._shown(self.files[known]))
            case "POST", ["v1", "messages"]:
                return self._message(request)
        raise Failure(404, f"there is no {request.method} {request.path}")

    def _upload(self, request: Received) -> Reply:
        kind = request.content_type.partition(";")[0]
        options = request.query
        if kind == "application/json":
            assert not request.query, "options of a JSON request belong into its body"
            options = request.json()
            assert isinstance(options, dict) and isinstance(options.get("url"), str), "a JSON body needs url"
            if not self.fetches:
                raise Failure(400, "the file could not be downloaded: the URL is not publicly accessible")
            content, mime = fetch(options["url"], "document"), ""
            if content.isascii() and not sniffed(content):
                raise Failure(400, "the URL returned text, not a file")
            options = {key: value for key, value in options.items() if key != "url"}
        elif kind == "multipart/form-data":
            parts = request.parts()
            assert [part.name for part in parts] == ["file"], "the form needs the field file, and nothing else"
            assert parts[0].filename, "the field file is no file"
            content, mime = parts[0].content, parts[0].mime or ""
        else:
            content, mime = request.body, request.content_type
            assert mime, "a raw body needs its Content-Type"
        assert mime != "application/octet-stream", "application/octet-stream says nothing of the file"
        assert mime.partition(";")[0] != "audio/ogg" or mime == "audio/ogg; codecs=opus", f"{mime} is not delivered"
        assert mime not in SUFFIXES or mime in sniffed(content), f"the bytes are not {mime}"
        assert content and not content.lstrip()[:9].lower().startswith((b"<!doctype", b"<html")), "no binary content"
        assert len(content) <= LARGEST.get(mime.partition("/")[0], LARGEST_OTHER), f"{len(content)} bytes are too many"
        assert options.keys() <= OPTIONS, f"unknown options: {sorted(options)}"
        assert all(isinstance(value, str) and value for value in options.values()), "options are texts"
        return self._store(content, mime, options)

    def _store(self, content: bytes, mime: str, options: dict[str, str]) -> Reply:
        digest = hashlib.sha256(content).hexdigest()
        assert options.get("expiration", "90d") in EXPIRATIONS, f"expiration: {options['expiration']}"
        life = options.get("expiration", "90d")
        created = datetime.datetime.now(datetime.UTC)
        expires = created + datetime.timedelta(**{UNITS[life[-1]]: int(life[:-1])})
        with self._one_at_a_time:
            for known, file in self.files.items():
                if file["sha2"] == digest:
                    raise Failure(409, "another file with the same content exists already", file=known)
            file = {
                "id": f"06248ed01a7a65946c07{len(self.files) + 1:04x}",
                "format": "native",
                "filename": options.get("filename", "file"),
                "size": len(content),
                "mime": mime,
                "ext": options.get("filename", "").rpartition(".")[2],
                "kind": mime.partition("/")[0],
                "sha2": self.keep(content),
                "tags": [],
                "status": "active",
                "mode": "default",
                "createdAt": _iso(created),
                "expiresAt": _iso(expires),
                "reference": options.get("reference"),  # inferred
            }
            self.files[str(file["id"])] = file
        shown = self._shown(file)
        return Reply(self.status, [shown] if self.listed else shown)

    def _shown(self, file: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in {**file, **self.changes}.items() if value is not None}

    def _message(self, request: Received) -> Reply:
        assert request.content_type == "application/json", "Content-Type is not application/json"
        message = request.json()
        assert isinstance(message, dict), "a message is an object"
        unknown = message.keys() - {"phone", "group", "message", "media"} - ALONGSIDE
        assert not unknown, f"unknown keys: {sorted(unknown)}"
        assert ("phone" in message) != ("group" in message), "either phone or group"
        assert re.fullmatch(r"\+[1-9]\d{6,14}", message.get("phone", "+12345678900")), "phone is not E.164"
        assert re.fullmatch(r"[\d-]+@g\.us", message.get("group", "1@g.us")), "group is no group"
        text = message.get("message", "")
        assert isinstance(text, str) and len(text) <= (1024 if "media" in message else 4096), "message is too long"
        assert text or message.keys() & ({"media"} | ALONGSIDE), "nothing to send"
        if "media" in message:
            self._media(message["media"])
        self.accepted.append(message)
        return Reply(201, {"id": f"{len(self.accepted):024x}", "status": "queued"})

    def _media(self, media: Any) -> None:
        assert isinstance(media, dict), "media is an object"
        unknown = media.keys() - {"file", "url", "filename", "format", "viewOnce"}
        assert not unknown, f"unknown keys in media: {sorted(unknown)}"
        assert ("file" in media) != ("url" in media), "either media.file or media.url"
        assert media.get("format", "native") in ("native", "gif", "ptt"), f"format: {media['format']}"
        assert isinstance(media.get("viewOnce", True), bool), "viewOnce is true or false"
        assert isinstance(media.get("filename", ""), str), "filename is a text"
        wanted = {"gif": "video/mp4", "ptt": "audio/ogg"}.get(media.get("format", "native"), "")
        if "url" in media:
            fetch(media["url"], {"video/mp4": "video", "audio/ogg": "voice"}.get(wanted, "document"))
            return
        if media["file"] not in self.files:
            raise Failure(404, f"there is no file {media['file']}")
        mime = self.files[media["file"]]["mime"]
        assert mime.startswith(wanted), f"{mime} cannot be sent as {media['format']}"


def _iso(time: datetime.datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
