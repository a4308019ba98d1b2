"""One worker: a process that does one job after another, and the protocol between it and its supervisor.

It is started by command and not by `multiprocessing`, so that a script without `if __name__ == "__main__"` works.
Messages are pickles, each behind its length, over the worker's standard input and output, which every system has;
both ends are this module. Whatever a job prints goes elsewhere.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

from mediaprep.errors import MediaprepError, TimeLimit, ToolCrashed
from mediaprep.running import system

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

START_DEADLINE = 600.0
"""Seconds that a worker may take to start. It does nothing but import: only a very busy machine takes long."""
FIRST_DEADLINE = 120.0
"""Seconds a job may take, from when its worker is ready, before it has asked for more by `allow_time`."""

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
_PROGRESS_PERIOD = 0.1
_READY = b"\0a worker of mediaprep is ready\0"
"""What the supervisor waits for; whatever Python or its site packages printed before is skipped."""
_LENGTH = 8  # bytes
_LAST_WORDS = 10.0
"""Seconds to wait for the end of what a worker said that has ended: somebody it started may still hold the pipe."""


class _Upstream:
    """A job's way to its supervisor; there is none outside a worker."""

    def __init__(self) -> None:
        self.pipe: IO[bytes] | None = None
        self.next_progress = 0.0
        self._lock = threading.Lock()

    def send(self, kind: str, value: float) -> None:
        self.answer(pickle.dumps((kind, value)))

    def answer(self, message: bytes) -> None:
        if self.pipe is not None:
            with self._lock:
                _send(self.pipe, message)


_upstream = _Upstream()


def allow_time(seconds: float) -> None:
    """From inside a job: it may take `seconds` from now on. Does nothing elsewhere."""
    _upstream.send("allow", seconds)


def progress(share: float) -> None:
    """From inside a job: the share done, 0 to 1, passed on ten times a second at most. Does nothing elsewhere."""
    if share >= 1 or time.monotonic() >= _upstream.next_progress:
        _upstream.next_progress = time.monotonic() + _PROGRESS_PERIOD
        _upstream.send("progress", share)


def serve(*, parent: int, memory: int) -> None:
    """The life of a worker: one job after another, until its standard input ends."""
    system.die_with(parent)
    system.limit_worker(memory)
    jobs, _upstream.pipe = os.fdopen(os.dup(0), "rb", 0), os.fdopen(os.dup(1), "wb", 0)
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - a worker starts light
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    with suppress(OSError):  # the supervisor is gone, and nobody asks any more
        _upstream.pipe.write(_READY)
        for message in _messages(jobs):
            _upstream.next_progress = 0.0
            _upstream.answer(_outcome(message, memory))


def _send(pipe: IO[bytes], message: bytes) -> None:
    rest = memoryview(len(message).to_bytes(_LENGTH, "big") + message)
    while rest:
        rest = rest[pipe.write(rest) :]


def _messages(pipe: IO[bytes]) -> Iterator[bytes]:
    """Every whole message, until the other side is gone."""
    while len(length := _read(pipe, _LENGTH)) == _LENGTH:
        size = int.from_bytes(length, "big")
        if len(message := _read(pipe, size)) < size:
            return
        yield message


def _read(pipe: IO[bytes], size: int) -> bytes:
    """That many bytes, or fewer where the pipe ends. No buffered file: its lock hangs an interpreter that ends."""
    parts = []
    while size and (part := pipe.read(min(size, 1 << 20))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


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
        life = f"serve(parent={os.getpid()}, memory={memory})"
        program = f"import sys; sys.path[:] = {sys.path!r}; from mediaprep.running.worker import serve; {life}"
        self._process = subprocess.Popen(
            [sys.executable, "-c", program],
            env={name: value for name, value in os.environ.items() if name.startswith(_INHERITED)}
            | system.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
        assert self._process.stdin and self._process.stdout and self._process.stderr
        self._input = self._process.stdin
        self._said = b""
        self._heard: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._ready = False
        self._ears = [
            threading.Thread(target=hear, args=(pipe,), name="mediaprep-ear", daemon=True)
            for hear, pipe in ((self._hear, self._process.stdout), (self._listen, self._process.stderr))
        ]
        for ear in self._ears:
            ear.start()

    def work(self, message: bytes, on_progress: Callable[[float], None]) -> tuple[str, Any]:
        """`done` and what the job returned, or `failed` and what it raised."""
        self.jobs += 1
        if not self._ready:
            self._next(
                time.monotonic() + START_DEADLINE, f"the worker process did not start within {START_DEADLINE:g} s"
            )
            self._ready = True
        try:
            _send(self._input, message)
        except OSError as error:
            raise self._lost() from error
        allowed = FIRST_DEADLINE
        deadline = time.monotonic() + allowed
        while True:
            answer = self._next(deadline, f"processing took longer than the time limit of {allowed:g} s")
            kind, value = pickle.loads(answer)  # noqa: S301 - both ends are this module
            if kind == "allow":
                allowed, deadline = value, time.monotonic() + value
            elif kind == "progress":
                on_progress(value)
            else:
                return kind, value

    def ended(self) -> bool:
        return self._process.poll() is not None

    def kill(self) -> None:
        """End the worker and what it started; on Linux the tools, in sessions of their own, end with it."""
        system.kill_session(self._process)

    def retire(self) -> None:
        """Let the worker end by itself, as it does when its input ends."""
        with suppress(OSError):
            self._input.close()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.wait()
        for ear in self._ears:
            ear.join(_LAST_WORDS)

    def _next(self, deadline: float, too_late: str) -> bytes:
        """The next that is heard of the worker."""
        try:
            answer = self._heard.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise TimeLimit(f"{too_late}; try a shorter file, or run again when the machine is less busy") from None
        if answer is None:
            raise self._lost()
        return answer

    def _hear(self, pipe: IO[bytes]) -> None:
        """Pass every message on: first an empty one when the worker is ready, at last None."""
        with pipe:
            before = b""
            while not before.endswith(_READY) and (part := pipe.read(1)):
                before = (before + part)[-len(_READY) :]
            if before.endswith(_READY):
                self._heard.put(b"")
                for message in _messages(pipe):
                    self._heard.put(message)
        self._heard.put(None)

    def _listen(self, pipe: IO[bytes]) -> None:
        """Remember the end of what the worker prints, whether or not anybody will ask."""
        with pipe:
            while part := pipe.read(65536):
                self._said = (self._said + part)[-_KEPT_WORDS:]

    def _lost(self) -> ToolCrashed:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        self.kill()
        code = self._process.wait()
        self._ears[1].join(_LAST_WORDS)
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        *_, words = ["", *filter(None, map(str.strip, self._said.decode(errors="replace").splitlines()))]
        clean = "".join(c if c.isprintable() else " " for c in words)[:200]
        sentence = (
            f"the process that worked on this file {how}; the file may be damaged: process it alone, or export it again"
        )
        return ToolCrashed(f"{sentence} ({clean})" if clean else sentence)
