"""Film as MP4: H.264 Main profile without B-frames, AAC-LC, one of each at most, the index first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path, PurePath

from msgspec.structs import replace

from mediaprep.encoders import film
from mediaprep.encoders.base import Encoder, Work, complies, obeying
from mediaprep.encoders.film import AudioSettings, FilmRecipe, SoundChoice, VideoSettings
from mediaprep.encoders.film.animation import NAME, as_film, write_film
from mediaprep.encoders.film.graph import KEYFRAME_SECONDS, film_arguments, sample_arguments
from mediaprep.encoders.film.ladder import bit_rate_of, bytes_of_copy, changes, copies, encodes
from mediaprep.errors import ToolError
from mediaprep.media import AudioStream, Media, VideoStream
from mediaprep.options import Options
from mediaprep.rules import Finding, Limits

SAMPLED = 0.04
LONGEST_SAMPLE = 6.0
SHORTEST_SAMPLED = 8.0
"""A sample is 4 % of the film and 6 s at most, and none is taken from less than 8 s: it must not cost what it saves."""

PIECE = 0.75
"""Seconds that one piece of a sample should have."""

DOUBT = 1.08
"""A sample misses changes of scene; what it tells is raised by this factor."""

REENCODED = 2.2
"""The most bit/s that constant quality needs for what H.264 held in one (measured: 0.5 to 2)."""

FIRST_PASS = 0.4
"""The share of the time that the first of two passes takes."""


class Mp4:
    mime = "video/mp4"

    def ladder(
        self, media: Media, limits: Limits, findings: Sequence[Finding], options: Options
    ) -> Sequence[FilmRecipe]:
        """Copies that comply, then constant quality, then ever lower bit rates."""
        if media.kind not in ("video", "animation") or as_film(media).main_video is None:
            return ()
        copied = [copy for copy in copies(media, limits) if complies(self.expect(copy, media, limits), limits)]
        ladder = [
            replace(recipe, changes=changes(recipe, media, limits, options.background))
            for recipe in (*copied, *encodes(as_film(media), limits))
        ]
        return obeying(self, ladder, media, limits)

    def expect(self, recipe: FilmRecipe, media: Media, limits: Limits) -> Media:
        source = as_film(media)
        video = source.main_video
        assert video is not None, "no recipe is made for what has no picture"
        own = video.duration if recipe.sound == "none" else None
        seconds = min((one for one in (own, source.duration, recipe.end) if one), default=None)
        picture = _expected_picture(recipe.picture, video, seconds)
        sound = _expected_sound(recipe.sound, source.main_audio, seconds)
        return Media(
            name=(PurePath(media.name).stem or "film") + ".mp4", size=0, mime=self.mime, kind="video",
            width=picture.width, height=picture.height, bit_depth=picture.bit_depth, alpha=picture.alpha,
            frames=media.frames, duration=seconds, demuxer="mov", faststart=True, video=(picture,),
            audio=(sound,) if sound is not None else (), caption=media.caption, text=media.text,
        )  # fmt: skip

    def foresee(self, recipe: FilmRecipe, media: Media, limits: Limits) -> int | None:
        """The aim of a bit rate; for constant quality what the source's own bits, or an ordinary film, make likely."""
        source = as_film(media)
        video, picture, seconds = source.main_video, recipe.picture, recipe.end or source.duration
        if recipe.aim is not None or video is None or not seconds:
            return recipe.aim
        if picture is None:
            return bytes_of_copy(recipe, source) or (media.size if recipe.encodes == 0 else None)
        streams = film.likely_rate(picture, source) + bit_rate_of(recipe.sound, source)
        sound = source.main_audio if recipe.sound != "none" else None
        return round(seconds * streams / 8) + film.overhead(seconds, film.frames_a_second(video), sound)

    def estimate(self, recipe: FilmRecipe, work: Work) -> int | None:
        """The aim of a bit rate; for constant quality the most it can be, or a sample's word if that is too much."""
        source = as_film(work.media)
        video, picture = source.main_video, recipe.picture
        if recipe.aim is not None or video is None:
            return recipe.aim
        if picture is None:
            return bytes_of_copy(recipe, source)
        seconds = recipe.end or source.duration
        if not seconds:
            return None
        peak = film.peak(picture, video)
        sound = bit_rate_of(recipe.sound, source)
        around = film.overhead(seconds, film.frames_a_second(video), source.main_audio)
        most = round(seconds * (min(peak, REENCODED * (film.deserved(source) or peak)) + sound) / 8) + around
        if work.ceiling is None or most <= work.ceiling * 0.9:
            return most
        rate = None
        if seconds >= SHORTEST_SAMPLED:
            rate = work.notes.once(("sample", picture), lambda: _sampled(picture, work, seconds))
        return most // 2 if rate is None else min(most, round(seconds * (rate + sound) / 8) + around)

    def encode(self, recipe: FilmRecipe, work: Work, output: Path) -> None:
        from mediaprep.running import tools

        source, name = _source(work)
        for part in _parts(recipe, work):
            tools.run(
                film_arguments(recipe, source, work.options.background, output.name, name=name, part=part),
                folder=work.folder,
                seconds=_time_allowed(source),
                duration=recipe.end or source.duration,
                progress=_part_of(work.progress, part),
                ceiling=(output.name, work.ceiling) if work.ceiling is not None and part != 1 else None,
            )


def _parts(recipe: FilmRecipe, work: Work) -> tuple[int, ...]:
    """The runs of ffmpeg: one, or two passes. What a first pass learnt serves every bit rate of the same picture."""
    if recipe.picture is None or recipe.picture.bit_rate is None:
        return (0,)
    pixels = replace(recipe.picture, bit_rate=None)
    return (1, 2) if work.notes.is_new("first pass", pixels) else (2,)


def _expected_picture(picture: VideoSettings | None, video: VideoStream, seconds: float | None) -> VideoStream:
    if picture is None:
        return replace(video, index=0, default=True)
    return VideoStream(
        index=0, codec="h264", profile=picture.profile, pixel_format="yuv420p", width=picture.width,
        height=picture.height, fps=min(picture.fps or film.FASTEST, film.frames_a_second(video)),
        variable=video.variable, bit_rate=picture.bit_rate, default=True, duration=seconds,
    )  # fmt: skip


def _expected_sound(sound: SoundChoice, stream: AudioStream | None, seconds: float | None) -> AudioStream | None:
    if isinstance(sound, AudioSettings):
        return AudioStream(
            index=1, codec="aac", profile="LC", channels=sound.channels, sample_rate=sound.sample_rate,
            bit_rate=sound.bit_rate, default=True, duration=seconds,
        )  # fmt: skip
    return replace(stream, index=1, default=True) if sound == "copy" and stream is not None else None


def _source(work: Work) -> tuple[Media, str]:
    """The film to read and its name in the work folder; an animation is written as one first."""
    if work.media.kind != "animation":
        return work.media, "input"
    if not (work.folder / NAME).exists():
        write_film(work.folder, work.media, work.options.background)
    return as_film(work.media), NAME


def _sampled(picture: VideoSettings, work: Work, seconds: float) -> float | None:
    """bit/s of the picture at constant quality, from pieces all over the film; None where they could not be made."""
    source, name = _source(work)
    wanted = min(LONGEST_SAMPLE, seconds * SAMPLED)
    count = max(1, min(4, int(wanted / PIECE)))
    packets: list[Packet] = []
    for place in range(count):
        start = seconds * (place + 0.5) / count
        packets += _piece(picture, work, (source, name), start, wanted / count)
    return _mean_rate(packets, seconds)


Packet = tuple[bool, int, float]
"""Whether it is a key frame, its bytes, and its seconds."""


def _piece(picture: VideoSettings, work: Work, film_of: tuple[Media, str], start: float, length: float) -> list[Packet]:
    """The packets of a piece encoded; none where the film cannot be entered there."""
    import av

    from mediaprep.running import tools

    source, name = film_of
    video = source.main_video
    assert video is not None, "no recipe is made for what has no picture"
    frames = max(5, round(length * min(picture.fps or film.FASTEST, film.frames_a_second(video))))
    arguments = sample_arguments(
        picture, source, work.options.background, "sample.mp4", name=name, start=start, frames=frames
    )
    try:
        tools.run(arguments, folder=work.folder, seconds=_time_allowed(source))
        with av.open(str(work.folder / "sample.mp4")) as container:
            return [
                (packet.is_keyframe, packet.size, float((packet.duration or 0) * packet.time_base))
                for packet in container.demux(video=0)
                if packet.size
            ]
    except (ToolError, av.FFmpegError):
        return []


def _mean_rate(packets: Sequence[Packet], seconds: float) -> float | None:
    """bit/s of the whole film: pieces have more key frames than it will have."""
    keys = [size for key, size, _ in packets if key]
    others = [(size, length) for key, size, length in packets if not key]
    shown = sum(length for _, length in others)
    if not keys or not shown:
        return None
    bits = 8 * sum(size for size, _ in others) / shown
    return DOUBT * (bits + 8 * sum(keys) / len(keys) * (1 / KEYFRAME_SECONDS + 1 / seconds))


def _part_of(progress: Callable[[float], None] | None, part: int) -> Callable[[float], None] | None:
    """The progress of one pass as a share of all."""
    if progress is None or part == 0:
        return progress
    start, length = (0.0, FIRST_PASS) if part == 1 else (FIRST_PASS, 1 - FIRST_PASS)
    return lambda share: progress(start + length * share)


def _time_allowed(source: Media) -> float:
    """Wall seconds for one run: a slow machine encodes two million pixels a second, and a hang must end."""
    video = source.main_video
    pixels = video.width * video.height * film.frames_a_second(video) if video is not None else 0
    return 120 + (source.duration or 3600) * (2 + pixels / 2e6)


ENCODERS: dict[str, Encoder[FilmRecipe]] = {Mp4.mime: Mp4()}
