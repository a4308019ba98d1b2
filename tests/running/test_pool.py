"""Each promise of the workers, kept by real processes that crash, hang, swell and are killed."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import CancelledError, Future, as_completed, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from mediaprep.errors import MediaprepError, TimeLimit, ToolCrashed, UnknownType
from mediaprep.running import tools, worker
from mediaprep.running.pool import LocalWorkers
from mediaprep.running.tools import Overshoot
from tests.clocks import Steps
from tests.processes import PATIENCE, running, soon

if TYPE_CHECKING:
    from collections.abc import Iterator


def endless(mark: str) -> list[str]:
    """A film without end, in real time, with `mark` on the command line."""
    reading = ["-nostdin", "-v", "error", "-re", "-f", "lavfi", "-i", "testsrc"]
    return [*reading, "-metadata", f"comment={mark}", "-f", "null", "-"]


def double(number: int) -> int:
    return 2 * number


def end_by(number: int) -> None:
    os.kill(os.getpid(), number)


def read_nowhere() -> None:
    ctypes.string_at(0)


def hang(seconds: float | None = None) -> None:
    if seconds is not None:
        worker.allow_time(seconds)
    while True:
        pass


def sleep(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def ask_for_time(times: int, seconds: float) -> str:
    for _ in range(times):
        worker.allow_time(seconds)
    return "done"


def meet(folder: Path, mine: str, theirs: str) -> bool:
    worker.allow_time(PATIENCE)
    (folder / mine).touch()
    return soon((folder / theirs).exists)


def swell() -> int:
    return len(bytearray(8 << 30))


def babble() -> str:
    sys.stdout.write("{" * 300_000)
    os.write(1, b"\x00\x00\x00\x04junk")
    os.write(2, b"more" * 50_000)
    return "clear"


def babble_for_ever() -> None:
    worker.allow_time(0.5)
    while True:
        os.write(1, b"x" * 65536)


def tell_and_hang() -> None:
    worker.progress(0)
    hang(10 * PATIENCE)


def refuse() -> None:
    raise UnknownType("no known type; look at the file")


def overshoot() -> None:
    raise Overshoot(7)


class Stubborn(Exception):
    """Cannot be made from its own words."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")


def be_stubborn() -> None:
    raise Stubborn(1, 2)


def give_a_lock() -> Any:
    return sys.stdout


def tell_progress() -> None:
    with mock.patch.object(worker, "time", Steps(0.01)):
        for step in range(1000):
            worker.progress(step / 1000)
        worker.progress(1)


def convert_for_ever(folder: Path, mark: str) -> None:
    tools.run(endless(mark), folder=folder, seconds=10 * PATIENCE)


def surroundings() -> tuple[dict[str, str], list[str]]:
    return dict(os.environ), sys.path


@pytest.fixture(scope="module")
def pool() -> Iterator[LocalWorkers]:
    with LocalWorkers(2) as pool:
        yield pool


@pytest.fixture(autouse=True)
def others_go_on(pool: LocalWorkers) -> Iterator[None]:
    """Whatever a test does to one job, those before, beside and after it are answered."""
    beside = [pool.submit(double, number) for number in range(3)]
    yield
    assert [future.result(PATIENCE) for future in beside] == [0, 2, 4]
    assert pool.submit(double, 21).result(PATIENCE) == 42


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_a_crash_ends_one_job(pool: LocalWorkers, number: signal.Signals) -> None:
    with pytest.raises(ToolCrashed, match=f"ended by {number.name}; the file may be damaged"):
        pool.submit(end_by, number).result(PATIENCE)


def test_a_real_segmentation_fault_ends_one_job(pool: LocalWorkers) -> None:
    with pytest.raises(ToolCrashed, match="SIGSEGV"):
        pool.submit(read_nowhere).result(PATIENCE)


def test_an_exit_ends_one_job(pool: LocalWorkers) -> None:
    with pytest.raises(ToolCrashed, match="ended with exit code 3"):
        pool.submit(os._exit, 3).result(PATIENCE)
    with pytest.raises(ToolCrashed, match=r"ended with exit code 1.*\(so long\)"):
        pool.submit(sys.exit, "so long").result(PATIENCE)


def test_a_deadline_ends_one_job(pool: LocalWorkers) -> None:
    with pytest.raises(TimeLimit, match=r"limit of 0\.5 s"):
        pool.submit(hang, 0.5).result(PATIENCE)


def test_a_job_may_ask_for_time_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each time it gets all of what it asks for, from then on: together more than any of it alone."""
    clock = Steps(100)
    monkeypatch.setattr("mediaprep.running.worker.time", clock)
    monkeypatch.setattr("mediaprep.running.worker.FIRST_DEADLINE", PATIENCE)
    with LocalWorkers(1) as pool:
        assert pool.submit(ask_for_time, 9, PATIENCE).result(PATIENCE) == "done"
    assert clock.now > 2 * PATIENCE


def test_the_first_deadline_holds_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mediaprep.running.worker.FIRST_DEADLINE", 0.5)
    with LocalWorkers(1) as pool, pytest.raises(TimeLimit):
        pool.submit(hang).result(PATIENCE)


def test_too_much_memory_ends_one_job(pool: LocalWorkers) -> None:
    with pytest.raises(ToolCrashed, match="more than 4 GiB of memory"):
        pool.submit(swell).result(PATIENCE)


def test_a_tool_may_have_more_memory_than_its_worker(tmp_path: Path) -> None:
    arguments = ["-v", "error", "-f", "lavfi", "-i", "testsrc=d=0.1:s=1920x1080", "-c:v", "libx264", "o.mp4"]
    with LocalWorkers(1, memory=400 << 20) as pool:
        assert pool.submit(tools.run, arguments, folder=tmp_path, seconds=PATIENCE).result(PATIENCE).cpu > 0


def test_prints_do_no_harm(pool: LocalWorkers, capfd: pytest.CaptureFixture[str]) -> None:
    assert pool.submit(babble).result(PATIENCE) == "clear"
    with pytest.raises(TimeLimit):
        pool.submit(babble_for_ever).result(PATIENCE)
    assert capfd.readouterr() == ("", "")


def test_exceptions_travel_as_they_are(pool: LocalWorkers) -> None:
    with pytest.raises(UnknownType) as caught:
        pool.submit(refuse).result(PATIENCE)
    assert str(caught.value) == "no known type; look at the file"
    assert caught.value.__cause__ is None
    with pytest.raises(Overshoot) as over:
        pool.submit(overshoot).result(PATIENCE)
    assert over.value.reached == 7


def test_what_cannot_travel_is_told(pool: LocalWorkers) -> None:
    with pytest.raises(MediaprepError, match="Stubborn: 1 and 2"):
        pool.submit(be_stubborn).result(PATIENCE)
    with pytest.raises(TypeError, match="pickle"):
        pool.submit(give_a_lock).result(PATIENCE)
    with pytest.raises(Exception, match=r"pickle|local object"):
        pool.submit(lambda: None).result(PATIENCE)


def test_progress_reaches_the_parent() -> None:
    heard: list[tuple[Future[Any], float]] = []
    with LocalWorkers(1, on_progress=lambda future, share: heard.append((future, share))) as pool:
        future = pool.submit(tell_progress)
        future.result(PATIENCE)
    assert {who for who, _ in heard} == {future}
    assert [share for _, share in heard][-1] == 1
    assert 80 <= len(heard) <= 120, "once in 0.1 s; the rest was held back"


def test_progress_that_cannot_be_told_fails_its_job() -> None:
    def raises(_future: Future[Any], _share: float) -> None:
        raise OSError("the terminal is gone")

    with LocalWorkers(1, on_progress=raises) as pool:
        with pytest.raises(OSError, match="the terminal is gone"):
            pool.submit(tell_progress).result(PATIENCE)
        assert pool.submit(double, 1).result(PATIENCE) == 2


def test_outside_a_worker_nothing_is_told() -> None:
    worker.allow_time(1)
    worker.progress(0.5)


def test_many_tiny_jobs_are_all_answered() -> None:
    with LocalWorkers(2, jobs_per_worker=1000) as pool:
        futures = [pool.submit(double, number) for number in range(200)]
        assert sorted(future.result() for future in as_completed(futures)) == [*range(0, 400, 2)]


def test_both_are_busy_at_once(tmp_path: Path) -> None:
    with LocalWorkers(2) as pool:
        one, two = pool.submit(meet, tmp_path, "a", "b"), pool.submit(meet, tmp_path, "b", "a")
        assert one.result(PATIENCE) and two.result(PATIENCE)


def test_a_worker_is_renewed_after_its_jobs() -> None:
    with LocalWorkers(1, jobs_per_worker=3) as pool:
        pids = list(pool.map(sleep, [0] * 7))
    assert [pids.count(pid) for pid in dict.fromkeys(pids)] == [3, 3, 1]


def test_workers_start_when_they_are_needed() -> None:
    with LocalWorkers(8) as pool:
        assert len({pool.submit(sleep, 0).result(PATIENCE) for _ in range(5)}) <= 2


def test_a_worker_that_died_idle_is_replaced() -> None:
    with LocalWorkers(1) as pool:
        first = pool.submit(sleep, 0).result(PATIENCE)
        os.kill(first, signal.SIGKILL)
        assert soon(lambda: " Z " in Path(f"/proc/{first}/stat").read_text())
        assert pool.submit(sleep, 0).result(PATIENCE) != first


def test_no_process_is_left() -> None:
    with LocalWorkers(2) as pool:
        pids = {future.result(PATIENCE) for future in [pool.submit(sleep, 0.1) for _ in range(4)]}
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
    with pytest.raises(RuntimeError, match="shut down"):
        pool.submit(double, 1)


def test_a_cancelled_pool_ends_at_once() -> None:
    at_work: set[Future[Any]] = set()
    pool = LocalWorkers(2, on_progress=lambda future, _: at_work.add(future))
    futures = [pool.submit(tell_and_hang) for _ in range(5)]
    assert soon(lambda: len(at_work) == 2)
    pool.shutdown(cancel_futures=True)
    assert wait(futures, 0).not_done == set()
    for future in futures:
        with pytest.raises(CancelledError):
            future.result()


def test_an_interrupt_in_the_parent_ends_all_at_once() -> None:
    futures: list[Future[None]] = []

    def interrupted() -> None:
        with LocalWorkers(2) as pool:
            futures.extend(pool.submit(hang, 10 * PATIENCE) for _ in range(4))
            assert soon(futures[0].running)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert all(future.done() for future in futures)


def test_a_tool_ends_with_its_worker(tmp_path: Path) -> None:
    mark = str(tmp_path / "mark")
    killed = LocalWorkers(1)
    future = killed.submit(convert_for_ever, tmp_path, mark)
    assert soon(lambda: running(mark))
    killed.shutdown(cancel_futures=True)
    assert future.done()
    assert soon(lambda: not running(mark))


SCRIPT = """
import sys, time
from pathlib import Path
from mediaprep.running import tools, pool
pool = pool.LocalWorkers(2)
pool.submit(tools.run, sys.argv[1:], folder=Path.cwd(), seconds=1000)
pids = [pool.submit(__import__("os").getpid).result()]
print(*pids, flush=True)
time.sleep(1000)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_all_end_with_the_parent(number: signal.Signals, tmp_path: Path) -> None:
    """A script without `if __name__ == "__main__"`, busy and idle workers, a tool: none survives it."""
    mark = str(tmp_path / "mark")
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), *endless(mark)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, cwd=tmp_path
    ) as parent:
        assert parent.stdout is not None
        idle = int(parent.stdout.readline())
        assert soon(lambda: running(mark))
        parent.send_signal(number)
    assert soon(lambda: not running(mark) and not Path(f"/proc/{idle}").exists())


def test_credentials_stay_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WASSENGER_TOKEN", "secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("MEDIAPREP_STATE", "kept")
    with LocalWorkers(1) as pool:
        environment, path = pool.submit(surroundings).result(PATIENCE)
    assert "secret" not in environment.values()
    assert environment["MEDIAPREP_STATE"] == "kept"
    assert path == sys.path


def test_a_worker_starts_light() -> None:
    with LocalWorkers(1) as pool:
        code = "set(__import__('sys').modules) & {'PIL', 'av', 'ffmpeg', 'httpx', 'numpy', 'pydub', 'rich', 'click'}"
        assert pool.submit(eval, code).result(PATIENCE) == set()


def test_a_worker_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path), *(entry for entry in sys.path if "site-packages" not in entry)])
    (tmp_path / "msgspec.py").write_text("raise ImportError('no such luck')")
    (tmp_path / "mediaprep" / "running").mkdir(parents=True)
    (tmp_path / "mediaprep" / "running" / "worker.py").write_text("raise ImportError('no such luck')")
    (tmp_path / "mediaprep" / "__init__.py").touch()
    (tmp_path / "mediaprep" / "running" / "__init__.py").touch()
    with LocalWorkers(1) as pool, pytest.raises(ToolCrashed, match=r"ended with exit code 1.*no such luck"):
        pool.submit(double, 1).result(PATIENCE)
