"""What will come out, foretold from recipe and facts: bytes, pixels, rates and seconds. Pure; no tool is started.

How far it is off was measured on the samples and some 60 real files up to 4 MB; predicted bytes divided by real ones,
from the tenth to the ninetieth in a hundred: JPEG 0.5 to 1.4, film 0.5 to 1.0, M4A 0.96 to 1.1, voice notes 1.0 to 1.8;
pixels are exact. Drawings, tiny films at constant quality and stickers can be off by a factor of four. Seconds follow
from one speed for each kind of work and are an order of magnitude. `tests/planning/test_predict.py` holds the samples
to it. Where the budget binds, the budget is what comes out.
"""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Sequence
from functools import cache

from msgspec.structs import replace

from mediaprep.encoders import Encoder, Recipe, encoder
from mediaprep.media import Media
from mediaprep.planning.planner import Plan
from mediaprep.record import Predicted

ROOM = 0.97
"""The share of the budget up to which a foreseen size is taken to fit, as in the search for size."""

REFERENCE = 0.0021
"""Seconds of `_trial` on the machine where the speeds below were measured."""

START = 0.012
"""Seconds that every file takes: looked at, staged, delivered."""

PROGRAM = 0.05
"""Seconds that it takes to start ffmpeg, confined; each output of it is decoded by another run."""

MADE = {
    "image/jpeg": 25e6, "image/png": 6e6, "image/webp": 3e6, "application/pdf": 15e6, "video/mp4": 20e6,
}  # fmt: skip
"""Pixels a second that are encoded; of films by one core, and with the decoding that proves them."""

READ = {"image/heic": 6e6, "image/avif": 10e6}
USUAL = 60e6
"""Pixels a second that are decoded, by type."""

SOUND = 75.0
"""Seconds of sound that are encoded, proved and measured in one second."""

COPIED = 150e6
"""Bytes a second that are copied and walked."""

KEYFRAME = 2.0
"""Seconds from one key frame of an ordinary film to the next; of a copy these are decoded."""


def predict(plan: Plan, media: Media, cores: int) -> Predicted | None:
    """What the plan's first route will give; None where nothing is made. `cores`: what an encoder of film may use."""
    final = plan.outcome
    one = encoder(final.routes[0].mime) if final.routes else None
    if one is None:
        return None
    recipe, size = likely(one, final, media)
    made = one.expect(recipe, media, final.limits)
    video, sound = made.main_video, made.main_audio
    width, height = made.upright
    video_rate = video.bit_rate if video is not None else None
    if video is not None and recipe.encodes and made.duration and size is not None and video_rate is None:
        video_rate = max(0, round(size * 8 / made.duration) - (sound.bit_rate or 0 if sound is not None else 0))
    return Predicted(
        bytes=size,
        width=width or None,
        height=height or None,
        fps=round(video.fps, 3) if video is not None and video.fps else None,
        video_bit_rate=video_rate,
        audio_bit_rate=sound.bit_rate if sound is not None else None,
        encodes=recipe.encodes,
        seconds=round(machine() * time_needed(recipe, media, made, cores), 2),
    )


def likely(one: Encoder[Recipe], plan: Plan, media: Media) -> tuple[Recipe, int | None]:
    """The recipe that the search for size will end with, and its bytes: the first that is foreseen to fit."""
    ladder: Sequence[Recipe] = plan.routes[0].ladder
    budget = plan.limits.max_bytes
    for recipe in ladder:
        size = one.foresee(recipe, media, plan.limits)
        if recipe.encodes == 0 or budget is None or size is None or size <= budget * ROOM:
            return recipe, size
    return ladder[-1], size


def time_needed(recipe: Recipe, media: Media, made: Media, cores: int) -> float:
    """Seconds on the machine where this was measured. Film is encoded by several cores, the rest by one."""
    pixels, copied = media.width * media.height, media.size / COPIED
    seconds = media.duration or 0.0
    if made.kind == "video" and _same_picture(media, made):
        sound = seconds / SOUND if recipe.encodes else 0.0
        return START + 2 * PROGRAM + copied + sound + pixels * seconds / KEYFRAME / USUAL
    if recipe.encodes == 0:
        return START + (PROGRAM if made.kind == "audio" else 0.0) + copied
    if made.kind == "audio":
        return START + 2 * PROGRAM + seconds / SOUND
    read = pixels * _frames(media) / READ.get(media.mime, USUAL)
    work = made.width * made.height * _frames(made) * recipe.encodes / MADE.get(made.mime, 10e6)
    if made.kind == "video":
        return START + (1 + recipe.encodes) * PROGRAM + (recipe.encodes * read + work) / math.pow(cores, 0.8)
    return START + read + work


def _same_picture(media: Media, made: Media) -> bool:
    video, other = media.main_video, made.main_video
    return video is not None and other is not None and replace(video, index=other.index, default=True) == other


def _frames(media: Media) -> float:
    video = media.main_video
    if video is not None and media.duration:
        return media.duration * (video.fps or 30)
    return media.frames


@cache
def machine() -> float:
    """How many times as long this machine takes as the one where speeds were measured; tried once, for milliseconds."""
    return min(_trial() for _ in range(3)) / REFERENCE


def _trial() -> float:
    start = time.perf_counter()
    zlib.compress(_PATTERN, 6)
    return time.perf_counter() - start


_PATTERN = b"".join(number.to_bytes(4, "little") for number in range(0, 200_000_000, 12_345))
