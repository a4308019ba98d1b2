"""MP504 onwards: what a link answers."""

from __future__ import annotations

from msgspec import Struct

from mediaprep.rules.base import Action, Shelf


class Answered(Struct, frozen=True, kw_only=True):
    """The head of an answer. `mime`: `Content-Type` as it was sent; `length`: in bytes, None where it was not said."""

    status: int
    mime: str
    length: int | None

    @property
    def bare(self) -> str:
        """The type without its parameters."""
        return self.mime.partition(";")[0].strip().lower()


class Served(Struct, frozen=True, kw_only=True):
    """What a link answered to GET, and to HEAD; `head` is None where HEAD cannot work and was not asked."""

    get: Answered
    head: Answered | None


shelf = Shelf[[Served]]()


@shelf.rule("MP504", "link-head", cure=Action.PASS, part="link", level="warning")
def head(served: Served) -> str | None:
    """The link does not answer HEAD as it answers GET. Platforms that look before they fetch will not take it;
    WhatsApp's own API, EngageLab and MsgFlash are not known to ask.

    A presigned link of S3-compatible storage is such a one: its signature covers the method, so HEAD is refused with
    403. Serve the bucket under a public address and name that with --public-url, or allow HEAD in the web server.

    Source: Twilio "Accepted media types": "Twilio issues GET and HEAD requests to the MediaUrl to validate the file's
    Content-Type header"; RFC 9110, section 9.3.2.
    """
    if served.head is None:
        return "the link is presigned for GET alone; platforms that ask HEAD first, such as Twilio, need --public-url"
    if served.head.status != served.get.status:
        return f"the link answers GET, but HEAD with status {served.head.status}; some platforms ask HEAD first"
    if served.head.bare != served.get.bare:
        return f'the link says it is {served.get.bare} to GET, but "{served.head.bare}" to HEAD'
    if served.head.length is not None and served.get.length is not None and served.head.length != served.get.length:
        return f"the link gives {served.get.length} bytes to GET, but promises {served.head.length} to HEAD"
    return None


@shelf.rule("MP505", "link-codec", cure=Action.PASS, part="link", level="warning")
def codec(served: Served) -> str | None:
    """The link serves Ogg without saying that it holds Opus. Some platforms then do not play it as a voice note.

    Ogg can hold several codecs, and the type alone does not tell which. Have the web server send
    `Content-Type: audio/ogg; codecs=opus`; storage that keeps the type of an upload does so by itself.

    Source: WhatsApp "Media", section "Supported media types": "OPUS codecs only; base audio/ogg not supported";
    EngageLab, section media formats: "only audio/ogg; codecs=opus is supported".
    """
    said = served.get.mime.lower().replace(" ", "").replace('"', "")
    if served.get.bare != "audio/ogg" or "codecs=opus" in said.split(";"):
        return None
    return f'the link is served as "{served.get.mime}"; platforms ask for "audio/ogg; codecs=opus"'
