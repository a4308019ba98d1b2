"""MP1xx: what the file is."""

from __future__ import annotations

from mediaprep.formats import suffix_for
from mediaprep.media import Media
from mediaprep.rules.base import Action, Shelf, megabytes, refused
from mediaprep.rules.limits import Limits

shelf = Shelf[[Media, Limits]]()

SHORT = 80
"""Types are named in full where they take no more characters than this; else they are told by their suffixes."""


@shelf.rule("MP101", "type", cure=Action.ENCODE, part="container")
def type_(media: Media, limits: Limits) -> str | None:
    """The type of the file, told from its bytes, is not one that the platform takes.

    A platform that receives another type answers with an error (131053 on the Cloud API), often only after the
    message was accepted. Cured by converting; streams that comply are only put into another container.

    Source: each profile's list of types, for WhatsApp "Media", section "Supported media types".
    """
    if limits.accepts(media.mime):
        return None
    wanted = ", ".join(limits.mime)
    if len(wanted) > SHORT:
        wanted = ", ".join(suffix_for(mime) or mime for mime in limits.mime)
    return f"the file is {media.mime}; taken are {wanted}"


@shelf.rule("MP102", "too-big", cure=Action.ENCODE, part="file")
def too_big(media: Media, limits: Limits) -> str | None:
    """The file has more bytes than the platform takes.

    Platforms print "5 MB" without saying whether that is 5,000,000 or 5,242,880 bytes. What mediaprep makes stays
    under the smaller figure; a source is refused only above the larger one (`error_above`), and MP103 warns between.
    Sticker limits have no such zone: iOS was seen to refuse 500,438 bytes where 512,000 were promised.

    Source: WhatsApp "Media", section "Supported media types"; WhatsApp/stickers issues 742 and 746.
    """
    if limits.hard_bytes is None or media.size <= limits.hard_bytes:
        return None
    return f"the file has {megabytes(media.size)}; at most {megabytes(limits.hard_bytes)} are taken"


@shelf.rule("MP103", "near-limit", cure=Action.PASS, part="file", level="warning")
def near_limit(media: Media, limits: Limits) -> str | None:
    """The file is larger than the printed limit read in decimal, yet not than the same limit read in binary.

    It will probably be taken. mediaprep itself never makes such a file.

    Source: mediaprep's own; no platform documents which unit it means, see MP102.
    """
    if limits.max_bytes is None or limits.error_above is None:
        return None
    if not limits.max_bytes < media.size <= limits.error_above:
        return None
    return (
        f"the file has {media.size:,} bytes, between {limits.max_bytes:,} and {limits.error_above:,}: "
        "sendable only if the platform counts in binary megabytes"
    )


@shelf.rule("MP104", "large-for-app", cure=Action.PASS, part="file", level="warning")
def large_for_app(media: Media, limits: Limits) -> str | None:
    """The file is taken, but the recipient's app treats it less well: a voice note above 512 KB shows a download
    icon instead of the play icon.

    mediaprep lowers the bit rate of a long note as far as speech stays clear (12 kbit/s), and warns beyond.

    Source: WhatsApp "Audio messages": "The play icon will only appear if the file is 512KB or smaller".
    """
    if limits.advised_bytes is None or media.size <= limits.advised_bytes:
        return None
    return (
        f"the file has {megabytes(media.size)}; above {megabytes(limits.advised_bytes)} "
        "the recipient has to download it before it plays"
    )


@shelf.rule("MP105", "trailing-bytes", cure=Action.REMUX, part="container")
def trailing_bytes(media: Media, limits: Limits) -> str | None:
    """Bytes lie outside the media: the film of a motion photo, a second picture, garbage, or a hidden file after its
    end, or garbage around the frames of an MP3.

    Recipients do not see them, they cost space and can carry what nobody meant to send. WhatsApp refuses stickers
    whose RIFF length differs from the file's. Cured by leaving them off; the media itself is untouched. Where a
    platform takes any file, sound and film may keep what stands around them; pictures may not. `trailing_bytes` says
    otherwise.

    Source: WhatsApp/stickers issue 606; RFC 9649 (WebP), section 2.3; ISO/IEC 10918-1, marker EOI.
    """
    by_default = "*/*" not in limits.mime or media.kind == "image"
    if not media.trailing or not refused(limits.trailing_bytes, unless_set=by_default):
        return None
    return f"{megabytes(media.trailing)} lie outside the media"
