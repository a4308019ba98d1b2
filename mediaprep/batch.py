"""Many files: folders walked, names given, work handed to processes, finished work remembered."""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from mediaprep import staging
from mediaprep.errors import ToolMissing, UsageError
from mediaprep.jobs import Job, Request, Stage
from mediaprep.ledger import Ledger, key
from mediaprep.options import Options
from mediaprep.pipeline import work
from mediaprep.profiles import Profile, load
from mediaprep.record import Prepared, failed, printable
from mediaprep.suffixes import mimes_for_suffix

Source = str | os.PathLike[str]
OnProgress = Callable[[str, float], None]


class Found(Struct, frozen=True):
    """A file to work on, and the folder under `into` that its output goes to."""

    path: Path
    folder: Path = Path()


def walk(sources: Iterable[Source], *, into: Path | None = None) -> Iterator[Found]:
    """The files named, and those in the folders named, sorted by name. Hidden files in a folder (`.DS_Store`) and
    the folder `into` are not walked. A folder that cannot be listed, or that is empty and named like a file, is
    yielded itself, so that it is reported. Links to folders are followed where they are named, not where found.
    """
    skip = into.resolve() if into is not None else None
    for source in sources:
        top = Path(source)
        if not top.is_dir():
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


def prepare_all(
    sources: Iterable[Source],
    *,
    into: Source,
    profile: str | Path | Profile = "whatsapp",
    target: str | None = None,
    options: Options | None = None,
    caption: str = "",
    force: bool = False,
    jobs: int | None = None,
    executor: concurrent.futures.Executor | None = None,
    on_start: Callable[[int], None] | None = None,
    on_progress: OnProgress | None = None,
) -> Iterator[Prepared]:
    """Make every file ready to send; one record for each, as each is done.

    `sources`: files, and folders that are walked (their tree is kept under `into`). `target`: a kind of message of
    the profile, or None to follow each file's medium. `jobs`: worker processes, one for each core by default;
    `executor`: any other `concurrent.futures.Executor` instead. What an earlier run finished is not done again
    unless `force`, and what it made is no source where a folder is walked. `on_start(count)` and
    `on_progress(source, fraction)` serve progress bars.

    Raises `UsageError` before anything is touched. What is wrong with one file is in its record.
    """
    request = _request(profile, target, options, caption)
    folder = Path(into)
    named = [Path(source) for source in sources]
    with staging.run_folder(folder) as scratch, _ledger() as known:
        found = [one for one in walk(named, into=folder) if one.path in named or not (known and known.made(one.path))]
        if on_start:
            on_start(len(found))
        stems = staging.stems([(os.fspath(one.folder), one.path.name) for one in found])
        todo: list[Job] = []
        keys: dict[Path, str] = {}
        for number, (one, stem) in enumerate(zip(found, stems, strict=True)):
            job = Job(
                source=one.path, request=request, scratch=scratch / f"{number}", into=folder / one.folder, stem=stem,
                replacing=known.output_of(one.path, folder.absolute()) if known else None,
            )  # fmt: skip
            if known and (memory := _key(job, folder)):
                if not force and (record := known.finished(memory)):
                    yield record
                    continue
                keys[job.scratch] = memory
            todo.append(job)
        for job, record in run(todo, jobs, executor, on_progress):
            if known and job.scratch in keys and record.status == "ready":
                _remember(known, keys[job.scratch], record)
            yield record


def check_all(
    sources: Iterable[Source],
    *,
    profile: str | Path | Profile = "whatsapp",
    target: str | None = None,
    options: Options | None = None,
    caption: str = "",
    stage: Stage = "check",
    jobs: int | None = None,
    executor: concurrent.futures.Executor | None = None,
    on_start: Callable[[int], None] | None = None,
) -> Iterator[Prepared]:
    """The findings for every file, and with `stage="plan"` what would be done. Nothing is written."""
    request = _request(profile, target, options, caption)
    found = list(walk(sources))
    if on_start:
        on_start(len(found))
    with staging.run_folder(Path(tempfile.gettempdir())) as scratch:
        todo = [
            Job(source=one.path, request=request, stage=stage, scratch=scratch / f"{number}")
            for number, one in enumerate(found)
        ]
        for _, record in run(todo, jobs, executor, None):
            yield record


def prepare(
    source: Source,
    *,
    into: Source,
    profile: str | Path | Profile = "whatsapp",
    target: str | None = None,
    options: Options | None = None,
    caption: str = "",
    force: bool = False,
) -> Prepared:
    """Make one file ready to send. The work runs in a process of its own: no file can crash or hang the caller.

    `status` is `ready` only when the output at `path` was read back, decoded and passed every rule.
    """
    return _only(
        source,
        prepare_all(
            [source], into=into, profile=profile, target=target, options=options, caption=caption, force=force, jobs=1
        ),
    )


def check(
    source: Source, *, profile: str | Path | Profile = "whatsapp", target: str | None = None, caption: str = ""
) -> Prepared:
    """What a platform would find wrong with one file. Nothing is written."""
    return _only(source, check_all([source], profile=profile, target=target, caption=caption, jobs=1))


def plan(
    source: Source,
    *,
    profile: str | Path | Profile = "whatsapp",
    target: str | None = None,
    options: Options | None = None,
) -> Prepared:
    """What `prepare` would do to one file, and why. Nothing is written."""
    return _only(source, check_all([source], profile=profile, target=target, options=options, stage="plan", jobs=1))


def run(
    todo: list[Job],
    jobs: int | None,
    executor: concurrent.futures.Executor | None,
    on_progress: OnProgress | None,
) -> Iterator[tuple[Job, Prepared]]:
    """Hand the jobs out and yield each with its record, as it is done. A job's work folder goes with it."""
    from mediaprep.workers import LocalWorkers

    waiting: dict[concurrent.futures.Future[Prepared], Job] = {}

    def progress(future: concurrent.futures.Future[Prepared], fraction: float) -> None:
        if on_progress is not None and future in waiting:
            on_progress(printable(waiting[future].source), fraction)

    with contextlib.ExitStack() as stack:
        pool = executor
        if pool is None:
            pool = LocalWorkers(min(jobs or os.cpu_count() or 1, max(1, len(todo))), on_progress=progress)
            stack.callback(pool.shutdown, wait=True, cancel_futures=True)
        for job in todo:
            waiting[pool.submit(work, job)] = job
        for future in concurrent.futures.as_completed(waiting):
            job = waiting[future]
            try:
                record = future.result()
            except ToolMissing:
                raise
            except Exception as error:  # noqa: BLE001 - whatever a job died of ends that file alone; the record says what
                record = failed(job.source, error)
            shutil.rmtree(job.scratch, ignore_errors=True)
            yield job, record


def _request(profile: str | Path | Profile, target: str | None, options: Options | None, caption: str) -> Request:
    chosen = profile if isinstance(profile, Profile) else load(profile)
    if target is not None:
        chosen.limits(target)
    return Request(profile=chosen, target=target, options=options or Options(), caption=caption)


def _ledger() -> contextlib.AbstractContextManager[Ledger | None]:
    """The ledger, or None where the state folder cannot be used: then finished work is only done again."""
    import sqlite3

    try:
        return Ledger()
    except (OSError, sqlite3.Error) as error:
        warnings.warn(f"finished work cannot be remembered: {error}", RuntimeWarning, stacklevel=3)
        return contextlib.nullcontext()


def _remember(known: Ledger, named: str, record: Prepared) -> None:
    """What the ledger has no room for is only done again; the batch goes on."""
    import sqlite3

    try:
        known.remember(named, record)
    except (OSError, sqlite3.Error) as error:
        warnings.warn(f"finished work cannot be remembered: {error}", RuntimeWarning, stacklevel=3)


def _key(job: Job, into: Path) -> str | None:
    """What to remember this job by; None for a source that is not there, which the job itself will say."""
    try:
        return key(job.source, into, job.request)
    except OSError:
        return None


def _only(source: Source, records: Iterator[Prepared]) -> Prepared:
    if Path(source).is_dir():
        raise UsageError(f"{printable(source)} is a folder; give it to prepare_all or check_all")
    (record,) = records
    return record
