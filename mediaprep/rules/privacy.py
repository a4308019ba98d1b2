"""MP4xx: metadata that reveals a location, a device, a person or a time. One rule each, cured without re-encoding."""

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
        "the metadata contains the location where it was made",
        """The metadata contains a location: EXIF GPS, XMP, the location boxes of an MP4.

        Recipients of a document or of a link can read it, and no platform promises to remove it.
        Cured by removing the metadata; image, video and audio data do not change.

        Source: mediaprep's own; EXIF 2.32, 4.6.6; QuickTime `com.apple.quicktime.location.ISO6709`; 3GPP TS 26.244
        `loci`.""",
    ),
    (
        "MP402",
        "device",
        "device",
        "the metadata contains the device or software that made it",
        """The metadata contains the make, model, serial number or software of a device.

        A name that an encoder wrote about itself (`Lavf`, `encoder`) does not count.

        Source: mediaprep's own; EXIF 2.32, 4.6.5; QuickTime `com.apple.quicktime.make`.""",
    ),
    (
        "MP403",
        "person",
        "person",
        "the metadata names a person (author, artist, owner or copyright)",
        """The metadata names an author, artist, owner or copyright holder: EXIF, XMP, IPTC, ID3, Vorbis, MP4.

        Source: mediaprep's own; EXIF 2.32, 4.6.5; IPTC Photo Metadata Standard; ID3v2.4, 4.2.""",
    ),
    (
        "MP404",
        "time",
        "time",
        "the metadata contains the date or time when it was made",
        """The metadata contains the time of creation: EXIF dates, the creation time of an MP4 or Matroska, PNG `tIME`.

        Source: mediaprep's own; EXIF 2.32, 4.6.5; ISO/IEC 14496-12, 8.2.2 (`mvhd` creation_time).""",
    ),
    (
        "MP405",
        "thumbnail",
        "thumbnail",
        "the file contains an embedded thumbnail or cover image",
        """The file contains a smaller image: an EXIF thumbnail, which may show what was cropped away, or cover art.

        Source: mediaprep's own; EXIF 2.32, 4.5.8; ID3v2.4, 4.14 (`APIC`).""",
    ),
    (
        "MP406",
        "text",
        "text",
        "the metadata contains comments, titles or tags",
        """Comments, titles, tags, or blocks of data that no player shows.

        Source: mediaprep's own; ISO/IEC 10918-1 (`COM`); PNG `tEXt`; ID3; `udta`; H.264 user data.""",
    ),
)

for code, name, kind, sentence, manual in KINDS:
    shelf.rule(code, name, cure=Action.REMUX, part="metadata")(carries(kind, sentence, manual))
