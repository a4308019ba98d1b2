"""A stand-in for Twilio's `POST /2010-04-01/Accounts/<sid>/Messages.json`, as strict as its pages and stricter.

Documented: path, Basic auth, form fields, GET and HEAD of the link, types and sizes for WhatsApp, 1600 characters, the
codes and the form of an error. Inferred: the status of each code. Unlike Twilio, it fetches the link before it answers:
Twilio reports 63019 and 63021 later. Stricter than Twilio: unknown fields are refused.
"""

from __future__ import annotations

import base64
import re

from tests.servers.base import Platform, Received, Reply
from tests.servers.fetcher import MIB, OFFICE, fetch, sniffed

SID, TOKEN, SENDER = "AC00000000000000000000000000000000", "canary-secret-twilio", "+14155238886"
FIELDS = {"From", "To", "Body", "MediaUrl", "StatusCallback"}
TYPES = {
    "image/jpeg", "image/png", "image/webp", "audio/ogg", "audio/amr", "audio/3gpp", "audio/aac", "audio/mpeg",
    "application/pdf", "application/msword", OFFICE + "wordprocessingml.document",
    OFFICE + "presentationml.presentation", OFFICE + "spreadsheetml.sheet", "video/mp4",
}  # fmt: skip


class Failure(Exception):
    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class TwilioStandIn(Platform):
    """`accepted`: messages that would be sent, as their fields."""

    def __init__(self) -> None:
        super().__init__()
        self.accepted: list[dict[str, str]] = []

    @property
    def environment(self) -> dict[str, str]:
        return {
            "TWILIO_ACCOUNT_SID": SID,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_FROM": SENDER,
            "TWILIO_URL": self.url,
        }

    def answer(self, request: Received) -> Reply:
        try:
            return self._message(request)
        except Failure as failure:
            about = f"https://www.twilio.com/docs/errors/{failure.code}"
            found = {"code": failure.code, "message": str(failure), "more_info": about, "status": failure.status}
            return Reply(failure.status, found)

    def _message(self, request: Received) -> Reply:
        pair = base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()
        need(request.headers.get("authorization") == f"Basic {pair}", 20003, "Authenticate", status=401)
        path = f"/2010-04-01/Accounts/{SID}/Messages.json"
        need((request.method, request.path) == ("POST", path), 20404, "The resource was not found", status=404)
        need(request.content_type == "application/x-www-form-urlencoded", 12300, "the body is not a form")
        fields = request.form()
        need(fields.keys() <= FIELDS, 20001, f"unknown fields: {sorted(fields.keys() - FIELDS)}")
        need(all(len(values) == 1 for values in fields.values()), 20001, "a field is there twice")
        message = {name: values[0] for name, values in fields.items()}
        need(re.fullmatch(r"whatsapp:\+[1-9]\d{6,14}", message.get("To", "")), 21211, "Invalid 'To' Phone Number")
        need(message.get("From") == f"whatsapp:{SENDER}", 63007, "could not find a Channel with this From address")
        need(message.keys() & {"Body", "MediaUrl"}, 21619, "A text message body or media urls must be specified")
        need(len(message.get("Body", "")) <= 1600, 21617, "The concatenated message body exceeds the 1600 limit")
        if "MediaUrl" in message:
            self._media(message["MediaUrl"])
        self.accepted.append(message)
        sid = f"MM{len(self.accepted):032}"
        return Reply(201, {"sid": sid, "status": "queued", "num_media": str(int("MediaUrl" in message))})

    def _media(self, link: str) -> None:
        need(re.match("https?://", link), 21620, "Invalid media URL(s)")
        try:
            content = fetch(link, "document", types=TYPES, largest=16 * MIB)
        except AssertionError as error:
            raise Failure(400, 63019, str(error)) from error
        image = sniffed(content) & {"image/jpeg", "image/png"}
        need(not image or len(content) <= 5 * MIB, 63021, "an image has at most 5 MB")


def need(held: object, code: int, message: str, *, status: int = 400) -> None:
    if not held:
        raise Failure(status, code, message)
