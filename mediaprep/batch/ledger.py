"""What was prepared before, in one SQLite file of the user's state folder (`MEDIAPREP_STATE` names another). What was
uploaded before is in the same file: `uploads.py`.

Only the calling process reads and writes it. A file is known again by path, size and time of change, together with
the profile, the target and the options: whatever could change the result changes the key.
"""

from __future__ import annotations

import hashlib
import os
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from mediaprep.pipeline import Request
from mediaprep.record import Prepared, printable
from mediaprep.running import system
from mediaprep.running.staging import sha256

if TYPE_CHECKING:
    import sqlite3

LOCK_SECONDS = 10.0
"""Seconds to wait for whoever holds the database: nothing of ours holds it for long, and Ctrl-C cannot cut it short."""

TABLES = """
create table if not exists prepared (
    key text primary key, output text not null, bytes integer not null, changed integer not null, record text not null
);
create index if not exists prepared_output on prepared (output);
create table if not exists contents (key text primary key, record text not null);
"""


def state_folder() -> Path:
    if named := os.environ.get("MEDIAPREP_STATE"):
        return Path(named)
    from platformdirs import user_state_path

    return user_state_path("mediaprep", appauthor=False)


def open_database(folder: Path, schema: str) -> sqlite3.Connection:
    """The state folder's database, with the requested tables. It may be used by several threads in turn."""
    import sqlite3

    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    # SQLite does not wait while another process makes the file: it fails at once.
    with system.locked(folder / "ledger.lock", lambda: time.sleep(0.01)):
        database = sqlite3.connect(
            folder / "ledger.sqlite", timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False
        )
        database.execute("pragma journal_mode = wal")
        database.execute("pragma synchronous = normal")
        database.executescript(schema)
    return database


class Ledger:
    """A memory of finished work; of its records, all but their `source`. Raises `OSError` or `sqlite3.Error` when the
    state folder cannot be used.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._db = open_database(folder or state_folder(), TABLES)

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def finished(self, key: str) -> Prepared | None:
        """The record of an earlier run whose output still lies there, untouched."""
        row = self._row("select output, bytes, changed, record from prepared where key = ?", key)
        if row is None:
            return None
        try:
            there = os.lstat(row[0])
        except OSError:
            return None
        if (there.st_size, there.st_mtime_ns) != (row[1], row[2]):
            return None
        return _decoded(row[3])

    def output_of(self, source: Path, into: Path) -> Path | None:
        """The output under `into` that was last made from this source, if it is still as it was made."""
        rows = self._rows(
            "select output, bytes, changed from prepared where key > ? and key < ? order by rowid desc",
            f"{_path_key(source)}:",
            f"{_path_key(source)};",
        )
        for output, size, changed in rows:
            path = Path(output)
            if not path.is_relative_to(into):
                continue
            try:
                there = path.lstat()
            except OSError:
                continue
            if (there.st_size, there.st_mtime_ns) == (size, changed):
                return path
        return None

    def made(self, path: Path) -> bool:
        """Whether this file is an output of an earlier run, and still as it was made."""
        named = printable(os.path.abspath(path))
        row = self._row("select bytes, changed from prepared where output = ?", named)
        try:
            there = path.lstat()
        except OSError:
            return False
        return row is not None and (there.st_size, there.st_mtime_ns) == tuple(row)

    def remember(self, key: str, record: Prepared) -> None:
        if record.path is None:
            return
        output = os.path.abspath(record.path)
        there = os.lstat(output)
        with self._db:
            self._db.execute("delete from prepared where output = ? and key != ?", (output, key))
            self._db.execute(
                "insert or replace into prepared values (?, ?, ?, ?, ?)",
                (key, output, there.st_size, there.st_mtime_ns, _encoded(record)),
            )

    def content(self, key: str) -> Prepared | None:
        """The record of an earlier run, whose output need not be there any more: what would come out is known."""
        row = self._row("select record from contents where key = ?", key)
        return _decoded(row[0]) if row else None

    def remember_content(self, key: str, record: Prepared) -> None:
        with self._db:
            self._db.execute("insert or replace into contents values (?, ?)", (key, _encoded(record)))

    def _row(self, query: str, *values: str) -> tuple[Any, ...] | None:
        return next(iter(self._rows(query, *values)), None)

    def _rows(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        """What cannot be read is not known: the work is only done again."""
        import sqlite3

        try:
            return self._db.execute(query, values).fetchall()
        except sqlite3.Error as error:
            warnings.warn(f"finished work cannot be recalled: {error}", RuntimeWarning, stacklevel=3)
            return []


def _encoded(record: Prepared) -> str:
    """Without the source: a link may hold a key, and whoever asks knows it."""
    return msgspec.json.encode(replace(record, source="")).decode()


def _decoded(record: str) -> Prepared | None:
    """None for what another version, or a fault of the disk, left there."""
    try:
        return msgspec.json.decode(record, type=Prepared)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None


def memory_key(source: Path, into: Path, request: Request, link: str = "") -> str:
    """What decides a result, as one key. A file is known again by its place and times; what was fetched from `link`, by
    its bytes. Raises `OSError` where the source cannot be looked at.
    """
    from mediaprep.version import __version__

    there = os.lstat(source)
    wants = msgspec.json.encode([__version__, os.path.abspath(into), request], order="deterministic")
    facts = sha256(source) if link else f"{there.st_dev}:{there.st_ino}:{there.st_size}:{there.st_mtime_ns}"
    return f"{_path_key(Path(link or source))}:{hashlib.sha256(facts.encode() + wants).hexdigest()}"


def _path_key(source: Path) -> str:
    return hashlib.sha256(os.fsencode(os.path.abspath(source))).hexdigest()
