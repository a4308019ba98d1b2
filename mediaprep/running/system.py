"""The last step before a tool: give up what it must not have, then become it.

Run as a program by `sandbox`, in a bare interpreter that starts in about ten milliseconds, and not as a
`preexec_fn`: that forks a process which may have threads, and can hang in the child (from Python 3.12 on it warns).
Nothing but the standard library may be imported here.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys

LINUX = sys.platform == "linux"

SYSTEM = ("/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/alternatives", "/nix/store", "/gnu/store")
"""Where the libraries of a dynamically linked tool live; Debian keeps the choice of BLAS in `/etc/alternatives`."""
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ABI_OF_NET, _ABI_OF_SCOPES = 4, 6

# linux/landlock.h: the rights over files that are handed out here, and how many each ABI knows (16 since ABI 5).
_EXECUTE, _WRITE, _READ, _READ_DIR, _REMOVE_FILE, _MAKE_FILE, _TRUNCATE = (1 << bit for bit in (0, 1, 2, 3, 5, 8, 14))
_FILE_RIGHTS_OF_ABI = {1: 13, 2: 14, 3: 15, 4: 15}
_OF_FOLDERS_ONLY = _READ_DIR | _REMOVE_FILE | _MAKE_FILE


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


def limit(kind: int, most: int) -> None:
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
        **dict.fromkeys([*SYSTEM, *reads], read | _EXECUTE),
        **dict.fromkeys(DEVICES, read | write),
        folder: read | write | _REMOVE_FILE | _MAKE_FILE,
    }
    for path, allowed in rights.items():
        if os.path.exists(path):  # noqa: PTH110 - pathlib costs more to import than all of this
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
    """`folder` is empty where Landlock is not asked for; then come what may be read, `--`, and the command."""
    reads, command = rest[: rest.index("--")], rest[rest.index("--") + 1 :]
    try:
        die_with(int(parent))
        limit(resource.RLIMIT_CORE, 0)
        limit(resource.RLIMIT_FSIZE, int(file_size))
        limit(resource.RLIMIT_CPU, int(cpu))
        if LINUX:
            limit(resource.RLIMIT_AS, int(memory))
        if folder:
            landlock(folder, list(reads))
        os.execv(command[0], command)
    except OSError as error:
        sys.exit(f"it could not be confined and started: {error}")


if __name__ == "__main__":
    _main(*sys.argv[1:])
