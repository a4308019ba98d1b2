"""The hook for pre-commit, run by pre-commit itself in a repository of media."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from shutil import copy
from textwrap import indent

ROOT = Path(__file__).parent.parent
MANIFEST = ROOT / ".pre-commit-hooks.yaml"
SAMPLES = ROOT / "samples"


def run(*command: str | os.PathLike[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PRE_COMMIT_HOME": str(cwd / ".cache"),
        "LC_ALL": "C.UTF-8",
    }
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=1200)


def pre_commit(*arguments: str | os.PathLike[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "-m", "pre_commit", *arguments, cwd=cwd)


def test_the_manifest_is_one(tmp_path: Path) -> None:
    done = pre_commit("validate-manifest", MANIFEST, cwd=tmp_path)
    assert done.returncode == 0, done.stdout


def test_what_would_be_refused_is_not_committed(tmp_path: Path) -> None:
    """As the manifest says, but with the mediaprep that is installed here in place of one that pre-commit installs."""
    hook = indent(MANIFEST.read_text().replace("language: python", "language: system"), "      ")
    (tmp_path / ".pre-commit-config.yaml").write_text(f"repos:\n  - repo: local\n    hooks:\n{hook}")
    for name in ("photo-ready.jpg", "film-ready.mp4", "letter.docx"):
        copy(SAMPLES / name, tmp_path)
    run("git", "init", "-q", ".", cwd=tmp_path)
    run("git", "add", ".", cwd=tmp_path)
    done = pre_commit("run", "--verbose", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "2 files: 2 ready" in done.stdout, "the letter is none of its business"
    copy(SAMPLES / "film-hevc.mp4", tmp_path)
    run("git", "add", ".", cwd=tmp_path)
    done = pre_commit("run", cwd=tmp_path)
    assert done.returncode == 1
    assert "video codec is hevc; accepted: h264" in done.stdout
