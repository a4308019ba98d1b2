"""Limits: what a platform accepts for one kind of message. A key here is a key in a profile and a rule's parameter."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from mediaprep.media import MetadataKind

LARGEST_NUMBER = 10**12
"""A terabyte, or 30,000 years; what is larger is a slip of the pen."""

Bytes = Annotated[int, Meta(ge=1, le=LARGEST_NUMBER, extra={"unit": "bytes"})]
"""In TOML a whole number of bytes or a string with a unit: "5 MB" is 5,000,000 and "5 MiB" is 5,242,880."""

Seconds = Annotated[float, Meta(gt=0, le=LARGEST_NUMBER, extra={"unit": "seconds"})]
"""In TOML a number of seconds or a string with a unit: "8 ms", "10 s", "2 min", "1 h"."""

Pixels = Annotated[int, Meta(ge=1, le=1_000_000)]
Rate = Annotated[float, Meta(gt=0, le=1_000_000)]
"""Frames a second."""
Count = Annotated[int, Meta(ge=0, le=LARGEST_NUMBER)]
Some = Annotated[int, Meta(ge=1, le=LARGEST_NUMBER)]

PRIVATE: tuple[MetadataKind, ...] = ("location", "device", "person", "time", "thumbnail", "text")


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table of a profile. A key that is not set limits nothing.

    What is accepted:

    * `mime`: the types, by content; `*/*` for any.
    * `max_bytes`: what mediaprep makes stays at or below it. `error_above`: a source between the two is a
      warning only (for limits printed as "5 MB" that may mean 5 MiB); unset, `max_bytes` is hard.
    * `advised_bytes`: above it the recipient's app treats the file less well; a warning.
    * `width`, `height`: exact pixels. `max_side`: the longest side at most.
    * `alpha`: false where transparency is refused. `modes`, `bit_depth`, `colour_space`: of still pictures.
    * `animated`: false where a still is wanted, true where it must move.
    * `min_frame`, `max_duration`: seconds. `max_fps`: frames a second of what moves, on average.
    * `faststart`: true where an MP4's index must come first.
    * `video_codec`, `video_profiles`, `pixel_formats`: allowed names, as ffmpeg prints them.
    * `high_b_frames`: false where H.264 High profile together with B-frames is refused.
    * `advised_profiles`: other H.264 profiles, or B-frames, get a warning.
    * `audio_codec`: for each type of file the codecs it may carry. `max_channels`: for each type of file.
    * `audio_streams`: how many at most; 0 for a silent film.
    * `extras`: false where subtitles, data, chapters and covers are refused.
    * `metadata`: the kinds that must not be there.
    * `max_caption`, `max_text`: characters.

    What is refused unless a profile accepts it. Unset, each has the default of its rule; true accepts, false refuses
    everywhere. What mediaprep makes has none of them in either case.

    * `trailing_bytes`: bytes outside the media. `any_suffix`: a name whose suffix contradicts the type.
    * `orientation`: pictures that only a tag turns upright. `rotation`, `mirrored`: the same of films.
    * `odd_sides`, `pixel_aspect`, `hdr`, `interlaced`: films with an odd side, with pixels that are not square, of high
      dynamic range, or interlaced.
    * `video_streams`: how many at most; unset, one for films.

    How it is made when it has to be:

    * `make`: output types to try, in order. `sample_rate`: of the sound that is made, in Hz.
    * `fallback`: the target to use when nothing fits.
    """

    mime: tuple[str, ...]
    max_bytes: Bytes | None = None
    error_above: Bytes | None = None
    advised_bytes: Bytes | None = None
    width: Pixels | None = None
    height: Pixels | None = None
    max_side: Pixels | None = None
    alpha: bool | None = None
    modes: tuple[str, ...] = ()
    bit_depth: Pixels | None = None
    colour_space: tuple[str, ...] = ()
    animated: bool | None = None
    min_frame: Seconds | None = None
    max_duration: Seconds | None = None
    max_fps: Rate | None = None
    faststart: bool | None = None
    video_codec: tuple[str, ...] = ()
    video_profiles: tuple[str, ...] = ()
    advised_profiles: tuple[str, ...] = ()
    high_b_frames: bool | None = None
    pixel_formats: tuple[str, ...] = ()
    audio_codec: dict[str, tuple[str, ...]] = {}
    max_channels: dict[str, Count] = {}
    audio_streams: Count | None = None
    extras: bool | None = None
    metadata: tuple[MetadataKind, ...] = ()
    max_caption: Count | None = None
    max_text: Count | None = None
    trailing_bytes: bool | None = None
    any_suffix: bool | None = None
    orientation: bool | None = None
    odd_sides: bool | None = None
    rotation: bool | None = None
    mirrored: bool | None = None
    hdr: bool | None = None
    interlaced: bool | None = None
    pixel_aspect: bool | None = None
    video_streams: Some | None = None
    make: tuple[str, ...] = ()
    sample_rate: Pixels | None = None
    fallback: str | None = None

    def accepts(self, mime: str) -> bool:
        return mime in self.mime or "*/*" in self.mime

    def sound_codecs(self, mime: str) -> frozenset[str] | None:
        """The codecs that sound may have in such a file; None for any. A type not named may carry what others may."""
        if not self.audio_codec:
            return None
        return frozenset(self.audio_codec.get(mime, sum(self.audio_codec.values(), ())))

    @property
    def of_film(self) -> bool:
        """Whether a film is what is wanted; the rules about films hold then."""
        return bool(self.video_codec)

    @property
    def of_sound(self) -> bool:
        """Whether sound alone is what is wanted."""
        return bool(self.audio_codec) and not self.video_codec

    @property
    def hard_bytes(self) -> int | None:
        """The size above which a source is refused."""
        return self.error_above or self.max_bytes
