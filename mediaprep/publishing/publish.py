"""The last two stages, publish and emit, for many files: each goes out once, and what a message needs comes back.

What happens to one file is `one_file.py`.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from msgspec.structs import replace

from mediaprep.batch.prepare import OnProgress, only, open_ledger, request_for
from mediaprep.batch.sources import Source, gather, is_link
from mediaprep.destinations.base import Envelope, Reference
from mediaprep.errors import ToolMissing, UsageError
from mediaprep.options import Options
from mediaprep.pipeline import Job
from mediaprep.planning.profiles import Profile, load
from mediaprep.publishing.journal import Journal
from mediaprep.publishing.one_file import UPLOADS, Publisher
from mediaprep.publishing.terms import Terms
from mediaprep.record import Prepared, failed
from mediaprep.running import staging
from mediaprep.running.system import cores


def publish_all(
    sources: Iterable[Source],
    *,
    terms: Terms,
    target: str | None = None,
    profile: str | Path | Profile | None = None,
    options: Options | None = None,
    jobs: int | None = None,
    allow_hosts: Collection[str] = (),
    on_start: Callable[[int], None] | None = None,
    on_progress: OnProgress | None = None,
    on_placed: Callable[[Reference], None] | None = None,
) -> Iterator[Prepared]:
    """Prepare and publish every file; one record for each, as each is done. A record that is `published` has the
    `reference`, and with an addressed envelope the `message` to POST; mediaprep itself sends none.

    `profile`: the destination's own by default. The rest is as for `prepare_all`. Bytes that are there already are not
    sent again, unless `terms.force`. `on_placed` hears each file's reference, in any thread, while the ready file is
    still there: where the message itself holds the file, that is when to read it. Raises `UsageError` before anything
    is touched, and `OutputError` where the journal of uploads cannot be written.
    """
    named = list(sources)
    if not terms.accepts_files and not all(is_link(one) for one in named):
        raise UsageError(f"{terms.destination.title} accepts only links, not files; give --host, where links come from")
    if terms.inline and on_placed is None and not terms.envelope.addressed:
        raise UsageError(
            f"with {terms.destination.title} the file is inside the message, so a recipient is required; give --to, or "
            "--host for a link"
        )
    request = request_for(
        _fitting(profile or terms.destination.name, terms.envelope), target, options, terms.envelope.caption
    )
    with contextlib.ExitStack() as stack:
        scratch = stack.enter_context(staging.run_folder(Path(tempfile.gettempdir())))
        known = stack.enter_context(open_ledger())
        uploads = stack.enter_context(Journal())
        found, refused = gather(named, scratch, allow=allow_hosts)
        if on_start:
            on_start(len(found) + len(refused))
        yield from refused
        todo = [
            Job(
                source=one.path, request=request, scratch=scratch / f"{number}", into=scratch / f"{number}" / "ready",
                stem="ready", link=one.link, public=one.public,
            )
            for number, one in enumerate(found)
        ]  # fmt: skip
        count = min(jobs or cores(), max(1, len(todo)))
        threads = stack.enter_context(concurrent.futures.ThreadPoolExecutor(count + UPLOADS))
        publisher = stack.enter_context(Publisher(terms, uploads, known, count, on_progress, on_placed))
        waiting = {threads.submit(publisher.publish, job): job for job in todo}
        stack.callback(threads.shutdown, wait=False, cancel_futures=True)
        for future in concurrent.futures.as_completed(waiting):
            try:
                record = future.result()
            except ToolMissing:
                raise
            except Exception as error:  # noqa: BLE001 - whatever a job died of ends that file alone; the record says what
                record = failed(waiting[future].shown, error)
            yield record


def publish(
    source: Source,
    *,
    terms: Terms,
    target: str | None = None,
    profile: str | Path | Profile | None = None,
    options: Options | None = None,
    allow_hosts: Collection[str] = (),
    on_placed: Callable[[Reference], None] | None = None,
) -> Prepared:
    """Prepare and publish one file. `status` is `published` only when the output passed every rule and is there."""
    records = publish_all(
        [source], terms=terms, target=target, profile=profile, options=options, allow_hosts=allow_hosts, jobs=1,
        on_placed=on_placed,
    )  # fmt: skip
    return only(source, records)


def _fitting(profile: str | Path | Profile, envelope: Envelope) -> Profile:
    """The profile; for a template, whose header takes fewer kinds of document, with those as its documents."""
    chosen = profile if isinstance(profile, Profile) else load(profile)
    if not envelope.template or "template_document" not in chosen.targets:
        return chosen
    return replace(chosen, targets={**chosen.targets, "document": chosen.targets["template_document"]})
