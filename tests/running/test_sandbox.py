"""Each promise of each level that works here, kept by the real ffmpeg."""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from mediaprep.running import sandbox, system, tools
from tests.processes import PATIENCE

BOUNDS = sandbox.Bounds(memory=4 << 30, file_size=50_000_000, cpu=20)
LEVELS = sandbox.levels()
CONFINING = [level for level in LEVELS if level != "limits"]
QUIET = ("-hide_banner", "-nostdin", "-y", "-v", "error")
TONE = ("-f", "lavfi", "-i", "sine=d=0.2")


def confined(
    folder: Path, *arguments: str, level: str, reads: tuple[Path, ...] = (), bounds: sandbox.Bounds = BOUNDS
) -> subprocess.CompletedProcess[bytes]:
    command = sandbox.confine([tools.ffmpeg().path, *QUIET, *arguments], folder, reads, bounds, level)
    return subprocess.run(command, cwd=folder, env={}, capture_output=True, timeout=PATIENCE, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "job").mkdir()
    return tmp_path / "job"


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """A sound that belongs to somebody else."""
    path = tmp_path / "elsewhere" / "canary.wav"
    path.parent.mkdir()
    subprocess.run([tools.ffmpeg().path, *QUIET, *TONE, path], check=True)
    return path


def test_the_strongest_level_is_taken() -> None:
    assert sandbox.level() == LEVELS[0]
    assert LEVELS[-1] == "limits"


@pytest.mark.parametrize("level", LEVELS)
def test_works_in_its_folder(folder: Path, level: str) -> None:
    assert confined(folder, *TONE, "tone.wav", level=level).returncode == 0
    assert confined(folder, "-i", "file:tone.wav", "tone.flac", level=level).returncode == 0
    assert (folder / "tone.flac").stat().st_size > 100


@pytest.mark.parametrize("level", LEVELS)
def test_reads_what_a_staged_link_points_to(folder: Path, canary: Path, level: str) -> None:
    (folder / "input").symlink_to(canary)
    made = confined(folder, "-f", "wav", "-i", "file:input", "tone.flac", level=level, reads=(canary,))
    assert made.returncode == 0, made.stderr


@pytest.mark.parametrize("level", CONFINING)
def test_cannot_read_elsewhere(folder: Path, canary: Path, level: str) -> None:
    (folder / "input").write_text(f"ffconcat version 1.0\nfile '{canary}'\n")
    reading = ("-f", "concat", "-safe", "0", "-i", "file:input", "stolen.wav")
    assert confined(folder, *reading, level="limits").returncode == 0, "the attack works where nothing stops it"
    (folder / "stolen.wav").unlink()
    refused = confined(folder, *reading, level=level)
    assert refused.returncode != 0
    assert not (folder / "stolen.wav").exists()
    assert confined(folder, "-f", "wav", "-i", f"file:{canary}", "stolen.wav", level=level).returncode != 0
    (folder / "link").symlink_to(canary)
    assert confined(folder, "-f", "wav", "-i", "file:link", "stolen.wav", level=level).returncode != 0


@pytest.mark.parametrize("level", CONFINING)
def test_cannot_write_elsewhere(folder: Path, canary: Path, level: str) -> None:
    before = canary.read_bytes()
    assert confined(folder, *TONE, str(canary), level=level).returncode != 0
    assert confined(folder, *TONE, str(canary.parent / "new.wav"), level=level).returncode != 0
    assert canary.read_bytes() == before
    assert [*canary.parent.iterdir()] == [canary]


def test_landlock_lets_no_link_be_made(folder: Path, canary: Path) -> None:
    """A link made by a tool that was taken over would show the next tool another file as its source."""
    link = f"import os; os.symlink({str(canary)!r}, 'input')"
    python = [str(Path(sys.executable).resolve()), "-I", "-S", "-c", link]
    for level in {"landlock"} & {*LEVELS}:
        command = sandbox.confine(python, folder, [Path(sys.base_prefix)], BOUNDS, level)
        ended = subprocess.run(command, cwd=folder, capture_output=True, check=False)
        assert b"PermissionError" in ended.stderr
        assert not (folder / "input").is_symlink()


@pytest.mark.parametrize("level", LEVELS)
def test_reaches_a_server_only_where_nothing_confines_it(folder: Path, level: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        confined(folder, "-rw_timeout", "200000", "-i", f"http://127.0.0.1:{port}/film.mp4", "film.wav", level=level)
        server.setblocking(False)
        with nullcontext() if level == "limits" else pytest.raises(BlockingIOError):
            server.accept()[0].close()


@pytest.mark.parametrize("level", LEVELS)
def test_limits_hold(folder: Path, level: str) -> None:
    small = sandbox.Bounds(memory=4 << 30, file_size=5000, cpu=20)
    confined(folder, *TONE, "tone.wav", level=level, bounds=small)
    assert (folder / "tone.wav").stat().st_size == 5000
    hungry = ("-f", "lavfi", "-i", "testsrc=s=8000x4000:d=1", "-c:v", "libx264", "film.mp4")
    narrow = sandbox.Bounds(memory=400 << 20, file_size=50_000_000, cpu=20)
    assert confined(folder, *hungry, level=level, bounds=narrow).returncode != 0
    brief = sandbox.Bounds(memory=4 << 30, file_size=50_000_000, cpu=1)
    endless = confined(folder, "-f", "lavfi", "-i", "testsrc=s=1920x1080", "-f", "null", "-", level=level, bounds=brief)
    assert sandbox.exit_signal(endless.returncode, level) == 9


def test_a_signal_behind_bubblewrap_is_told_from_an_exit_code() -> None:
    assert sandbox.exit_signal(-11, "limits") == 11
    assert sandbox.exit_signal(139, "bubblewrap") == 11
    assert sandbox.exit_signal(139, "landlock") == 0
    invalid_data = 183
    assert sandbox.exit_signal(invalid_data, "bubblewrap") == 0


def test_without_bubblewrap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "bubblewrap" not in sandbox.levels.__wrapped__()


def test_what_cannot_start_says_so_in_a_line(folder: Path) -> None:
    command = sandbox.confine(["/nonexistent/ffmpeg"], folder, [], BOUNDS, "limits")
    ended = subprocess.run(command, capture_output=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith(b"the tool cannot be confined and started: ")
    assert ended.stderr.count(b"\n") == 1


def test_the_launcher_needs_the_standard_library_alone() -> None:
    bare = subprocess.run([sys.executable, "-I", "-S", system.__file__], capture_output=True, check=False)
    assert b"ImportError" not in bare.stderr
    assert b"ModuleNotFoundError" not in bare.stderr
