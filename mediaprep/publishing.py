"""The last two stages, publish and emit: ready files go out once, and what a message needs comes back.

Files are prepared in processes of their own, as everywhere; uploads run in threads of the calling process, so that keys
never leave it.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import datetime
import shutil
import tempfile
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from msgspec.structs import replace

from mediaprep import staging
from mediaprep.batch import OnProgress, memory_of, only, open_ledger, remember, request_for
from mediaprep.destinations.base import Envelope, Parcel, Receipt, Reference
from mediaprep.errors import MediaprepError, NetworkError, Refused, ToolMissing, UsageError
from mediaprep.hosts.trial import try_link
from mediaprep.jobs import Job
from mediaprep.ledger import Ledger
from mediaprep.options import Options
from mediaprep.pipeline import work
from mediaprep.profiles import Profile, load
from mediaprep.record import Failure, Prepared, failed, printable
from mediaprep.retry import persistently
from mediaprep.rules import Finding
from mediaprep.sources import Source, gather, is_link
from mediaprep.terms import PLACEHOLDER, Terms, outlives, stamp
from mediaprep.uploads import Uploads
from mediaprep.web import Deadline, Line
from mediaprep.workers import LocalWorkers, cores

UPLOADS = 4
"""Uploads under way at once, beside the files that are being prepared."""
SLOWEST = 50_000
"""Bytes a second that an upload may be as slow as, beside its timeout."""
UNAUTHORIZED = 401
"""A key that is refused for one file is refused for all: the others are not tried."""
LEDGER_KEY = Path("/")
"""Published files lie nowhere: what is remembered of them does not depend on a folder."""


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
) -> Iterator[Prepared]:
    """Prepare and publish every file; one record for each, as each is done. A record that is `published` has the
    `reference`, and with an addressed envelope the `message` to POST; mediaprep itself sends none.

    `profile`: the destination's own by default. The rest is as for `prepare_all`. Bytes that are there already are not
    sent again, unless `terms.force`. Raises `UsageError` before anything is touched, and `OutputError` where the ledger
    of uploads cannot be kept.
    """
    named = list(sources)
    links_only = terms.host is None and not terms.destination.uploads
    if links_only and not all(is_link(one) for one in named):
        raise UsageError(f"{terms.destination.title} takes links, not files; give --host, where links come from")
    request = request_for(
        _fitting(profile or terms.destination.name, terms.envelope), target, options, terms.envelope.caption
    )
    with contextlib.ExitStack() as stack:
        scratch = stack.enter_context(staging.run_folder(Path(tempfile.gettempdir())))
        known = stack.enter_context(open_ledger())
        uploads = stack.enter_context(Uploads())
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
        press = stack.enter_context(Press(terms, uploads, known, count, on_progress))
        waiting = {threads.submit(press.publish, job): job for job in todo}
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
) -> Prepared:
    """Prepare and publish one file. `status` is `published` only when the output passed every rule and is there."""
    return only(
        source,
        publish_all(
            [source], terms=terms, target=target, profile=profile, options=options, allow_hosts=allow_hosts, jobs=1
        ),
    )


def _fitting(profile: str | Path | Profile, envelope: Envelope) -> Profile:
    """The profile; for a template, whose header takes fewer kinds of document, with those as its documents."""
    chosen = profile if isinstance(profile, Profile) else load(profile)
    if not envelope.template or "template_document" not in chosen.targets:
        return chosen
    return replace(chosen, targets={**chosen.targets, "document": chosen.targets["template_document"]})


class Press:
    """Takes one file after another from its source to its reference; several threads use it at once."""

    def __init__(
        self, terms: Terms, uploads: Uploads, known: Ledger | None, workers: int, on_progress: OnProgress | None
    ) -> None:
        self._terms = terms
        self._uploads = uploads
        self._known = known
        self._heard = on_progress or (lambda *_: None)
        self._stop = threading.Event()
        self._turn = threading.Lock()
        self._names: dict[concurrent.futures.Future[Prepared], str] = {}
        self._workers = LocalWorkers(workers, on_progress=self._preparing)
        self._unwelcome: Refused | None = None

    def __enter__(self) -> Press:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing goes on: uploads under way are cut, and what was not prepared is not."""
        self._stop.set()
        self._workers.shutdown(wait=True, cancel_futures=True)

    def publish(self, job: Job) -> Prepared:
        """One file, from its source to its reference."""
        prepared: Prepared | None = None
        try:
            memory = memory_of(job, LEDGER_KEY)
            prepared, receipt = self._recalled(job, memory)
            if prepared is None:
                prepared = self._prepare(job, memory)
            if prepared.status != "ready":
                return prepared
            return self._emit(job, prepared, receipt)
        except MediaprepError as error:
            if prepared is None or isinstance(error, ToolMissing):
                raise
            failure = Failure(type(error).__name__, printable(str(error)))
            return replace(prepared, source=job.shown, status="failed", path=None, error=failure)
        finally:
            shutil.rmtree(job.scratch, ignore_errors=True)

    def _recalled(self, job: Job, memory: str | None) -> tuple[Prepared | None, Receipt | None]:
        """What an earlier run made of this source, where what it uploaded still serves: then there is nothing to do."""
        terms = self._terms
        if (
            self._known is None
            or memory is None
            or terms.force
            or (terms.host is None and not terms.destination.uploads)
        ):
            return None, None
        with self._turn:
            prepared = self._known.content(memory)
        if prepared is None or prepared.sha256 is None:
            return None, None
        account = terms.carrier.account
        receipt = self._uploads.living(prepared.sha256, account, terms.envelope.scheduled_at)
        if receipt is None:
            return None, None
        if terms.host is not None and not terms.host.holds(self._parcel(job, prepared), Line(self._deadline(0))):
            self._uploads.forget(prepared.sha256, account)
            return None, None
        return prepared, receipt

    def _prepare(self, job: Job, memory: str | None) -> Prepared:
        future = self._workers.submit(work, job)
        self._names[future] = job.shown
        prepared = future.result()
        del self._names[future]
        if self._known is not None and memory is not None and prepared.status == "ready":
            with self._turn:
                remember(self._known.remember_content, memory, prepared)
        return prepared

    def _emit(self, job: Job, prepared: Prepared, receipt: Receipt | None) -> Prepared:
        """Publish what is prepared, unless `receipt` says that it is there, and say it in the destination's words."""
        terms = self._terms
        parcel = self._parcel(job, prepared)
        says = terms.envelope.addressed or bool(terms.envelope.template)
        if says:
            terms.destination.message(PLACEHOLDER, parcel, terms.envelope)
        fresh = False
        expires: datetime.datetime | None = None
        warnings: tuple[Finding, ...] = ()
        if terms.host is None and not terms.destination.uploads:
            reference = Reference(link=self._own_link(parcel))
        else:
            anew = receipt is None
            receipt = receipt or self._upload(job, parcel)
            fresh, expires = receipt.fresh, receipt.expires
            reference = Reference(id=receipt.value)
            if terms.host is not None:
                link, expires = terms.host.link(receipt.value)
                reference = Reference(link=link)
                warnings = self._try(link, parcel, whole=anew)
        if terms.envelope.scheduled_at and reference.link:
            outlives(expires, terms.envelope.scheduled_at)
        return replace(
            prepared,
            source=job.shown,
            status="published",
            path=None,
            remaining=(*prepared.remaining, *warnings),
            reference={"id": reference.id} if reference.id else {"link": reference.link},
            expires=stamp(expires) if expires else None,
            uploaded=fresh,
            message=terms.destination.message(reference, parcel, terms.envelope) if says else None,
        )

    def _own_link(self, parcel: Parcel) -> str:
        """The source's own link, which serves as it is where nothing had to be done to the file."""
        title = self._terms.destination.title
        if not parcel.link:
            raise UsageError(
                f"{title} takes links, and the file behind this one cannot be sent as it is; give --host, where the "
                "prepared file can be put"
            )
        self._try(parcel.link, parcel, whole=False)
        return parcel.link

    def _upload(self, job: Job, parcel: Parcel) -> Receipt:
        if self._unwelcome is not None:
            raise self._unwelcome
        carrier = self._terms.carrier
        deadline = self._deadline(parcel.bytes)

        def send(last: Callable[[], None]) -> Receipt:
            line = Line(deadline, progress=lambda share: self._heard(job.shown, 0.5 + share / 2), last=last)
            return persistently(lambda: carrier.upload(parcel, line), deadline, repeatable=carrier.repeatable)

        try:
            return self._uploads.once(
                carrier, parcel.sha256, send, wait=deadline, force=self._terms.force,
                until=self._terms.envelope.scheduled_at,
            )  # fmt: skip
        except Refused as error:
            if error.status == UNAUTHORIZED:
                self._unwelcome = error
            raise

    def _try(self, link: str, parcel: Parcel, *, whole: bool) -> tuple[Finding, ...]:
        """The link, tried as the platform would; what was uploaded and cannot be had is not relied on again."""
        terms = self._terms
        if not terms.try_links:
            return ()
        deadline = self._deadline(parcel.bytes)
        head = terms.host is None or terms.host.answers_head
        try:
            return persistently(
                lambda: try_link(link, parcel, head=head, whole=whole, deadline=deadline), deadline, repeatable=True
            )
        except NetworkError:
            if terms.host is not None:
                self._uploads.forget(parcel.sha256, terms.host.account)
            raise

    def _parcel(self, job: Job, prepared: Prepared) -> Parcel:
        assert prepared.path and prepared.mime and prepared.bytes is not None and prepared.sha256 and prepared.target
        path = Path(prepared.path)
        own = f"{staging.safe_stem(job.source.name)}{path.suffix}"
        return Parcel(
            path=path,
            mime=prepared.mime,
            bytes=prepared.bytes,
            sha256=prepared.sha256,
            target=prepared.target,
            filename=self._terms.envelope.filename or own,
            link=job.link if job.public and prepared.action == "pass" else "",
            reference=self._terms.reference,
        )

    def _deadline(self, size: int) -> Deadline:
        return Deadline(self._terms.timeout + size / SLOWEST, self._stop)

    def _preparing(self, future: concurrent.futures.Future[Prepared], share: float) -> None:
        if future in self._names:
            self._heard(self._names[future], share / 2)
