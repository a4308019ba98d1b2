"""One worker: a process that does one job after another, and the protocol between it and its supervisor.

It is started by command and not by `multiprocessing`, so that a script without `if __name__ == "__main__"` works.
Messages are pickles over a socket pair; both ends are this module. Whatever a job prints goes elsewhere.
"""

from __future__ import annotations

import os
import pickle
import resource
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe, wait
from typing import TYPE_CHECKING, Any

from mediaprep.errors import MediaprepError, TimeLimit, ToolCrashed
from mediaprep.running import system

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST_DEADLINE = 60.0
"""Seconds a job may take before it has asked for more by `allow_time`."""

_INHERITED = (
    "PATH",
    "HOME",
    "TMPDIR",
    "LANG",
    "LC_",
    "TZ",
    "LD_",
    "DYLD_",
    "XDG_",
    "PYTHON",
    "COVERAGE_",
    "MEDIAPREP_",
)
"""How the variables begin that a worker gets to see: the credentials of destinations are not among them."""
_KEPT_WORDS = 4096
_LONGEST_NAP = 0.5
_PROGRESS_PERIOD = 0.1


class _Upstream:
    """A job's way to its supervisor; there is none outside a worker."""

    def __init__(self) -> None:
        self.link: Connection | None = None
        self.next_progress = 0.0
        self._lock = threading.Lock()

    def send(self, kind: str, value: float) -> None:
        if self.link is not None:
            with self._lock:
                self.link.send((kind, value))


_upstream = _Upstream()


def allow_time(seconds: float) -> None:
    """From inside a job: it may take `seconds` from now on. Does nothing elsewhere."""
    _upstream.send("allow", seconds)


def progress(share: float) -> None:
    """From inside a job: the share done, 0 to 1, passed on ten times a second at most. Does nothing elsewhere."""
    if share >= 1 or time.monotonic() >= _upstream.next_progress:
        _upstream.next_progress = time.monotonic() + _PROGRESS_PERIOD
        _upstream.send("progress", share)


def serve(descriptor: int, *, parent: int, memory: int) -> None:
    """The life of a worker: one job after another, until the other end of the link is closed."""
    system.die_with(parent)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if system.LINUX:
        # The hard limit stays as it is: a tool may need more than its worker.
        resource.setrlimit(resource.RLIMIT_AS, (memory, resource.getrlimit(resource.RLIMIT_AS)[1]))
    with Connection(descriptor) as link, suppress(EOFError, OSError):
        _upstream.link = link
        while True:
            message = link.recv_bytes()
            _upstream.next_progress = 0.0
            link.send_bytes(_outcome(message, memory))


def _outcome(message: bytes, memory: int) -> bytes:
    try:
        fn, args, kwargs = pickle.loads(message)  # noqa: S301 - both ends are this module
        return pickle.dumps(("done", fn(*args, **kwargs)))
    except MemoryError:
        error: Exception = ToolCrashed(
            f"the work needed more than {memory / 2**30:g} GiB of memory; try a smaller file"
        )
    except Exception as raised:  # noqa: BLE001 - it is raised again where the answer is awaited
        error = raised
    try:
        answer = pickle.dumps(("failed", error.with_traceback(None)))
        pickle.loads(answer)  # noqa: S301
    except Exception:  # noqa: BLE001 - an exception that cannot travel; its words can
        return pickle.dumps(("failed", MediaprepError(f"{type(error).__name__}: {error}")))
    return answer


class Worker:
    """One worker's process, as its supervisor sees it."""

    def __init__(self, memory: int) -> None:
        self.jobs = 0
        self._link, theirs = Pipe()
        life = f"serve({theirs.fileno()}, parent={os.getpid()}, memory={memory})"
        program = f"import sys; sys.path[:] = {sys.path!r}; from mediaprep.running.worker import serve; {life}"
        self._output, output = os.pipe()
        os.set_blocking(self._output, False)
        self._process = subprocess.Popen(
            [sys.executable, "-c", program],
            env={name: value for name, value in os.environ.items() if name.startswith(_INHERITED)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
        theirs.close()
        os.close(output)
        self._said = b""
        self._heard: list[Connection | int] = [self._link, self._output]

    def work(self, message: bytes, on_progress: Callable[[float], None]) -> tuple[str, Any]:
        """`done` and what the job returned, or `failed` and what it raised."""
        self.jobs += 1
        try:
            self._link.send_bytes(message)
        except OSError as error:
            raise self._lost() from error
        allowed = FIRST_DEADLINE
        deadline = time.monotonic() + allowed
        while (left := deadline - time.monotonic()) > 0:
            if self._output in wait(self._heard, min(left, _LONGEST_NAP)):
                self._listen()
            while self._link.poll():
                kind, value = self._receive()
                if kind == "allow":
                    allowed, deadline = value, time.monotonic() + value
                elif kind == "progress":
                    on_progress(value)
                else:
                    return kind, value
            if self.ended() and not self._link.poll():
                raise self._lost()
        raise TimeLimit(f"the work took longer than the {allowed:g} s it may and was given up; try a shorter file")

    def ended(self) -> bool:
        return self._process.poll() is not None

    def kill(self) -> None:
        """End the worker and what it started; on Linux the tools, in sessions of their own, end with it."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def retire(self) -> None:
        """Let the worker end by itself, as it does when nobody holds the other end of its link."""
        self._link.close()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.wait()
        os.close(self._output)

    def _receive(self) -> tuple[str, Any]:
        try:
            kind, value = pickle.loads(self._link.recv_bytes())  # noqa: S301 - both ends are this module
        except (EOFError, OSError) as error:
            raise self._lost() from error
        return kind, value

    def _listen(self) -> None:
        """Remember the end of what the worker prints, whether or not anybody will ask."""
        with suppress(BlockingIOError):
            data = os.read(self._output, 65536)
            self._said = (self._said + data)[-_KEPT_WORDS:]
            self._heard = [self._link, self._output] if data else [self._link]

    def _lost(self) -> ToolCrashed:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        self.kill()
        code = self._process.wait()
        self._listen()
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        *_, words = ["", *filter(None, map(str.strip, self._said.decode(errors="replace").splitlines()))]
        clean = "".join(c if c.isprintable() else " " for c in words)[:200]
        sentence = f"the process that worked on this file {how}; the file may be damaged, try it alone or make it anew"
        return ToolCrashed(f"{sentence} ({clean})" if clean else sentence)
