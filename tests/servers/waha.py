"""A stand-in for WAHA's `POST /api/send…`, as strict as its documentation and the fields of its source.

Documented: paths, `X-Api-Key`, fields, that a file has a link or base64, JPEG for images, MP4 for videos, Ogg with Opus
for voice notes, 401 without the key. Inferred: every other status, and the form of errors. Stricter than WAHA: unknown
keys, and bytes that are not what they are called.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from tests.servers.base import Platform, Received, Reply
from tests.servers.fetcher import SUFFIXES, fetch, sniffed

KEY = "canary-secret-waha"
TYPES = {
    "/api/sendImage": {"image/jpeg"},
    "/api/sendVideo": {"video/mp4"},
    "/api/sendVoice": {"audio/ogg; codecs=opus"},
    "/api/sendFile": None,
}
"""Address -> the types that it accepts; None: any."""


class WAHAStandIn(Platform):
    """`accepted`: messages that would be sent; `contents`: the bytes of their files. `sessions`: those that work."""

    def __init__(self) -> None:
        super().__init__()
        self.accepted: list[dict[str, Any]] = []
        self.contents: list[bytes] = []
        self.sessions = {"default"}

    @property
    def environment(self) -> dict[str, str]:
        return {"WAHA_API_KEY": KEY, "WAHA_URL": self.url}

    def answer(self, request: Received) -> Reply:
        if request.headers.get("x-api-key") != KEY:
            return Reply(401, {"message": "Unauthorized", "statusCode": 401})
        try:
            return self._message(request)
        except (AssertionError, LookupError, ValueError, TypeError) as error:
            return Reply(400, {"message": str(error), "statusCode": 400})

    def _message(self, request: Received) -> Reply:
        assert request.method == "POST" and request.path in {*TYPES, "/api/sendText"}, f"Cannot POST {request.path}"
        assert request.content_type == "application/json", "Content-Type is not application/json"
        message = json.loads(request.body)
        own = {"text"} if request.path == "/api/sendText" else {"file", "caption"}
        known = {"session", "chatId", "reply_to", *own}
        assert message.keys() <= known, f"unknown keys: {sorted(message.keys() - known)}"
        assert message["session"] in self.sessions, f"there is no session {message['session']}"
        assert re.fullmatch(r"\d{7,15}@c\.us|\d+(-\d+)?@g\.us", message["chatId"]), f"chatId: {message['chatId']}"
        if request.path != "/api/sendText":
            self._file(message["file"], TYPES[request.path])
        self.accepted.append(message)
        return Reply(201, {"id": f"true_{message['chatId']}_{len(self.accepted)}"})

    def _file(self, file: dict[str, str], types: set[str] | None) -> None:
        assert ("url" in file) != ("data" in file), "either url or data"
        assert file.keys() <= {"mimetype", "filename", "url", "data"}, f"unknown keys: {sorted(file)}"
        mime = file["mimetype"]
        assert types is None or mime in types, f"{mime} is no type for this address"
        content = fetch(file["url"], "document") if "url" in file else base64.b64decode(file["data"], validate=True)
        bare = mime.partition(";")[0]
        assert content and (bare not in SUFFIXES or bare in sniffed(content)), f"the bytes are not {mime}"
        self.contents.append(content)
        self.keep(content)
