"""Limits are obeyed and not dodged: what an encode cures has a route, and a tighter limit costs nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from mediaprep.encoders import Recipe, encoder, film
from mediaprep.encoders.film import AudioSettings, FilmRecipe
from mediaprep.encoders.film.animation import as_film
from mediaprep.encoders.jpeg import JpegRecipe
from mediaprep.encoders.pdf import MAX_TEXT, TEXTS
from mediaprep.encoders.sound.sound_encoder import SoundRecipe
from mediaprep.encoders.webp import Webp
from mediaprep.media import Media
from mediaprep.options import Options
from mediaprep.rules import Action, Limits, check_media, errors_of
from mediaprep.rules.limits import PRIVATE
from tests import strategies
from tests.rules.test_rules import FILM, PHOTO, PICTURE

ANY = settings(max_examples=400, suppress_health_check=[*HealthCheck])


def encodes(mime: str, media: Media, limits: Limits, options: Options) -> tuple[Recipe, ...]:
    one = encoder(mime)
    assert one is not None
    ladder = one.ladder(media, limits, errors_of(check_media(media, limits, ours=True)), options)
    return tuple(recipe for recipe in ladder if recipe.encodes)


# ---------------------------------------------------------------- what is impossible, and nothing else


def possible(mime: str, media: Media, limits: Limits) -> bool:
    """Whether a file of this type can be made of that medium so that the limits accept it."""
    kinds: dict[str, Callable[[Media, Limits], bool]] = {
        "video/mp4": film_possible,
        "audio/mp4": lambda media, limits: sound_possible(media, limits, "audio/mp4", "aac"),
        "audio/ogg": lambda media, limits: sound_possible(media, limits, "audio/ogg", "opus"),
        "image/webp": webp_possible,
        "image/jpeg": lambda media, limits: still_possible(media, limits) and mode_possible(limits, "RGB"),
        "image/png": png_possible,
        "application/pdf": pdf_possible,
    }
    return limits.accepts(mime) and kinds[mime](media, limits)


def size_possible(limits: Limits, most: int) -> bool:
    exact = max(limits.width, limits.height) if limits.width and limits.height else 1
    return exact <= min(limits.max_side or most, most)


def mode_possible(limits: Limits, mode: str) -> bool:
    return not limits.modes or mode in limits.modes


def film_possible(media: Media, limits: Limits) -> bool:
    """Made is H.264 in 8-bit 4:2:0, which has even sides, with AAC. The smallest film takes 6 kB a second."""
    moves = media.kind in ("video", "animation") and limits.animated is not False
    sides = (limits.width, limits.height) if limits.width and limits.height else (2, 2)
    size = size_possible(limits, 16_384) and all(side % 2 == 0 for side in sides) and limits.max_side != 1
    codec = not limits.video_codec or "h264" in limits.video_codec
    profile = not limits.video_profiles or {*limits.video_profiles} & {"Main", "High", "Constrained Baseline"}
    pixels = not limits.pixel_formats or "yuv420p" in limits.pixel_formats
    sounds = bool(media.audio) and limits.audio_streams != 0 and limits.max_channels.get("video/mp4") != 0
    accepted = limits.sound_codecs("video/mp4")
    sound = accepted is None or "aac" in accepted if sounds else not limits.of_sound
    seconds = min((one for one in (as_film(media).duration, limits.max_duration) if one), default=0)
    budget = limits.max_bytes is None or limits.max_bytes >= 5_000 + 6_000 * seconds
    return bool(moves and size and codec and profile and pixels and sound and budget)


def sound_possible(media: Media, limits: Limits, mime: str, codec: str) -> bool:
    accepted = limits.sound_codecs(mime)
    wanted = not limits.of_film and limits.audio_streams != 0 and limits.max_channels.get(mime) != 0
    return bool(media.audio) and wanted and (accepted is None or codec in accepted)


def still_possible(media: Media, limits: Limits) -> bool:
    """Made are 8 bits a channel. A film's first frame is taken by WebP alone: `video` is a target of its own."""
    picture = media.kind in ("image", "animation") and limits.animated is not True
    return picture and size_possible(limits, 65_500) and (limits.bit_depth or 8) >= 8 and not limits.of_sound


def png_possible(media: Media, limits: Limits) -> bool:
    """Photographs are left to JPEG where that is made and accepted."""
    photograph = not media.lossless and "image/jpeg" in limits.make and limits.accepts("image/jpeg")
    clear = limits.alpha is not False and mode_possible(limits, "RGBA")
    modes = clear or mode_possible(limits, "RGB")
    drawn = media.lossless and media.colours is not None
    left = not drawn and mode_possible(limits, "RGB") and not (media.lossless and media.alpha and clear)
    return still_possible(media, limits) and modes and not (left and (photograph or "image/jpeg" in limits.make))


def webp_possible(media: Media, limits: Limits) -> bool:
    """Made are RGB and RGBA, 8 bits a channel; what moves has two frames."""
    animated = media.moves if limits.animated is None else limits.animated
    opaque = limits.alpha is False or not mode_possible(limits, "RGBA")
    mode = animated or mode_possible(limits, "RGB" if opaque else "RGBA")
    length = not animated or limits.max_duration is None or 2 * (limits.min_frame or 0) <= limits.max_duration
    picture = media.kind in ("image", "animation", "video") and (media.moves or not animated) and not limits.of_sound
    return picture and mode and length and size_possible(limits, 16_383) and (limits.bit_depth or 8) >= 8


def pdf_possible(media: Media, limits: Limits) -> bool:
    text = media.mime in TEXTS and media.size <= MAX_TEXT
    return (text or media.kind in ("image", "animation")) and not limits.of_film and not limits.of_sound


def test_every_key_is_tried() -> None:
    """A new key of `Limits` belongs into `strategies.KEYS`, or no test would see an encoder that ignores it."""
    assert strategies.KEYS.keys() | strategies.WITHOUT_RECIPES == set(Limits.__struct_fields__)


@ANY
@given(media=strategies.media, limits=strategies.limits(), options=strategies.options)
def test_what_an_encode_cures_leaves_a_route(media: Media, limits: Limits, options: Options) -> None:
    worst = max((one.action for one in errors_of(check_media(media, limits))), default=Action.PASS)
    assume(worst <= Action.ENCODE)
    for mime in limits.make:
        if possible(mime, media, limits):
            event(mime)
            assert encodes(mime, media, limits, options), mime


def test_a_photograph_becomes_png_where_nothing_else_is_made() -> None:
    photo = replace(PHOTO, mime="image/heic", name="photo.heic")
    limits = Limits(mime=("image/png", "image/jpeg"), make=("image/png",))
    for one in (limits, replace(limits, make=("image/jpeg", "image/png"), modes=("RGBA",))):
        assert len(encodes("image/png", photo, one, Options())) == 1
    assert not encodes("image/png", photo, replace(limits, make=("image/jpeg", "image/png")), Options())


# ---------------------------------------------------------------- a tighter limit


def lower(most: float | None, *steps: float) -> list[float]:
    return [step for step in steps if most is None or step < most]


def subsets(allowed: Sequence[str], *choices: str) -> list[tuple[str, ...]]:
    return [(one,) for one in choices if not allowed or (one in allowed and len(allowed) > 1)]


TIGHTER: dict[str, Callable[[Limits], Sequence[Any]]] = {
    "max_fps": lambda limits: lower(limits.max_fps, 60.0, 30.0, 25.0, 9.0, 1.0),
    "max_side": lambda limits: lower(limits.max_side, 1920, 1280, 640, 100, 16, 2),
    "max_duration": lambda limits: lower(limits.max_duration, 600.0, 60.0, 10.0, 0.5, 0.02),
    "sample_rate": lambda limits: lower(limits.sample_rate, 44100, 16000, 8000),
    "max_channels": lambda limits: [
        {**limits.max_channels, mime: 1} for mime in strategies.TYPES if limits.max_channels.get(mime, 2) > 1
    ],
    "pixel_formats": lambda limits: subsets(limits.pixel_formats, "yuv420p"),
    "video_profiles": lambda limits: subsets(limits.video_profiles, "Main", "High"),
    "video_codec": lambda limits: subsets(limits.video_codec, "h264"),
    "modes": lambda limits: subsets(limits.modes, "RGB", "RGBA"),
    "colour_space": lambda limits: subsets(limits.colour_space, "sRGB"),
    "bit_depth": lambda limits: lower(limits.bit_depth, 8),
    "min_frame": lambda limits: [one for one in (0.02, 0.1) if one > (limits.min_frame or 0)],
    "audio_streams": lambda limits: lower(limits.audio_streams, 1),
    "metadata": lambda limits: [PRIVATE] if len(limits.metadata) < len(PRIVATE) else [],
    **{
        key: lambda limits, key=key: [False] if getattr(limits, key) is not False else []  # type: ignore[misc]
        for key in (
            "alpha", "extras", "high_b_frames", "trailing_bytes", "orientation", "rotation", "mirrored", "odd_sides",
            "hdr", "interlaced", "pixel_aspect", "any_suffix",
        )
    },
    "faststart": lambda limits: [True] if not limits.faststart else [],
}  # fmt: skip
"""For each key the values that are tighter than what is set. `max_bytes` is not among them: it is the budget itself."""


@st.composite
def tightened(draw: st.DrawFn) -> tuple[Limits, Limits, str]:
    limits = draw(strategies.limits())
    key = draw(st.sampled_from([key for key in TIGHTER if TIGHTER[key](limits)]))
    return limits, replace(limits, **{key: draw(st.sampled_from(TIGHTER[key](limits)))}), key


@ANY
@given(media=strategies.media, pair=tightened(), options=strategies.options)
def test_a_tighter_limit_costs_no_quality_but_its_own(
    media: Media, pair: tuple[Limits, Limits, str], options: Options
) -> None:
    loose, tight, key = pair
    for mime in strategies.TYPES:
        before, after = encodes(mime, media, loose, options), encodes(mime, media, tight, options)
        if before and possible(mime, media, tight):
            event(f"{key} of {mime}")
            assert after, f"{mime} can be made, and is not"
            compare(before, after, media, key, mime)


def compare(before: Sequence[Recipe], after: Sequence[Recipe], media: Media, key: str, mime: str) -> None:
    first = before[0]
    if isinstance(first, FilmRecipe):
        keeps_rates(before, after, as_film(media), key)
    elif isinstance(first, SoundRecipe):
        keeps_sound(before, after, key, mime)
    elif isinstance(first, Webp | JpegRecipe):
        assert qualities(before) <= qualities(after)
    else:
        assert len(before) == len(after) == 1, "PNG, which has one rung"


def keeps_rates(before: Sequence[Recipe], after: Sequence[Recipe], media: Media, key: str) -> None:
    """Constant quality stays, and no other rung has fewer bits.

    Two things take bits away, and may: a picture that is smaller or has fewer frames needs no more than its peak; and
    sound that was copied, and now has to be encoded, takes what an encode of it needs.
    """
    video = media.main_video
    assert video is not None
    length_is_news = media.duration is None and key == "max_duration"
    if any(crf_of(one) for one in before) and not length_is_news:
        assert any(crf_of(one) == 21 for one in after), "constant quality is lost"
    made = {one.aim: one for one in after if isinstance(one, FilmRecipe) and one.aim is not None}
    for one in before:
        if not isinstance(one, FilmRecipe) or one.aim is None or one.picture is None:
            continue
        other = made.get(one.aim)
        if one.sound == "copy" and (other is None or other.sound != "copy"):
            continue
        assert other is not None and other.picture is not None, f"the rung of {one.aim} bytes is lost"
        at_peak = other.picture.bit_rate == film.peak(other.picture, video)
        assert at_peak or bits(other) >= bits(one) - 2_000, "2 kbit/s for a container that has other packets"
        assert other.picture.width > 0


def crf_of(recipe: Recipe) -> int | None:
    return recipe.picture.crf if isinstance(recipe, FilmRecipe) and recipe.picture is not None else None


def bits(recipe: FilmRecipe) -> int:
    assert recipe.picture is not None
    sound = recipe.sound.bit_rate if isinstance(recipe.sound, AudioSettings) else 0
    return (recipe.picture.bit_rate or 0) + sound


def keeps_sound(before: Sequence[Recipe], after: Sequence[Recipe], key: str, mime: str) -> None:
    """The best rate for each channel stays, and so does every rung where the channels do.

    A sample rate in Ogg is no limit: it says that the sound is speech, which has rungs of its own.
    """
    if key == "sample_rate" and mime == "audio/ogg":
        return
    assert rates(after)[0] >= rates(before)[0]
    if key != "max_channels":
        assert len(after) >= len(before)
        assert all(new >= old for new, old in zip(rates(after), rates(before), strict=False))


def rates(recipes: Sequence[Recipe]) -> list[float]:
    return [one.bit_rate / one.channels for one in recipes if isinstance(one, SoundRecipe)]


def qualities(recipes: Sequence[Recipe]) -> set[int | None]:
    """Of rungs at full size, so that a smaller size, which has fewer steps to go down, is compared by these alone."""
    largest = max((one.width for one in recipes if isinstance(one, JpegRecipe)), default=0)
    webp = {one.quality for one in recipes if isinstance(one, Webp)}
    return webp | {one.quality for one in recipes if isinstance(one, JpegRecipe) and one.width == largest}


# ---------------------------------------------------------------- the case that showed it


def test_a_limit_of_frames_keeps_constant_quality_and_all_bit_rates() -> None:
    fast = replace(
        FILM, size=24_000_000, video=(replace(PICTURE, codec="hevc", width=1920, height=1080, fps=120.0),), audio=()
    )
    limits = Limits(mime=("video/mp4",), video_codec=("h264",), max_bytes=16_000_000, make=("video/mp4",))
    for most in (60.0, 30.0, 9.0):
        ladder = encodes("video/mp4", fast, replace(limits, max_fps=most), Options())
        pictures = [one.picture for one in ladder if isinstance(one, FilmRecipe) and one.picture is not None]
        assert pictures[0].crf == 21 and len(pictures) == 13
        assert all(picture.fps is not None and picture.fps <= most for picture in pictures)
        assert max(picture.bit_rate or 0 for picture in pictures) > 6_000_000
