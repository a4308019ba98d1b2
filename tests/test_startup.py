"""The command starts at once: shown by what it loads, never by a clock."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

# fmt: off
HEAVY = {
    "PIL", "asyncio", "av", "concurrent.futures", "distributed", "ffmpeg", "fpdf", "httpx", "imageio_ffmpeg",
    "magic", "multiprocessing", "numpy", "pillow_heif", "platformdirs", "pure_magic_rs", "pydub", "rich", "sqlite3",
    "ssl", "urllib.request",
}
# fmt: on
MOST = 260  # modules of every kind; a new heavy dependency brings dozens

PROGRAM = """
import atexit, json, sys
atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))
sys.argv[0] = "mediaprep"
from mediaprep.cli import main
main()
"""


def loaded(*arguments: str) -> tuple[int, set[str]]:
    """The exit code of a command, and every module that was loaded when it ended."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, timeout=600)
    return done.returncode, set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        (0, ["--help"]),
        (0, ["--version"]),
        (0, ["convert", "--help"]),
        (0, ["publish", "--help"]),
        (0, ["hook", "--help"]),
        (0, ["profiles"]),
        (0, ["profiles", "whatsapp"]),
        (0, ["explain", "MP301"]),
        (2, ["convert", "--frobnicate"]),
        (2, ["profiles", "whatsap"]),
    ],
    ids=str,
)
def test_what_touches_no_file_loads_nothing_heavy(code: int, arguments: list[str]) -> None:
    exit_code, modules = loaded(*arguments)
    assert exit_code == code
    assert modules & HEAVY == set()
    assert len(modules) <= MOST


def test_importing_the_package_loads_nothing_of_it() -> None:
    code = "import json, sys, mediaprep; print(json.dumps(sorted(m for m in sys.modules if 'mediaprep' in m)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600, check=True)
    assert json.loads(done.stdout) == ["mediaprep", "mediaprep.version"]
