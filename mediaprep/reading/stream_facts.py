"""Facts about single streams, from PyAV: names, sizes, colours, order of pictures, fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import structs

from mediaprep import errors
from mediaprep.containers import mp4
from mediaprep.containers.structure import MAX_FRAME_PIXELS
from mediaprep.media import AudioStream, VideoStream
from mediaprep.reading.timing import Timing
from mediaprep.running import allowlists

if TYPE_CHECKING:
    from av.audio.stream import AudioStream as SoundStream
    from av.container import InputContainer
    from av.stream import Stream
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream as PictureStream

_STILL_CODECS = frozenset(["mjpeg", "png", "bmp", "gif"])
# Code points of ITU-T H.273.
_HDR: dict[int, Literal["pq", "hlg"]] = {16: "pq", 18: "hlg"}
_PRIMARIES = {1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "film", 9: "bt2020",
              10: "smpte428", 11: "smpte431", 12: "smpte432", 22: "jedec-p22"}  # fmt: skip
_INTERLACED = (2, 3, 4, 5)  # ffmpeg's field orders: top or bottom first, as coded and as shown
_ARRANGEMENTS = frozenset([*range(1, 9), 10, 12, 14, 16, 24])
"""Counts of channels that ffmpeg knows an arrangement of loudspeakers for, and so can mix down."""
_FRAMES_TO_TRY = 4
_PACKETS_TO_TRY = 400


def is_film(stream: Stream, timing: Timing, sounds: int) -> bool:
    """Whether a video stream is a moving picture, and not cover art that travels with a sound."""
    import av

    if stream.disposition & (av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails):
        return False
    still = stream.codec_context is not None and stream.codec_context.name in _STILL_CODECS
    return not (still and sounds and timing.packets <= 1)


def extra(stream: Stream) -> str:
    return {"video": "cover", "subtitle": "subtitle", "attachment": "attachment"}.get(stream.type, "data")


def _allowed(stream: Stream, what: str) -> None:
    """Raises UnknownType for a stream whose decoder is not on the list, before that decoder is ever opened."""
    context = stream.codec_context
    if context is None or context.codec.name not in allowlists.CODECS:
        codec = context.name if context else "unknown"
        raise errors.UnknownType(
            f"the codec of the {what} stream is not supported: {codec}. Export it as H.264 and AAC in MP4"
        )


def check_frame(width: int, height: int) -> None:
    """Raises TooMuch for more pixels than 8K film has."""
    if width * height > MAX_FRAME_PIXELS:
        raise errors.TooMuch(
            f"the video is too large: {width} x {height} pixels; limit: {MAX_FRAME_PIXELS // 1_000_000} megapixels. "
            "Export it smaller"
        )


def video_stream(stream: PictureStream, timing: Timing, track: mp4.Track | None) -> VideoStream:
    """Facts about one moving picture. Raises UnknownType for its codec, TooMuch for its size."""
    import av

    _allowed(stream, "video")
    context = stream.codec_context
    check_frame(context.width, context.height)
    pixels = context.format
    aspect = stream.sample_aspect_ratio
    hdr: Literal["", "pq", "hlg"] = _HDR.get(context.color_trc, "")
    if track and track.dolby_vision == 5:
        hdr = "pq"
    mean = float(stream.average_rate) if stream.average_rate else None
    rate = timing.rate or mean
    return VideoStream(
        index=stream.index, codec=context.codec.canonical_name, profile=context.profile or "",
        pixel_format=pixels.name if pixels else "", bit_depth=pixels.components[0].bits if pixels else 8,
        width=context.width, height=context.height,
        fps=mean if mean and rate and abs(mean - rate) < mean / 100 else rate,
        variable=timing.variable, bit_rate=_bit_rate(context.bit_rate, timing),
        b_frames=bool(context.has_b_frames) or timing.reordered, interlaced=context.field_order in _INTERLACED,
        hdr=hdr, primaries=_PRIMARIES.get(context.color_primaries, ""),
        rotation=_quarter(track.rotation) if track else 0, mirrored=track.mirrored if track else False,
        pixel_aspect=float(aspect) if aspect and aspect > 0 else 1.0,
        alpha=stream.metadata.get("alpha_mode") == "1" or bool(pixels and any(c.is_alpha for c in pixels.components)),
        default=bool(stream.disposition & av.stream.Disposition.default), duration=_stream_duration(stream, timing),
    )  # fmt: skip


def audio_stream(stream: SoundStream, timing: Timing) -> AudioStream:
    import av

    _allowed(stream, "audio")
    context = stream.codec_context
    if not context.channels or not context.sample_rate:
        raise errors.Damaged("the audio stream cannot be decoded. Get an undamaged copy, or export it as MP3 or M4A")
    if context.channels not in _ARRANGEMENTS:
        raise errors.TooMuch(f"the audio has {context.channels} channels, which is not supported. Export it as stereo")
    return AudioStream(
        index=stream.index, codec=context.codec.canonical_name, profile=context.profile or "",
        channels=context.channels, sample_rate=context.sample_rate, bit_rate=_bit_rate(context.bit_rate, timing),
        default=bool(stream.disposition & av.stream.Disposition.default), duration=_stream_duration(stream, timing),
    )  # fmt: skip


def _quarter(degrees: int) -> Literal[0, 90, 180, 270]:
    return {90: 90, 180: 180, 270: 270}.get(degrees % 360, 0)  # type: ignore[return-value]


def _bit_rate(told: int | None, timing: Timing) -> int | None:
    """Bits per second: counted where the whole stream was read, else as told."""
    if timing.whole and timing.duration:
        return round(timing.size * 8 / timing.duration)
    return told or None


def _stream_duration(stream: Stream, timing: Timing) -> float | None:
    if timing.whole and timing.duration:
        return timing.duration
    return float(stream.duration * stream.time_base) if stream.duration and stream.time_base else None


def first_frames(container: InputContainer, index: int) -> list[VideoFrame]:
    """The first pictures that decode of one stream; broken packets before them are passed over."""
    import av

    stream = container.streams[index]
    # The container's limit does not reach the decoder.
    stream.codec_context.options = {"max_pixels": str(MAX_FRAME_PIXELS)}
    stream.codec_context.thread_count = 1
    found: list[VideoFrame] = []
    for count, packet in enumerate(container.demux(stream)):
        try:
            found += [frame for frame in packet.decode() if isinstance(frame, av.VideoFrame)]
        except av.error.FFmpegError:
            continue
        if len(found) >= _FRAMES_TO_TRY or count >= _PACKETS_TO_TRY:
            break
    return found


def with_frames(facts: VideoStream, frames: list[VideoFrame], *, turned: bool) -> VideoStream:
    """The facts, corrected by decoded pictures: size, pixels, fields; the turn too, unless `turned`."""
    first = frames[0]
    return structs.replace(
        facts,
        width=first.width,
        height=first.height,
        pixel_format=facts.pixel_format or first.format.name,
        bit_depth=first.format.components[0].bits,
        interlaced=facts.interlaced or any(frame.interlaced_frame for frame in frames),
        hdr=facts.hdr or _HDR.get(first.color_trc, ""),
        rotation=facts.rotation if turned else _quarter(-first.rotation),
    )
