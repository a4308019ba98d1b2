"""No two things in the package share a name, so that a name found in a search is the thing that was looked for."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "mediaprep"

BY_FORMAT = {"jpeg", "png", "mp4"}
"""Modules named after the format that they are about, in `containers` and in `encoders`."""

SHELVES = {"base"}
"""What every shelf calls the module with its protocol."""


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield (path.parent.name if path.name == "__init__.py" else path.stem), path


def test_no_two_modules_share_a_name() -> None:
    found: dict[str, list[str]] = defaultdict(list)
    for name, path in modules():
        found[name].append(str(path.relative_to(PACKAGE)))
    shared = {name: where for name, where in found.items() if len(where) > 1}
    assert {name: where for name, where in shared.items() if name not in BY_FORMAT | SHELVES} == {}


def test_no_two_public_functions_or_classes_share_a_name() -> None:
    """Containers apart, whose modules all answer to the same few calls: `read`, `strip`, `kinds`, `chunks`."""
    found: dict[str, list[str]] = defaultdict(list)
    for _, path in modules():
        if path.parent.name == "containers":
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name[0] != "_":
                found[node.name].append(str(path.relative_to(PACKAGE)))
    assert {name: where for name, where in found.items() if len(where) > 1} == {}
