"""The ways to make a film fit, best to smallest: copies, constant quality, ever lower bit rates. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from mediaprep import formats
from mediaprep.encoders import film
from mediaprep.encoders.film import AudioSettings, FilmRecipe, SoundChoice, VideoSettings
from mediaprep.encoders.picture import flattening
from mediaprep.encoders.sound import layout
from mediaprep.media import AudioStream, Media
from mediaprep.rules import Limits
from mediaprep.rules.base import megabytes
from mediaprep.rules.streams import MEASURED

MP4 = "video/mp4"

SHARES = (0.97, 0.93, 0.89, 0.84, 0.78, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)
"""Of the budget, for encodes by bit rate. x264's two passes miss by 1 or 2 %, by far more if a film is short."""

QUALITIES = ((21, film.LONGEST), (26, 720), (30, 432), (34, 240))
"""Constant quality (x264's CRF) and the shortest side at most. 21 gives VMAF 96 and more at the film's own size; the
others are for a film of which nothing tells how long it is."""

HOPELESS = 3
"""Constant quality is not tried where the source itself needs so many times the budget: it takes half of that at least
(measured), and the sample that would tell costs as much as it saves."""

PIXELS = "yuv420p"
"""8-bit 4:2:0: the only pixels that are made, since every phone decodes them."""

_PROFILES = ("Main", "High", "Constrained Baseline")
_PLAIN_AAC = ("LC", "HE-AAC", "HE-AACv2")


def copies(media: Media, limits: Limits) -> Iterator[FilmRecipe]:
    """Both streams copied; the picture copied and the sound encoded. Nothing where the film has to be cut."""
    if media.kind != "video" or media.main_video is None or film_end(media, limits) is not None:
        return
    # The packets of an AVI say when they are shown as long as none is out of order.
    if not formats.container(media.demuxer).timed or (media.demuxer == "avi" and media.main_video.b_frames):
        return
    both = FilmRecipe(encodes=0, sound="copy" if keeps_sound(media, limits) else "none")
    if _fits(both, media, limits):
        yield both
    sound = sound_track(media, limits, _bit_rate(media, limits), copying=False)
    if isinstance(sound, AudioSettings):
        mixed = FilmRecipe(sound=sound)
        if _fits(mixed, media, limits):
            yield mixed


def encodes(media: Media, limits: Limits) -> Iterator[FilmRecipe]:
    """Constant quality at the full size where that may fit, then what the shares of the budget allow."""
    video, profile = media.main_video, _profile(limits)
    if video is None or profile is None or not _acceptable(media, limits):
        return
    end = film_end(media, limits)
    seconds = end or media.duration
    sound = sound_track(media, limits, _bit_rate(media, limits))
    for crf, shortest in QUALITIES if limits.max_bytes is not None and not seconds else QUALITIES[:1]:
        width, height = film.size_for(video, limits, shortest)
        picture = VideoSettings(width=width, height=height, fps=film.fps_cap(video, limits), crf=crf, profile=profile)
        if not _hopeless(picture, media, limits, seconds):
            yield FilmRecipe(picture=picture, sound=sound, end=end)
    if not seconds or limits.max_bytes is None:
        return
    for share in SHARES:
        aim = round(limits.max_bytes * share)
        sound = sound_track(media, limits, aim * 8 / seconds)
        around = film.overhead(seconds, film.frames_a_second(video, limits), _stream(sound, media))
        chosen = film.picture_for(media, limits, (aim - around) * 8 / seconds - bit_rate_of(sound, media))
        if chosen is not None:
            yield FilmRecipe(picture=replace(chosen, profile=profile), sound=sound, end=end, aim=aim, encodes=2)


def _acceptable(media: Media, limits: Limits) -> bool:
    """Whether the limits accept any film that is made here: H.264 of 8-bit 4:2:0 with AAC, or without sound."""
    width, height = film.exact_size(limits) or (2, 2)
    longest = min(film.LARGEST, limits.max_side or film.LARGEST)
    size = width % 2 == height % 2 == 0 and max(width, height) <= longest
    codec = not limits.video_codec or "h264" in limits.video_codec
    pixels = not limits.pixel_formats or PIXELS in limits.pixel_formats
    codecs = limits.sound_codecs(MP4)
    sound = codecs is None or "aac" in codecs if keeps_sound(media, limits) else not limits.of_sound
    return size and codec and pixels and sound and limits.animated is not False and limits.accepts(MP4)


def _hopeless(picture: VideoSettings, media: Media, limits: Limits, seconds: float | None) -> bool:
    rate = film.deserved(media)
    if rate is None or media.main_video is None or limits.max_bytes is None or not seconds:
        return False
    return min(rate, film.peak(picture, media.main_video)) * seconds / 8 > HOPELESS * limits.max_bytes


def sound_track(media: Media, limits: Limits, total: float | None, *, copying: bool = True) -> SoundChoice:
    """What becomes of the sound in a film of `total` bit/s: copied where it is as small as it would be made."""
    sound = film.sound_for(media.main_audio, limits, total) if media.main_audio is not None else None
    if sound is None or media.main_audio is None or not keeps_sound(media, limits):
        return "none"
    source = media.main_audio
    small = source.bit_rate is not None and source.bit_rate <= 1.15 * sound.bit_rate
    steady = formats.container(media.demuxer).exact and film_end(media, limits) is None
    plain = source.codec == "aac" and source.profile in _PLAIN_AAC
    plain = plain and source.channels <= min(2, limits.max_channels.get(MP4, 2))
    wanted = limits.sample_rate in (None, source.sample_rate)
    return "copy" if copying and small and steady and plain and wanted else sound


def keeps_sound(media: Media, limits: Limits) -> bool:
    return media.main_audio is not None and limits.audio_streams != 0 and limits.max_channels.get(MP4) != 0


def film_end(media: Media, limits: Limits) -> float | None:
    """Where a film that is too long is cut; a little early, as the last frame of sound is always whole."""
    if limits.max_duration is None or (media.duration is not None and media.duration <= limits.max_duration):
        return None
    return max(limits.max_duration - 0.05, limits.max_duration / 2)


def bit_rate_of(sound: SoundChoice, media: Media) -> int:
    stream = _stream(sound, media)
    return (stream.bit_rate or 0) if stream is not None else 0


def _stream(sound: SoundChoice, media: Media) -> AudioSettings | AudioStream | None:
    if isinstance(sound, AudioSettings):
        return sound
    return media.main_audio if sound == "copy" else None


def bytes_of_copy(recipe: FilmRecipe, media: Media) -> int | None:
    """From the streams' own rates; None where they are not known."""
    video, seconds = media.main_video, media.duration
    if video is None or video.bit_rate is None or not seconds:
        return None
    streams = video.bit_rate * (video.duration or seconds) + bit_rate_of(recipe.sound, media) * seconds
    return round(streams / 8) + film.overhead(seconds, video.fps or 30, _stream(recipe.sound, media))


def _fits(recipe: FilmRecipe, media: Media, limits: Limits) -> bool:
    """Whether a copied picture leaves it small enough; what is too large may be in the streams that are left out."""
    size = bytes_of_copy(recipe, media)
    return limits.max_bytes is None or (media.size if size is None else size) <= limits.max_bytes


def _profile(limits: Limits) -> str | None:
    return next((name for name in _PROFILES if not limits.video_profiles or name in limits.video_profiles), None)


def _bit_rate(media: Media, limits: Limits) -> float | None:
    """bit/s of the best share of the budget; None where there is no budget or no duration."""
    seconds = film_end(media, limits) or media.duration
    return limits.max_bytes * SHARES[0] * 8 / seconds if limits.max_bytes is not None and seconds else None


def changes(recipe: FilmRecipe, source: Media, limits: Limits, background: str) -> tuple[str, ...]:
    """What the recipient loses or may notice. `source`: the file as it is, not yet `animation.as_film`."""
    picture = _of_picture(recipe, source, limits, background)
    return (*_left_out(recipe, source), *picture, *_of_sound(recipe, source))


def _left_out(recipe: FilmRecipe, source: Media) -> Iterator[str]:
    if recipe.sound == "none" and source.audio:
        yield "audio removed"
    else:
        for other in source.audio:
            if other != source.main_audio:
                yield f"audio stream removed: {other.codec}, {layout(other.channels)}"
    for film_track in source.video:
        if film_track != source.main_video:
            yield f"video stream removed: {film_track.codec}, {film_track.width}x{film_track.height}"
    words = {"subtitle": "subtitles", "chapters": "chapters", "cover": "cover image"}
    yield from (f"{word} removed" for kind, word in words.items() if kind in source.extras)
    if recipe.end is not None:
        yield f"cut to the first {recipe.end:.2f} s"


def _of_picture(recipe: FilmRecipe, source: Media, limits: Limits, background: str) -> Iterator[str]:
    if recipe.picture is None:
        return
    picture, video = recipe.picture, source.main_video
    if source.alpha or (video is not None and video.alpha):
        yield flattening(background)
    if video is not None and video.hdr:
        yield "high dynamic range (HDR) converted to standard dynamic range"
    if video is not None and video.interlaced:
        yield "deinterlaced"
    width, height = film.natural(video) if video is not None else source.upright
    budget = f" to fit {megabytes(limits.max_bytes)}" if recipe.aim is not None and limits.max_bytes is not None else ""
    if max(abs(width - picture.width), abs(height - picture.height)) > 1:
        yield f"scaled from {width}x{height} to {picture.width}x{picture.height}{budget}"
    elif recipe.aim is not None:
        yield f"video encoded at {(picture.bit_rate or 0) / 1000:.0f} kbit/s{budget}"
    if video is not None and video.fps and picture.fps is not None and video.fps > picture.fps * (1 + MEASURED):
        yield f"frame rate lowered from {video.fps:.4g} to {picture.fps:g} frames per second"


def _of_sound(recipe: FilmRecipe, source: Media) -> Iterator[str]:
    if isinstance(recipe.sound, AudioSettings) and source.main_audio is not None:
        if recipe.sound.channels < source.main_audio.channels:
            yield f"audio mixed down from {layout(source.main_audio.channels)} to {layout(recipe.sound.channels)}"
        if recipe.aim is not None and recipe.sound.bit_rate < 64_000 * recipe.sound.channels:
            yield f"audio encoded at {recipe.sound.bit_rate / 1000:g} kbit/s"
