"""From a plan to a proven output: each route in turn, copies first, then the search for size over what encodes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from mediaprep.converting.fit import fit
from mediaprep.converting.verify import LASTING, Proof, verify
from mediaprep.encoders import Encoder, Recipe, Work, encoder
from mediaprep.errors import MediaprepError, OutputError, ToolError
from mediaprep.formats import suffix_for
from mediaprep.media import Media
from mediaprep.options import Options
from mediaprep.planning.planner import Plan, Route
from mediaprep.rules import Finding, errors_of
from mediaprep.running import staging, tools, worker

SETBACKS = 3
"""Encodes that fail or do not prove right before a route is given up; the rungs below may still do."""


class Made(Struct, frozen=True, kw_only=True):
    """A finished, proven output that still lies in the work folder.

    `encodes`: all that were made on the way, those that failed among them. `changes`: what the recipient loses, after
    what failed before.
    """

    path: Path
    proof: Proof
    encodes: int
    changes: tuple[str, ...]


class NothingFits(Struct, frozen=True, kw_only=True):
    """No rung gave an output that is small enough and right.

    `smallest`: the smallest bytes reached, 0 where nothing was too large. `remaining`: the rules that the best output
    still broke. `reason`: the last trouble, one sentence. `encodes`: how many were made in vain.
    """

    encodes: int = 0
    smallest: int = 0
    remaining: tuple[Finding, ...] = ()
    reason: str = ""


def convert(plan: Plan, media: Media, options: Options, folder: Path) -> Made | NothingFits:
    """The first route that leads to an output, and on it the best rung.

    Raises what a further attempt would meet again (`ToolMissing`, `TimeLimit`, `DiskFull`), and `SourceError` where
    the source proves unreadable while it is encoded. Every other trouble leads to the next rung, and is told by the
    result.
    """
    failure, setbacks = NothingFits(), list[str]()
    for route in plan.routes:
        result = Journey(route, plan, media, options, folder).travel()
        result = replace(result, encodes=failure.encodes + result.encodes)
        if isinstance(result, Made):
            return replace(result, changes=(*(f"{said}; made as {route.mime}" for said in setbacks), *result.changes))
        failure = result
        setbacks.append(f"{route.mime} failed ({result.reason})")
    return failure


@dataclass
class Journey:
    """One route travelled: how many encodes so far, the last recipe tried, what went wrong last, and with copying."""

    route: Route
    plan: Plan
    media: Media
    options: Options
    folder: Path
    encodes: int = 0
    failure: NothingFits = field(default_factory=NothingFits)
    setbacks: tuple[str, ...] = ()
    last: Recipe | None = None

    def __post_init__(self) -> None:
        one = encoder(self.route.mime)
        assert one is not None, "a route names an encoder that exists"
        self.encoder: Encoder[Recipe] = one
        self.budget = self.plan.limits.max_bytes
        self.work = Work(
            media=self.media,
            limits=self.plan.limits,
            options=self.options,
            folder=self.folder,
            ceiling=self.budget,
            progress=worker.progress,
        )

    def travel(self) -> Made | NothingFits:
        copies = [recipe for recipe in self.route.ladder if recipe.encodes == 0]
        for recipe in copies:
            if made := self._try_copy(recipe):
                return made
        if copies:
            self.setbacks = (f"copying failed ({self.failure.reason}); encoded instead",)
        ladder = [recipe for recipe in self.route.ladder if recipe.encodes > 0]
        for _ in range(SETBACKS):
            if not ladder:
                break
            try:
                rung = self._search(ladder)
            except LASTING:
                raise
            except (ToolError, OutputError) as error:
                self.failure = NothingFits(reason=str(error))
                rung = ladder.index(self.last) if self.last in ladder else 0
            else:
                if rung is None:
                    break
                if made := self._proven(ladder[rung]):
                    return made
            ladder = ladder[rung + 1 :]
        return replace(self.failure, encodes=self.encodes)

    def _search(self, ladder: list[Recipe]) -> int | None:
        """The best rung that fits; None where none does, with the reason in `failure`."""
        found = fit(
            ladder,
            budget=self.budget,
            estimate=lambda recipe: self.encoder.estimate(recipe, self.work),
            attempt=lambda rung: self._encode(ladder[rung]),
        )
        if found.rung is None:
            stopped = found.smallest == (self.budget or 0) + 1
            size = f"more than {self.budget:,}" if stopped else f"{found.smallest:,}"
            reason = f"the smallest possible output has {size} bytes"
            self.failure = NothingFits(smallest=found.smallest, reason=reason)
        return found.rung

    def _output(self, recipe: Recipe) -> Path:
        rung = self.route.ladder.index(recipe)
        return self.folder / f"output-{rung}{suffix_for(self.route.mime)}"

    def _encode(self, recipe: Recipe) -> int:
        """Make one output; its bytes, or one more than the budget where it was stopped for being too large."""
        self.last = recipe
        output = self._output(recipe)
        output.unlink(missing_ok=True)
        self.encodes += recipe.encodes
        try:
            with staging.writing(output):
                self.encoder.encode(recipe, self.work, output)
        except tools.Overshoot as over:
            output.unlink(missing_ok=True)
            return (self.budget or over.reached) + 1
        return output.stat().st_size

    def _try_copy(self, recipe: Recipe) -> Made | None:
        """A copy may turn out impossible (streams that do not fit the container): then encoding follows."""
        try:
            size = self._encode(recipe)
        except LASTING:
            raise
        except MediaprepError as error:
            self.failure = NothingFits(reason=str(error))
            return None
        if self.budget is not None and size > self.budget:
            self.failure = NothingFits(smallest=size, reason=f"the copy has {size:,} bytes, limit: {self.budget:,}")
            return None
        return self._proven(recipe)

    def _proven(self, recipe: Recipe) -> Made | None:
        output = self._output(recipe)
        expected = self.encoder.expect(recipe, self.media, self.plan.limits)
        try:
            proof = verify(
                output,
                expected,
                self.plan.limits,
                copied=recipe.encodes == 0,
                voice=self.plan.target == "voice",
                folder=self.folder,
            )
        except LASTING:
            raise
        except OutputError as error:
            self.failure = NothingFits(reason=str(error))
            return None
        if wrong := errors_of(proof.remaining):
            self.failure = NothingFits(remaining=wrong, reason="; ".join(finding.message for finding in wrong))
            return None
        changes = (*self.setbacks, *recipe.changes, *self.work.losses)
        return Made(path=output, proof=proof, encodes=self.encodes, changes=changes)
