"""Routes and rungs: what fails or does not prove right is followed by the next, and nothing unproven comes out.

The encoder is one of our own that copies prepared files, so that every failure can be arranged; proof is the real one.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from mediaprep.converting import convert
from mediaprep.encoders import Recipe, Work
from mediaprep.errors import DiskFull, ToolError
from mediaprep.media import Media
from mediaprep.options import Options
from mediaprep.planning.planner import Plan, Route
from mediaprep.planning.profiles import load
from mediaprep.reading.probe import probe
from mediaprep.rules import Action
from mediaprep.running import tools

SAMPLES = Path(__file__).parents[2] / "samples"
LIMITS = load("whatsapp").limits("image")


class Rung(Recipe, frozen=True, kw_only=True):
    """`gives`: the sample that is copied to the output, or what is raised instead."""

    gives: str | type[Exception]


class Copying:
    mime = "image/jpeg"

    def __init__(self) -> None:
        self.tried: list[Any] = []

    def expect(self, recipe: Rung, media: Media, limits: Any) -> Media:
        return replace(media, size=0)

    def estimate(self, recipe: Rung, work: Work) -> None:
        return None

    def encode(self, recipe: Rung, work: Work, output: Path) -> None:
        self.tried.append(recipe.gives)
        if isinstance(recipe.gives, str):
            shutil.copy(SAMPLES / recipe.gives, output)
        elif recipe.gives is tools.Overshoot:
            raise tools.Overshoot(9_000_000)
        else:
            raise recipe.gives("as arranged")


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch) -> Copying:
    one = Copying()
    monkeypatch.setattr(convert, "encoder", lambda mime: one)
    return one


def run(folder: Path, *rungs: Rung) -> convert.Made | convert.NothingFits:
    shutil.copy(SAMPLES / "photo-ready.jpg", folder / "input")
    media = probe(folder / "input", "photo.jpg")
    plan = Plan(action=Action.ENCODE, target="image", limits=LIMITS, routes=(Route("image/jpeg", rungs),))
    return convert.convert(plan, media, Options(), folder)


GOOD = Rung(gives="photo-ready.jpg", changes=("something",))


def test_a_copy_that_proves_right_is_taken_first(encoder: Copying, tmp_path: Path) -> None:
    made = run(tmp_path, Rung(gives="photo-ready.jpg", encodes=0), GOOD)
    assert isinstance(made, convert.Made) and made.encodes == 0 and len(encoder.tried) == 1


def test_a_copy_that_fails_is_followed_by_an_encode(encoder: Copying, tmp_path: Path) -> None:
    made = run(tmp_path, Rung(gives=ToolError, encodes=0), GOOD)
    assert isinstance(made, convert.Made) and (made.encodes, made.changes) == (1, ("something",))


def test_an_encode_that_fails_or_breaks_a_rule_is_followed_by_the_next(encoder: Copying, tmp_path: Path) -> None:
    for wrong in (ToolError, "photo-gps.jpg", "photo-cmyk.jpg", "notes.txt"):
        made = run(tmp_path, Rung(gives=wrong), GOOD)
        assert isinstance(made, convert.Made) and made.encodes == 2, wrong


def test_what_overshoots_is_followed_by_a_smaller_one(encoder: Copying, tmp_path: Path) -> None:
    made = run(tmp_path, Rung(gives=tools.Overshoot), GOOD)
    assert isinstance(made, convert.Made) and made.path.read_bytes() == (SAMPLES / "photo-ready.jpg").read_bytes()


def test_nothing_that_breaks_a_rule_ever_comes_out(encoder: Copying, tmp_path: Path) -> None:
    made = run(tmp_path, Rung(gives="photo-gps.jpg"))
    assert isinstance(made, convert.NothingFits)
    assert {finding.code for finding in made.remaining} >= {"MP401"}


def test_nothing_fits_says_how_small_it_got(encoder: Copying, tmp_path: Path) -> None:
    made = run(tmp_path, Rung(gives=tools.Overshoot))
    assert isinstance(made, convert.NothingFits) and "more than 5,000,000 bytes" in made.reason


def test_it_gives_up_after_some_setbacks(encoder: Copying, tmp_path: Path) -> None:
    made = run(tmp_path, *[Rung(gives=ToolError, changes=(f"{number}",)) for number in range(9)])
    assert isinstance(made, convert.NothingFits) and len(encoder.tried) == convert.SETBACKS


def test_a_full_disk_ends_it_at_once(encoder: Copying, tmp_path: Path) -> None:
    with pytest.raises(DiskFull):
        run(tmp_path, Rung(gives=DiskFull), GOOD)
