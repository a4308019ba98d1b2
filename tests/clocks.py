"""Clocks that tests turn, so that none waits for the machine's own and none is decided by it."""

from __future__ import annotations

import time
from threading import Event


class Leap:
    """In place of the module `time`: right until something happens, then later than any deadline."""

    def __init__(self, happens: Event) -> None:
        self._happens = happens

    def monotonic(self) -> float:
        return time.monotonic() + (1e6 if self._happens.is_set() else 0)


class Steps:
    """In place of the module `time`: moves on by so many seconds whenever it is looked at, and not otherwise."""

    def __init__(self, step: float) -> None:
        self.now = 0.0
        self.step = step

    def monotonic(self) -> float:
        self.now += self.step
        return self.now
