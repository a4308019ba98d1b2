"""The search for size, one for every encoder. Pure: what costs is passed in.

A ladder has one knob: quality, scale and frame rate move together along it, so size falls with every rung and a
search over the rung alone cannot miss. It starts from an estimate, corrects it by what it measured, and ends after a
few attempts; a rung that did not fit is never returned.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from msgspec import Struct

T = TypeVar("T")

ATTEMPTS = 6
"""Whole encodes at most; with a fair estimate one is enough."""

FULL = 0.85
"""A result that uses this share of the budget is not worth another encode."""

CAUTION = 0.97
"""How much of the budget an estimate may use, since it is one."""


class Fitted(Struct, frozen=True):
    """What was found: the rung (None where nothing fits), its bytes, the smallest bytes seen, the rungs tried."""

    rung: int | None
    size: int
    smallest: int
    tried: tuple[int, ...]


def fit(
    ladder: Sequence[T],
    *,
    budget: int | None,
    estimate: Callable[[T], int | None],
    attempt: Callable[[int], int],
    attempts: int = ATTEMPTS,
) -> Fitted:
    """The best rung whose real size is at most `budget` bytes.

    `estimate(recipe)`: bytes expected, None where unknown. `attempt(rung)`: makes it and returns its bytes, also when
    they are too many (or as many as there were when it was stopped).
    """
    guesses: dict[int, int | None] = {}
    tried: list[int] = []
    best: tuple[int, int] | None = None
    smallest = 0
    factor = 1.0
    low, high = 0, len(ladder) - 1

    def expected(rung: int) -> float | None:
        """The estimate, corrected by what was measured."""
        if rung not in guesses:
            guesses[rung] = estimate(ladder[rung])
        guess = guesses[rung]
        return None if guess is None else guess * factor

    def promising() -> int | None:
        """The best rung in reach that should fit."""
        left, right = low, high + 1
        while left < right:
            middle = (left + right) // 2
            size = expected(middle)
            if budget is None or size is None or size <= budget * CAUTION:
                right = middle
            else:
                left = middle + 1
        return left if left <= high else None

    while low <= high and len(tried) < attempts:
        rung = promising()
        if rung is None and best is not None:
            break
        if rung is None or (best is None and len(tried) == attempts - 1):
            rung = high
        size = attempt(rung)
        tried.append(rung)
        smallest = min(smallest or size, size)
        foreseen = expected(rung)
        if foreseen:
            factor *= size / foreseen
        if budget is None or size <= budget:
            best, high = (rung, size), rung - 1
            if budget is None or foreseen is None or size >= budget * FULL:
                break
        else:
            low = rung + 1
    rung, size = best or (None, 0)
    return Fitted(rung, size, smallest, tuple(tried))
