"""What `plan` foretells is what `prepare` does: action, target and type, or the record says which attempt failed.

The fast part takes every sample once, every target of every profile, and every wish; the slow one all their products.
Both call the pipeline in this process, where the files of a case cost a tenth of what a process of its own does.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import Struct
from msgspec.structs import replace

from mediaprep.media import Media
from mediaprep.options import Options
from mediaprep.pipeline import Job, Request, Stage, look, work
from mediaprep.planning.planner import Plan, make_plan
from mediaprep.planning.profiles import SHIPPED, Profile, load, parse
from mediaprep.record import Prepared
from mediaprep.running import staging

SAMPLES = sorted(path for path in (Path(__file__).parents[2] / "samples").iterdir() if path.suffix != ".md")

TIGHT = parse(
    """
    extends = "engagelab"
    [image]
    max_bytes = "4 kB"
    error_above = "4 kB"
    fallback = "document"
    [video]
    max_bytes = "9 kB"
    error_above = "9 kB"
    [audio]
    max_bytes = "3 kB"
    error_above = "3 kB"
    [voice]
    max_bytes = "2 kB"
    error_above = "2 kB"
    fallback = "audio"
    [animated_sticker]
    max_bytes = "2 kB"
    """,
    "tight",
)
"""Little fits, so that attempts fail and fallbacks are taken, one after another."""

PROFILES = {**{name: load(name) for name in SHIPPED}, "tight": TIGHT}

WISHES: tuple[tuple[Options, str], ...] = (
    (Options(), ""),
    (Options(), "hello"),
    (Options(normalize=True, trim_silence=True), ""),
    (Options(background="#102030", crop=True, speed_up=True), ""),
    (Options(pack="Cats", publisher="Jo", emojis=("😀",)), ""),
    (Options(voice_rate=48000), "x" * 1025),
)


PARTS = 4
"""Of the fast part, so that several processes share it."""


class Case(Struct, frozen=True):
    """One file and one wish."""

    source: Path
    profile: Profile
    target: str | None
    options: Options
    caption: str

    def job(self, folder: Path, stage: Stage) -> Job:
        request = Request(profile=self.profile, target=self.target, options=self.options, caption=self.caption)
        return Job(
            source=self.source, request=request, stage=stage, scratch=folder / stage, into=folder / "out", stem="made"
        )

    def __str__(self) -> str:
        return f"{self.source.name}, {self.profile.name}, {self.target}, {self.options}, {self.caption[:9]!r}"


def pairs() -> list[tuple[Profile, str | None]]:
    return [(profile, target) for profile in PROFILES.values() for target in (None, *profile.targets)]


def covering() -> Iterator[Case]:
    """Every sample as itself, with profiles and wishes in turn; every target, with samples and wishes in turn; and
    words with sound, for which one message has room and another has not."""
    profiles, wishes = itertools.cycle(PROFILES.values()), itertools.cycle(WISHES)
    for source in SAMPLES:
        yield Case(source, next(profiles), None, *next(wishes))
    sources = itertools.cycle([*SAMPLES[::2], *SAMPLES[1::2]])
    for profile, target in pairs():
        for _ in range(2):
            yield Case(next(sources), profile, target, *next(wishes))
    for profile, source in itertools.product(PROFILES.values(), SAMPLES):
        if source.name in ("memo-ready.m4a", "memo-vorbis.ogg", "letter.docx"):
            yield Case(source, profile, None, *WISHES[1])


def product() -> Iterator[Case]:
    for source, (profile, target), wish in itertools.product(SAMPLES, pairs(), WISHES):
        yield Case(source, profile, target, *wish)


def disagreement(case: Case, folder: Path) -> str:
    """What `prepare` did otherwise than `plan` foretold, and kept to itself; empty where they agree."""
    foretold, done = work(case.job(folder, "plan")), work(case.job(folder, "prepare"))
    said = f"{case}: foretold {seen(foretold)}, done {seen(done)}"
    if foretold.error is not None:
        return "" if foretold.error == done.error else said
    assert foretold.status != "ready" or foretold.action == "pass"
    attempted = foretold.action in ("remux", "encode") and told(done)
    return "" if seen(foretold) == seen(done) or attempted else said


def seen(record: Prepared) -> tuple[str | None, str | None, str | None]:
    return record.action, record.target, record.mime


def told(done: Prepared) -> bool:
    """Whether the record says that something was tried in vain, and why."""
    if done.status == "failed":
        return done.error is not None
    if done.status == "rejected":
        return done.encodes > 0 and bool(done.remaining)
    return any("failed (" in said or said.startswith("sent as") for said in done.changes)


@pytest.mark.parametrize("part", range(PARTS))
def test_what_is_foretold_is_done(part: int, tmp_path: Path) -> None:
    cases = itertools.islice(covering(), part, None, PARTS)
    found = [disagreement(case, tmp_path / f"{number}") for number, case in enumerate(cases)]
    assert [one for one in found if one] == []


@pytest.mark.slow
@pytest.mark.parametrize("source", SAMPLES, ids=lambda path: path.name)
def test_what_is_foretold_is_done_for_all_there_is(source: Path, tmp_path: Path) -> None:
    """Wishes that lead to one and the same plan are tried once."""
    facts = facts_of(source, tmp_path)
    known, found = set[str](), []
    for number, case in enumerate(case for case in product() if case.source == source):
        media = replace(facts, caption=case.caption)
        same = essence(make_plan(media, case.profile, case.target, case.options))
        if same not in known:
            known.add(same)
            found.append(disagreement(case, tmp_path / f"{number}"))
    assert [one for one in found if one] == []


def facts_of(source: Path, folder: Path) -> Media:
    job = Case(source, PROFILES["tight"], None, *WISHES[0]).job(folder, "plan")
    job.scratch.mkdir(parents=True)
    with staging.staged(job.source, job.scratch) as staged:
        return look(staged, job)


def essence(plan: Plan) -> str:
    """All that decides what `prepare` does: target, recipes (which hold the options that concern it) and limits,
    without what is only said about it."""
    recipes = [(route.mime, [replace(recipe, changes=()) for recipe in route.ladder]) for route in plan.routes]
    limits = replace(plan.limits, mime=(), error_above=None, fallback=None, max_caption=None, max_text=None)
    codes = [finding.code for finding in plan.findings]
    return repr(
        (plan.action, plan.target, codes, recipes, recipes and limits, plan.fallback and essence(plan.fallback))
    )
