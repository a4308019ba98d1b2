"""What every encoder is: a pure ladder of recipes, what each is expected to give, and one side effect."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar, cast

from msgspec import Struct

from mediaprep.media import Media
from mediaprep.options import Options
from mediaprep.rules import Finding, Limits, check_media, errors_of

T = TypeVar("T")


class Recipe(Struct, frozen=True, kw_only=True):
    """One rung of a ladder; each encoder adds its own knobs in a subclass.

    `encodes`: how many times the whole output is encoded (0: copied, 2: two passes).
    `aim`: the bytes it is made to have, where that is a knob (film by bit rate). `changes`: what the recipient
    loses by it, as sentences for the record.
    """

    encodes: int = 1
    aim: int | None = None
    changes: tuple[str, ...] = ()


R = TypeVar("R", bound=Recipe)


class Notes:
    """What an encoder learnt from one file and later rungs use: a decoded picture, a sample's size, a pass log."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, object] = {}

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gave when this key was first asked for. One key is always asked for with one type."""
        if key not in self._kept:
            self._kept[key] = make()
        return cast(T, self._kept[key])

    def is_new(self, key: Hashable, value: object) -> bool:
        """Whether the value differs from the one that was last noted under this key; it is noted then."""
        if key in self._kept and self._kept[key] == value:
            return False
        self._kept[key] = value
        return True

    def clear(self) -> None:
        self._kept.clear()

    def __len__(self) -> int:
        return len(self._kept)


@dataclass(kw_only=True)
class Work:
    """One file being worked on: its facts, what is wanted, and a private folder.

    The source is `folder/input` (never written to), scratch files may lie in `folder`.
    `ceiling`: bytes that the output must not pass; an encode that is certain to pass it stops with `tools.Overshoot`.
    `notes`: what later rungs need not find out again. `losses`: what showed only in the making, for the record.
    """

    media: Media
    limits: Limits
    options: Options
    folder: Path
    ceiling: int | None = None
    progress: Callable[[float], None] | None = None
    notes: Notes = field(default_factory=Notes)
    losses: tuple[str, ...] = ()

    @property
    def source(self) -> Path:
        return self.folder / "input"


class Encoder(Protocol[R]):
    """What can be made: one output format, by recipes of its own kind."""

    mime: str

    def ladder(self, media: Media, limits: Limits, findings: Sequence[Finding], options: Options) -> Sequence[R]:
        """Best to smallest; empty where this encoder cannot. Recipes that copy (`encodes` 0) come first. Pure.

        Recipes are built from the limits, so that none of them breaks a rule (`obeying` holds it).
        """
        ...

    def expect(self, recipe: R, media: Media, limits: Limits) -> Media:
        """The output's facts, all but its size (which is 0). Pure."""
        ...

    def foresee(self, recipe: R, media: Media, limits: Limits) -> int | None:
        """The bytes that the recipe will give, from facts alone; None where they tell nothing. Pure.

        It serves `plan`, which starts no tool; `estimate` knows better.
        """
        ...

    def estimate(self, recipe: R, work: Work) -> int | None:
        """The bytes that the recipe will give, from a cheap sample; None where nothing is known."""
        ...

    def encode(self, recipe: R, work: Work, output: Path) -> None:
        """Write `output` (inside `work.folder`). The only side effect."""
        ...


def broken(expected: Media, limits: Limits) -> tuple[Finding, ...]:
    """The rules that an output would break. Its size is the search's matter, the words beside it the sender's."""
    return tuple(one for one in errors_of(check_media(expected, limits, ours=True)) if one.part != "message")


def complies(expected: Media, limits: Limits) -> bool:
    """Whether a copy may be offered. It has no knobs that could follow the limits: it is right or it is not."""
    return not broken(expected, limits)


def obeying(encoder: Encoder[R], recipes: Iterable[R], media: Media, limits: Limits) -> tuple[R, ...]:
    """The recipes, all of them; one that breaks a rule is a fault of its encoder. Raises `AssertionError`.

    Leaving such a one out would hide the fault and make the output worse: nobody would see that rungs are missing.
    """
    ladder = tuple(recipes)
    for recipe in ladder:
        if wrong := broken(encoder.expect(recipe, media, limits), limits):
            said = "; ".join(f"{one.code} {one.message}" for one in wrong)
            raise AssertionError(f"internal error: the {encoder.mime} encoder breaks a rule: {said}. Please report it")
    return ladder
