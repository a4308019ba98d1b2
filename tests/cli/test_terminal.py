"""`publish` where people see it: on a terminal, and where its lines cannot be written."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.wassenger import WassengerStandIn

SAMPLES = Path(__file__).parents[2] / "samples"
ERASE, UP = "\x1b[2K", "\x1b[1A"


@pytest.fixture
def wassenger() -> Iterator[WassengerStandIn]:
    with WassengerStandIn() as running:
        yield running


def command(wassenger: WassengerStandIn, state: Path) -> tuple[list[str], dict[str, str]]:
    files = [str(SAMPLES / name) for name in ("photo-ready.jpg", "photo.bmp", "memo.wav")]
    environment = {**os.environ, **wassenger.environment, "MEDIAPREP_STATE": str(state), "TERM": "xterm"}
    return [sys.executable, "-m", "mediaprep", "publish", *files, "--via", "wassenger"], environment


def read(terminal: int) -> str:
    """Everything that is written to a terminal until nobody has it open."""
    said = b""
    while True:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:  # Linux's end of a terminal
            return said.decode()
        said += chunk


def screen(said: str) -> list[str]:
    """What stays on a terminal whose lines are long enough, for as much of its language as a progress bar speaks."""
    lines, row, column = [""], 0, 0
    for part in re.findall(r"\x1b\[[?0-9;]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", said):
        if part == "\r":
            column = 0
        elif part == "\n":
            row += 1
            lines += [""] * (row == len(lines))
        elif part == UP:
            row -= 1
        elif part == ERASE:
            lines[row] = ""
        elif not part.startswith("\x1b"):
            lines[row] = lines[row].ljust(column)[:column] + part + lines[row][column + len(part) :]
            column += len(part)
    return [line.rstrip() for line in lines if line.strip()]


def test_the_progress_bar_makes_way_for_what_is_printed(wassenger: WassengerStandIn, tmp_path: Path) -> None:
    words, environment = command(wassenger, tmp_path)
    ours, theirs = pty.openpty()
    with subprocess.Popen(words, env=environment, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = screen(read(ours))
    os.close(ours)
    assert process.returncode == 0
    assert {line for line in shown if line in wassenger.files} == set(wassenger.files)
    assert len(wassenger.files) == 3
    assert shown[-1] == "3 files: 3 published" and not [line for line in shown if "━" in line]


def test_what_is_printed_goes_to_the_output_and_the_bar_to_the_terminal(
    wassenger: WassengerStandIn, tmp_path: Path
) -> None:
    words, environment = command(wassenger, tmp_path)
    ours, theirs = pty.openpty()
    with subprocess.Popen(words, env=environment, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        shown = read(ours)
        assert process.stdout is not None
        printed = process.stdout.read().decode().split()
    os.close(ours)
    assert sorted(printed) == sorted(wassenger.files)
    assert "━" in shown and not [one for one in printed if one in shown]


def test_a_reference_that_cannot_be_written_is_one_sentence(wassenger: WassengerStandIn, tmp_path: Path) -> None:
    words, environment = command(wassenger, tmp_path)
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(words, env=environment, stdout=full, stderr=subprocess.PIPE, timeout=600)
    said = done.stderr.decode()
    assert done.returncode == 1 and "Traceback" not in said
    assert said.splitlines()[-1] == "mediaprep: cannot write to standard output: No space left on device"
