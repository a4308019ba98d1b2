"""One deadline for all requests about a file, and the socket that is closed when it expires."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

GRACE = 2.0
"""Seconds to wait for a response after a stop, if the whole request was sent: without the response it is unknown
whether the server has the file.
"""


class Deadline:
    """The time limit for one file: attempts, waits and responses together. `stop` ends it at once."""

    def __init__(self, seconds: float, stop: threading.Event | None = None) -> None:
        self.end = time.monotonic() + seconds
        self.seconds = seconds
        self.stop = stop or threading.Event()

    @property
    def left(self) -> float:
        return 0.0 if self.stop.is_set() else max(0.0, self.end - time.monotonic())

    @property
    def why(self) -> str:
        """Why no time is left, as the end of a sentence."""
        return "stopped" if self.stop.is_set() else f"time limit of {self.seconds:.0f} s exceeded"


class Wire:
    """The socket of a request, so that a deadline can close it in the middle of a read."""

    def __init__(self) -> None:
        self._stream: Any = None
        self.was_cut = False

    def trace(self, event: str, info: dict[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._stream = info["return_value"]

    @contextlib.contextmanager
    def cut_at(self, deadline: Deadline, is_out: Callable[[], bool]) -> Iterator[None]:
        """`is_out`: whether the server may have the whole request."""
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
