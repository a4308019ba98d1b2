"""The README, run: every shell session must print what it shows, every Python block must run as it stands.

Sizes and seconds may differ between machines, so figures with a unit are compared as figures, not by value. The two
lines of Quick start set up an environment and run these tests: `.ci/run` runs them.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from shutil import copytree

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = [(match[1], match[2]) for match in re.finditer(r"^```(\w+)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)]
FIGURE = re.compile(r"\d[\d,]*(\.\d+)?(?= ?(kB|MB|bytes|s\b))")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copytree(ROOT / "samples", tmp_path / "samples")
    return tmp_path


def environment() -> dict[str, str]:
    scripts = Path(sys.executable).parent
    keys = {"ENGAGELAB_DEV_KEY": "canary-secret-key", "ENGAGELAB_DEV_SECRET": "canary-secret"}
    return {
        **os.environ,
        **keys,
        "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "100",
        "LC_ALL": "C.UTF-8",
    }


def test_quick_start_is_two_commands() -> None:
    section = README.split("## Quick start")[1].split("\n## ")[0]
    block = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert block is not None
    lines = block[1].strip().splitlines()
    assert len(lines) == 2
    assert "mediaprep convert samples" in lines[0]
    assert lines[1].endswith("pytest")


@pytest.mark.parametrize("block", [block for kind, block in BLOCKS if kind == "console"])
def test_a_session_prints_what_it_shows(block: str, folder: Path) -> None:
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        done = subprocess.run(
            ["sh", "-c", f"{{ {command}\n}} 2>&1"],
            cwd=folder, env=environment(), capture_output=True, text=True, timeout=1200, check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stdout
        assert sorted(plain(done.stdout)) == sorted(plain(shown)), f"$ {command}\n{done.stdout}"


def plain(text: str) -> list[str]:
    """Lines without trailing blanks, with every figure that has a unit as `N`."""
    return [FIGURE.sub("N", line.rstrip()) for line in text.strip().splitlines()]


@pytest.mark.parametrize("block", [block for kind, block in BLOCKS if kind == "python"])
def test_python_runs_as_it_stands(block: str, folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", block],
        cwd=folder, env={**environment(), "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=1200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_every_record_that_is_shown_is_as_the_schema_says() -> None:
    import jsonschema

    from mediaprep.record import schema

    shown = [block for kind, block in BLOCKS if kind == "json"]
    shown += [line for kind, block in BLOCKS if kind == "console" for line in block.splitlines()]
    records = [json.loads(text) for text in shown if text.startswith('{"source"')]
    assert records
    for record in records:
        jsonschema.validate(record, schema())


def test_every_command_option_and_code_in_the_text_exists() -> None:
    from mediaprep.cli import commands
    from mediaprep.rules import MANUAL

    for code in re.findall(r"MP\d{3}", README):
        assert code in MANUAL, code
    options = {option for command in commands.commands.values() for p in command.params for option in p.opts}
    for option in set(re.findall(r"`(--[a-z-]+)", README)):
        assert option in options, option


def test_every_toml_block_is_a_profile() -> None:
    from mediaprep.planning.profiles import parse

    for kind, block in BLOCKS:
        if kind == "toml":
            assert parse(block, "readme").targets
