"""Where work runs: supervised local processes behind the standard `concurrent.futures.Executor`.

One job's crash, hang or memory explosion ends that job alone; the standard `ProcessPoolExecutor` loses every job after
one crash. Each worker has a supervisor, a thread of the calling process: it starts the worker, hands it one job at a
time, keeps the deadline and answers for it. A worker ends with the process that started it, and its tools with the
worker (see `system.die_with`; elsewhere than on Linux, once they finish what they are at).
"""

from __future__ import annotations

import pickle
import queue
import threading
from concurrent.futures import CancelledError, Executor, Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from msgspec import Struct

from mediaprep.errors import ToolCrashed
from mediaprep.running.system import cores
from mediaprep.running.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

P = ParamSpec("P")
T = TypeVar("T")

__all__ = ["JOBS_PER_WORKER", "MEMORY", "LocalWorkers"]

MEMORY = 4 << 30
"""Address space of a worker in bytes (Linux); the tools it starts have limits of their own."""
JOBS_PER_WORKER = 200
"""What leaks in a decoder is given back by a fresh process now and then."""


class LocalWorkers(Executor):
    """Runs jobs in up to `workers` processes, by default one for each core that this process may use.

    `on_progress` hears a job's future and the share done, in the supervisor's thread; what it raises fails the job.
    A future gets what the job returned or raised, or `ToolCrashed` or `TimeLimit` where its process was lost.
    `shutdown(cancel_futures=True)`, and leaving the context by an exception such as Ctrl-C, kill what still runs.
    Work that nobody waits for ends with the interpreter.
    """

    def __init__(
        self,
        workers: int | None = None,
        *,
        on_progress: Callable[[Future[Any], float], None] | None = None,
        memory: int = MEMORY,
        jobs_per_worker: int = JOBS_PER_WORKER,
    ) -> None:
        self._most = workers or cores()
        self._on_progress = on_progress or _unheard
        self._memory = memory
        self._jobs_per_worker = jobs_per_worker
        self._jobs: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._supervisors: list[_Supervisor] = []
        self._lock = threading.Lock()
        self._closed = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        with self._lock:
            if self._closed:
                raise RuntimeError("these workers were shut down; start new ones for more jobs")
            self._jobs.put(_Task(future, fn, args, kwargs))
            if not self._idle.acquire(blocking=False) and len(self._supervisors) < self._most:
                supervisor = _Supervisor(self._jobs, self._idle, self._on_progress, self._memory, self._jobs_per_worker)
                self._supervisors.append(supervisor)
                supervisor.start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        with self._lock:
            self._closed = True
        if cancel_futures:
            with suppress(queue.Empty):
                while True:
                    if (job := self._jobs.get_nowait()) and job.future.cancel():
                        job.future.set_running_or_notify_cancel()
        for supervisor in self._supervisors:
            self._jobs.put(None)
            if cancel_futures:
                supervisor.cancel()
        if wait:
            for supervisor in self._supervisors:
                supervisor.join()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.shutdown(cancel_futures=kind is not None)


def _unheard(_future: Future[Any], _share: float) -> None:
    """Nobody asked to hear of progress."""


class _Task(Struct, frozen=True):
    future: Future[Any]
    fn: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


class _Supervisor(threading.Thread):
    """Takes jobs off the queue and answers for each, with one worker at a time."""

    def __init__(
        self,
        jobs: queue.SimpleQueue[_Task | None],
        idle: threading.Semaphore,
        on_progress: Callable[[Future[Any], float], None],
        memory: int,
        jobs_per_worker: int,
    ) -> None:
        super().__init__(name="mediaprep-supervisor", daemon=True)
        self._jobs = jobs
        self._idle = idle
        self._on_progress = on_progress
        self._memory = memory
        self._jobs_per_worker = jobs_per_worker
        self._worker: Worker | None = None
        self._cancelled = False

    def run(self) -> None:
        while job := self._next():
            if job.future.set_running_or_notify_cancel():
                try:
                    result = self._work(job)
                except BaseException as error:  # noqa: BLE001 - whatever it is, it is the answer to this job
                    job.future.set_exception(error)
                else:
                    job.future.set_result(result)
            del job
        self._let_go()

    def cancel(self) -> None:
        """Kill the worker, from another thread."""
        self._cancelled = True
        if (worker := self._worker) is not None:
            worker.kill()

    def _next(self) -> _Task | None:
        try:
            return self._jobs.get_nowait()
        except queue.Empty:
            self._idle.release()
            return self._jobs.get()

    def _work(self, job: _Task) -> Any:
        message = pickle.dumps((job.fn, job.args, job.kwargs))
        if self._worker is not None and (self._worker.jobs >= self._jobs_per_worker or self._worker.ended()):
            self._let_go()
        worker = self._worker = self._worker or Worker(self._memory)
        try:
            # `cancel` sets the flag before it looks for a worker, so one of the two sees the other.
            if self._cancelled:
                raise CancelledError
            outcome, value = worker.work(message, lambda share: self._on_progress(job.future, share))
        except BaseException:
            worker.kill()
            self._let_go()
            if self._cancelled:
                raise CancelledError from None
            raise
        if outcome == "failed":
            if isinstance(value, ToolCrashed):
                # Out of memory, or something died in it: what it left behind is nobody's to inherit.
                self._let_go()
            raise value
        return value

    def _let_go(self) -> None:
        if (worker := self._worker) is not None:
            self._worker = None
            worker.retire()
