"""Limits: what a platform accepts for one kind of message. Each key is a key of a profile and a parameter of a rule."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from mediaprep.media import MetadataKind

LARGEST_NUMBER = 10**12
"""A terabyte, or 30,000 years; a larger number is a typing error."""

Bytes = Annotated[int, Meta(ge=1, le=LARGEST_NUMBER, extra={"unit": "bytes"})]
"""In TOML an integer (bytes) or a string with a unit: "5 MB" is 5,000,000 and "5 MiB" is 5,242,880."""

Seconds = Annotated[float, Meta(gt=0, le=LARGEST_NUMBER, extra={"unit": "seconds"})]
"""In TOML a number (seconds) or a string with a unit: "8 ms", "10 s", "2 min", "1 h"."""

Pixels = Annotated[int, Meta(ge=1, le=1_000_000)]
Rate = Annotated[float, Meta(gt=0, le=1_000_000)]
"""Frames per second."""
Count = Annotated[int, Meta(ge=0, le=LARGEST_NUMBER)]
Some = Annotated[int, Meta(ge=1, le=LARGEST_NUMBER)]

PRIVATE: tuple[MetadataKind, ...] = ("location", "device", "person", "time", "thumbnail", "text")


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table of a profile. A key that is not set sets no limit.

    What is accepted:

    * `mime`: the accepted types, by content; `*/*` for any.
    * `max_bytes`: the largest output, in bytes. `error_above`: an input between the two gets a warning only (for
      limits documented as "5 MB" that may mean 5 MiB); if it is not set, `max_bytes` is the limit for inputs too.
    * `advised_bytes`: above it the recipient's app treats the file differently; a warning.
    * `width`, `height`: exact size in pixels. `max_side`: the longest side, in pixels.
    * `alpha`: false if transparency is not accepted. `modes`, `bit_depth`, `colour_space`: of still images.
    * `animated`: false if a still image is required, true if an animation is required.
    * `min_frame`, `max_duration`: seconds. `max_fps`: average frame rate of video and animation, frames per second.
    * `faststart`: true if the index of an MP4 must come first.
    * `video_codec`, `video_profiles`, `pixel_formats`: accepted names, as ffmpeg prints them.
    * `high_b_frames`: false if H.264 High profile together with B-frames is not accepted.
    * `advised_profiles`: other H.264 profiles, or B-frames, get a warning.
    * `audio_codec`: for each file type the accepted codecs. `max_channels`: for each file type.
    * `audio_streams`: the largest number; 0 for a video without audio.
    * `extras`: false if subtitles, data, chapters and cover images are not accepted.
    * `metadata`: the kinds that are not accepted.
    * `max_caption`, `max_text`: characters.

    What is accepted in inputs; output of mediaprep never has any of it. If a key is not set, the rule has its own
    default; true accepts it, false refuses it for every type.

    * `trailing_bytes`: extra bytes outside the media data. `any_suffix`: a file extension that does not match the type.
    * `orientation`: images that are stored rotated. `rotation`, `mirrored`: videos that are stored rotated or mirrored.
    * `odd_sides`, `pixel_aspect`, `hdr`, `interlaced`: videos with an odd width or height, with pixels that are not
      square, with high dynamic range, or interlaced.
    * `video_streams`: the largest number; if it is not set, 1 for videos.

    How output is made:

    * `make`: output types to try, in order. `sample_rate`: of audio output, in Hz.
    * `fallback`: the target to use if nothing fits.
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
        """The accepted audio codecs of a file type; None for any. For a type not listed: those of all listed types."""
        if not self.audio_codec:
            return None
        return frozenset(self.audio_codec.get(mime, sum(self.audio_codec.values(), ())))

    @property
    def of_film(self) -> bool:
        """Whether a video is required, so that the rules for video apply."""
        return bool(self.video_codec)

    @property
    def of_sound(self) -> bool:
        """Whether audio without video is required."""
        return bool(self.audio_codec) and not self.video_codec

    @property
    def hard_bytes(self) -> int | None:
        """The size in bytes above which an input is refused."""
        return self.error_above or self.max_bytes
