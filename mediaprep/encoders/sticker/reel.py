"""A reel: the frames of a short clip at the size they will be shown, decoded once, on disk, with their true times.

A search for size encodes the same frames several times. From a reel that costs no second decode, and one frame at a
time is in memory.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from mediaprep.encoders import sticker
from mediaprep.encoders.picture import frames
from mediaprep.encoders.picture.frames import Shot
from mediaprep.encoders.sticker import Art
from mediaprep.errors import Damaged
from mediaprep.media import Media

if TYPE_CHECKING:
    from PIL.Image import Image

FASTEST_FILM = 30.0
FASTEST_ANIMATION = 50.0
"""Frames a second; what has more of them is thinned out."""


class Cut(Struct, frozen=True, kw_only=True):
    """Which part of a clip is taken: `seconds` of what is shown, `speed` times as fast as the source."""

    seconds: float
    speed: float = 1.0


class Reel(Struct, frozen=True, kw_only=True):
    """`starts`: when each frame begins, in seconds. `end`: when the last one ends. Neighbours differ."""

    path: Path
    size: tuple[int, int]
    mode: str
    starts: tuple[float, ...]
    end: float

    def picture(self, number: int) -> Image:
        from PIL import Image

        block = self.size[0] * self.size[1] * len(self.mode)
        with self.path.open("rb") as file:
            file.seek(number * block)
            return Image.frombytes(self.mode, self.size, file.read(block))


class Pace:
    """Which frames to take for at most one each `interval` seconds; they keep their times.

    The debt is carried on, so 30 frames a second become 20 by leaving out every third one. `slack`: how much too
    early a frame may come. Two are never closer than half the interval, nor than `closest` seconds.
    """

    def __init__(self, interval: float, *, slack: float, closest: float = 0.0) -> None:
        self.interval = interval
        self.slack = slack
        self.closest = max(closest, interval / 2)
        self.due = 0.0
        self.last = -math.inf

    def takes(self, start: float) -> bool:
        if start < self.due - self.slack or start - self.last < self.closest - 1e-6:
            return False
        self.due = (self.due if start - self.due < self.interval else start) + self.interval
        self.last = start
        return True


class Timeline(Struct, frozen=True, kw_only=True):
    """Which pictures of a reel are shown, and for how many whole milliseconds each."""

    pictures: tuple[int, ...]
    milliseconds: tuple[int, ...]


def timeline(starts: tuple[float, ...], end: float, *, fps: float | None = None, closest: float = 0.0) -> Timeline:
    """At most `fps` frames a second of a clip, none shorter than `closest` seconds, at least two. Pure.

    Times are rounded where they stand, not each duration for itself, so that no error adds up.
    """
    closest = max(1, math.ceil(closest * 1000 - 1e-6)) / 1000
    usual = end / len(starts)
    interval = closest if fps is None else max(closest, 1 / fps)
    pace = Pace(interval, slack=min(0.49 * usual, interval / 4), closest=closest)
    taken = [number for number, start in enumerate(starts) if pace.takes(start)]
    last = math.floor(max(end, 2 * closest) * 1000 + 1e-6)
    while len(taken) > 1 and last - _mark(starts[taken[-1]]) < closest * 1000:
        taken.pop()
    marks = [_mark(starts[number]) for number in taken]
    if len(taken) == 1:
        taken, own, least = [0, len(starts) - 1], _mark(starts[-1]), closest * 1000
        marks = [0, own if least <= own <= last - least else last // 2]
    until = [*marks[1:], last]
    return Timeline(pictures=tuple(taken), milliseconds=tuple(b - a for a, b in zip(marks, until, strict=True)))


def _mark(start: float) -> int:
    """Whole milliseconds, halves upwards: two starts come no closer by it than the whole milliseconds between them."""
    return math.floor(start * 1000 + 0.5 + 1e-6)


def film_rate(media: Media) -> float:
    """Frames a second to take from a film: its own, or the largest whole share of it that is not too many. Pure."""
    video = media.main_video
    if video is None or not video.fps or video.variable:
        return FASTEST_FILM
    return video.fps / math.ceil(video.fps / FASTEST_FILM - 0.01)


def write_reel(folder: Path, media: Media, art: Art, cut: Cut) -> Reel:
    """Decode the art of the clip that is `folder/input` into `folder/reel`. Identical neighbours become one."""
    path = folder / "reel"
    starts: list[float] = []
    end, mode = 0.0, "RGBA"
    previous = b""
    with path.open("wb") as out:
        for picture, start, stop in _shown(folder, media, art, cut):
            mode, end = picture.mode, stop
            pixels = picture.tobytes()
            if pixels != previous:
                out.write(pixels)
                starts.append(start)
            previous = pixels
    if not starts:
        raise Damaged("no frame of this file can be read; get it again from its source")
    return Reel(path=path, size=art.size, mode=mode, starts=tuple(starts), end=end)


def _shown(folder: Path, media: Media, art: Art, cut: Cut) -> Iterator[tuple[Image, float, float]]:
    """Pictures with the seconds at which each comes and goes."""
    if media.kind == "video":
        rate = film_rate(media)
        shot = Shot(size=art.size, window=art.window, fps=rate, seconds=cut.seconds, speed=cut.speed)
        film = frames.film_frames(folder, media, shot)
        for number, picture in enumerate(film):
            yield picture, number / rate, min(cut.seconds, (number + 1) / rate)
        return
    pace = Pace(1 / FASTEST_ANIMATION, slack=0.25 / FASTEST_ANIMATION)
    start, waiting = 0.0, None
    for picture, seconds in frames.pictures(folder / "input", media):
        if pace.takes(start):
            if waiting is not None:
                yield waiting[0], waiting[1], start
            waiting = sticker.cut_out(picture, art), start
        start += seconds / cut.speed
        if start >= cut.seconds:
            break
    if waiting is not None:
        yield waiting[0], waiting[1], min(cut.seconds, start)
