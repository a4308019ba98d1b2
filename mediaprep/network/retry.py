"""Trying again: one wrapper for everything that goes over the network. Nothing else repeats a request."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeVar

from mediaprep.errors import NetworkError
from mediaprep.network.deadline import Deadline

T = TypeVar("T")

TRIES = 4
FIRST, LONGEST = 0.5, 30.0
"""Seconds of the first wait, doubled each time, and of the longest that is chosen here."""
PATIENCE = 300.0
"""Seconds of the longest `Retry-After` that is waited for."""


def persistently(attempt: Callable[[], T], deadline: Deadline, *, repeatable: bool, tries: int = TRIES) -> T:
    """What `attempt` returns, tried again after temporary failures, with back-off and jitter or after the time that
    the other side asked for.

    `repeatable`: a second copy can do no harm, or the other side knows it again. Where it is not, an attempt whose
    outcome is unknown is the last one. Raises the last `NetworkError`.
    """
    for number in range(tries):
        try:
            return attempt()
        except NetworkError as error:
            unknown = error.stored is None and not repeatable
            wait = pause(number, error.retry_after)
            too_long = wait > PATIENCE or wait >= deadline.left
            last = number == tries - 1
            if not error.temporary or unknown or last or too_long or deadline.stop.wait(wait):
                raise _told(error, number + 1, too_long=too_long) from None
    raise AssertionError("at least one try")


def pause(number: int, asked: float | None) -> float:
    """Seconds to wait after attempt `number`, counted from 0."""
    if asked is not None:
        return asked
    return min(LONGEST, FIRST * 2.0**number) * (0.5 + random.random() / 2)  # noqa: S311 - spreads load, hides nothing


def _told(error: NetworkError, tries: int, *, too_long: bool) -> NetworkError:
    """The error, with how often it was tried and why not again."""
    said = str(error)
    if error.temporary and error.retry_after and too_long:
        said += f"; it asks to wait {error.retry_after:.0f} s, run again then"
    elif tries > 1:
        said += f" (tried {tries} times)"
    return type(error)(said, temporary=error.temporary, status=error.status, retry_after=error.retry_after)
