"""One file, from its source to its reference: prepared in a process of its own, published and emitted in a thread of
the calling process, so that keys never leave it.
"""

from __future__ import annotations

import concurrent.futures
import datetime
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from mediaprep.batch.ledger import Ledger
from mediaprep.batch.prepare import OnProgress, memory_of, remember
from mediaprep.destinations.base import Parcel, Receipt, Reference
from mediaprep.destinations.body import Json
from mediaprep.errors import (
    AnswerLost,
    BadAnswer,
    MediaprepError,
    NetworkError,
    Refused,
    ToolMissing,
    Unreachable,
    UsageError,
)
from mediaprep.hosts.base import Host
from mediaprep.hosts.trial import try_link
from mediaprep.network.deadline import Deadline
from mediaprep.network.retry import persistently
from mediaprep.network.web import Line
from mediaprep.pipeline import Job, work
from mediaprep.publishing.journal import Journal
from mediaprep.publishing.terms import PLACEHOLDER, Terms, outlives, stamp
from mediaprep.record import Failure, Prepared, printable
from mediaprep.rules import Finding
from mediaprep.running import staging
from mediaprep.running.pool import LocalWorkers

UPLOADS = 4
"""Uploads under way at once, beside the files that are being prepared."""
SLOWEST = 50_000
"""Bytes a second that an upload may be as slow as, beside its timeout."""
UNAUTHORIZED = 401
"""A key that is refused for one file is refused for all: the others are not tried."""
HEAD = "MP504"
"""The finding about links that do not answer HEAD as they answer GET."""
LEDGER_KEY = Path("/")
"""Published files lie nowhere: what is remembered of them does not depend on a folder."""


class Placed(Struct, frozen=True, kw_only=True):
    """Where a file is now. `uploaded`: whether bytes went out for it. `warnings`: what some platforms would mind."""

    reference: Reference
    expires: datetime.datetime | None = None
    uploaded: bool = False
    warnings: tuple[Finding, ...] = ()


class Publisher:
    """Takes one file after another from its source to its reference; several threads use it at once."""

    def __init__(
        self,
        terms: Terms,
        uploads: Journal,
        known: Ledger | None,
        workers: int,
        on_progress: OnProgress | None,
        on_placed: Callable[[Reference], None] | None = None,
    ) -> None:
        self._terms = terms
        self._uploads = uploads
        self._known = known
        self._heard = on_progress or (lambda *_: None)
        self._placed = on_placed or (lambda _: None)
        self._stop = threading.Event()
        self._turn = threading.Lock()
        self._lines = threading.Semaphore(UPLOADS)
        self._names: dict[concurrent.futures.Future[Prepared], str] = {}
        self._furthest: dict[str, float] = {}
        self._workers = LocalWorkers(workers, on_progress=self._preparing)
        self._unwelcome: Refused | None = None

    def __enter__(self) -> Publisher:
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
            prepared = replace(prepared, source=job.shown)
            parcel = self._parcel(job, prepared)
            self._message(PLACEHOLDER, parcel)  # what cannot be said is not uploaded
            return self._emit(prepared, parcel, self._place(job, parcel, receipt))
        except MediaprepError as error:
            if prepared is None or isinstance(error, ToolMissing):
                raise
            failure = Failure(type(error).__name__, printable(str(error)))
            return replace(prepared, status="failed", path=None, error=failure)
        finally:
            shutil.rmtree(job.scratch, ignore_errors=True)

    def _recalled(self, job: Job, memory: str | None) -> tuple[Prepared | None, Receipt | None]:
        """What an earlier run made of this source, where what it uploaded still serves: then there is nothing to do."""
        terms = self._terms
        if self._known is None or memory is None or terms.force or not terms.uploads:
            return None, None
        with self._turn:
            prepared = self._known.content(memory)
        if prepared is None or prepared.sha256 is None:
            return None, None
        account = terms.carrier.account
        receipt = self._uploads.living(prepared.sha256, account, terms.envelope.scheduled_at)
        if receipt is None:
            return None, None
        if terms.host is not None and not self._held(terms.host, self._parcel(job, prepared)):
            self._uploads.forget(prepared.sha256, account)
            return None, None
        return prepared, receipt

    def _held(self, host: Host, parcel: Parcel) -> bool:
        deadline = self._deadline(0)
        return persistently(lambda: host.holds(parcel, Line(deadline)), deadline, repeatable=True)

    def _prepare(self, job: Job, memory: str | None) -> Prepared:
        self._check_welcome()
        future = self._workers.submit(work, job)
        self._names[future] = job.shown
        prepared = future.result()
        del self._names[future]
        if self._known is not None and memory is not None and prepared.status == "ready":
            with self._turn:
                remember(self._known.remember_content, memory, prepared)
        return prepared

    def _place(self, job: Job, parcel: Parcel, receipt: Receipt | None) -> Placed:
        """Publish: put the file where messages can use it, unless `receipt` says that it is there."""
        terms = self._terms
        if not terms.uploads:
            if terms.inline and not parcel.link:
                return Placed(reference=terms.destination.inside(parcel.path, parcel.full_mime))
            return Placed(reference=Reference(link=self._own_link(parcel)))
        anew = receipt is None
        receipt = receipt or self._upload(job, parcel)
        if terms.host is None:
            return Placed(reference=Reference(id=receipt.value), expires=receipt.expires, uploaded=receipt.fresh)
        link, expires = terms.host.link(receipt.value)
        try:
            warnings = self._try(link, parcel, whole=anew)
        except BadAnswer:
            if receipt.fresh or not anew:
                raise
            receipt = self._upload(job, parcel, anew=True)  # what lay there under its name was something else
            warnings = self._try(link, parcel, whole=True)
        return Placed(reference=Reference(link=link), expires=expires, uploaded=receipt.fresh, warnings=warnings)

    def _emit(self, prepared: Prepared, parcel: Parcel, placed: Placed) -> Prepared:
        """Emit: the record with the reference, and the message in the destination's own words."""
        envelope = self._terms.envelope
        if envelope.scheduled_at and placed.reference.link:
            outlives(placed.expires, envelope.scheduled_at)
        reference = replace(placed.reference, mime=parcel.full_mime)
        self._placed(reference)
        return replace(
            prepared,
            status="published",
            path=None,
            remaining=(*prepared.remaining, *placed.warnings),
            reference=reference.fields(),
            expires=stamp(placed.expires) if placed.expires else None,
            uploaded=placed.uploaded,
            message=self._message(reference, parcel),
        )

    def _message(self, reference: Reference, parcel: Parcel) -> Json | None:
        envelope = self._terms.envelope
        if not envelope.addressed and not envelope.template:
            return None
        return self._terms.destination.message(reference, parcel, envelope)

    def _own_link(self, parcel: Parcel) -> str:
        """The source's own link, which serves as it is where nothing had to be done to the file."""
        title = self._terms.destination.title
        if not parcel.link:
            raise UsageError(
                f"{title} accepts only links, and this one cannot be sent as it is (it needs work, or its address is "
                "private or redirects); give --host, where the prepared file can be put"
            )
        self._try(parcel.link, parcel, whole=False)
        return parcel.link

    def _upload(self, job: Job, parcel: Parcel, *, anew: bool = False) -> Receipt:
        """`anew`: ignore the journal and overwrite the remote file."""
        carrier, host = self._terms.carrier, self._terms.host
        anew = anew or self._terms.force
        go = host.put if host is not None and anew else carrier.upload

        def send(last: Callable[[], None]) -> Receipt:
            deadline = self._deadline(parcel.bytes)
            line = Line(deadline, progress=lambda share: self._hear(job.shown, 0.5 + share / 2), last=last)
            lost = False

            def attempt() -> Receipt:
                nonlocal lost
                try:
                    return go(parcel, line)
                except AnswerLost:
                    lost = True
                    raise

            receipt = persistently(attempt, deadline, repeatable=carrier.repeatable)
            return replace(receipt, fresh=receipt.fresh or lost)  # "there already" may be by our own first attempt

        try:
            with self._lines:
                self._check_welcome()
                return self._uploads.once(
                    carrier, parcel.sha256, send, wait=self._deadline(parcel.bytes), force=anew,
                    until=self._terms.envelope.scheduled_at,
                )  # fmt: skip
        except Refused as error:
            if error.status == UNAUTHORIZED:
                self._unwelcome = error
            raise

    def _check_welcome(self) -> None:
        if self._unwelcome is not None:
            raise self._unwelcome

    def _try(self, link: str, parcel: Parcel, *, whole: bool) -> tuple[Finding, ...]:
        """The link, verified as the platform would; what was uploaded and cannot be had is not relied on again."""
        terms = self._terms
        if not terms.try_links:
            return ()
        deadline = self._deadline(parcel.bytes)
        head = terms.host is None or terms.host.answers_head
        try:
            found = persistently(
                lambda: try_link(link, parcel, head=head, whole=whole, deadline=deadline, foreign=terms.host is None),
                deadline,
                repeatable=True,
            )
            if terms.destination.needs_head and (wrong := [one for one in found if one.code == HEAD]):
                raise BadAnswer(
                    f"{terms.destination.title} requests links with HEAD before GET: {wrong[0].message}. Allow HEAD in "
                    "the web server"
                )
            return found
        except NetworkError as error:
            if terms.host is not None:
                self._uploads.forget(parcel.sha256, terms.host.account)
            if isinstance(error, Unreachable):
                raise Unreachable(f"the link cannot be verified: {error}; --no-try skips that") from None
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
            self._hear(self._names[future], share / 2)

    def _hear(self, name: str, share: float) -> None:
        """A retry or a smaller encode, which starts at zero again, does not take a bar back."""
        self._furthest[name] = max(share, self._furthest.get(name, 0.0))
        self._heard(name, self._furthest[name])
