"""Film: which size, frame rate and sound suit a number of bytes. Pure.

The bits a picture needs were measured with x264 (Main profile, no B-frames, two passes) on a cartoon, a traffic
camera and a fixed camera: a size is worth its pixels as long as VMAF, scaled back to the source, does not gain from a
smaller one. The turning points lie on `need`; a quiet film turns at half of it.
"""

from __future__ import annotations

import math
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from mediaprep.encoders.base import Recipe
from mediaprep.encoders.m4a import rate_for
from mediaprep.encoders.sound import worth
from mediaprep.media import AudioStream, Media, VideoStream
from mediaprep.rules import Limits
from mediaprep.rules.streams import MEASURED

LONGEST = 1920
MOST_PIXELS = 1920 * 1080
FASTEST = 60.0
"""The largest picture, and the most of them a second: what every phone decodes (H.264 level 4.2), and more than
its screen shows of a message."""

SMALLEST = 16
"""The shortest side in pixels: one macroblock, the least that hardware decoders take. Only a limit goes below it."""

LARGEST = 16_384
"""The longest side that x264 encodes, which a profile with an exact size may ask for."""

STEPS: tuple[tuple[int, float], ...] = (
    (1080, 60), (1080, 30), (720, 30), (540, 30), (432, 25), (360, 24), (288, 20), (240, 15), (192, 12), (144, 10),
)  # fmt: skip
"""How a film gets smaller where bits are few: the shortest side at most, and the frames a second at most."""

LEAST = 16_000
"""bit/s below which a film of ordinary content is nothing but blocks, even 144 pixels high at 10 frames a second."""

ORDINARY = 1.5
"""What constant quality (CRF 21) spends on an ordinary film, in terms of `need`."""

CALMEST = 0.2
"""The share of `need` that the quietest film needs."""

TIMESCALE = 90_000
"""Ticks a second of what is made: whole numbers for 24, 25, 30, 50 and 60 frames a second and for hundredths."""

SOUND_STEPS: tuple[tuple[int, int], ...] = (
    (128_000, 2), (96_000, 2), (64_000, 2), (48_000, 1), (32_000, 1), (24_000, 1), (16_000, 1),
)  # fmt: skip
"""bit/s and channels of AAC-LC, best first."""

# How many bit/s H.264 needs for what this codec does with one; others tell nothing about content.
_THRIFT = {
    "h264": 1.0, "hevc": 1.6, "av1": 2.0, "vp9": 1.6, "vp8": 0.9, "theora": 0.6, "mpeg4": 0.7,
    "msmpeg4v2": 0.6, "msmpeg4v3": 0.6, "wmv1": 0.6, "wmv2": 0.6, "wmv3": 0.8, "vc1": 0.8,
    "h263": 0.5, "flv1": 0.5, "mpeg2video": 0.5, "mpeg1video": 0.45,
}  # fmt: skip


class VideoSettings(Struct, frozen=True, kw_only=True):
    """How the picture is encoded: pixels, at most `fps` frames a second (None: all there are), and either a constant
    quality (`crf`, x264's scale) or a mean bit rate in bit/s, reached in two passes. `profile`: as ffmpeg prints it."""

    width: int
    height: int
    fps: float | None = None
    crf: int | None = None
    bit_rate: int | None = None
    profile: str = "Main"


class AudioSettings(Struct, frozen=True, kw_only=True):
    """How the sound is encoded: AAC-LC, `bit_rate` in bit/s, `sample_rate` in Hz."""

    bit_rate: int
    channels: int
    sample_rate: int


SoundChoice = AudioSettings | Literal["copy", "none"]
"""What becomes of the sound."""


class FilmRecipe(Recipe, frozen=True, kw_only=True):
    """`picture`: None where the stream is copied. `end`: where the film is cut, in seconds."""

    picture: VideoSettings | None = None
    sound: SoundChoice = "none"
    end: float | None = None


def natural(video: VideoStream) -> tuple[int, int]:
    """Width and height upright, in square pixels; pixels that are nearly square count as such."""
    if abs(video.pixel_aspect - 1) < 0.01:
        video = replace(video, pixel_aspect=1.0)
    return video.upright


def size_for(video: VideoStream, limits: Limits, shortest: int = LONGEST) -> tuple[int, int]:
    """Even width and height: the film's own where that is within bounds, else scaled in its aspect.

    A profile that wants exactly one size gets that; the film is then centred in it.
    """
    if (exact := exact_size(limits)) is not None:
        return exact
    width, height = natural(video)
    longest = min(LONGEST, limits.max_side or LONGEST)
    scale = min(longest / max(width, height), math.sqrt(MOST_PIXELS / (width * height)), shortest / min(width, height))
    if scale >= 1:
        grow = min(math.ceil(SMALLEST / min(width, height)), int(scale))
        return _within(longest, width * grow // 2 * 2), _within(longest, height * grow // 2 * 2)
    return _within(longest, 2 * round(width * scale / 2)), _within(longest, 2 * round(height * scale / 2))


def exact_size(limits: Limits) -> tuple[int, int] | None:
    """The one size that the limits want, if they do."""
    return (limits.width, limits.height) if limits.width is not None and limits.height is not None else None


def _within(longest: int, side: int) -> int:
    """An even side that is at most `longest`, and playable if that allows it."""
    return min(longest // 2 * 2, max(SMALLEST, side))


def frames_a_second(video: VideoStream, limits: Limits | None = None) -> float:
    """How many there are, or will be under the limits."""
    return min(video.fps or 30.0, FASTEST, (limits.max_fps if limits is not None else None) or FASTEST)


def fps_cap(video: VideoStream, limits: Limits, most: float = FASTEST) -> float | None:
    """The frames a second to thin out to; None where there are no more than that."""
    most = min(most, limits.max_fps or most)
    if video.fps is None or video.variable or video.fps > most * (1 + MEASURED):
        return most
    return None


def need(width: int, height: int, fps: float) -> float:
    """bit/s below which ordinary film looks better with fewer pixels: 1 Mbit/s for 1280x720 at 30 a second."""
    return float(1e6 * (width * height / 921_600) ** 1.3 * (fps / 30) ** 0.585)


def deserved(media: Media) -> float | None:
    """bit/s of H.264 that hold what the source holds; None where its own rate tells nothing."""
    video = media.main_video
    if video is None or video.codec not in _THRIFT:
        return None
    rate = video.bit_rate
    if rate is None and media.duration and len(media.video) == 1:
        rate = round(media.size * 8 / media.duration) - sum(sound.bit_rate or 0 for sound in media.audio)
    return rate * _THRIFT[video.codec] if rate and rate > 0 else None


def calm(media: Media) -> float:
    """The share of `need` that this film needs, judged by the bits that its own encoder spent: 0.2 to 1."""
    video, rate = media.main_video, deserved(media)
    if video is None or rate is None:
        return 1.0
    return min(1.0, max(CALMEST, rate / need(video.width, video.height, frames_a_second(video))))


def peak(picture: VideoSettings, video: VideoStream) -> int:
    """The bit/s that constant quality may rise to: what the H.264 level of this size allows, 20 Mbit/s at most."""
    rate = 8 * need(picture.width, picture.height, min(picture.fps or FASTEST, frames_a_second(video)))
    return round(min(20e6, max(2e6, rate)))


def likely_rate(picture: VideoSettings, media: Media) -> float:
    """bit/s of the picture: the mean that it is made to have, or for constant quality what the source's own rate makes
    likely, in proportion to its pixels; where that tells nothing, what an ordinary film needs."""
    video = media.main_video
    if video is None or picture.bit_rate is not None:
        return float(picture.bit_rate or 0)
    fps = min(picture.fps or FASTEST, frames_a_second(video))
    ordinary = ORDINARY * need(picture.width, picture.height, fps)
    own, pixels = deserved(media), video.width * video.height
    if own is None or not pixels:
        return min(ordinary, peak(picture, video))
    scaled = own * math.pow(min(1.0, picture.width * picture.height / pixels), 0.8)
    return min(scaled, 2 * ordinary, peak(picture, video))


def picture_for(media: Media, limits: Limits, bit_rate: float) -> VideoSettings | None:
    """The largest and smoothest picture that `bit_rate` makes look good; None where it is too little for any."""
    video = media.main_video
    if video is None or bit_rate < LEAST * calm(media):
        return None
    chosen = VideoSettings(width=0, height=0)
    for shortest, most in STEPS:
        width, height = size_for(video, limits, shortest)
        fps = fps_cap(video, limits, most)
        chosen = VideoSettings(width=width, height=height, fps=fps, bit_rate=round(bit_rate))
        chosen = replace(chosen, bit_rate=min(round(bit_rate), peak(chosen, video)))
        if need(width, height, min(frames_a_second(video, limits), most)) * calm(media) <= bit_rate:
            break
    return chosen


def sound_for(sound: AudioStream, limits: Limits, total: float | None) -> AudioSettings | None:
    """The sound for a film of `total` bit/s (None: as many as it takes); None where the profile takes no channel."""
    channels = min(2, sound.channels, limits.max_channels.get("video/mp4", 2))
    if channels < 1:
        return None
    steps = [step for step in SOUND_STEPS if step[1] <= channels] if channels == 2 else [
        (rate // 2 if count == 2 else rate, 1) for rate, count in SOUND_STEPS if (rate, count) != (96_000, 2)
    ]  # fmt: skip
    useful = max(32_000 * channels, worth(sound) or steps[0][0])
    room = math.inf if total is None else max(0.15 * total, min(32_000, total / 2))
    rate, count = next((step for step in steps if step[0] <= min(useful, room)), steps[-1])
    return AudioSettings(
        bit_rate=rate,
        channels=count,
        sample_rate=rate_for(limits.sample_rate or sound.sample_rate or 48_000, rate, count),
    )


def overhead(seconds: float, fps: float, sound: AudioStream | AudioSettings | None) -> int:
    """Bytes of an MP4 around its streams: the index has up to 14 for a picture, and 6 for a frame of sound."""
    packets = seconds * (sound.sample_rate or 48_000) / 1024 if sound is not None else 0
    return round(4000 + 14 * seconds * fps + 6 * packets)
