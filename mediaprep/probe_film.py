"""Sound and film -> Media, by PyAV with the allow-lists and by our own reading of the container."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

from mediaprep import allow, errors
from mediaprep.containers import ebml, id3, mp4, mp4_tags, nal, ogg, riff, tags
from mediaprep.containers.structure import Structure
from mediaprep.media import AudioStream, Kind, Media, MetadataKind, VideoStream
from mediaprep.sniff import Sniffed
from mediaprep.timeline import Timeline, timelines

if TYPE_CHECKING:
    import av
    import av.container

MAX_SECONDS = 12 * 3600
"""Longer than any film that is sent; a bomb of silence is 24 hours in 164 kB."""

_STILL_CODECS = frozenset(["mjpeg", "png", "bmp", "gif", "webp", "tiff", "jpegls"])
_AUDIO_ONLY = {
    "video/mp4": "audio/mp4",
    "video/x-m4v": "audio/mp4",
    "video/quicktime": "audio/mp4",
    "video/3gpp": "audio/3gpp",
    "video/3gpp2": "audio/3gpp2",
    "video/webm": "audio/webm",
    "video/x-matroska": "audio/x-matroska",
    "video/x-ms-asf": "audio/x-ms-wma",
    "video/x-flv": "audio/x-flv",
    "video/mp2t": "audio/mp2t",
    "video/ogg": "audio/ogg",
}
_HDR: dict[int, Literal["pq", "hlg"]] = {16: "pq", 18: "hlg"}  # transfer characteristics of ITU-T H.273
_PRIMARIES = {1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 9: "bt2020", 11: "smpte431",
              12: "smpte432"}  # fmt: skip
_INTERLACED = (2, 3, 4, 5)  # ffmpeg's field orders: top or bottom field first, coded or shown
_FRAMES_TO_TRY = 5


def _read_bare(file: BinaryIO) -> Structure:
    found = id3.read(file)
    return Structure(metadata=found.metadata)


_READERS: dict[str, Callable[[BinaryIO], Structure]] = {
    "mov": mp4.read,
    "matroska": ebml.read,
    "ogg": ogg.read,
    "wav": riff.read_wav,
    "avi": riff.read_avi,
    "mp3": _read_bare,
    "aac": _read_bare,
    "ape": _read_bare,
    "mpc8": _read_bare,
    "wv": _read_bare,
    "flac": _read_bare,
}


def probe(path: Path, sniffed: Sniffed, name: str) -> Media:
    """Facts about a film or a sound. Raises Incomplete, Damaged, TooMuch, or UnknownType for a codec not allowed."""
    with path.open("rb") as file:
        structure = _READERS.get(sniffed.demuxer, lambda _: Structure())(file)
        if structure.cut:
            raise errors.Incomplete(f"the file is cut short: {structure.cut}; get it again from its source")
        if isinstance(structure, mp4.Movie) and any(track.encrypted for track in structure.tracks):
            raise errors.Damaged("the film is encrypted (DRM) and cannot be read; export it without protection")
        if isinstance(structure, ebml.Matroska) and structure.encrypted:
            raise errors.Damaged("the film is encrypted (DRM) and cannot be read; export it without protection")
        boxes = mp4_tags.kinds(file, structure) if isinstance(structure, mp4.Movie) else frozenset[MetadataKind]()
        nero = isinstance(structure, mp4.Movie) and mp4_tags.has_chapters(file)
    with open_container(path, sniffed.demuxer) as container:
        return _media(path, sniffed, name, structure, boxes | structure.metadata, nero, container)
