"""Routes and rungs: what fails or does not prove right is followed by the next, and nothing unproven comes out.

The encoder is one of our own that copies prepared files, so that every failure can be arranged; proof is the real one.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from mediaprep.converting import convert, verify
from mediaprep.encoders import Recipe, Work
from mediaprep.errors import Damaged, DiskFull, TimeLimit, ToolError, ToolMissing
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


def material(folder: Path) -> Media:
    shutil.copy(SAMPLES / "photo-ready.jpg", folder / "input")
    return probe(folder / "input", "photo.jpg")


def run(folder: Path, *rungs: Rung) -> convert.Made | convert.NothingFits:
    media = material(folder)
    plan = Plan(action=Action.ENCODE, target="image", limits=LIMITS, routes=(Route("image/jpeg", rungs),))
    return convert.convert(plan, media, Options(), folder)


GOOD = Rung(gives="photo-ready.jpg", changes=("something",))


def test_a_copy_that_proves_right_is_taken_first(encoder: Copying, tmp_path: Path) -> None:
    made = run(tmp_path, Rung(gives="photo-ready.jpg", encodes=0), GOOD)
    assert isinstance(made, convert.Made) and made.encodes == 0 and len(encoder.tried) == 1


def test_a_copy_that_fails_is_followed_by_an_encode(encoder: Copying, tmp_path: Path) -> None:
    made = run(tmp_path, Rung(gives=ToolError, encodes=0), GOOD)
    assert isinstance(made, convert.Made) and made.encodes == 1
    said, *changes = made.changes
    assert "copying failed" in said and "as arranged" in said and changes == ["something"]


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


@pytest.mark.parametrize("encodes", [0, 1])
@pytest.mark.parametrize("trouble", [DiskFull, TimeLimit, ToolMissing])
def test_what_another_attempt_would_meet_again_ends_it_at_once(
    encoder: Copying, tmp_path: Path, trouble: type[Exception], encodes: int
) -> None:
    with pytest.raises(trouble):
        run(tmp_path, Rung(gives=trouble, encodes=encodes), GOOD)
    assert len(encoder.tried) == 1


@pytest.mark.parametrize("trouble", [DiskFull, TimeLimit, ToolMissing])
def test_nor_does_the_proof_of_a_copy_swallow_it(
    encoder: Copying, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: type[Exception]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise trouble("as arranged")

    monkeypatch.setattr(verify, "_decode", fail)
    with pytest.raises(trouble):
        run(tmp_path, Rung(gives="photo-ready.jpg", encodes=0), GOOD)


def test_a_source_that_proves_damaged_is_said_as_it_is(encoder: Copying, tmp_path: Path) -> None:
    with pytest.raises(Damaged):
        run(tmp_path, Rung(gives=Damaged), GOOD)


def test_encodes_made_in_vain_are_counted(encoder: Copying, tmp_path: Path) -> None:
    rungs = [Rung(gives=ToolError, changes=("first",)), Rung(gives=tools.Overshoot, encodes=2)]
    nothing = run(tmp_path, *rungs)
    assert isinstance(nothing, convert.NothingFits) and nothing.encodes == 3


def test_a_route_that_leads_nowhere_is_told_and_counted(encoder: Copying, tmp_path: Path) -> None:
    media = material(tmp_path)
    routes = (Route("image/png", (Rung(gives=tools.Overshoot),)), Route("image/jpeg", (GOOD,)))
    plan = Plan(action=Action.ENCODE, target="image", limits=LIMITS, routes=routes)
    made = convert.convert(plan, media, Options(), tmp_path)
    assert isinstance(made, convert.Made) and made.encodes == 2
    said, *changes = made.changes
    assert "image/png failed" in said and "made as image/jpeg" in said and changes == ["something"]
