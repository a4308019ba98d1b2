"""The public names: few, sorted, and what they say whichever module was loaded first."""

from __future__ import annotations

import pydoc
import re
import subprocess
import sys
from importlib.resources import files
from inspect import getdoc, isroutine
from pathlib import Path

import pytest

import mediaprep


def test_the_names_are_sorted_and_told_once() -> None:
    assert mediaprep.__all__ == sorted(set(mediaprep.__all__))
    assert {"Options", "Prepared", "check", "plan", "prepare", "prepare_all"} <= set(mediaprep.__all__)


@pytest.mark.parametrize("name", mediaprep.__all__)
def test_a_name_is_a_class_or_a_function_with_a_docstring(name: str) -> None:
    named = getattr(mediaprep, name)
    assert isinstance(named, type) or isroutine(named)
    assert getdoc(named)


def test_no_module_hides_a_name() -> None:
    """A module of the same name would take its place once it is loaded; so load them all, then look."""
    code = (
        "import pkgutil, mediaprep, inspect\n"
        "from importlib import import_module\n"
        "for found in pkgutil.walk_packages(mediaprep.__path__, 'mediaprep.'):\n"
        "    if not found.name.endswith('__main__'): import_module(found.name)\n"
        "print([name for name in mediaprep.__all__ if inspect.ismodule(getattr(mediaprep, name))])\n"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=600)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="frobnicate"):
        _ = mediaprep.frobnicate  # type: ignore[attr-defined]


def test_dir_lists_the_public_names_and_no_more() -> None:
    assert dir(mediaprep) == sorted([*mediaprep.__all__, "__version__"])


def test_help_shows_every_function_and_class() -> None:
    page = pydoc.plain(pydoc.render_doc(mediaprep))
    for name in mediaprep.__all__:
        one = getattr(mediaprep, name)
        headline = rf"^    class {name}\(" if isinstance(one, type) else rf"^    (\w+ = )?{name}\b.*\("
        assert re.search(headline, page, re.MULTILINE), name
    assert mediaprep.__version__ in page


def test_every_public_name_is_in_the_typing_test() -> None:
    api = (Path(__file__).parent / "typing" / "api.py").read_text(encoding="utf-8")
    assert [name for name in mediaprep.__all__ if not re.search(rf"\b{name}\b", api.partition("\n\n\n")[2])] == []


def test_the_package_is_typed() -> None:
    assert files(mediaprep).joinpath("py.typed").is_file()
