"""WAHA, the self-hosted WhatsApp HTTP API. Without a host a file is in the message itself, in base64.

Sources: WAHA's documentation, "Send messages" (addresses, `file.url` or `file.data`, `chatId`) and "Security" (`X-Api-
Key`); devlikeapro/waha, `src/structures/chatting.dto.ts` and `files.dto.ts` (the fields). No size is documented: the
limit for files inside a message is mediaprep's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from mediaprep.destinations.base import Destination, Envelope, Outgoing, Parcel, Reference, Slot
from mediaprep.destinations.body import Json, Post
from mediaprep.destinations.fields import e164, group_id
from mediaprep.destinations.variable import Variable
from mediaprep.errors import UsageError
from mediaprep.network.secret import Secret

BASE = "http://localhost:3000"
KEY = Variable(name="WAHA_API_KEY", what="the API key that WAHA was started with", needed="send")
SESSION = Variable(name="WAHA_SESSION", what="the name of the session that sends; default: default")
ADDRESS = Variable(name="WAHA_URL", what=f"the base address of your WAHA; default: {BASE}")

PATHS = {
    "image": "/api/sendImage",
    "video": "/api/sendVideo",
    "gif": "/api/sendVideo",
    "voice": "/api/sendVoice",
    "audio": "/api/sendFile",
    "document": "/api/sendFile",
}
"""Target -> address. No address for audio other than voice notes is documented, nor one for stickers in all engines."""
BY_PATH = {"/api/sendImage": "image", "/api/sendVideo": "video", "/api/sendVoice": "voice", "/api/sendFile": "document"}
TEXT = "/api/sendText"
CAPTIONED = frozenset({"image", "video", "gif", "document"})
VOICE = "audio/ogg"


class WAHA(Destination):
    """Messages of `POST /api/sendImage`, `sendVideo`, `sendVoice`, `sendFile` and `sendText`."""

    name = "waha"
    title = "WAHA"
    accepts = "files up to 16 MB inside the message (with `--to` or `--group`), or links"
    returns = "message with the file in it, or link"
    lasts = "a file in the message does not expire"
    variables = (KEY, SESSION, ADDRESS)
    example: ClassVar[Json] = {
        "session": "default",
        "chatId": "12345678900@c.us",
        "file": {"mimetype": "image/jpeg", "filename": "photo.jpg", "url": "https://cdn.example.com/photo.jpg"},
        "caption": "Hello",
    }
    takes = frozenset({"to", "group", "caption", "filename"})
    inline = 16_000_000
    message_paths = (*BY_PATH, TEXT)
    errors: ClassVar[Mapping[int, str]] = {
        401: "the API key was refused; check WAHA_API_KEY",
    }
    """By HTTP status: WAHA documents no codes of its own."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._key = KEY.key(environment)
        self._session = SESSION.text(environment, "default")
        self._base = ADDRESS.address(environment, BASE)

    def message(self, reference: Reference, parcel: Parcel, envelope: Envelope) -> Json:
        self.check_envelope(envelope)
        if parcel.target not in PATHS:
            raise UsageError(f"WAHA does not support {parcel.target}; supported: {', '.join(PATHS)}")
        if bool(envelope.to) == bool(envelope.group):
            raise UsageError("a message of WAHA requires one recipient; give either --to or --group")
        chat = f"{e164(envelope.to).removeprefix('+')}@c.us" if envelope.to else group_id(envelope.group)
        held = {"data": reference.content()} if reference.data is not None else {"url": reference.link}
        caption = {"caption": envelope.caption} if envelope.caption and parcel.target in CAPTIONED else {}
        filename = envelope.filename or parcel.filename
        return {
            "session": self._session,
            "chatId": chat,
            "file": {"mimetype": parcel.full_mime, "filename": filename, **held},
            **caption,
        }

    def read(self, message: Json, target: str = "") -> Outgoing:
        self.member(message, str, "chatId")
        if "file" not in message:
            return Outgoing(text=self.member(message, str, "text"))
        self.member(message, dict, "file")
        places = {key: self.member(message, str, "file", key, default="") for key in ("url", "data")}
        if bool(places["url"]) == bool(places["data"]):
            raise UsageError('invalid "file": expected either "url" or "data"')
        caption = self.member(message, str, "caption", default="")
        if places["data"]:
            return Outgoing(caption=caption)
        slot = Slot(
            source=places["url"],
            target=target or _target(self.member(message, str, "file", "mimetype", default="")),
            where=("file",),
            link_key="url",
            data_key="data",
            mime_key="mimetype",
            caption=caption,
            filename=self.member(message, str, "file", "filename", default=""),
        )
        return Outgoing(slots=(slot,))

    def post(self, message: Json, target: str = "") -> Post:
        """Without `target` by the type of the file: images, videos and Ogg as what they are, all else as a file."""
        path = TEXT
        if "file" in message:
            mime = self.member(message, str, "file", "mimetype")
            path = PATHS[target or _target(mime) or "document"]
        keys: dict[str, str | Secret] = {"X-Api-Key": self._key.needed()}
        return Post(url=f"{self._base}{path}", headers=keys, message=message)

    def target_of(self, path: str) -> str:
        return next((target for ending, target in BY_PATH.items() if path.endswith(ending)), "")


def _target(mime: str) -> str:
    """The kind of message for a type, as WhatsApp itself would choose; empty where the type does not tell."""
    bare = mime.partition(";")[0].strip().lower()
    kind = bare.partition("/")[0]
    return "voice" if bare == VOICE else kind if kind in ("image", "video") else "document" if bare else ""
