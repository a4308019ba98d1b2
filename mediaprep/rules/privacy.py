"""MP4xx: metadata that gives away a place, a device or a person. One rule each, cured without re-encoding."""

from __future__ import annotations

from collections.abc import Callable

from mediaprep.media import Media, MetadataKind
from mediaprep.rules.base import Action, Shelf
from mediaprep.rules.limits import Limits

shelf = Shelf[[Media, Limits]]()


def carries(kind: MetadataKind, sentence: str, manual: str) -> Callable[[Media, Limits], str | None]:
    def look(media: Media, limits: Limits) -> str | None:
        return sentence if kind in media.metadata and kind in limits.metadata else None

    look.__doc__ = manual
    return look


KINDS: tuple[tuple[str, str, MetadataKind, str, str], ...] = (
    (
        "MP401",
        "location",
        "location",
        "the file says where it was taken",
        """The file tells a place: EXIF GPS, XMP, the location boxes of an MP4.

        Recipients of a document or of a link can read it, and no platform promises to remove it.
        Cured by leaving the metadata off; pixels and sound stay bit for bit as they are.

        Source: mediaprep's own; EXIF 2.32, 4.6.6; QuickTime `com.apple.quicktime.location.ISO6709`; 3GPP TS 26.244
        `loci`.""",
    ),
    (
        "MP402",
        "device",
        "device",
        "the file says which device or software made it",
        """The file tells maker, model, serial number or software of a device.

        A name that only an encoder wrote about itself (`Lavf`, `encoder`) does not count.

        Source: mediaprep's own; EXIF 2.32, 4.6.5; QuickTime `com.apple.quicktime.make`.""",
    ),
    (
        "MP403",
        "person",
        "person",
        "the file names a person (author, artist, owner or copyright)",
        """The file names its author, artist, owner or copyright holder: EXIF, XMP, IPTC, ID3, Vorbis, MP4.

        Source: mediaprep's own; EXIF 2.32, 4.6.5; IPTC Photo Metadata Standard; ID3v2.4, 4.2.""",
    ),
    (
        "MP404",
        "time",
        "time",
        "the file says when it was made",
        """The file tells when it was made: EXIF dates, the creation time of an MP4 or Matroska, PNG `tIME`.

        Source: mediaprep's own; EXIF 2.32, 4.6.5; ISO/IEC 14496-12, 8.2.2 (`mvhd` creation_time).""",
    ),
    (
        "MP405",
        "thumbnail",
        "thumbnail",
        "a smaller picture is inside the file",
        """A smaller picture is inside: an EXIF preview, which may show what was cropped away, or cover art.

        Source: mediaprep's own; EXIF 2.32, 4.5.8; ID3v2.4, 4.14 (`APIC`).""",
    ),
    (
        "MP406",
        "text",
        "text",
        "comments, titles or tags are inside the file",
        """Comments, titles, tags, or blocks of data that no player shows.

        Source: mediaprep's own; ISO/IEC 10918-1 (`COM`); PNG `tEXt`; ID3; `udta`; H.264 user data.""",
    ),
)

for code, name, kind, sentence, manual in KINDS:
    shelf.rule(code, name, cure=Action.REMUX, part="metadata")(carries(kind, sentence, manual))
