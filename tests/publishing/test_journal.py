"""The journal of uploads: the same bytes go out once, whatever ends a process, and however many start at once."""

from __future__ import annotations

import contextlib
import datetime
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from mediaprep.destinations.base import Parcel, Receipt
from mediaprep.errors import AnswerLost, BadAnswer, DiskFull, OutputError, Refused, Unreachable
from mediaprep.network.deadline import Deadline
from mediaprep.network.web import Line
from mediaprep.publishing.journal import FORGOTTEN, MARGIN, Journal

DAY = datetime.timedelta(days=1)
Last = Callable[[], None]


class Carrier:
    """Somewhere to upload to, of which the journal needs no more than this."""

    def __init__(self, *, repeatable: bool = False, account: str = "https://api.example.com me") -> None:
        self.repeatable = repeatable
        self.account = account

    def upload(self, parcel: Parcel, line: Line) -> Receipt:
        raise AssertionError("the journal itself uploads nothing")


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def sent(value: str = "id-1", life: datetime.timedelta | None = 90 * DAY) -> Callable[[Last], Receipt]:
    def send(last: Last) -> Receipt:
        last()
        return Receipt(value=value, expires=now() + life if life else None)

    return send


def never(_: Last) -> Receipt:
    raise AssertionError("sent again")


def wait() -> Deadline:
    return Deadline(300)


def test_the_same_bytes_go_out_once(tmp_path: Path) -> None:
    with Journal(tmp_path) as uploads:
        assert uploads.once(Carrier(), "aa", sent(), wait=wait()).fresh
    with Journal(tmp_path) as uploads:
        again = uploads.once(Carrier(), "aa", never, wait=wait())
        assert (again.value, again.fresh) == ("id-1", False)
        assert uploads.once(Carrier(), "bb", sent("id-2"), wait=wait()).value == "id-2"
        assert uploads.once(Carrier(account="other"), "aa", sent("id-3"), wait=wait()).value == "id-3"
        assert uploads.once(Carrier(), "aa", sent("id-4"), wait=wait(), force=True).value == "id-4"


@pytest.mark.parametrize(
    ("life", "until", "lives"),
    [
        (None, None, True),
        (90 * DAY, None, True),
        (MARGIN * 20, 18.9 * DAY, True),
        (MARGIN * 20, 19.1 * DAY, False),
        (datetime.timedelta(hours=10), datetime.timedelta(hours=8.9), True),
        (datetime.timedelta(hours=10), datetime.timedelta(hours=9.1), False),
        (-DAY, None, False),
        (None, 10_000 * DAY, True),
    ],
    ids=str,
)
def test_a_reference_is_relied_on_while_it_lives(
    tmp_path: Path, life: datetime.timedelta | None, until: datetime.timedelta | None, lives: bool
) -> None:
    with Journal(tmp_path) as uploads:
        uploads.once(Carrier(), "aa", sent(life=life), wait=wait())
        found = uploads.living("aa", Carrier().account, now() + until if until else None)
        assert (found is not None) == lives


def test_what_is_known_not_to_have_arrived_leaves_nothing(tmp_path: Path) -> None:
    def send(last: Last) -> Receipt:
        last()
        raise Refused("no", status=413)

    with Journal(tmp_path) as uploads:
        with pytest.raises(Refused):
            uploads.once(Carrier(), "aa", send, wait=wait())
        assert uploads.entry("aa", Carrier().account) is None


@pytest.mark.parametrize(
    "error", [AnswerLost("lost", temporary=True), BadAnswer("a page")], ids=lambda one: type(one).__name__
)
def test_what_may_have_arrived_is_not_sent_blindly(tmp_path: Path, error: Exception) -> None:
    def send(last: Last) -> Receipt:
        last()
        raise error

    with Journal(tmp_path) as uploads:
        with pytest.raises(type(error), match=r"(lost|a page); it may be there already; .* with --force"):
            uploads.once(Carrier(), "aa", send, wait=wait())
        with pytest.raises(AnswerLost, match="with --force"):
            uploads.once(Carrier(), "aa", never, wait=wait())
        assert uploads.once(Carrier(repeatable=True), "aa", sent(), wait=wait()).value == "id-1"
    with Journal(tmp_path) as uploads:
        assert uploads.once(Carrier(), "aa", never, wait=wait()).value == "id-1"


def test_force_sends_what_may_have_arrived(tmp_path: Path) -> None:
    def send(last: Last) -> Receipt:
        last()
        raise AnswerLost("lost")

    with Journal(tmp_path) as uploads:
        with pytest.raises(AnswerLost):
            uploads.once(Carrier(), "aa", send, wait=wait())
        assert uploads.once(Carrier(), "aa", sent(), wait=wait(), force=True).fresh


def test_an_upload_without_an_answer_is_forgotten_once_no_platform_keeps_it(tmp_path: Path) -> None:
    def lost(last: Last) -> Receipt:
        last()
        raise AnswerLost("lost")

    def age(uploads: Journal, days: datetime.timedelta) -> None:
        uploads._db.execute("update uploads set noted = ?", ((now() - days).isoformat(),))

    with Journal(tmp_path) as uploads:
        with pytest.raises(AnswerLost):
            uploads.once(Carrier(), "aa", lost, wait=wait())
        age(uploads, FORGOTTEN - DAY)
        with pytest.raises(AnswerLost, match="with --force"):
            uploads.once(Carrier(), "aa", never, wait=wait())
        age(uploads, FORGOTTEN + DAY)
        assert uploads.once(Carrier(), "aa", sent(), wait=wait()).fresh


DYING = """
    import os, signal, sys
    from pathlib import Path
    from tests.publishing.test_journal import Carrier, wait
    from mediaprep.publishing.journal import Journal

    def send(last):
        if sys.argv[2] == "out":
            last()
        os.kill(os.getpid(), signal.SIGKILL)

    Journal(Path(sys.argv[1])).once(Carrier(), "aa", send, wait=wait())
"""


@pytest.mark.parametrize("state", ["sending", "out"])
def test_after_kill_9_the_next_process_knows(tmp_path: Path, state: str) -> None:
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(DYING), str(tmp_path), state], timeout=600)
    assert done.returncode == -signal.SIGKILL
    with Journal(tmp_path) as uploads:
        entry = uploads.entry("aa", Carrier().account)
        assert entry is not None and entry.state == state
        if state == "sending":
            assert uploads.once(Carrier(), "aa", sent(), wait=wait()).fresh
        else:
            with pytest.raises(AnswerLost):
                uploads.once(Carrier(), "aa", never, wait=wait())


RACING = """
    import sys, time
    from pathlib import Path
    from tests.publishing.test_journal import Carrier, wait
    from mediaprep.destinations.base import Receipt
    from mediaprep.publishing.journal import Journal

    def send(last):
        time.sleep(0.3)
        last()
        print("sent", flush=True)
        return Receipt(value="id-1")

    print(Journal(Path(sys.argv[1])).once(Carrier(), "aa", send, wait=wait()).value)
"""


def test_of_many_processes_one_uploads_and_all_get_the_reference(tmp_path: Path) -> None:
    racing = [
        subprocess.Popen([sys.executable, "-c", textwrap.dedent(RACING), str(tmp_path / "new")], stdout=-1, text=True)
        for _ in range(5)
    ]
    said = [process.communicate(timeout=600)[0].split() for process in racing]
    assert sorted(said) == [["id-1"]] * 4 + [["sent", "id-1"]]


def test_threads_wait_for_one_another_too(tmp_path: Path) -> None:
    count = 0

    def send(last: Last) -> Receipt:
        nonlocal count
        count += 1
        threading.Event().wait(0.1)
        return Receipt(value="id-1")

    with Journal(tmp_path) as uploads:
        threads = [
            threading.Thread(target=uploads.once, args=(Carrier(), "aa", send), kwargs={"wait": wait()})
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert count == 1


def test_who_waits_too_long_is_told(tmp_path: Path) -> None:
    started, end = threading.Event(), threading.Event()

    def slow(_: Last) -> Receipt:
        started.set()
        end.wait(300)
        return Receipt(value="id-1")

    with Journal(tmp_path) as uploads:
        thread = threading.Thread(target=uploads.once, args=(Carrier(), "aa", slow), kwargs={"wait": wait()})
        thread.start()
        started.wait(300)
        with pytest.raises(Unreachable, match="another run"):
            uploads.once(Carrier(), "aa", never, wait=Deadline(0.2))
        end.set()
        thread.join()


def test_a_full_disk_under_the_ledger_stops_uploads_and_loses_none(tmp_path: Path) -> None:
    known: list[str] = []
    with Journal(tmp_path) as uploads:
        uploads._db.execute("pragma max_page_count = 12")

        def until_full() -> None:
            for number in range(500):
                known.append(f"{number:064}")
                uploads.once(Carrier(), known[-1], sent(f"id-{number}" * 20), wait=wait())

        always = warnings.catch_warnings(record=True, action="always")
        with always as warned, pytest.raises(DiskFull, match="nothing is uploaded"):
            until_full()
        states = [entry.state if (entry := uploads.entry(name, Carrier().account)) else "none" for name in known]
    assert states[-1] == "none", "what could not be noted down was not sent"
    assert states[:-1].count("done") == len(known) - 1 - len(warned), "what was not remembered was said"


def test_a_state_folder_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="MEDIAPREP_STATE"):
        Journal(tmp_path / "file")


def test_the_folder_is_the_users_alone(tmp_path: Path) -> None:
    with Journal(tmp_path / "state") as uploads:
        uploads.once(Carrier(), "aa", sent(), wait=wait())
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("damage", "cure"),
    [
        ("drop table uploads", "move ledger.sqlite away"),
        ("alter table uploads drop column value", "move ledger.sqlite away"),
        ("alter table uploads add column more text", "move ledger.sqlite away"),
        ("update uploads set noted = 'yesterday'", "move ledger.sqlite away"),
    ],
)
def test_a_ledger_that_is_damaged_is_told_and_nothing_is_sent(tmp_path: Path, damage: str, cure: str) -> None:
    with Journal(tmp_path) as uploads:
        uploads.once(Carrier(), "aa", sent(), wait=wait())
        uploads._db.execute(damage)
        with pytest.raises(OutputError, match=cure):
            uploads.once(Carrier(), "aa", never, wait=wait(), force="more" in damage)


def test_a_ledger_that_another_program_holds_is_told_and_nothing_is_sent(tmp_path: Path) -> None:
    with Journal(tmp_path) as uploads, contextlib.closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as other:
        uploads._db.execute("pragma busy_timeout = 100")
        other.execute("begin immediate")
        with pytest.raises(OutputError, match="another program holds it"):
            uploads.once(Carrier(), "aa", never, wait=wait())
        other.rollback()
        assert uploads.once(Carrier(), "aa", sent(), wait=wait()).fresh
