"""Media: the facts about one file. Plain values: comparable, picklable, printable as JSON."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Kind = Literal["image", "animation", "video", "audio", "document"]
"""What a file is to a person. An audio-only MP4 is `audio`; an `animation` is an animated GIF, APNG, WebP or AVIF."""

MetadataKind = Literal["location", "device", "person", "time", "thumbnail", "text"]
"""What metadata reveals. `device`: make, model, serial number, software. `person`: author, owner, copyright, contact.
`thumbnail`: an embedded image (EXIF thumbnail, cover art). `text`: comments, titles, tags and any unknown block."""


class VideoStream(Struct, frozen=True, kw_only=True):
    """One video stream. Sizes are as stored, before rotation; names are ffmpeg's."""

    index: int
    codec: str
    profile: str = ""
    pixel_format: str = ""
    bit_depth: int = 8
    width: int = 0
    height: int = 0
    fps: float | None = None
    variable: bool = False
    bit_rate: int | None = None
    b_frames: bool = False
    interlaced: bool = False
    hdr: Literal["", "pq", "hlg"] = ""
    primaries: str = ""
    rotation: Literal[0, 90, 180, 270] = 0
    mirrored: bool = False
    pixel_aspect: float = 1.0
    alpha: bool = False
    default: bool = False
    duration: float | None = None

    @property
    def upright(self) -> tuple[int, int]:
        """Width and height as a viewer sees them: square pixels, rotated."""
        width = max(1, round(self.width * self.pixel_aspect))
        return (self.height, width) if self.rotation in (90, 270) else (width, self.height)


class AudioStream(Struct, frozen=True, kw_only=True):
    """One audio stream. `sample_rate` in Hz, `bit_rate` in bit/s; names are ffmpeg's."""

    index: int
    codec: str
    profile: str = ""
    channels: int = 1
    sample_rate: int = 48000
    bit_rate: int | None = None
    default: bool = False
    duration: float | None = None


class Media(Struct, frozen=True, kw_only=True):
    """The facts about one file.

    `width`, `height`: pixels as stored (of a video: of its main stream). `orientation`: EXIF 1 to 8.
    `frames`: 1 for a still image. `shortest_frame`, `duration`: seconds. `mode`: Pillow's
    (`RGB`, `L`, `P`, `CMYK` …). `alpha`: some pixel can be transparent. `colour_space`: `sRGB`, `Display P3`,
    …; empty if unknown. `colours`: the number of different colours, if counted (at most 256).
    `extras`: streams that are neither video nor audio (`subtitle`, `data`, `attachment`, `cover`, `chapters`).
    `trailing`: extra bytes outside the media data. `faststart`: an MP4 whose index comes first.
    `caption`, `text`: the text that is sent with the file.
    """

    name: str
    size: int
    mime: str
    kind: Kind
    width: int = 0
    height: int = 0
    orientation: int = 1
    frames: int = 1
    shortest_frame: float | None = None
    duration: float | None = None
    alpha: bool = False
    mode: str = ""
    bit_depth: int = 8
    colour_space: str = ""
    lossless: bool = False
    colours: int | None = None
    demuxer: str = ""
    faststart: bool | None = None
    video: tuple[VideoStream, ...] = ()
    audio: tuple[AudioStream, ...] = ()
    extras: tuple[str, ...] = ()
    metadata: tuple[MetadataKind, ...] = ()
    trailing: int = 0
    caption: str = ""
    text: str = ""

    @property
    def main_video(self) -> VideoStream | None:
        """The main video stream: the default one, else the first."""
        return next((v for v in self.video if v.default), next(iter(self.video), None))

    @property
    def main_audio(self) -> AudioStream | None:
        """The main audio stream: the default one, else the first."""
        return next((a for a in self.audio if a.default), next(iter(self.audio), None))

    @property
    def moves(self) -> bool:
        return self.kind in ("animation", "video")

    @property
    def upright(self) -> tuple[int, int]:
        """Width and height as a viewer sees them."""
        if self.main_video is not None:
            return self.main_video.upright
        return (self.height, self.width) if self.orientation >= 5 else (self.width, self.height)
