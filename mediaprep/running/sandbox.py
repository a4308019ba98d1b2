"""How a tool is confined, so that a hostile file which takes it over finds nothing to take.

Four levels; the strongest that works here is used, and every run tells which:

`bubblewrap`
    Namespaces of its own: the tool sees the system's libraries, its own binary, the work folder and the staged source;
    no network, no other process, no capability.
`landlock`
    The same reach into the file system, held by the kernel (Linux 5.13 or newer) without a package; no TCP from
    Linux 6.7, no signals and no abstract sockets to others from 6.12. UDP stays open.
`limits`
    Memory (Linux only), processor time, file size and core dumps; every file of the user can be read.
`time`
    A time limit and nothing else, where the system has no other (Windows).

Each level has the limits of those below it, and on Linux the tool ends with the thread that started it.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from mediaprep.running import system

if TYPE_CHECKING:
    from collections.abc import Sequence

_JOB = "/mediaprep"
"""The work folder's name inside bubblewrap."""
_TRIAL = 120.0
"""Seconds that the trial of bubblewrap may take: a busy machine must not fall back to a weaker level."""


class Bounds(Struct, frozen=True, kw_only=True):
    """What a tool may use: bytes of address space, bytes of its largest file, seconds of processor time."""

    memory: int
    file_size: int
    cpu: int


def level() -> str:
    """The strongest level that works here."""
    return levels()[0]


@functools.cache
def levels() -> tuple[str, ...]:
    """The levels that work here, strongest first."""
    works = {
        "bubblewrap": _bubblewrap_works(),
        "landlock": system.landlock_abi() >= 1,
        "limits": system.UNIX,
        "time": not system.UNIX,
    }
    return tuple(name for name in works if works[name])


def confine(
    command: Sequence[str], folder: Path, reads: Sequence[Path], bounds: Bounds, level: str | None = None
) -> list[str]:
    """What to start in `folder`, from a thread that outlives it, in place of `command`.

    `command` begins with an absolute path. The tool reaches `folder` (read and write) and `reads` (read): absolute
    paths as the tool comes upon them, for a staged link what it points to.
    """
    level = level or levels()[0]
    if level == "time":
        return [*command]
    program = Path(command[0]).resolve()
    libraries = [program.parent.parent / "lib"] if program.parent.name == "bin" else []
    visible = [program, *libraries, *reads]
    command = [str(program), *command[1:]]
    if level == "bubblewrap":
        command = [*_bubblewrap(folder, visible), *command]
    beneath = str(folder.resolve()) if level == "landlock" else ""
    limits = map(str, (os.getpid(), bounds.memory, bounds.file_size, bounds.cpu))
    return [sys.executable, "-I", "-S", system.__file__, *limits, beneath, *map(str, visible), "--", *command]


def exit_signal(code: int, level: str) -> int:
    """The signal that ended a tool, or 0; bubblewrap passes one on as a shell does, as 128 + signal."""
    if code < 0:
        return -code
    return code - 128 if level == "bubblewrap" and code - 128 in system.FATAL_SIGNALS else 0


def _bubblewrap(folder: Path, reads: Sequence[Path]) -> list[str]:
    """The command before the command. The tool is its process 1, so that its processor time is accounted for."""
    places = [(path, path) for path in system.PLACES] + [(str(path.resolve()), str(path)) for path in reads]
    return [
        *(shutil.which("bwrap") or "bwrap", "--unshare-all", "--as-pid-1", "--die-with-parent", "--cap-drop", "ALL"),
        *("--dev", "/dev", *(word for outside, inside in places for word in ("--ro-bind-try", outside, inside))),
        *("--bind", str(folder.resolve()), _JOB, "--chdir", _JOB, "--"),
    ]


def _bubblewrap_works() -> bool:
    """Tried with the smallest of programs: it is often installed where namespaces are forbidden."""
    if not system.LINUX or shutil.which("bwrap") is None:
        return False
    true = Path(shutil.which("true") or "").resolve()
    command = [*_bubblewrap(Path("/usr"), [true]), str(true)]
    try:
        return subprocess.run(command, check=False, capture_output=True, timeout=_TRIAL).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
