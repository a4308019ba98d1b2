"""What is tried again, how often, and after how long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from mediaprep.errors import AnswerLost, BadAnswer, NetworkError, Refused, Unreachable
from mediaprep.network.deadline import Deadline
from mediaprep.network.retry import FIRST, LONGEST, PATIENCE, TRIES, pause, persistently


class Attempts:
    """Fails with each of these errors in turn, then succeeds."""

    def __init__(self, *errors: NetworkError) -> None:
        self.errors = list(errors)
        self.made = 0

    def __call__(self) -> str:
        self.made += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def busy(retry_after: float | None = 0) -> Refused:
    return Refused("it is busy", temporary=True, status=429, retry_after=retry_after)


def lost() -> AnswerLost:
    return AnswerLost("the answer was lost", temporary=True, retry_after=0)


def test_a_temporary_failure_is_tried_again() -> None:
    attempt = Attempts(busy(), Unreachable("no way there", temporary=True, retry_after=0))
    assert persistently(attempt, Deadline(300), repeatable=False) == "done"
    assert attempt.made == 3


def test_failures_that_stay_temporary_end_and_say_how_often_they_came() -> None:
    attempt = Attempts(*(busy() for _ in range(TRIES)))
    with pytest.raises(Refused, match=f"it is busy \\(tried {TRIES} times\\)") as caught:
        persistently(attempt, Deadline(300), repeatable=True)
    assert attempt.made == TRIES
    assert caught.value.temporary and caught.value.status == 429 and caught.value.retry_after == 0


def test_a_permanent_failure_ends_it_at_once_in_its_own_words() -> None:
    attempt = Attempts(Refused("the key is wrong", status=401))
    with pytest.raises(Refused, match=r"^the key is wrong$") as caught:
        persistently(attempt, Deadline(300), repeatable=True)
    assert attempt.made == 1 and caught.value.status == 401 and not caught.value.temporary


@pytest.mark.parametrize("error", [lost, lambda: BadAnswer("no JSON", temporary=True, retry_after=0)])
def test_what_may_be_stored_is_sent_again_only_where_that_does_no_harm(error: Callable[[], NetworkError]) -> None:
    once = Attempts(error())
    with pytest.raises(NetworkError) as caught:
        persistently(once, Deadline(300), repeatable=False)
    assert once.made == 1 and caught.value.stored is None
    again = Attempts(error())
    assert persistently(again, Deadline(300), repeatable=True) == "done"
    assert again.made == 2


def test_the_other_side_says_how_long_to_wait() -> None:
    attempt = Attempts(busy(0.2))
    started = time.monotonic()
    persistently(attempt, Deadline(300), repeatable=False)
    assert time.monotonic() - started >= 0.19


@pytest.mark.parametrize(("asked", "seconds"), [(PATIENCE + 1, 1e6), (30, 20)])
def test_a_wait_that_is_too_long_is_told_and_not_waited_for(asked: float, seconds: float) -> None:
    attempt = Attempts(busy(asked))
    with pytest.raises(Refused, match=f"it is busy; retry after {asked:.0f} s") as caught:
        persistently(attempt, Deadline(seconds), repeatable=True)
    assert attempt.made == 1 and caught.value.retry_after == asked


def test_nothing_is_tried_after_the_deadline() -> None:
    attempt = Attempts(busy())
    with pytest.raises(Refused, match=r"^it is busy$"):
        persistently(attempt, Deadline(0), repeatable=True)
    assert attempt.made == 1


def test_nothing_is_tried_once_it_was_stopped() -> None:
    stop = threading.Event()

    def attempt() -> None:
        attempts.append(1)
        threading.Timer(0.05, stop.set).start()
        raise busy(PATIENCE)

    attempts: list[int] = []
    with pytest.raises(Refused):
        persistently(attempt, Deadline(1e6, stop), repeatable=True)
    assert len(attempts) == 1 and stop.is_set()


def test_other_errors_pass() -> None:
    def attempt() -> None:
        raise KeyError("ours")

    with pytest.raises(KeyError):
        persistently(attempt, Deadline(300), repeatable=True)


def test_waits_grow_differ_and_have_an_end() -> None:
    waits = [[pause(number, None) for _ in range(50)] for number in range(12)]
    for number, drawn in enumerate(waits):
        longest = min(LONGEST, FIRST * 2**number)
        assert all(longest / 2 <= wait <= longest for wait in drawn) and len(set(drawn)) > 1
    assert pause(0, 7.0) == 7
