"""The WhatsApp Cloud API: media goes up under a phone number's id, messages name the media by its id or by a link.

Sources: Meta's pages on the Cloud API: "Media" (upload, ids valid for 30 days), "Error codes", "Audio messages"
(`voice`), and those on each kind of message; the Graph API's envelope of errors. Proxies: 360dialog, "Upload, retrieve
or delete media" and "Messaging API": the same API at `https://waba-v2.360dialog.io/media` and `/messages`, with the key
in the header `D360-API-KEY`.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any, ClassVar, Self

from mediaprep.destinations.base import Destination, Envelope, Outgoing, Parcel, Receipt, Reference, Slot
from mediaprep.destinations.body import Json, Post
from mediaprep.destinations.fields import e164, media_id
from mediaprep.destinations.variable import Variable
from mediaprep.errors import Refused, UsageError
from mediaprep.network import secret
from mediaprep.network.answer import Answer
from mediaprep.network.secret import Secret
from mediaprep.network.web import File, Line

BASE = "https://graph.facebook.com/v23.0"
LIFETIME = datetime.timedelta(days=30)
TOKEN = Variable(
    name="WHATSAPP_TOKEN", what="an access token of the Meta app, or the API key of a proxy", needed="publish"
)
NUMBER = Variable(
    name="WHATSAPP_PHONE_NUMBER_ID",
    what="the phone number's id, from the app's dashboard (not with a proxy whose addresses have none)",
    needed="publish",
)
KEY_HEADER = Variable(
    name="WHATSAPP_KEY_HEADER", what="the header of a proxy's API key, such as D360-API-KEY; default: Authorization"
)
ADDRESS = Variable(
    name="WHATSAPP_URL",
    what=f"the base address of a proxy of the Cloud API, such as https://waba-v2.360dialog.io; default: {BASE}",
)

KINDS = {
    "image": "image",
    "video": "video",
    "gif": "video",
    "audio": "audio",
    "voice": "audio",
    "sticker": "sticker",
    "animated_sticker": "sticker",
    "document": "document",
    "template_document": "document",
}
"""The message type for each target. There is none for a GIF: it goes out as a silent film."""
CAPTIONED = frozenset({"image", "video", "document"})
HEADERS = frozenset({"image", "video", "document"})
NESTS = frozenset({"template", "components", "parameters", "cards", "interactive", "header", "action"})
"""The keys below which a message may hold more media: headers of templates and interactive messages, and carousels."""

TEMPORARY = frozenset({1, 2, 4, 80007, 130429, 131000, 131016})
UNKNOWN_OBJECT = (
    "Meta knows no such object, or the token may not see it; "
    "check WHATSAPP_PHONE_NUMBER_ID and the permissions of the token in WHATSAPP_TOKEN"
)
"""Code 100 with the subcode 33."""
PERMISSION = "the token in WHATSAPP_TOKEN lacks a permission; it needs whatsapp_business_messaging"


class WhatsApp(Destination):
    """Ids live for 30 days, and for the phone number that they were uploaded under."""

    name = "whatsapp"
    title = "WhatsApp"
    accepts = "files"
    returns = "media ID, for this phone number"
    lasts = "30 days"
    variables = (TOKEN, NUMBER, KEY_HEADER, ADDRESS)
    example: ClassVar[Json] = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+12345678900",
        "type": "image",
        "image": {"link": "https://cdn.example.com/photo.jpg", "caption": "Hello"},
    }
    takes = frozenset({"to", "caption", "filename", "template", "language", "components"})
    uploads = True
    errors: ClassVar[Mapping[int, str]] = {
        1: "Meta had an error of its own; try again later",
        2: "Meta's service is down or overloaded; try again later",
        4: "the app has made too many calls; wait, then run again",
        10: PERMISSION,
        **dict.fromkeys(range(200, 300), PERMISSION),
        100: "Meta does not accept a part of the request",
        190: "the token is not valid, or no longer; make a new one and put it into WHATSAPP_TOKEN",
        80007: "the WhatsApp Business account has made too many calls; wait, then run again",
        130429: "the phone number has sent too much at once; wait, then run again",
        131000: "something went wrong at Meta; try again later",
        131016: "Meta's service is overloaded; try again later",
        131051: "Meta does not know this type of message; use one that it documents",
        131053: "Meta could not take the media in; its type must be the one that its bytes have",
    }

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.base = ADDRESS.address(environment, BASE)
        self._token, self._number = TOKEN.key(environment), NUMBER.key(environment)
        self._key_header = KEY_HEADER.text(environment, "Authorization")
        if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", self._key_header, re.ASCII):
            raise UsageError(f"invalid {KEY_HEADER.name}; expected the name of a header, such as D360-API-KEY")

    @property
    def account(self) -> str:
        """A phone number's address; where a proxy's has none, its key says whose it is, and its SHA-256 begins so."""
        key = self._token.needed().reveal()  # without one nothing is begun
        if self._phone_number != self.base:
            return self._phone_number
        return f"{self.base} {hashlib.sha256(key.encode()).hexdigest()[:16]}"

    def kept_for(self, time: datetime.timedelta) -> Self:
        """Nobody can choose; what is asked for may be less than what is given."""
        if time > LIFETIME:
            raise UsageError(f"--valid-for is too long: {self.title} keeps a file for {LIFETIME.days} days; shorten it")
        return self

    def upload(self, parcel: Parcel, line: Line) -> Receipt:
        # The bare type in both places: `audio/ogg; codecs=opus`, which links need, is refused here.
        answer = line.request(
            "POST",
            f"{self._phone_number}/media",
            headers=self._headers(),
            file=File(path=parcel.path, mime=parcel.mime, name=parcel.filename),
            form={"messaging_product": "whatsapp", "type": parcel.mime},
        )
        if not answer.ok or answer.fields().get("error"):
            raise self._refusal(answer)
        found = answer.json()
        value = media_id(found.get("id") if isinstance(found, dict) else None, answer.place)
        return Receipt(value=value, expires=datetime.datetime.now(datetime.UTC) + LIFETIME)

    def _refusal(self, answer: Answer) -> Refused:
        error = answer.fields().get("error")
        error = error if isinstance(error, dict) else {}
        code, data = error.get("code"), error.get("error_data")
        said = [error.get("message"), data.get("details") if isinstance(data, dict) else None]
        words = ": ".join(dict.fromkeys(text for text in said if isinstance(text, str) and text)) or answer.words
        if not isinstance(code, int) or code not in self.errors:
            return answer.refusal(words)
        advice = UNKNOWN_OBJECT if (code, error.get("error_subcode")) == (100, 33) else self.errors[code]
        return answer.refusal(f'{advice} (code {code}: "{words}")', temporary=code in TEMPORARY)

    def message(self, reference: Reference, parcel: Parcel, envelope: Envelope) -> Json:
        self.check_envelope(envelope)
        if parcel.target not in KINDS:
            raise UsageError(f"{self.title} does not support {parcel.target}; supported: {', '.join(KINDS)}")
        kind = KINDS[parcel.target]
        media: Json = {**reference.fields()}
        if kind == "document":
            media["filename"] = _with_ending(envelope.filename or parcel.filename, parcel)
        if envelope.template or envelope.language or envelope.components:
            kind, media = "template", _template(kind, media, envelope)
        elif envelope.caption and kind in CAPTIONED:
            media["caption"] = envelope.caption
        elif parcel.target == "voice":
            media["voice"] = True
        return {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": e164(envelope.to),
            "type": kind,
            kind: media,
        }

    def read(self, message: Json, target: str = "") -> Outgoing:
        if self.member(message, str, "messaging_product") != "whatsapp":
            raise UsageError(f'"messaging_product" in a message of {self.title} must be "whatsapp"; correct it')
        if not message.keys() & {"to", "recipient", "status"}:
            raise UsageError(f'"to" is missing: it is required in a message of {self.title}; add it')
        kind = self.member(message, str, "type", default="text")
        if kind == "text":
            self.member(message, dict, "text", default={})  # a receipt of reading has none
            return Outgoing(text=self.member(message, str, "text", "body", default=""))
        if kind == "interactive":
            words = self.member(message, str, "interactive", "body", "text", default="")
            return Outgoing(text=words, slots=tuple(_slots(message)))
        caption = ""
        if kind in KINDS.values():
            if self.member(message, dict, kind).get("id"):
                caption = self.member(message, str, kind, "caption", default="")
            else:
                self.member(message, str, kind, "link")
        return Outgoing(caption=caption, slots=tuple(_slots(message)))

    def post(self, message: Json, target: str = "") -> Post:
        return Post(url=f"{self._phone_number}/messages", headers={**self._headers()}, message=message)

    @property
    def _phone_number(self) -> str:
        """Where media and messages of the number are: the base address itself with a proxy that has no ids."""
        if self._number.found is None and self._is_proxy:
            return self.base
        number = self._number.needed().reveal()
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", number, re.ASCII):
            raise UsageError(f"invalid {NUMBER.name}; expected the phone number's id, not the number itself")
        return f"{self.base}/{number}"

    def _headers(self) -> dict[str, Secret]:
        token = self._token.needed()
        return {self._key_header: token if self._is_proxy else secret.bearer(token)}

    @property
    def _is_proxy(self) -> bool:
        return self._key_header.lower() != "authorization"


def _with_ending(filename: str, parcel: Parcel) -> str:
    """Source: "Document messages": "Document filename, with extension. The WhatsApp client will use an appropriate file
    type icon based on the extension."
    """
    return filename if PurePath(filename).suffix else f"{filename}{PurePath(parcel.filename).suffix}"


def _template(kind: str, media: Json, envelope: Envelope) -> Json:
    if not envelope.template or not envelope.language:
        raise UsageError("a template requires both --template and --language, such as en_US")
    if kind not in HEADERS:
        raise UsageError(f"invalid template header: {kind}; accepted: image, video, document. Leave --template out")
    if envelope.caption:
        raise UsageError("a template does not support --caption; put the text into --components")
    if any(str(component.get("type")).lower() == "header" for component in envelope.components):
        raise UsageError("--components has a header, which is the media itself; leave it out")
    header = {"type": "header", "parameters": [{"type": kind, kind: media}]}
    return {
        "name": envelope.template,
        "language": {"code": envelope.language},
        "components": [header, *envelope.components],
    }


def _slots(node: Any, where: tuple[str | int, ...] = ()) -> Iterator[Slot]:
    """The links of a message. Media has one form wherever it may stand: `{"type": kind, kind: {"link": …}}`."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _slots(item, (*where, index))
    if not isinstance(node, dict):
        return
    kind = node.get("type")
    holder = node.get(kind) if isinstance(kind, str) and kind in KINDS.values() else None
    if isinstance(holder, dict) and not holder.get("id") and isinstance(holder.get("link"), str) and holder["link"]:
        yield Slot(
            source=holder["link"],
            target="voice" if kind == "audio" and holder.get("voice") is True else str(kind),
            where=(*where, str(kind)),
            link_key="link",
            id_key="id",
            caption=_text(holder, "caption"),
            filename=_text(holder, "filename"),
        )
    for key in node:
        if key in NESTS:
            yield from _slots(node[key], (*where, key))


def _text(holder: Json, key: str) -> str:
    found = holder.get(key)
    return found if isinstance(found, str) else ""
