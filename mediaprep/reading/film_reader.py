"""Sound and film -> Media, by PyAV behind the allow-lists and by our own reading of the container."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from msgspec.structs import replace

from mediaprep import errors, formats
from mediaprep.containers import amr, ebml, id3, mp4, mp4_tags, mpegaudio, nal, ogg, riff, tags
from mediaprep.containers.structure import MAX_STREAMS, Structure, in_order, read_at
from mediaprep.media import AudioStream, Media, VideoStream
from mediaprep.reading.sniff import Sniffed
from mediaprep.reading.stream_facts import (
    audio_stream,
    check_frame,
    extra,
    first_frames,
    is_film,
    video_stream,
    with_frames,
)
from mediaprep.reading.timing import Timing, timings
from mediaprep.running import allowlists

if TYPE_CHECKING:
    from av.container import InputContainer

MAX_SECONDS = 12 * 3600
"""Longer than any film that is sent; a bomb of silence is 24 hours in 164 kB."""

_READ_WHOLE_BELOW = 64_000_000
"""Bytes: a smaller file is read to its end for its true length (some 50 ms), a larger one only if its header is odd."""
_SAMPLE_PACKETS = 1500

_PROMISE_KEPT = 0.9
"""A file that holds less than this share of what its header promises, and the seconds of its row less, is truncated."""

_TOO_MANY_STREAMS = f"the file has too many streams: {MAX_STREAMS} or more. Export it with fewer"


def _read_bare(file: BinaryIO) -> Structure:
    """A stream of frames between tags. Only an MP3 says how long it should be."""
    found = id3.read(file)
    held, promised = found.end - found.start, mpegaudio.promised_bytes(read_at(file, found.start, 512))
    if held <= 0:
        return Structure(metadata=found.metadata, cut="no audio data after the tags")
    short = held < promised * _PROMISE_KEPT
    cut = f"its header names {promised:,} bytes of audio, found {held:,}" if short else ""
    return Structure(metadata=found.metadata, cut=cut, trailing=_outside_frames(file, found.start, found.end))


def _outside_frames(file: BinaryIO, start: int, end: int) -> int:
    """Bytes between `start` and `end` that belong to no frame; 0 where no frames are recognised, as of other codecs."""
    first = read_at(file, start, 8)
    frame = mpegaudio.adts_frame if mpegaudio.adts_frame(first) else mpegaudio.mpeg_frame
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        inside = sum(to - begin for begin, to in mpegaudio.spans(data, frame))
    return max(0, end - start - inside) if inside else 0


def _unread(_: BinaryIO) -> Structure:
    return Structure()


_READERS: Mapping[str, Callable[[BinaryIO], Structure]] = {
    "mov": mp4.read,
    "matroska": ebml.read,
    "ogg": ogg.read,
    "wav": riff.read_wav,
    "avi": riff.read_avi,
    "amr": amr.read,
} | dict.fromkeys(("mp3", "aac", "ape", "mpc8", "wv", "flac"), _read_bare)


def read_film(path: Path, sniffed: Sniffed, name: str) -> Media:
    """Facts about a film or a sound. Raises Incomplete, Damaged, TooMuch, or UnknownType for a codec not allowed."""
    import av

    kept = formats.container(sniffed.demuxer)
    with path.open("rb") as file:
        structure = _READERS.get(sniffed.demuxer, _unread)(file)
        _refuse(structure)
        movie = structure if isinstance(structure, mp4.Movie) else None
        metadata = set(structure.metadata) | (mp4_tags.kinds(file, movie) if movie else set())
        extras = list(structure.extras)
        if movie and mp4_tags.has_chapters(file):
            extras.append("chapters")
    times = _timelines(path, sniffed.demuxer)
    video: list[VideoStream] = []
    audio: list[AudioStream] = []
    with open_container(path, sniffed.demuxer) as container:
        if len(container.streams) >= MAX_STREAMS:  # ffmpeg leaves out those above the limit without a word
            raise errors.TooMuch(_TOO_MANY_STREAMS)
        sounds = len(container.streams.audio)
        for stream in container.streams:
            timing = times.get(stream.index, Timing())
            if isinstance(stream, av.VideoStream) and is_film(stream, timing, sounds):
                video.append(video_stream(stream, timing, movie.track(stream.id) if movie else None))
                if nal.has_user_data(video[-1].codec, stream.codec_context.extradata or b"", timing.first):
                    metadata.add("text")
            elif isinstance(stream, av.AudioStream):
                audio.append(audio_stream(stream, timing))
            else:
                extras.append(extra(stream))
            if not kept.tagged:
                metadata |= tags.kinds(stream.metadata)
        if not kept.tagged:
            metadata |= tags.kinds(container.metadata)
        if container.chapters() and "chapters" not in extras:
            extras.append("chapters")
        if not video and not audio:
            raise errors.Damaged("no video or audio stream in the file. Get an undamaged copy")
        duration = _duration(container, sniffed.demuxer, times, [*video, *audio])
        if duration is None:
            audio = [replace(stream, duration=None) for stream in audio]
    if "chapters" in extras:
        metadata.add("text")
    if "cover" in extras:
        metadata.add("thumbnail")
    if video:
        video = _looked_at(path, sniffed.demuxer, video, turned=movie is not None)
    main = next((v for v in video if v.default), video[0] if video else None)
    return Media(
        name=name, size=path.stat().st_size, kind="video" if main else "audio",
        mime=sniffed.mime if main else formats.of(sniffed.mime).sound or sniffed.mime,
        width=main.width if main else 0, height=main.height if main else 0,
        bit_depth=main.bit_depth if main else 8, alpha=any(v.alpha for v in video), duration=duration,
        frames=_frames(main, times[main.index]) if main else 1, demuxer=sniffed.demuxer,
        faststart=movie.faststart if movie else None, video=tuple(video), audio=tuple(audio), extras=tuple(extras),
        metadata=in_order(metadata), trailing=structure.trailing,
    )  # fmt: skip


def _frames(main: VideoStream, timing: Timing) -> int:
    """Counted where the whole film was read, else reckoned."""
    return max(1, timing.packets if timing.whole else round((main.duration or 0) * (main.fps or 0)))


def _refuse(structure: Structure) -> None:
    """Raises Damaged for what is encrypted or chained, TooMuch for huge pictures, Incomplete for what is truncated."""
    if isinstance(structure, mp4.Movie):
        for track in structure.tracks:
            check_frame(track.width, track.height)
    if isinstance(structure, mp4.Movie | ebml.Matroska) and structure.encrypted:
        raise errors.Damaged("the file is encrypted (DRM). Export it without protection")
    if isinstance(structure, ogg.Ogg) and structure.chained:
        raise errors.Damaged(
            "an Ogg file with several recordings one after another is not supported. Split it into single files"
        )
    if structure.cut:
        raise errors.Incomplete(f"the file is truncated: {structure.cut}. Get a complete copy")


def _duration(
    container: InputContainer, demuxer: str, times: dict[int, Timing], streams: Sequence[VideoStream | AudioStream]
) -> float | None:
    """Seconds of the whole. Raises TooMuch for a monster, Incomplete for less than the header promises."""
    import av

    told = (container.duration or 0) / av.time_base
    spans = [times[s.index] for s in streams]
    starts = [t.start for t in spans if t.start is not None]
    ends = [t.start + t.duration for t in spans if t.start is not None and t.duration is not None]
    counted = max(ends) - min(starts) if ends and starts and all(t.whole for t in spans) else None
    slack = formats.container(demuxer).promises
    if counted is not None and slack is not None and counted < min(told * _PROMISE_KEPT, told - slack):
        raise errors.Incomplete(
            f"the file is truncated: its header names {told:.1f} seconds, found {counted:.1f}. Get a complete copy"
        )
    if sum(t.packets for t in spans) == 0:
        raise errors.Incomplete("the file is truncated: no video or audio data after the header. Get a complete copy")
    if all(t.packets == 1 for t in spans) and (formats.container(demuxer).vague or not counted):
        return None
    seconds = counted or told or None
    if seconds and seconds > MAX_SECONDS:
        raise errors.TooMuch(
            f"the file is too long: {seconds / 3600:,.1f} hours; limit: {MAX_SECONDS // 3600} hours. Cut it"
        )
    return seconds


def _looked_at(path: Path, demuxer: str, video: list[VideoStream], *, turned: bool) -> list[VideoStream]:
    """The streams, each corrected by its first decoded pictures. Raises Damaged where none can be decoded."""
    with open_container(path, demuxer) as container:
        found = []
        for facts in video:
            frames = first_frames(container, facts.index)
            if not frames:
                raise errors.Damaged(
                    "the video stream cannot be decoded. Get an undamaged copy, or export it as H.264 in MP4"
                )
            found.append(with_frames(facts, frames, turned=turned))
            if facts is not video[-1]:
                container.seek(0)
        return found


def open_container(path: Path, demuxer: str) -> InputContainer:
    """PyAV's container behind the allow-lists. Raises TooMuch or Damaged."""
    import av

    options = allowlists.input_options(demuxer)
    try:
        return av.open(f"file:{path}", format=options.pop("f"), options=options)
    except (av.error.FFmpegError, ValueError) as error:
        if "max_streams" in str(error):
            raise errors.TooMuch(_TOO_MANY_STREAMS) from None
        raise errors.Damaged(
            f"the file is damaged: it starts as {demuxer}, but the rest is not valid. Get an undamaged copy, or export "
            "it as MP4"
        ) from error


def _timelines(path: Path, demuxer: str) -> dict[int, Timing]:
    """True times of every stream; of a large file whose header makes sense, from its first packets alone."""
    import av

    try:
        with open_container(path, demuxer) as container:
            told = (container.duration or 0) / av.time_base
            trusted = path.stat().st_size > _READ_WHOLE_BELOW and 0 < told < MAX_SECONDS
            return timings(container, _SAMPLE_PACKETS if trusted else None, counted=formats.container(demuxer).counted)
    except av.error.FFmpegError as error:
        raise errors.Damaged("the file is damaged or truncated. Get an undamaged copy") from error
