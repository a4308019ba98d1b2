"""Clips: which frames are taken, and for how long they are shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from mediaprep.encoders.sticker import Art, reel
from mediaprep.encoders.sticker.reel import Cut, timeline
from mediaprep.media import Media, VideoStream

gaps = st.lists(st.floats(0.011, 1.5), min_size=1, max_size=60)
rates = st.one_of(st.none(), st.floats(1.0, 60.0))


def clip(durations: list[float]) -> tuple[tuple[float, ...], float]:
    starts = tuple(sum(durations[:number]) for number in range(len(durations)))
    return starts, sum(durations)


@given(gaps, rates, st.sampled_from([0.0, 0.008, 0.0125, 0.1]))
@example([0.6875, 0.01304319186057941], None, 0.0125)
@example([0.0015, 0.013, 0.5], None, 0.013)
def test_times_add_up_and_no_frame_is_too_short(durations: list[float], fps: float | None, closest: float) -> None:
    starts, end = clip(durations)
    made = timeline(starts, end, fps=fps, closest=closest)
    assert len(made.pictures) == len(made.milliseconds) >= 2
    assert min(made.milliseconds) >= closest * 1000
    assert made.pictures[0] == 0
    whole = sum(made.milliseconds) / 1000
    assert whole == pytest.approx(max(end, 2 * closest), abs=0.0021)
    assert whole <= max(end, 2 * closest, 0.002) + 0.002


@given(gaps)
def test_each_frame_comes_when_it_came(durations: list[float]) -> None:
    starts, end = clip(durations)
    made = timeline(starts, end, fps=8.0)
    if len(set(made.pictures)) > 1:  # one frame alone is shown twice, half the time each
        marks = [sum(made.milliseconds[:number]) / 1000 for number in range(len(made.pictures))]
        assert marks == pytest.approx([starts[number] for number in made.pictures], abs=0.0006)


@given(gaps, st.floats(2.0, 60.0), st.floats(0.3, 0.95))
def test_a_lower_rate_takes_no_more_frames(durations: list[float], fps: float, share: float) -> None:
    starts, end = clip(durations)
    fewer, more = (len(timeline(starts, end, fps=rate).pictures) for rate in (fps * share, fps))
    assert fewer <= 1.1 * more + 1, "but for a frame here and there where the rhythm is irregular"


@pytest.mark.parametrize(
    ("fps", "taken"),
    [
        (None, range(12)),
        (20, (0, 2, 3, 5, 6, 8, 9, 11)),
        (15, range(0, 12, 2)),
        (10, range(0, 12, 3)),
        (7.5, (0, 4, 8)),
    ],
)
def test_thirty_frames_a_second_are_thinned_in_a_rhythm(fps: float | None, taken: object) -> None:
    starts, end = clip([1 / 30] * 12)
    assert list(timeline(starts, end, fps=fps).pictures) == list(taken)  # type: ignore[call-overload]


def test_a_long_rest_is_kept_whole() -> None:
    starts, end = clip([0.05, 0.05, 2.0, 0.05, 0.05])
    made = timeline(starts, end, fps=10)
    assert made.pictures == (0, 2, 3) or made.pictures == (0, 2, 4)
    assert 1900 <= max(made.milliseconds) <= 2100


def test_what_has_one_frame_is_shown_twice() -> None:
    made = timeline((0.0,), 1.0)
    assert made.pictures == (0, 0) and made.milliseconds == (500, 500)


@pytest.mark.parametrize(
    ("fps", "rate"), [(24.0, 24.0), (30.0, 30.0), (29.97, 29.97), (50.0, 25.0), (60.0, 30.0), (120, 30.0)]
)
def test_a_film_is_taken_at_a_whole_share_of_its_rate(fps: float, rate: float) -> None:
    video = VideoStream(index=0, codec="h264", fps=fps)
    assert reel.film_rate(Media(name="", size=1, mime="", kind="video", video=(video,))) == pytest.approx(rate)


def animation(path: Path, shades: list[int], duration: int) -> Media:
    pictures = [Image.new("L", (20, 10), shade) for shade in shades]
    pictures[0].save(path, "PNG", save_all=True, append_images=pictures[1:], duration=duration)
    return Media(name="a", size=1, mime="image/png", kind="animation", width=20, height=10, frames=len(shades))


def test_identical_neighbours_become_one(tmp_path: Path) -> None:
    pictures = [Image.new("RGB", (20, 10), colour) for colour in ("red", "red", "blue", "blue", "red")]
    pictures[0].save(
        tmp_path / "input", "WEBP", save_all=True, append_images=pictures[1:], duration=100, kmin=0, kmax=1
    )
    media = Media(name="a", size=1, mime="image/webp", kind="animation", width=20, height=10)
    made = reel.write_reel(tmp_path, media, Art(size=(20, 10)), Cut(seconds=10))
    assert made.starts == pytest.approx((0.0, 0.2, 0.4)) and made.end == pytest.approx(0.5)
    assert [made.picture(number).convert("RGB").getpixel((5, 5))[0] > 100 for number in range(3)] == [True, False, True]  # type: ignore[index]


def test_a_clip_is_cut_or_sped_up(tmp_path: Path) -> None:
    media = animation(tmp_path / "input", list(range(0, 200, 10)), 100)
    cut = reel.write_reel(tmp_path, media, Art(size=(20, 10)), Cut(seconds=0.95))
    assert len(cut.starts) == 10 and cut.end == pytest.approx(0.95)
    fast = reel.write_reel(tmp_path, media, Art(size=(20, 10)), Cut(seconds=1.0, speed=2.0))
    assert len(fast.starts) == 20 and fast.end == pytest.approx(1.0)
