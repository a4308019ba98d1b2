"""What a tag gives away, by its name. Pure.

The names are those of Vorbis comments, ID3v2 frames, RIFF INFO, Matroska tags, MP4 keys and ffmpeg's own aliases.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mediaprep.containers.structure import Kinds
from mediaprep.media import MetadataKind

# Written by tools about the file itself; says nothing about a person, and every muxer adds some.
_HARMLESS = frozenset(
    "encoder encoded_by_tool encoding_tool encoding_settings encodersettings encoder_options vendor vendor_id "
    "handler_name handler language major_brand minor_version compatible_brands alpha_mode duration bps "
    "number_of_frames number_of_bytes stereo_mode timecode rotate variant_bitrate framerate videodatarate "
    "audiodatarate videocodecid audiocodecid audiosamplerate audiosamplesize stereo canseekontime cansEEktoend "
    "canseektoend hasaudio hasvideo hasmetadata haskeyframes filesize width height lasttimestamp "
    "lastkeyframetimestamp datasize videosize audiosize isvbr wmfsdkversion wmfsdkneeded wm/encodingsettings "
    "devicecconformancetemplate deviceconformancetemplate aspectratiox aspectratioy replaygain_track_gain "
    "replaygain_track_peak replaygain_album_gain replaygain_album_peak r128_track_gain r128_album_gain "
    "waveformatextensible_channel_mask iscommentary id tlen tsse isft com.android.capture.fps audiodelay "
    "metadatacreator totalduration totaldatarate bytelength purl_type codec service_name service_provider "
    "service_type variable_frame_rate com.android.video.temporal_layers_count track_name is_writing_app "
    "com.apple.quicktime.full-frame-rate-playback-intent com.apple.quicktime.live-photo.vitality-score".lower().split()
)
_HARMLESS_STARTS = ("_statistics", "number_of_", "itun", "com.apple.quicktime.camera.", "id3v2_priv.xmp_none", "bps-")
_PREFIXES: tuple[tuple[MetadataKind, tuple[str, ...]], ...] = (
    ("location", ("location", "gps", "latitude", "longitude", "place", "com.apple.quicktime.location", "country",
                  "city", "recording_location", "©xyz", "loci")),
    ("device", ("make", "model", "com.apple.quicktime.make", "com.apple.quicktime.model", "software", "device",
                "com.apple.quicktime.software", "com.android.manufacturer", "com.android.model", "com.android.version",
                "camera", "lens", "serial", "firmware", "originator", "com.apple.proapps", "source_form", "hardware")),
    ("person", ("artist", "author", "album_artist", "albumartist", "performer", "composer", "copyright", "contact",
                "owner", "publisher", "organization", "encoded_by", "encodedby", "director", "producer", "writer",
                "com.apple.quicktime.author", "com.apple.quicktime.artist", "com.apple.quicktime.copyright", "email",
                "lyricist", "conductor", "iart", "icop", "wm/composer", "wm/publisher", "username", "engineer")),
    ("time", ("date", "creation_time", "creationdate", "year", "creation", "com.apple.quicktime.creationdate", "time",
              "originaldate", "origination", "tdrc", "tyer", "tdat", "icrd", "recorded", "modification", "wm/year",
              "coding_time")),
    ("thumbnail", ("metadata_block_picture", "coverart", "covr", "wm/picture", "apic")),
)  # fmt: skip


def kind(name: str) -> MetadataKind | None:
    """None for what tools write about the file; `text` for a name that is not known."""
    key = name.lower().strip().removesuffix("-eng")
    if key in _HARMLESS or key.startswith(_HARMLESS_STARTS):
        return None
    return next((kind for kind, starts in _PREFIXES if key.startswith(starts)), "text")


_UNSET_CLOCKS = ("1601-01-01T00:00:00", "1904-01-01T00:00:00", "1970-01-01T00:00:00")
"""What Windows, QuickTime and Unix call the beginning of time: written by programs that do not tell it."""


def kinds(tags: Mapping[str, str] | Iterable[str]) -> Kinds:
    """The kinds of all tags; a tag whose value is blank, or the day that clocks begin with, does not count."""
    if isinstance(tags, Mapping):
        tags = [name for name, value in tags.items() if value.strip() and not value.startswith(_UNSET_CLOCKS)]
    return frozenset(found for name in tags if (found := kind(name)))


def xmp(packet: bytes) -> Kinds:
    """What an XMP packet gives away, by the property names in it; an empty packet nothing."""
    text = packet.lower()
    if b"<rdf:description" not in text and b"<x:xmpmeta" not in text and b"<rdf:rdf" not in text:
        return frozenset({"text"}) if packet.strip(b" \0\r\n\t") else frozenset()
    found: set[MetadataKind] = {"text"}
    for name, words in _XMP:
        if any(word in text for word in words):
            found.add(name)
    return frozenset(found)


_XMP: tuple[tuple[MetadataKind, tuple[bytes, ...]], ...] = (
    ("location", (b"exif:gps", b"photoshop:city", b"photoshop:country", b"iptc4xmpcore:location", b"locationcreated")),
    ("device", (b"tiff:make", b"tiff:model", b"creatortool", b"serialnumber", b"aux:lens", b"softwareagent")),
    ("person", (b"dc:creator", b"dc:rights", b"photoshop:credit", b"ownername", b"creatorcontactinfo", b"dc:publisher",
                b"authorsposition")),
    ("time", (b"createdate", b"modifydate", b"metadatadate", b"datetimeoriginal", b"datecreated", b"stevt:when")),
    ("thumbnail", (b"xmp:thumbnails", b"xmpgimg:image", b"xapgimg:image")),
)  # fmt: skip
