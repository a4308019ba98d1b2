"""What every encoder is: a pure ladder of recipes, what each is expected to give, and one side effect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct

from mediaprep.media import Media
from mediaprep.options import Options
from mediaprep.rules import Finding, Limits


class Recipe(Struct, frozen=True, kw_only=True):
    """One rung of a ladder; each encoder adds its own knobs in a subclass.

    `encodes`: how many times the whole output is encoded (0: copied, 2: two passes).
    `aim`: the bytes it is made to have, where that is a knob (film by bit rate). `changes`: what the recipient
    loses by it, as sentences for the record.
    """

    encodes: int = 1
    aim: int | None = None
    changes: tuple[str, ...] = ()


@dataclass(kw_only=True)
class Work:
    """One file being worked on: its facts, what is wanted, and a private folder.

    The source is `folder/input` (never written to), scratch files may lie in `folder`.
    `ceiling`: bytes that the output must not pass; an encode that is certain to pass it stops with `tools.Overshoot`.
    `notes`: what an encoder learnt on the way and later rungs may use (a sample's size, a pass log's name).
    """

    media: Media
    limits: Limits
    options: Options
    folder: Path
    ceiling: int | None = None
    progress: Callable[[float], None] | None = None
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def source(self) -> Path:
        return self.folder / "input"


class Encoder(Protocol):
    """What can be made: one output format."""

    mime: str

    def ladder(self, media: Media, limits: Limits, findings: Sequence[Finding], options: Options) -> Sequence[Recipe]:
        """Best to smallest; empty where this encoder cannot. Recipes that copy (`encodes` 0) come first. Pure."""
        ...

    def expect(self, recipe: Any, media: Media, limits: Limits) -> Media:
        """The output's facts, all but its size (which is 0). Pure."""
        ...

    def foresee(self, recipe: Any, media: Media, limits: Limits) -> int | None:
        """The bytes that the recipe will give, from facts alone; None where they tell nothing. Pure.

        It serves `plan`, which starts no tool; `estimate` knows better.
        """
        ...

    def estimate(self, recipe: Any, work: Work) -> int | None:
        """The bytes that the recipe will give, from a cheap sample; None where nothing is known."""
        ...

    def encode(self, recipe: Any, work: Work, output: Path) -> None:
        """Write `output` (inside `work.folder`). The only side effect."""
        ...
