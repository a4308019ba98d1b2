"""WhatsApp over Twilio. It accepts only links, which must answer HEAD as well as GET; its messages are forms.

Sources: Twilio, "Message resource" (fields, Basic auth), "Accepted content types for media" (GET and HEAD, the file's
name by `Content-Disposition`), "Guidance on WhatsApp media messages" (types and sizes), "Sending and Receiving Media
with WhatsApp Messaging on Twilio" (one medium a message), "Error and Warning Dictionary".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from mediaprep.destinations.base import Destination, Envelope, Outgoing, Parcel, Reference, Slot
from mediaprep.destinations.body import FORM, Json, Post
from mediaprep.destinations.fields import e164
from mediaprep.destinations.variable import Variable
from mediaprep.errors import UsageError
from mediaprep.network.secret import basic

BASE = "https://api.twilio.com"
SENDER = Variable(name="TWILIO_FROM", what="the phone number of your WhatsApp sender", needed="message")
ACCOUNT = Variable(name="TWILIO_ACCOUNT_SID", what="the Account SID of Twilio's console", needed="send")
TOKEN = Variable(name="TWILIO_AUTH_TOKEN", what="the Auth Token of that account", needed="send")
ADDRESS = Variable(name="TWILIO_URL", what=f"the base address of another server, such as a gateway; default: {BASE}")

TARGETS = frozenset({"image", "video", "gif", "audio", "voice", "sticker", "animated_sticker", "document"})
"""One kind of message for all: Twilio goes by the type that the link is served with."""
CAPTIONED = frozenset({"image", "video", "gif"})
CHANNEL = "whatsapp:"


class Twilio(Destination):
    """Messages of `POST /2010-04-01/Accounts/<sid>/Messages.json`, with Basic auth."""

    name = "twilio"
    title = "Twilio"
    accepts = "links that answer GET and HEAD"
    returns = "link"
    lasts = "as long as the host serves it"
    variables = (SENDER, ACCOUNT, TOKEN, ADDRESS)
    example: ClassVar[Json] = {
        "From": "whatsapp:+14155238886",
        "To": "whatsapp:+12345678900",
        "Body": "Hello",
        "MediaUrl": "https://cdn.example.com/photo.jpg",
    }
    body = FORM
    takes = frozenset({"to", "caption", "filename"})
    needs_head = True
    message_paths = ("/Messages.json",)
    errors: ClassVar[Mapping[int, str]] = {
        11200: "Twilio could not retrieve the link; it must answer GET and HEAD with status 200",
        12300: "the link is served with a Content-Type that Twilio cannot process; set it in the web server",
        14103: "the message has neither a text nor a media link, or a text of more than 1600 characters",
        20003: "the credentials were refused; check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN",
        21211: "the recipient's number is invalid; write it as whatsapp:+12345678900",
        21602: "the message has neither Body nor MediaUrl; add one",
        21617: "the text has more than 1600 characters; shorten it",
        21619: "the message has neither Body nor MediaUrl nor ContentSid; add one",
        21620: "the media link is malformed; it must begin with https:// or http://",
        63005: "WhatsApp did not accept the content; see Twilio's log for its own error",
        63007: "no WhatsApp sender has this From address; check TWILIO_FROM and the account",
        63016: "the recipient's last message is more than 24 hours old; send an approved template (ContentSid)",
        63019: "the media could not be downloaded, or has 0 bytes; check the link with GET and HEAD",
        63021: "WhatsApp does not support the content; check the type of the media, and that texts fit",
        63037: "Twilio could not upload the media to WhatsApp; it retries by itself",
    }

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._sender = SENDER.text(environment).removeprefix(CHANNEL)
        self._account_sid, self._token = ACCOUNT.key(environment), TOKEN.key(environment)
        self._base = ADDRESS.address(environment, BASE)

    def message(self, reference: Reference, parcel: Parcel, envelope: Envelope) -> Json:
        """The file's name is not in the message: Twilio takes it from the link's `Content-Disposition`."""
        self.check_envelope(envelope)
        if parcel.target not in TARGETS:
            raise UsageError(f"Twilio does not support {parcel.target}; supported: {', '.join(sorted(TARGETS))}")
        if not reference.link:
            raise UsageError("Twilio accepts only links; give --host, so that the file is published there")
        if not self._sender:
            raise SENDER.missing()
        body = {"Body": envelope.caption} if envelope.caption and parcel.target in CAPTIONED else {}
        return {
            "From": CHANNEL + e164(self._sender),
            "To": CHANNEL + e164(envelope.to),
            **body,
            "MediaUrl": reference.link,
        }

    def read(self, message: Json, target: str = "") -> Outgoing:
        """Messages of other channels (SMS, MMS) are refused: another profile applies to them."""
        if not self.member(message, str, "To").startswith(CHANNEL):
            raise UsageError(f'invalid "To": expected a WhatsApp address, such as {CHANNEL}+12345678900')
        text = self.member(message, str, "Body", default="")
        media = message.get("MediaUrl")
        if isinstance(media, list):
            raise UsageError('more than one "MediaUrl": WhatsApp accepts one per message; send a message for each')
        if not media:
            if not text and not message.get("ContentSid"):
                raise UsageError('the message is empty: "Body", "MediaUrl" or "ContentSid" is required; add one')
            return Outgoing(text=text)
        source = self.member(message, str, "MediaUrl")
        return Outgoing(slots=(Slot(source=source, target="", where=(), link_key="MediaUrl", caption=text),))

    def post(self, message: Json, target: str = "") -> Post:
        sid = self._account_sid.needed()
        if not re.fullmatch(r"[A-Za-z0-9]{1,64}", sid.reveal(), re.ASCII):
            raise UsageError(f"invalid {ACCOUNT.name}; expected the Account SID, such as AC followed by 32 digits")
        return Post(
            url=f"{self._base}/2010-04-01/Accounts/{sid.reveal()}/Messages.json",
            headers={"Authorization": basic(sid, self._token.needed())},
            message=message,
            body=self.body,
        )
