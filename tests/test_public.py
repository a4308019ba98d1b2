"""The public names: few, sorted, and what they say whichever module was loaded first."""

from __future__ import annotations

import subprocess
import sys
from importlib.resources import files
from inspect import getdoc, isroutine

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
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="frobnicate"):
        _ = mediaprep.frobnicate


def test_the_package_is_typed() -> None:
    assert files(mediaprep).joinpath("py.typed").is_file()
