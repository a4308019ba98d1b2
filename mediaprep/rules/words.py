"""MP5xx: file names, captions and texts."""

from __future__ import annotations

from pathlib import PurePath

from mediaprep.formats import mimes_for_suffix, suffix_for
from mediaprep.media import Media
from mediaprep.rules.base import Action, Shelf, described, refused
from mediaprep.rules.limits import Limits

shelf = Shelf[[Media, Limits]]()


@shelf.rule("MP501", "name", cure=Action.PASS, part="file")
def wrong_suffix(media: Media, limits: Limits) -> str | None:
    """The file extension does not match the content. Platforms that fetch a link compare both, and gateways that
    rely on the name declare a wrong type. Cured by giving the output the right extension.

    Source: WhatsApp "Error codes": "mismatched MIME type (131053) is a common error"; chatwoot/chatwoot issue 12713, a
    voice note named `.opus` that was refused as `audio/opus`.
    """
    suffix = PurePath(media.name).suffix.lower()
    claimed = mimes_for_suffix(suffix)
    if not claimed or media.mime in claimed or not refused(limits.any_suffix, unless_set=True):
        return None
    right = suffix_for(media.mime)
    found = f"file extension {suffix} does not match the content: {described(media.mime)}"
    return found + (f"; expected {right}" if right else "")


@shelf.rule("MP502", "caption-length", cure=Action.REJECT, part="message")
def caption_length(media: Media, limits: Limits) -> str | None:
    """The caption is longer than the platform accepts. mediaprep does not shorten it.

    Source: WhatsApp "Image messages", "Document messages": "Maximum 1024 characters".
    """
    if limits.max_caption is None or len(media.caption) <= limits.max_caption:
        return None
    if limits.max_caption == 0:
        return "captions are not supported for this kind of message; send the text as a separate message"
    return f"caption too long: {len(media.caption)} characters; limit: {limits.max_caption}"


@shelf.rule("MP503", "text-length", cure=Action.REJECT, part="message")
def text_length(media: Media, limits: Limits) -> str | None:
    """The text is longer than the platform accepts. mediaprep does not shorten it.

    Source: WhatsApp "Text messages": "Maximum 4096 characters".
    """
    if limits.max_text is None or len(media.text) <= limits.max_text:
        return None
    return f"text too long: {len(media.text)} characters; limit: {limits.max_text}"
