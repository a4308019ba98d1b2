"""The README's console sessions, written from what the commands print: `python -m tests.readme_sessions`."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path
from shutil import copytree

from tests.test_readme import ROOT, environment, plain

PAGE = ROOT / "README.md"


def main() -> None:
    """What is the same, figures with a unit aside, stays as it is."""
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(re.sub(r"(?<=^```console\n).*?(?=^```)", session, text, flags=re.MULTILINE | re.DOTALL), "utf-8")


def session(block: re.Match[str]) -> str:
    """A block of commands, each with what it prints now."""
    written = ""
    with tempfile.TemporaryDirectory() as name:
        copytree(ROOT / "samples", Path(name) / "samples")
        for part in re.split(r"^\$ ", block[0], flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            done = subprocess.run(
                ["sh", "-c", f"{{ {command}\n}} 2>&1"],
                cwd=name, env=environment(), stdout=subprocess.PIPE, text=True, check=False,
            )  # fmt: skip
            same = sorted(plain(done.stdout)) == sorted(plain(shown))
            written += f"$ {command}\n{shown if same else done.stdout}"
    return written


if __name__ == "__main__":
    main()
