"""The pages for who carries the work on: the architecture page is complete, links lead somewhere, changes are kept."""

from __future__ import annotations

import re
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

from mediaprep import __version__
from mediaprep.destinations import DESTINATIONS
from mediaprep.encoders import ENCODERS

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
REPOSITORY = PROJECT["project"]["urls"]["Homepage"]
ARCHITECTURE = ROOT / "mediaprep" / "README.md"
PAGES = ["README.md", "mediaprep/README.md", ".github/CONTRIBUTING.md", ".github/CHANGELOG.md", ".github/SECURITY.md"]


def read(page: str | Path) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def rooms() -> list[str]:
    """The entries of the drawing, from top to bottom."""
    drawing = re.search(r"^```text\nmediaprep/\n(.*?)^```", read(ARCHITECTURE), re.MULTILINE | re.DOTALL)
    assert drawing is not None
    return [line.split()[0].rstrip("/") for line in drawing[1].splitlines()]


def test_the_drawing_has_every_entry_of_the_package_and_nothing_else() -> None:
    there = {
        path.name for path in (ROOT / "mediaprep").iterdir() if path.name not in ("__pycache__", ARCHITECTURE.name)
    }
    assert sorted(rooms()) == sorted(there)


def test_the_drawing_is_in_the_order_of_the_import_contract() -> None:
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    layers = next(one["layers"] for one in contracts if one["type"] == "layers")
    floor = {name.strip(): number for number, names in enumerate(layers) for name in names.split("|")}
    drawn = [floor[name] for room in rooms() if (name := room.removesuffix(".py")) in floor]
    assert len(drawn) == len(floor)
    assert all(above <= below for above, below in pairwise(drawn))


def test_the_pages_of_stages_and_shelves_name_modules_that_exist() -> None:
    for name in re.findall(r"`([a-z_]+/[a-z_]+\.py)`", read(ARCHITECTURE)):
        assert (ROOT / "mediaprep" / name).is_file(), name
    assert ENCODERS and DESTINATIONS, "the lists that the table names"


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    """README.md is shown by package indexes too, where only whole addresses lead back to the repository."""
    text = re.sub(r"^```.*?^```", "", read(page), flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        address, _, anchor = target.partition("#")
        if address.startswith(REPOSITORY):
            inside = re.fullmatch(r"/(blob|tree)/main/(.+)", address.removeprefix(REPOSITORY))
            assert inside is None or (ROOT / inside[2]).exists(), target
        elif address and not address.startswith("https://"):
            assert page != "README.md", f"not a whole address: {target}"
            assert ((ROOT / page).parent / address).exists(), target
        elif not address:
            assert anchor in anchors, target


def test_the_project_leads_to_pages_that_exist() -> None:
    urls = PROJECT["project"]["urls"]
    assert {"Homepage", "Documentation", "Issues", "Changelog"} <= urls.keys()
    for url in urls.values():
        assert url.startswith(REPOSITORY)
        inside = url.removeprefix(REPOSITORY).partition("#")[0]
        assert inside in ("", "/issues") or (ROOT / inside.removeprefix("/blob/main/")).is_file(), url


def test_the_changelog_is_kept() -> None:
    """Keep a Changelog 1.1.0: newest first, each change under one of six headings."""
    versions = re.findall(r"^## \[?([^\]\s]+)\]?", read(".github/CHANGELOG.md"), re.MULTILINE)
    assert versions[0] == "Unreleased"
    assert ".dev" in __version__ or __version__ in versions, "what is released is no longer unreleased"
    kinds = set(re.findall(r"^### (.+)$", read(".github/CHANGELOG.md"), re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_contributing_names_files_and_commands_that_exist() -> None:
    text = read(".github/CONTRIBUTING.md")
    for path in re.findall(r"`((?:mediaprep|tests|profiles|samples|\.github|\.ci)/[\w./-]*)`", text):
        assert (ROOT / path).exists(), path
    for shelf in ("rule", "profile", "encoder", "destination", "host", "format"):
        assert re.search(rf"^### .*\b{shelf}\b", text, re.MULTILINE | re.IGNORECASE), shelf
