"""The wheel and the source archive: complete, nothing too much, and at work elsewhere."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from mediaprep import __version__

ROOT = Path(__file__).parent.parent
PROFILES = {path.name for path in (ROOT / "profiles").iterdir()}


def run(*arguments: str | Path, cwd: Path = ROOT, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=3000,
    )
    assert done.returncode == 0, done.stderr or done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source archive, built with what the test extra brings."""
    folder = tmp_path_factory.mktemp("dist")
    run("-m", "hatchling", "build", "-d", folder)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    return next(built.glob("*.whl"))


def test_the_wheel_carries_package_profiles_and_licence_alone(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {f"mediaprep/_profiles/{name}" for name in PROFILES} <= names
    assert {
        "mediaprep/record.schema.json",
        "mediaprep/py.typed",
        "mediaprep/cli/online.py",
        "mediaprep/rules/__init__.py",
    } <= names
    assert {name.split("/")[0] for name in names} == {"mediaprep", f"mediaprep-{__version__}.dist-info"}
    assert any(name.endswith("licenses/LICENSE") for name in names)
    sources = {str(path.relative_to(ROOT)) for path in (ROOT / "mediaprep").rglob("*.py")}
    assert {name for name in names if name.endswith(".py")} == sources


def test_the_source_archive_can_be_built_and_tested_from(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        inside = {name.split("/", 1)[1] for name in archive.getnames()}
    assert {f"profiles/{name}" for name in PROFILES} <= inside
    wanted = {
        "README.md",
        "LICENSE",
        "pyproject.toml",
        "tests/conftest.py",
        "samples/film-ready.mp4",
        "mediaprep/cli/online.py",
        ".github/CHANGELOG.md",
    }
    assert wanted <= inside


def test_the_wheel_converts_files_far_from_the_source_tree(wheel: Path, tmp_path: Path) -> None:
    target, elsewhere = tmp_path / "installed", tmp_path / "elsewhere"
    elsewhere.mkdir()
    run("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", target, wheel)
    for name in ("photo-gps-rotated.jpg", "film.mkv"):
        shutil.copy(ROOT / "samples" / name, elsewhere)
    code = (
        "import json, mediaprep, sys\n"
        "from mediaprep.cli import main\n"
        "print(json.dumps(mediaprep.__file__), flush=True)\n"
        "sys.argv = ['mediaprep', 'convert', '.', '--into', '../out', '--json']\n"
        "main()\n"
    )
    said = run("-c", code, cwd=elsewhere, PYTHONPATH=str(target)).splitlines()
    package, *records = (json.loads(line) for line in said)
    assert Path(package).parent == target / "mediaprep"
    assert {(record["status"], record["mime"]) for record in records} == {
        ("ready", "image/jpeg"),
        ("ready", "video/mp4"),
    }
    assert all((elsewhere / record["path"]).is_file() for record in records)


def test_the_package_page_leads_to_the_repository_and_names_what_runs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        about = Parser().parsestr(archive.read(name).decode())
    assert {url.partition(",")[0] for url in about.get_all("Project-URL") or ()} >= {
        "Homepage", "Documentation", "Issues", "Changelog",
    }  # fmt: skip
    classifiers = "\n".join(about.get_all("Classifier") or ())
    for wanted in (
        "Python :: 3.11",
        "Python :: 3.12",
        "Python :: 3.13",
        "POSIX :: Linux",
        "Typing :: Typed",
        "Topic ::",
    ):
        assert wanted in classifiers
    assert about["Description-Content-Type"] == "text/markdown"
