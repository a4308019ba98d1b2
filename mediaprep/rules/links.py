"""MP504 and above: what a link returns."""

from __future__ import annotations

from msgspec import Struct

from mediaprep.rules.base import Action, Shelf


class Answered(Struct, frozen=True, kw_only=True):
    """Status and headers of a response. `mime`: `Content-Type` as sent; `length`: in bytes, None if missing."""

    status: int
    mime: str
    length: int | None

    @property
    def bare(self) -> str:
        """The MIME type without its parameters."""
        return self.mime.partition(";")[0].strip().lower()


class Served(Struct, frozen=True, kw_only=True):
    """What a link returned to GET, and to HEAD; `head` is None if HEAD cannot work and was not sent."""

    get: Answered
    head: Answered | None


shelf = Shelf[[Served]]()


@shelf.rule("MP504", "link-head", cure=Action.PASS, part="link", level="warning")
def head(served: Served) -> str | None:
    """The link does not return the same to HEAD as to GET. Platforms that send HEAD before GET will refuse it;
    WhatsApp's own API, EngageLab and MsgFlash are not known to send HEAD.

    An example is a presigned link of S3-compatible storage: the signature covers the method, so HEAD returns 403.
    Serve the bucket at a public URL and set --public-url, or allow HEAD in the web server.

    Source: Twilio "Accepted media types": "Twilio issues GET and HEAD requests to the MediaUrl to validate the file's
    Content-Type header"; RFC 9110, section 9.3.2.
    """
    if served.head is None:
        return "the link is presigned for GET only; platforms that send HEAD first (Twilio) require --public-url"
    if served.head.status != served.get.status:
        return f"the link works with GET, but returns {served.head.status} to HEAD; some platforms send HEAD first"
    if served.head.bare != served.get.bare:
        return f'the link returns Content-Type {served.get.bare} to GET, but "{served.head.bare}" to HEAD'
    if served.head.length is not None and served.get.length is not None and served.head.length != served.get.length:
        return f"the link returns Content-Length {served.get.length} to GET, but {served.head.length} to HEAD"
    return None


@shelf.rule("MP505", "link-codec", cure=Action.PASS, part="link", level="warning")
def codec(served: Served) -> str | None:
    """The link serves an Ogg file without naming the Opus codec. Some platforms then do not play it as a voice note.

    Ogg can contain several codecs, and the type alone does not say which. Configure the web server to send
    `Content-Type: audio/ogg; codecs=opus`; storage that keeps the type of an upload needs no configuration.

    Source: WhatsApp "Media", section "Supported media types": "OPUS codecs only; base audio/ogg not supported";
    EngageLab, section media formats: "only audio/ogg; codecs=opus is supported".
    """
    said = served.get.mime.lower().replace(" ", "").replace('"', "")
    if served.get.bare != "audio/ogg" or "codecs=opus" in said.split(";"):
        return None
    return f'the link has Content-Type "{served.get.mime}"; required: "audio/ogg; codecs=opus"'
