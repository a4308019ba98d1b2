"""Retries: one wrapper for all requests. Nothing else retries."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeVar

from mediaprep.errors import NetworkError
from mediaprep.network.deadline import Deadline

T = TypeVar("T")

TRIES = 4
FIRST, LONGEST = 0.5, 30.0
"""Seconds: the first wait, doubled each time, and the longest wait without `Retry-After`."""
PATIENCE = 300.0
"""Seconds: the longest `Retry-After` that is obeyed."""


def persistently(attempt: Callable[[], T], deadline: Deadline, *, repeatable: bool, tries: int = TRIES) -> T:
    """What `attempt` returns, retried after temporary failures, with back-off and jitter or after `Retry-After`.

    `repeatable`: a second copy does no harm, or the server recognises it. If it is false, an attempt whose outcome is
    unknown is the last one. Raises the last `NetworkError`.
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
    """The error, with the number of attempts and why there is no other."""
    said = str(error)
    if error.temporary and error.retry_after and too_long:
        said += f"; retry after {error.retry_after:.0f} s"
    elif tries > 1:
        said += f" (tried {tries} times)"
    return type(error)(said, temporary=error.temporary, status=error.status, retry_after=error.retry_after)
