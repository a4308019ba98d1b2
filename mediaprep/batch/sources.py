"""Where files come from: names, folders that are walked, links that are fetched."""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from mediaprep.errors import NetworkError, OutputError, UsageError
from mediaprep.formats import mimes_for_suffix
from mediaprep.record import Prepared, failed, printable
from mediaprep.running.staging import is_folder

Source = str | os.PathLike[str]

FETCHES = 4
"""Links that are fetched at once."""
FETCHING = 600.0
"""Seconds that one link may take, repeats included."""


class Found(Struct, frozen=True):
    """A file to work on, and the folder under `into` that its output goes to. `link`: where it was fetched from;
    `public`: whether anybody gets the same bytes there."""

    path: Path
    folder: Path = Path()
    link: str = ""
    public: bool = False


def walk(sources: Iterable[Source], *, into: Path | None = None) -> Iterator[Found]:
    """The files named, and those in the folders named, sorted by name. Hidden files in a folder (`.DS_Store`) and
    the folder `into` are not walked. A folder that cannot be listed, or that is empty and named like a file, is
    yielded itself, so that it is reported. Links to folders are followed where they are named, not where found.
    """
    skip = into.resolve() if into is not None else None
    for source in sources:
        top = Path(source)
        if not is_folder(top):
            yield Found(top)
            continue
        refused: list[OSError] = []
        for where, folders, files in os.walk(top, onerror=refused.append):
            here = Path(where)
            folders[:] = sorted(one for one in folders if not one.startswith(".") and (here / one).resolve() != skip)
            links = [one for one in folders if (here / one).is_symlink()]
            for name in sorted([*files, *links]):
                if not _hidden(name):
                    yield Found(here / name, here.relative_to(top))
            if not folders and not files and mimes_for_suffix(here.suffix):
                yield Found(here)
        yield from (Found(Path(error.filename)) for error in refused)


def _hidden(name: str) -> bool:
    """Not where the name is nothing but an ending: `.jpg` is a picture without a name."""
    return name.startswith(".") and not mimes_for_suffix(f".{name.lstrip('.')}")


def is_link(source: Source) -> bool:
    return isinstance(source, str) and re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", source) is not None


def gather(
    sources: Iterable[Source], scratch: Path, *, into: Path | None = None, allow: Collection[str] = ()
) -> tuple[list[Found], list[Prepared]]:
    """The files to work on, and the records of links that could not be fetched. What is fetched lies under `scratch`;
    `allow` names hosts that may have a private address. Raises `UsageError` for an empty name.
    """
    from concurrent.futures import ThreadPoolExecutor

    named = list(sources)
    # pathlib takes it for the current folder, and all of that would go out.
    if "" in [os.fspath(one) for one in named]:
        raise UsageError("empty name in place of a file or folder; check whether a variable is not set")
    found: list[Found] = []
    refused: list[Prepared] = []
    stop = threading.Event()
    with contextlib.ExitStack() as stack:
        threads = stack.enter_context(ThreadPoolExecutor(FETCHES))
        stack.callback(stop.set)  # when interrupted, the threads are waited for: they end at once
        fetching = {
            number: threads.submit(_fetched, str(source), scratch / f"fetched-{number}", allow, stop)
            for number, source in enumerate(named)
            if is_link(source)
        }
        for number, source in enumerate(named):
            if number not in fetching:
                found += walk([source], into=into)
                continue
            try:
                found.append(fetching[number].result())
            except (NetworkError, OutputError, UsageError) as error:
                refused.append(failed(printable(str(source)), error))
    return found, refused


def _fetched(link: str, folder: Path, allow: Collection[str], stop: threading.Event) -> Found:
    from mediaprep.network.deadline import Deadline
    from mediaprep.network.fetch import fetch

    folder.mkdir(parents=True)
    fetched = fetch(link, folder, allow=allow, deadline=Deadline(FETCHING, stop))
    return Found(fetched.path, link=link, public=bool(fetched.link))
