"""What differs between operating systems, and no other module knows it.

Unix (Linux, macOS) has `fcntl`, `resource` and process groups; Linux alone has Landlock, an address space that can be
limited, and processes that end with their parent. Windows has none of these: what is asked for here is then done by
other means, or left out, and `working_limits` says what was left out.

This file is also the last step before a tool: run as a program, it gives up what the tool must not have, then becomes
it. It is started by `sandbox` in a bare interpreter, which takes about ten milliseconds, and not as a `preexec_fn`:
that forks a process which may have threads, and can hang in the child (from Python 3.12 on it warns). Nothing but
the standard library may be imported here.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import signal
import sys

try:
    import fcntl
    import resource

    UNIX = True
except ImportError:
    UNIX = False

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    import subprocess
    from collections.abc import Callable, Iterator

LINUX = UNIX and sys.platform == "linux"

PLACES = ("/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/alternatives", "/nix/store", "/gnu/store")
"""Where the libraries of a dynamically linked tool live; Debian keeps the choice of BLAS in `/etc/alternatives`."""
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
_OF_WINDOWS = ("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "TEMP", "TMP", "USERPROFILE", "APPDATA", "LOCALAPPDATA")
READ_ONLY = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC"))
"""How a source is opened: a link or a pipe that took its place meanwhile is not followed and not waited for."""
_FATAL = ("SIGILL", "SIGABRT", "SIGBUS", "SIGFPE", "SIGSEGV", "SIGSYS", "SIGKILL", "SIGTERM", "SIGXCPU", "SIGXFSZ")
FATAL_SIGNALS = frozenset(int(getattr(signal, name)) for name in _FATAL if hasattr(signal, name))
_NO_HARD_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS, errno.EINVAL)

if LINUX:
    _libc = ctypes.CDLL(None, use_errno=True)
    _libc.syscall.restype = ctypes.c_long
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ABI_OF_NET, _ABI_OF_SCOPES = 4, 6

# linux/landlock.h: the rights over files that are handed out here, and how many each ABI knows (16 since ABI 5).
_EXECUTE, _WRITE, _READ, _READ_DIR, _REMOVE_FILE, _MAKE_FILE, _TRUNCATE = (1 << bit for bit in (0, 1, 2, 3, 5, 8, 14))
_FILE_RIGHTS_OF_ABI = {1: 13, 2: 14, 3: 15, 4: 15}
_OF_FOLDERS_ONLY = _READ_DIR | _REMOVE_FILE | _MAKE_FILE


def working_limits() -> dict[str, bool]:
    """What can hold a tool or a worker back, in words for a person, and whether this system has it."""
    return {
        "time": True,
        "processor time": UNIX,
        "size of a file": UNIX,
        "memory": LINUX,
        "end of all processes when mediaprep is killed": LINUX,
    }


def environment() -> dict[str, str]:
    """The variables without which a program on Windows does not start, or finds no folder for temporary files."""
    return {} if UNIX else {name: os.environ[name] for name in _OF_WINDOWS if name in os.environ}


def cores() -> int:
    """How many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if LINUX else os.cpu_count() or 1


def is_alive(pid: int) -> bool:
    """Whether a process runs; also True where that cannot be found out."""
    if UNIX:  # on Windows this would be no question but Ctrl-C
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
    return True


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a process that nobody has waited for yet, without asking first whether it ended."""
    if UNIX:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    else:
        process.kill()


def kill_session(process: subprocess.Popen[bytes]) -> None:
    """End a process that was started in a session of its own, and on Unix what it started and left there."""
    if UNIX:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


def ended(process: subprocess.Popen[bytes]) -> tuple[int, float] | None:
    """The exit code (on Unix minus the signal) and the seconds of processor time of a process, or None while it runs.
    On Windows the seconds are 0.
    """
    if not UNIX:
        return None if process.poll() is None else (process.returncode, 0.0)
    pid, status, usage = os.wait4(process.pid, os.WNOHANG)
    if not pid:
        return None
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_utime + usage.ru_stime


def may_list(folder: str | os.PathLike[str]) -> bool:
    """Whether a folder's names may be read, as far as the system tells."""
    return os.access(folder, os.R_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids)


def point(link: str | os.PathLike[str], source: str | os.PathLike[str]) -> None:
    """Make a file known under another name, without copying where possible: on Windows only some users may link."""
    with contextlib.suppress(OSError):
        os.symlink(source, link)  # noqa: PTH211 - see `_main`
        return
    if not hard_link(source, link):
        import shutil

        shutil.copyfile(source, link)


def hard_link(file: str | os.PathLike[str], name: str | os.PathLike[str]) -> bool:
    """Give a file a second name; False where the file system has no such thing. Raises `FileExistsError`."""
    try:
        os.link(file, name)
    except OSError as error:
        if error.errno in _NO_HARD_LINKS:
            return False
        raise
    return True


def sync_folder(folder: str | os.PathLike[str]) -> None:
    """Have the names in a folder written to the disk, where that can be asked for (Unix)."""
    if UNIX:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def locked(path: str | os.PathLike[str], wait: Callable[[], None]) -> Iterator[None]:
    """Hold the lock of a file, made if need be. The lock ends with the process, however that ends.

    `wait` is called as long as somebody else holds it, in this process or another; it gives up by raising. Raises
    `OSError`, or where SQLite locks (Windows) `sqlite3.Error`.
    """
    if UNIX:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while not _flocked(descriptor):
                wait()
            yield
        finally:
            os.close(descriptor)
    else:
        import sqlite3

        database = sqlite3.connect(path, timeout=0, isolation_level=None)
        try:
            while not _locked_by_sqlite(database):
                wait()
            yield
        finally:
            database.close()


def _flocked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _locked_by_sqlite(database: sqlite3.Connection) -> bool:
    """It locks the file on every system, and writes nothing to it."""
    import sqlite3

    try:
        database.execute("begin exclusive")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            return False
        raise
    return True


def limit_worker(memory: int) -> None:
    """Hold this process to `memory` bytes of address space (Linux), and have it leave no core dump (Unix)."""
    if UNIX:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if LINUX:
        # The hard limit stays as it is: a tool may need more than its worker.
        resource.setrlimit(resource.RLIMIT_AS, (memory, resource.getrlimit(resource.RLIMIT_AS)[1]))


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def die_with(parent: int) -> None:
    """End this process when the one that started it ends, however that ends (Linux; elsewhere nothing is done).

    The kernel sends the signal when the *thread* that forked ends (prctl(2), PR_SET_PDEATHSIG): whoever starts a
    process must do so from a thread that outlives it, or it dies early. It never survives, which is what counts.
    A parent already gone before the call would send nothing, hence the second look.
    """
    if LINUX:
        _checked(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)


def _limit(kind: int, most: int) -> None:
    """Hold this process to `most` of a resource, or to what its parent left it where that is less."""
    left = resource.getrlimit(kind)[1]
    held = most if left == resource.RLIM_INFINITY else min(most, left)
    resource.setrlimit(kind, (held, held))


def landlock_abi() -> int:
    """The version of Landlock that the kernel offers; 0 or less where there is none."""
    return int(_libc.syscall(_CREATE_RULESET, None, 0, 1)) if LINUX else 0


def landlock(folder: str, reads: list[str]) -> None:
    """Reach only `folder` (read and write), the system's libraries and `reads` (read and execute) from now on.

    Links are not among what may be made in the folder: one made by a tool that was taken over would show the next
    tool another file as its source.
    """
    abi = landlock_abi()
    handled = (1 << _FILE_RIGHTS_OF_ABI.get(abi, 16)) - 1
    size = 8 * (1 + (abi >= _ABI_OF_NET) + (abi >= _ABI_OF_SCOPES))
    attributes = _Ruleset(handled, 0b11, 0b11)
    ruleset = _checked(_libc.syscall(_CREATE_RULESET, ctypes.byref(attributes), size, 0))
    read, write = _READ | _READ_DIR, _WRITE | _TRUNCATE
    rights = {
        **dict.fromkeys([*PLACES, *reads], read | _EXECUTE),
        **dict.fromkeys(DEVICES, read | write),
        folder: read | write | _REMOVE_FILE | _MAKE_FILE,
    }
    for path, allowed in rights.items():
        if os.path.exists(path):  # noqa: PTH110 - see `_main`
            _allow(ruleset, path, allowed & handled)
    _checked(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _checked(_libc.syscall(_RESTRICT_SELF, ruleset, 0))


def _allow(ruleset: int, path: str, allowed: int) -> None:
    parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    if not os.path.isdir(path):  # noqa: PTH112
        allowed &= ~_OF_FOLDERS_ONLY
    _checked(_libc.syscall(_ADD_RULE, ruleset, 1, ctypes.byref(_PathBeneath(allowed, parent)), 0))
    os.close(parent)


def _checked(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def _main(parent: str, memory: str, file_size: str, cpu: str, folder: str, *rest: str) -> None:
    """`folder` is empty where Landlock is not asked for; then come what may be read, `--`, and the command.

    No pathlib in this file: it costs more to import than all the rest.
    """
    reads, command = rest[: rest.index("--")], rest[rest.index("--") + 1 :]
    try:
        die_with(int(parent))
        _limit(resource.RLIMIT_CORE, 0)
        _limit(resource.RLIMIT_FSIZE, int(file_size))
        _limit(resource.RLIMIT_CPU, int(cpu))
        if LINUX:
            _limit(resource.RLIMIT_AS, int(memory))
        if folder:
            landlock(folder, list(reads))
        os.execv(command[0], command)
    except OSError as error:
        sys.exit(f"the tool cannot be confined and started: {error}")


if __name__ == "__main__":
    _main(*sys.argv[1:])
