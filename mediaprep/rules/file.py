"""MP1xx: file type and file size."""

from __future__ import annotations

from mediaprep.media import Media
from mediaprep.rules.base import Action, Shelf, described, megabytes, refused, title
from mediaprep.rules.limits import Limits

shelf = Shelf[[Media, Limits]]()


@shelf.rule("MP101", "type", cure=Action.ENCODE, part="container")
def type_(media: Media, limits: Limits) -> str | None:
    """The type of the file, detected from its content, is not one that the platform accepts.

    A platform that receives another type returns an error (131053 on the Cloud API), often only after the message
    was accepted. Cured by converting; streams that comply are copied into another container without re-encoding.

    Source: each profile's list of types, for WhatsApp "Media", section "Supported media types".
    """
    if limits.accepts(media.mime):
        return None
    accepted = ", ".join(dict.fromkeys(map(title, limits.mime)))
    return f"unsupported file type: {described(media.mime)}; accepted: {accepted}"


@shelf.rule("MP102", "too-big", cure=Action.ENCODE, part="file")
def too_big(media: Media, limits: Limits) -> str | None:
    """The file is larger than the platform accepts.

    Platforms print "5 MB" without saying whether that is 5,000,000 or 5,242,880 bytes. Output of mediaprep stays at
    or below the smaller figure; an input is refused only above the larger one (`error_above`), and MP103 warns
    between the two. Sticker limits are exact: iOS was seen to refuse 500,438 bytes although 512,000 were documented.

    Source: WhatsApp "Media", section "Supported media types"; WhatsApp/stickers issues 742 and 746.
    """
    if limits.hard_bytes is None or media.size <= limits.hard_bytes:
        return None
    return f"file too large: {megabytes(media.size)}; limit: {megabytes(limits.hard_bytes)}"


@shelf.rule("MP103", "near-limit", cure=Action.PASS, part="file", level="warning")
def near_limit(media: Media, limits: Limits) -> str | None:
    """The file is larger than the documented limit in decimal units (MB), but not in binary units (MiB).

    It will probably be accepted. mediaprep itself never makes such a file.

    Source: mediaprep's own; no platform documents which unit it means, see MP102.
    """
    if limits.max_bytes is None or limits.error_above is None:
        return None
    if not limits.max_bytes < media.size <= limits.error_above:
        return None
    return (
        f"file size is {media.size:,} bytes, between {limits.max_bytes:,} and {limits.error_above:,}: "
        "accepted only if the platform counts in binary megabytes (MiB)"
    )


@shelf.rule("MP104", "large-for-app", cure=Action.PASS, part="file", level="warning")
def large_for_app(media: Media, limits: Limits) -> str | None:
    """The file is accepted, but the recipient's app treats it differently: a voice note above 512 KB shows a
    download icon instead of the play icon.

    mediaprep lowers the bit rate of a long voice note as far as speech stays clear (12 kbit/s), then it warns.

    Source: WhatsApp "Audio messages": "The play icon will only appear if the file is 512KB or smaller".
    """
    if limits.advised_bytes is None or media.size <= limits.advised_bytes:
        return None
    return (
        f"file size is {megabytes(media.size)}: above {megabytes(limits.advised_bytes)} "
        "the recipient has to download it before it plays"
    )


@shelf.rule("MP105", "trailing-bytes", cure=Action.REMUX, part="container")
def trailing_bytes(media: Media, limits: Limits) -> str | None:
    """The file contains extra bytes outside the media data: the video of a motion photo, a second image, garbage or
    a hidden file after the end, or garbage around the frames of an MP3.

    Recipients do not see these bytes; they cost space and may contain data that nobody meant to send. WhatsApp
    refuses stickers whose RIFF length differs from the file size. Cured by removing the extra bytes; the media data
    does not change. If a platform accepts any file type, audio and video may keep extra bytes; images may not. The key
    `trailing_bytes` overrides this.

    Source: WhatsApp/stickers issue 606; RFC 9649 (WebP), section 2.3; ISO/IEC 10918-1, marker EOI.
    """
    by_default = "*/*" not in limits.mime or media.kind == "image"
    if not media.trailing or not refused(limits.trailing_bytes, unless_set=by_default):
        return None
    return f"{media.trailing:,} extra bytes outside the media data"
