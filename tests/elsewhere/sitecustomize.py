"""A Python without what Unix alone has, for as much of it as the standard library can do without on Unix.

Found by Python itself in each process whose `PYTHONPATH` begins with this folder: in workers as well. What goes is what
Windows does not have, and what Windows does otherwise is refused or done as there.
"""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from typing import Any

MODULES = ("fcntl", "grp", "pty", "pwd", "resource", "termios", "tty")
FUNCTIONS = (
    *("fork", "forkpty", "getloadavg", "getpgid", "killpg", "mkfifo", "nice"),
    *("sched_getaffinity", "setpgid", "setsid", "wait3", "wait4", "waitid", "pread", "statvfs", "fchmod"),
)
FLAGS = ("O_CLOEXEC", "O_DIRECTORY", "O_NOCTTY", "O_NOFOLLOW", "O_NONBLOCK", "O_PATH", "O_SYNC", "O_TMPFILE")

_open_process, _access, _kill = subprocess.Popen.__init__, os.access, os.kill


def _popen(self: Any, *arguments: Any, **named: Any) -> None:
    for name in ("pass_fds", "preexec_fn"):
        if named.get(name):
            raise ValueError(f"{name} not supported on Windows platforms")
    _open_process(self, *arguments, **named)


def access(path: Any, mode: int, *, effective_ids: bool = False, **more: Any) -> bool:
    if effective_ids:
        raise NotImplementedError("access: effective_ids unavailable on this platform")
    return _access(path, mode, **more)


def kill(pid: int, number: int) -> None:
    assert number, "on Windows, 0 is Ctrl-C"
    _kill(pid, number)


def symlink(*_: object, **__: object) -> None:
    raise OSError(errno.EPERM, "A required privilege is not held by the client")


for name in MODULES:
    sys.modules[name] = None  # type: ignore[assignment]
for name in (*FUNCTIONS, *FLAGS):
    if hasattr(os, name):
        delattr(os, name)
del socket.AF_UNIX
for capabilities in (os.supports_dir_fd, os.supports_effective_ids, os.supports_fd):
    capabilities.clear()
subprocess.Popen.__init__ = _popen  # type: ignore[method-assign]
os.access, os.kill, os.symlink = access, kill, symlink
