"""One deadline for everything about a file, and the socket that is cut when it is over."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

GRACE = 2.0
"""Seconds that an answer is still waited for after a stop, where everything is out: without it nobody knows whether
the other side has the file.
"""


class Deadline:
    """When everything about one file has to be over: attempts, waits and answers together. `stop` ends it at once."""

    def __init__(self, seconds: float, stop: threading.Event | None = None) -> None:
        self.end = time.monotonic() + seconds
        self.seconds = seconds
        self.stop = stop or threading.Event()

    @property
    def left(self) -> float:
        return 0.0 if self.stop.is_set() else max(0.0, self.end - time.monotonic())

    @property
    def why(self) -> str:
        """Why nothing is left, as the end of a sentence."""
        return "it was stopped" if self.stop.is_set() else f"{self.seconds:.0f} s were not enough"


class Wire:
    """The socket below a request, so that a deadline can cut it in the middle of a read."""

    def __init__(self) -> None:
        self._stream: Any = None
        self.was_cut = False

    def trace(self, event: str, info: dict[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._stream = info["return_value"]

    @contextlib.contextmanager
    def cut_at(self, deadline: Deadline, is_out: Callable[[], bool]) -> Iterator[None]:
        """`is_out`: whether the other side may have everything."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(min(0.2, max(0.01, deadline.left))):
                if deadline.left <= 0 and not (deadline.stop.is_set() and is_out() and over.wait(GRACE)):
                    self._cut()

        watcher = threading.Thread(target=watch, daemon=True, name="mediaprep-deadline")
        watcher.start()
        try:
            yield
        finally:
            over.set()

    def _cut(self) -> None:
        found = self._stream.get_extra_info("socket") if self._stream is not None else None
        if found is not None:
            self.was_cut = True
            # Not the TLS socket's own shutdown: that takes its state away from the thread that reads.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(found, socket.SHUT_RDWR)
