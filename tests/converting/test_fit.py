"""The search finds the best rung that fits, in few attempts, and never returns one that does not."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from mediaprep.converting.fit import ATTEMPTS, FULL, Fitted, fit


def search(sizes: list[int], budget: int | None, estimates: Sequence[int | None]) -> Fitted:
    return fit(
        sizes, budget=budget, estimate=lambda size: estimates[sizes.index(size)], attempt=lambda rung: sizes[rung]
    )


def test_a_fair_estimate_needs_one_attempt() -> None:
    sizes = [1000, 800, 600, 400, 200]
    found = search(sizes, 650, sizes)
    assert (found.rung, found.size, found.tried) == (2, 600, (2,))


def test_without_a_budget_the_best_is_taken() -> None:
    assert search([1000, 800], None, [None, None]).rung == 0


def test_an_estimate_that_is_too_low_is_corrected() -> None:
    sizes = [1000, 900, 800, 700, 600, 500, 400, 300]
    found = search(sizes, 550, [size // 2 for size in sizes])
    assert found.rung == 5
    assert len(found.tried) <= 3


def test_an_estimate_that_is_too_high_is_corrected() -> None:
    sizes = [1000, 900, 800, 700, 600, 500, 400, 300]
    found = search(sizes, 750, [size * 2 for size in sizes])
    assert found.rung is not None and found.size >= 750 * FULL * 0.9


def test_nothing_fits_says_the_smallest() -> None:
    found = search([1000, 800, 600], 100, [None, None, None])
    assert (found.rung, found.smallest) == (None, 600)


def test_the_last_attempt_goes_to_the_last_rung() -> None:
    """Nothing tells how large any will be, so every rung is tried in turn; the last try is the surest one."""
    sizes = list(range(2000, 0, -100))
    found = search(sizes, 150, [None] * len(sizes))
    assert found.tried == (*range(ATTEMPTS - 1), len(sizes) - 1)
    assert (found.rung, found.size) == (len(sizes) - 1, 100)


@given(
    sizes=st.lists(st.integers(1, 10**8), min_size=1, max_size=30, unique=True).map(lambda x: sorted(x, reverse=True)),
    budget=st.integers(1, 10**8),
    error=st.floats(0.5, 2.0),
)
def test_it_never_returns_what_does_not_fit(sizes: list[int], budget: int, error: float) -> None:
    found = search(sizes, budget, [max(1, int(size * error)) for size in sizes])
    assert len(found.tried) <= ATTEMPTS
    if found.rung is None:
        assert sizes[-1] > budget, "the last rung fits, so something had to be found"
        assert found.smallest == min(sizes[rung] for rung in found.tried)
    else:
        assert found.size == sizes[found.rung] <= budget


@given(sizes=st.lists(st.integers(1, 10**8), min_size=1, max_size=30, unique=True), budget=st.integers(1, 10**8))
def test_exact_estimates_find_the_best_rung_within_the_margin(sizes: list[int], budget: int) -> None:
    ladder = sorted(sizes, reverse=True)
    found = search(ladder, budget, list(ladder))
    within = [rung for rung, size in enumerate(ladder) if size <= budget * 0.97]
    if within:
        assert found.rung is not None and found.rung <= within[0]
        assert len(found.tried) == 1 or found.size >= ladder[found.tried[0]]
