"""Processes as the tests of tools and workers see them."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

PATIENCE = 600.0
"""Seconds that a test waits for what must come. It is there to end a hang: no machine, however busy, takes so long."""


def running(mark: str) -> list[int]:
    """Every ffmpeg that carries `mark` on its command line, whoever started it."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):
            if mark.encode() in (entry / "cmdline").read_bytes() and "ffmpeg" in (entry / "exe").readlink().name:
                found.append(int(entry.name))
    return found


def soon(condition: Callable[[], object]) -> bool:
    """Whether it comes true before patience ends."""
    end = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return bool(condition())
