"""Processor seconds of this process and its children: what other work on the machine hardly changes."""

from __future__ import annotations

import resource
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def timed(work: Callable[..., T], *arguments: object) -> tuple[float, T]:
    """Processor seconds that are spent on it, and what it gives."""
    before = _spent()
    result = work(*arguments)
    return _spent() - before, result


def cpu(work: Callable[[], object]) -> float:
    """Processor seconds that are spent on it."""
    return timed(work)[0]


def _spent() -> float:
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
