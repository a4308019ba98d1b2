"""What was uploaded before, so that the same bytes go out once: a journal in the ledger's SQLite file.

Each upload is noted down before its first byte goes out, again before its last, and when it was answered. So whatever
ends a process, the next one knows whether the other side can have the file:

* `sending`: it cannot, since its end never went out;
* `out`: it may. Where the other side would tell (Wassenger's 409, names made from the content), it is sent again;
  where it would not, that is said, and the sender decides;
* `done`: it has, and this is the reference.
"""

from __future__ import annotations

import contextlib
import datetime
import errno
import hashlib
import sqlite3
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from msgspec import Struct

from mediaprep.batch.ledger import open_database, state_folder
from mediaprep.destinations.base import Carrier, Receipt
from mediaprep.errors import AnswerLost, DiskFull, NetworkError, OutputError, Unreachable
from mediaprep.network.deadline import Deadline
from mediaprep.running import system

SCHEMA = """
create table if not exists uploads (
    content text not null, account text not null, state text not null, value text not null default '',
    noted text not null, expires text,
    primary key (content, account)
);
"""

MARGIN = datetime.timedelta(days=1)
"""Before an upload expires it is no longer relied on: this long, or a tenth of its life if that is shorter."""
FORGOTTEN = datetime.timedelta(days=30)
"""After so long an upload without an answer is no longer asked about: no platform keeps an unused file longer."""

MAYBE_THERE = "it may be there already; to upload it once more, give it alone with --force"

DAMAGE = ("malformed", "not a database", "no such column", "no such table", "columns but")
"""What SQLite says of a file that is not, or no longer, the ledger."""

State = Literal["sending", "out", "done"]


class JournalEntry(Struct, frozen=True, kw_only=True):
    """One line of the journal. Times are UTC."""

    state: State
    value: str
    noted: datetime.datetime
    expires: datetime.datetime | None

    def lives(self, until: datetime.datetime) -> bool:
        """Whether the reference can be relied on until then."""
        if self.state != "done":
            return False
        return self.expires is None or self.expires - min(MARGIN, (self.expires - self.noted) / 10) > until


class Journal:
    """The journal. Raises `OutputError` or `DiskFull` where it cannot be kept: then nothing is uploaded."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or state_folder()
        self._turn = threading.Lock()
        with self._writing():
            self._db = open_database(self._folder, SCHEMA)
            self._db.execute("pragma synchronous = full")
            (self._folder / "locks").mkdir(exist_ok=True, mode=0o700)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def living(self, content: str, account: str, until: datetime.datetime | None = None) -> Receipt | None:
        """What an earlier upload of these bytes (by SHA-256) to this account gave, where it still serves then."""
        entry = self.entry(content, account)
        if entry is None or not entry.lives(max(until or _now(), _now())):
            return None
        return Receipt(value=entry.value, expires=entry.expires, fresh=False)

    def once(
        self,
        carrier: Carrier,
        content: str,
        send: Callable[[Callable[[], None]], Receipt],
        *,
        wait: Deadline,
        force: bool = False,
        until: datetime.datetime | None = None,
    ) -> Receipt:
        """The receipt of an earlier upload of these bytes, else that of `send(last)`, which calls `last` before the end
        of the file goes out. Whoever else wants to upload the same bytes, in this process or another, waits meanwhile.

        `until`: how long the reference has to serve. `force`: send it whatever is known. Raises what `send` raises, and
        `AnswerLost` where an earlier upload may have arrived and sending again would leave a second copy.
        """
        account = carrier.account
        with self._alone(content, account, wait):
            if not force:
                if receipt := self.living(content, account, until):
                    return receipt
                entry = self.entry(content, account)
                if entry and entry.state == "out" and not carrier.repeatable and entry.noted + FORGOTTEN > _now():
                    raise AnswerLost(
                        f"this file was uploaded whole on {entry.noted:%Y-%m-%d %H:%M} UTC, but the response was lost, "
                        f"so {MAYBE_THERE}"
                    )
            self._note(content, account, "sending")
            try:
                receipt = send(lambda: self._note(content, account, "out"))
            except NetworkError as error:
                if error.stored is False:
                    self.forget(content, account)
                elif error.stored is None and not carrier.repeatable:
                    raise type(error)(f"{error}; {MAYBE_THERE}", status=error.status) from None
                raise
            try:
                self._note(content, account, "done", receipt)
            except OutputError as error:
                warnings.warn(
                    f"an upload succeeded, but the journal could not be written: {error}", RuntimeWarning, stacklevel=2
                )
            return receipt

    def entry(self, content: str, account: str) -> JournalEntry | None:
        with self._turn, self._writing():
            row = self._db.execute(
                "select state, value, noted, expires from uploads where content = ? and account = ?", (content, account)
            ).fetchone()
            if row is None:
                return None
            return JournalEntry(
                state=row[0], value=row[1], noted=_time(row[2]), expires=_time(row[3]) if row[3] else None
            )

    def forget(self, content: str, account: str) -> None:
        with self._turn, self._writing():
            self._db.execute("delete from uploads where content = ? and account = ?", (content, account))

    def _note(self, content: str, account: str, state: State, receipt: Receipt | None = None) -> None:
        expires = receipt.expires.isoformat() if receipt and receipt.expires else None
        row = (content, account, state, receipt.value if receipt else "", _now().isoformat(), expires)
        with self._turn, self._writing():
            self._db.execute("insert or replace into uploads values (?, ?, ?, ?, ?, ?)", row)

    @contextlib.contextmanager
    def _alone(self, content: str, account: str, wait: Deadline) -> Iterator[None]:
        """Holds a lock that ends with the process, however that ends."""
        name = hashlib.sha256(f"{content} {account}".encode()).hexdigest()[:3]

        def patience() -> None:
            if wait.left <= 0:
                raise Unreachable("another run is still uploading this file; run again when it is done")
            wait.stop.wait(0.05)

        with contextlib.ExitStack() as held:
            with self._writing():
                held.enter_context(system.locked(self._folder / "locks" / name, patience))
            yield

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error, ValueError) as error:
            kind, cure = _cure(error)
            raise kind(
                f"the journal of uploads in {self._folder} cannot be written ({error}); {cure}. "
                "Without it nothing is uploaded"
            ) from None


def _cure(error: Exception) -> tuple[type[OutputError], str]:
    said = str(error)
    if "full" in said or getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull, "free some space"
    if "locked" in said:
        return OutputError, "another program holds it, so run again later"
    if isinstance(error, ValueError) or any(sign in said for sign in DAMAGE):
        return OutputError, "it is damaged, so move ledger.sqlite away to begin a new one"
    if "I/O" in said:
        return OutputError, "check whether its disk is full or failing"
    return OutputError, "set MEDIAPREP_STATE to another folder"


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _time(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)
