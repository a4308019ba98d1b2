"""Where a system has less than Linux: shown with what Unix alone has hidden from every process (`tests/elsewhere`)."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from mediaprep.running import system
from tests.processes import PATIENCE

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"


def elsewhere(*words: object, state: Path) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join(map(str, (ROOT / "tests" / "elsewhere", ROOT)))
    environment = {**os.environ, "PYTHONPATH": paths, "MEDIAPREP_STATE": str(state)}
    command = [sys.executable, *map(str, words)]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)


def records(done: subprocess.CompletedProcess[str]) -> list[dict[str, object]]:
    assert "Traceback" not in done.stderr, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_it_is_hidden_from_every_process(tmp_path: Path) -> None:
    script = """
        import os, sys, mediaprep
        from mediaprep.running import pool, sandbox, system
        look = "(sys := __import__('sys')).modules['fcntl'] is None and not hasattr(__import__('os'), 'wait4')"
        with pool.LocalWorkers(1) as workers:
            print(eval(look), workers.submit(eval, look).result(), system.UNIX, system.LINUX, *sandbox.levels())
    """
    done = elsewhere("-c", textwrap.dedent(script), state=tmp_path)
    assert (done.returncode, done.stdout) == (0, "True True False False time\n"), done.stderr


@pytest.mark.parametrize(
    ("target", "name", "action"),
    [
        ("image", "photo-gps-rotated.jpg", "encode"),
        ("video", "film-hevc.mp4", "encode"),
        ("video", "film.mov", "remux"),
        ("voice", "memo.wav", "encode"),
        ("animated_sticker", "ball-transparent.gif", "encode"),
    ],
)
def test_files_are_checked_and_converted(tmp_path: Path, target: str, name: str, action: str) -> None:
    (found,) = records(elsewhere("-m", "mediaprep", "check", SAMPLES / name, "--as", target, "--json", state=tmp_path))
    assert (found["status"], found["action"], found["error"]) == ("needs-work", action, None)
    convert = ("-m", "mediaprep", "convert", SAMPLES / name, "--as", target, "--into", tmp_path / "out", "--json")
    done = elsewhere(*convert, state=tmp_path)
    (made,) = records(done)
    assert (done.returncode, made["status"], made["action"]) == (0, "ready", action)
    assert [path.name for path in (tmp_path / "out").iterdir()] == [Path(str(made["path"])).name]
    (again,) = records(elsewhere(*convert, state=tmp_path))
    assert again == made, "it is remembered"


def test_a_file_is_published_once(tmp_path: Path) -> None:
    command = (
        "-m",
        "mediaprep",
        "publish",
        SAMPLES / "photo-ready.jpg",
        "--via",
        "engagelab",
        "--host",
        tmp_path / "www",
    )
    said = [
        records(elsewhere(*command, "--public-url", "https://cdn.example.com", "--no-try", "--json", state=tmp_path))[0]
        for _ in range(2)
    ]
    assert [one["uploaded"] for one in said] == [True, False]
    assert said[0]["reference"] == said[1]["reference"]


def test_the_limits_that_are_left_hold(tmp_path: Path) -> None:
    script = """
        import os, sys, time
        from pathlib import Path
        from mediaprep.errors import TimeLimit, ToolCrashed
        from mediaprep.running import pool, tools, worker
        folder = Path(sys.argv[1])
        picture = ["-v", "error", "-y", "-f", "lavfi", "-i", "testsrc=s=640x360"]
        try:
            tools.run([*picture, "-c:v", "mpeg4", "o.avi"], folder=folder, seconds=600, ceiling=("o.avi", 100_000))
        except tools.Overshoot as over:
            print("size", over.reached > 100_000)
        try:
            tools.run([*picture, "-f", "null", "-"], folder=folder, seconds=0.5)
        except TimeLimit:
            print("time")
        worker.FIRST_DEADLINE = 0.5
        with pool.LocalWorkers(1) as workers:
            for job in ((time.sleep, 600), (os._exit, 3)):
                try:
                    workers.submit(*job).result()
                except (TimeLimit, ToolCrashed) as error:
                    print(type(error).__name__)
    """
    done = elsewhere("-c", textwrap.dedent(script), tmp_path, state=tmp_path)
    assert done.stdout.split() == ["size", "True", "time", "TimeLimit", "ToolCrashed"], done.stderr


def test_doctor_says_what_is_left(tmp_path: Path) -> None:
    done = elsewhere("-m", "mediaprep", "doctor", state=tmp_path)
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "enforced: time;" in said
    for missing in (name for name in system.working_limits() if name != "time"):
        assert missing in said


@pytest.mark.parametrize("unix", [True, False])
def test_a_lock_has_one_holder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unix: bool) -> None:
    """Among the threads of a process too; and it ends with whoever held it."""
    monkeypatch.setattr(system, "UNIX", unix)

    def give_up() -> None:
        raise InterruptedError

    with system.locked(tmp_path / "lock", give_up):
        with pytest.raises(InterruptedError), system.locked(tmp_path / "lock", give_up):
            pass
        with system.locked(tmp_path / "another", give_up):
            pass
    with system.locked(tmp_path / "lock", give_up):
        assert (tmp_path / "lock").read_bytes() == b""


@pytest.mark.parametrize("unix", [True, False])
def test_a_lock_ends_with_its_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unix: bool) -> None:
    monkeypatch.setattr(system, "UNIX", unix)
    script = f"""
        import time
        from mediaprep.running import system
        system.UNIX = {unix}
        with system.locked({str(tmp_path / "lock")!r}, lambda: None):
            print("held", flush=True)
            time.sleep(1000)
    """
    seen: list[str] = []
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], cwd=ROOT, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"

        def wait() -> None:
            seen.append("held")
            other.kill()
            other.wait()

        with system.locked(tmp_path / "lock", wait):
            assert seen


def test_a_file_is_known_under_another_name_by_what_the_system_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"bytes")

    def refused(*_: object) -> None:
        raise PermissionError(1, "A required privilege is not held by the client")

    found = []
    for number, missing in enumerate((None, "symlink", "link")):
        if missing:
            monkeypatch.setattr(os, missing, refused)
        link = tmp_path / f"{number}"
        system.point(link, source)
        assert link.read_bytes() == b"bytes"
        found.append((link.is_symlink(), link.stat().st_ino == source.stat().st_ino))
    assert found == [(True, True), (False, True), (False, False)]


def test_what_one_system_alone_has_is_named_in_one_module() -> None:
    names = (
        *(
            "fcntl",
            "resource",
            "msvcrt",
            "selectors",
            "killpg",
            "wait4",
            "sched_getaffinity",
            "effective_ids",
            "geteuid",
        ),
        *("pass_fds", "preexec_fn", "SIGKILL", "prctl", "O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "set_blocking"),
        *("mkfifo", "socketpair"),
    )
    pattern = re.compile(
        rf"\b(import (fcntl|resource|msvcrt|selectors)\b|(os|signal|socket)\.({'|'.join(names)})|pass_fds=)"
    )
    pattern_of_calls = re.compile(r"\bos\.(symlink|link|getuid|kill|getpgid|setsid|fork|fsync\(\w*folder)\b|ctypes")
    for path in (ROOT / "mediaprep").rglob("*.py"):
        if path != Path(system.__file__):
            text = path.read_text()
            assert not pattern.search(text) and not pattern_of_calls.search(text), path


def test_every_limit_is_there_on_linux() -> None:
    assert all(system.working_limits().values())
    with contextlib.suppress(ProcessLookupError):
        assert system.is_alive(os.getpid())
    assert not system.is_alive(2**22 + 1)
