"""Many files: names given, work handed to processes, finished work remembered."""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from msgspec.structs import replace

from mediaprep.batch.ledger import Ledger, memory_key
from mediaprep.batch.sources import Source, gather, is_link
from mediaprep.errors import ToolMissing, UsageError
from mediaprep.options import Options
from mediaprep.pipeline import Job, Request, Stage, work
from mediaprep.planning.profiles import Profile, load
from mediaprep.record import Prepared, failed, printable
from mediaprep.running import staging

OnProgress = Callable[[str, float], None]


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
    allow_hosts: Collection[str] = (),
    on_start: Callable[[int], None] | None = None,
    on_progress: OnProgress | None = None,
) -> Iterator[Prepared]:
    """Make every file ready to send; one record for each, as each is done.

    `sources`: files, folders that are walked (their tree is kept under `into`), and http(s) links, fetched from public
    addresses or the hosts in `allow_hosts`. `target`: a kind of message of the profile, or None to follow each file's
    medium. `jobs`: worker processes, one for each core by default;
    `executor`: any other `concurrent.futures.Executor` instead. What an earlier run finished is not done again
    unless `force`, and its output is skipped where a folder is walked. `on_start(count)` and
    `on_progress(source, fraction)` serve progress bars.

    Raises `UsageError` before anything is touched. What is wrong with one file is in its record.
    """
    request = request_for(profile, target, options, caption)
    folder = Path(into)
    named = list(sources)
    paths = [Path(one) for one in named]
    with staging.run_folder(folder) as scratch, open_ledger() as known:
        found, refused = gather(named, scratch, into=folder, allow=allow_hosts)
        found = [one for one in found if one.link or one.path in paths or not (known and known.made(one.path))]
        if on_start:
            on_start(len(found) + len(refused))
        yield from refused
        stems = staging.stems([(os.fspath(one.folder), one.path.name) for one in found])
        todo: list[Job] = []
        keys: dict[Path, str] = {}
        for number, (one, stem) in enumerate(zip(found, stems, strict=True)):
            job = Job(
                source=one.path, request=request, scratch=scratch / f"{number}", into=folder / one.folder, stem=stem,
                replacing=known.output_of(Path(one.link or one.path), folder.absolute()) if known else None,
                link=one.link, public=one.public,
            )  # fmt: skip
            if known and (memory := memory_of(job, folder)):
                if not force and (record := known.finished(memory)):
                    yield replace(record, source=job.shown)
                    continue
                keys[job.scratch] = memory
            todo.append(job)
        for job, record in hand_out(todo, jobs, executor, on_progress):
            if known and job.scratch in keys and record.status == "ready":
                remember(known.remember, keys[job.scratch], record)
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
    allow_hosts: Collection[str] = (),
    on_start: Callable[[int], None] | None = None,
    on_progress: OnProgress | None = None,
) -> Iterator[Prepared]:
    """The findings for every file, and with `stage="plan"` what would be done. Nothing is written.

    The rest is as for `prepare_all`; `options` do not change what a platform would find.
    """
    request = request_for(profile, target, options if stage == "plan" else None, caption)
    with staging.run_folder(Path(tempfile.gettempdir())) as scratch:
        found, refused = gather(sources, scratch, allow=allow_hosts)
        if on_start:
            on_start(len(found) + len(refused))
        yield from refused
        todo = [
            Job(source=one.path, request=request, stage=stage, scratch=scratch / f"{number}", link=one.link)
            for number, one in enumerate(found)
        ]
        for _, record in hand_out(todo, jobs, executor, on_progress):
            yield record


def prepare(
    source: Source,
    *,
    into: Source,
    profile: str | Path | Profile = "whatsapp",
    target: str | None = None,
    options: Options | None = None,
    caption: str = "",
    allow_hosts: Collection[str] = (),
    force: bool = False,
) -> Prepared:
    """Make one file ready to send. The work runs in a process of its own: no file can crash or hang the caller.

    `status` is `ready` only when the output at `path` was read back, decoded and passed every rule.
    """
    records = prepare_all(
        [source], into=into, profile=profile, target=target, options=options, caption=caption,
        allow_hosts=allow_hosts, force=force, jobs=1,
    )  # fmt: skip
    return only(source, records)


def plan(
    source: Source,
    *,
    profile: str | Path | Profile = "whatsapp",
    target: str | None = None,
    options: Options | None = None,
    caption: str = "",
    allow_hosts: Collection[str] = (),
) -> Prepared:
    """What `prepare` would do to one file with the same wishes, and why. Nothing is written."""
    records = check_all(
        [source], profile=profile, target=target, options=options, caption=caption, allow_hosts=allow_hosts,
        stage="plan", jobs=1,
    )  # fmt: skip
    return only(source, records)


def check(
    source: Source,
    *,
    profile: str | Path | Profile = "whatsapp",
    target: str | None = None,
    options: Options | None = None,
    caption: str = "",
    allow_hosts: Collection[str] = (),
) -> Prepared:
    """What a platform would find wrong with one file. Nothing is written. `options` do not change that: they are here
    so that the same wishes serve `check`, `plan` and `prepare`."""
    records = check_all(
        [source], profile=profile, target=target, options=options, caption=caption, allow_hosts=allow_hosts, jobs=1
    )
    return only(source, records)


def hand_out(
    todo: list[Job],
    jobs: int | None,
    executor: concurrent.futures.Executor | None,
    on_progress: OnProgress | None,
) -> Iterator[tuple[Job, Prepared]]:
    """Hand the jobs out and yield each with its record, as it is done. A job's work folder goes with it."""
    from mediaprep.running.pool import LocalWorkers
    from mediaprep.running.system import cores

    waiting: dict[concurrent.futures.Future[Prepared], Job] = {}

    def progress(future: concurrent.futures.Future[Prepared], fraction: float) -> None:
        if on_progress is not None and future in waiting:
            on_progress(waiting[future].shown, fraction)

    with contextlib.ExitStack() as stack:
        pool = executor
        if pool is None:
            pool = LocalWorkers(min(jobs or cores(), max(1, len(todo))), on_progress=progress)
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
                record = failed(job.shown, error)
            shutil.rmtree(job.scratch, ignore_errors=True)
            yield job, record


def request_for(profile: str | Path | Profile, target: str | None, options: Options | None, caption: str) -> Request:
    chosen = profile if isinstance(profile, Profile) else load(profile)
    if target is not None:
        chosen.limits(target)
    return Request(profile=chosen, target=target, options=options or Options(), caption=caption)


def open_ledger() -> contextlib.AbstractContextManager[Ledger | None]:
    """The ledger, or None where the state folder cannot be used: then finished work is only done again."""
    import sqlite3

    try:
        return Ledger()
    except (OSError, sqlite3.Error) as error:
        warnings.warn(f"finished work cannot be remembered: {error}", RuntimeWarning, stacklevel=3)
        return contextlib.nullcontext()


def remember(note: Callable[[str, Prepared], None], named: str, record: Prepared) -> None:
    """What the ledger has no room for is only done again; the batch goes on."""
    import sqlite3

    try:
        note(named, record)
    except (OSError, sqlite3.Error) as error:
        warnings.warn(f"finished work cannot be remembered: {error}", RuntimeWarning, stacklevel=3)


def memory_of(job: Job, into: Path) -> str | None:
    """What to remember this job by; None for a source that is not there, which the job itself will say."""
    try:
        return memory_key(job.source, into, job.request, job.link)
    except OSError:
        return None


def only(source: Source, records: Iterator[Prepared]) -> Prepared:
    """The one record of a call that is about one file."""
    if not is_link(source) and staging.is_folder(source):
        raise UsageError(f"{printable(source)} is a folder; give it to prepare_all or check_all")
    (record,) = records
    return record
