"""MP5xx: names and captions."""

from __future__ import annotations

from pathlib import PurePath

from mediaprep.formats import mimes_for_suffix, suffix_for
from mediaprep.media import Media
from mediaprep.rules.base import Action, Shelf, refused
from mediaprep.rules.limits import Limits

shelf = Shelf[[Media, Limits]]()


@shelf.rule("MP501", "name", cure=Action.PASS, part="file")
def name(media: Media, limits: Limits) -> str | None:
    """The ending of the file's name contradicts its bytes. Platforms that fetch a link compare both, and gateways
    that go by the name declare a wrong type. Cured by naming the output rightly.

    Source: WhatsApp "Error codes": "mismatched MIME type (131053) is a common error"; chatwoot/chatwoot issue 12713, a
    voice note named `.opus` that was refused as `audio/opus`.
    """
    suffix = PurePath(media.name).suffix.lower()
    claimed = mimes_for_suffix(suffix)
    if not claimed or media.mime in claimed or not refused(limits.any_suffix, unless_set=True):
        return None
    right = suffix_for(media.mime)
    return f"the name ends in {suffix}, but the bytes are {media.mime}" + (f" ({right})" if right else "")


@shelf.rule("MP502", "caption-length", cure=Action.REJECT, part="message")
def caption_length(media: Media, limits: Limits) -> str | None:
    """The caption has more characters than the platform takes. mediaprep does not shorten what you wrote.

    Source: WhatsApp "Image messages", "Document messages": "Maximum 1024 characters".
    """
    if limits.max_caption is None or len(media.caption) <= limits.max_caption:
        return None
    if limits.max_caption == 0:
        return "this kind of message has no caption; send the text as a message of its own"
    return f"the caption has {len(media.caption)} characters; at most {limits.max_caption} are taken"


@shelf.rule("MP503", "text-length", cure=Action.REJECT, part="message")
def text_length(media: Media, limits: Limits) -> str | None:
    """The text has more characters than the platform takes. mediaprep does not shorten what you wrote.

    Source: WhatsApp "Text messages": "Maximum 4096 characters".
    """
    if limits.max_text is None or len(media.text) <= limits.max_text:
        return None
    return f"the text has {len(media.text)} characters; at most {limits.max_text} are taken"
