"""Answers that no honest server gives, byte by byte: each is an answer, or a typed error, and soon."""

from __future__ import annotations

import contextlib
import io
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mediaprep.errors import AnswerLost, BadAnswer, NetworkError, Unreachable
from mediaprep.network.answer import Answer
from mediaprep.network.deadline import Deadline
from mediaprep.network.secret import Secret
from mediaprep.network.web import LARGEST_ANSWER, File, Line

KEY = Secret("canary-secret-raw")
OK = b"HTTP/1.1 200 OK\r\n"
PAGE = b"<h1>Request Entity Too Large</h1>"
Play = Callable[[socket.socket], None]
ARRIVED = threading.Event()
"""The request of this test is there, whole."""


@contextlib.contextmanager
def played(play: Play, family: socket.AddressFamily = socket.AF_INET) -> Iterator[str]:
    """A server that does just this with one connection."""
    host = "127.0.0.1" if family == socket.AF_INET else "::1"
    ARRIVED.clear()

    def serve() -> None:
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(30)  # who has gone away leaves the other side waiting
                play(connection)

    with socket.create_server((host, 0), family=family) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}/files"
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)  # ends `accept`, as closing alone does not
    thread.join(60)


def whole(connection: socket.socket) -> None:
    """Read a request to its end."""
    with connection.makefile("rb") as reader:
        length = 0
        while (line := reader.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        reader.read(length)
    ARRIVED.set()


def saying(answer: bytes) -> Play:
    def play(connection: socket.socket) -> None:
        whole(connection)
        connection.sendall(answer)

    return play


def without_end(beginning: bytes, more: bytes) -> Play:
    def play(connection: socket.socket) -> None:
        whole(connection)
        connection.sendall(beginning)
        while True:
            connection.sendall(more)

    return play


def before_the_body(answer: bytes) -> Play:
    """Refuse by the head of the request, and go away while the body is on its way."""

    def play(connection: socket.socket) -> None:
        connection.recv(1024)
        connection.sendall(answer)

    return play


def sent(url: str, folder: Path, size: int = 1000, seconds: float = 300) -> Answer:
    path = folder / "file"
    path.write_bytes(bytes(size))
    return Line(Deadline(seconds)).request(
        "POST", url, headers={"Token": KEY}, file=File(path=path, mime="video/mp4", name="file"), form={}
    )


@pytest.mark.parametrize(
    "play",
    [
        before_the_body(b"HTTP/1.1 413 No\r\ncontent-length: %d\r\n\r\n%s" % (len(PAGE), PAGE)),
        before_the_body(b"HTTP/1.1 413 No\r\ncontent-length: 50000\r\n\r\n" + PAGE),
        saying(b"HTTP/1.1 413 No\r\ncontent-length: 50000\r\n\r\n" + PAGE),
        saying(b"HTTP/1.1 413 No\r\ntransfer-encoding: chunked\r\n\r\n%x\r\n%s\r\nzz\r\n" % (len(PAGE), PAGE)),
        without_end(b"HTTP/1.1 413 No\r\n\r\n", PAGE),
    ],
    ids=["before the body", "before the body and cut", "cut", "bad chunk", "endless"],
)
def test_a_refusal_counts_whatever_becomes_of_its_words(play: Play, tmp_path: Path) -> None:
    with played(play) as url:
        answer = sent(url, tmp_path, 8_000_000)
    assert answer.status == 413 and "Too Large" in answer.words
    assert len(answer.body) <= LARGEST_ANSWER + 65536


@pytest.mark.parametrize(
    "play",
    [
        saying(OK + b"content-length: 2\r\ncontent-length: 3\r\n\r\n{}"),
        saying(OK + b"content-length: " + b"9" * 5000 + b"\r\n\r\n{}"),
        saying(OK + b"content-length: 5000\r\n\r\n{}"),
        saying(OK + b"transfer-encoding: chunked\r\n\r\nzz\r\n{}"),
        saying(OK + b"canary-secret-raw \0" * 3000 + b"\r\n\r\n"),
        saying(b"SSH-2.0 canary-secret-raw" + b"x" * 50_000 + b"\r\n\r\n"),
        saying(b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"),
        saying(b""),
        saying(b"HTTP/1.1 504 Gateway Timeout\r\ncontent-length: 0\r\n\r\n"),
        without_end(OK, b"x: " + b"y" * 1000 + b"\r\n"),
    ],
    ids=[
        "two lengths",
        "long length",
        "cut",
        "bad chunk",
        "bad header",
        "no HTTP",
        "101",
        "none",
        "504",
        "endless head",
    ],
)
def test_an_answer_that_cannot_be_read_leaves_the_outcome_unknown(play: Play, tmp_path: Path) -> None:
    with played(play) as url, pytest.raises(AnswerLost) as caught:
        sent(url, tmp_path)
    assert caught.value.temporary and caught.value.stored is None
    assert len(str(caught.value)) < 500 and "canary-secret" not in str(caught.value)


def silent(connection: socket.socket) -> None:
    whole(connection)
    connection.recv(1)


@pytest.mark.parametrize(
    "play",
    [without_end(b"", b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"), silent],
    ids=["endless 103", "silence"],
)
def test_the_deadline_ends_what_has_no_end(
    play: Play, tmp_path: Path, deadlines_end: Callable[[threading.Event], None]
) -> None:
    deadlines_end(ARRIVED)
    with played(play) as url, pytest.raises(AnswerLost, match="time limit"):
        sent(url, tmp_path)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b'content-length: 10\r\n\r\n{"id":"a"}',
        b'HTTP/1.0 200 OK\r\n\r\n{"id":"a"}',
    ],
    ids=["100", "1.0"],
)
@pytest.mark.parametrize("family", [socket.AF_INET, *([socket.AF_INET6] if socket.has_dualstack_ipv6() else [])])
def test_unusual_but_right_answers_are_read(answer: bytes, family: socket.AddressFamily, tmp_path: Path) -> None:
    with played(saying(answer), family) as url:
        assert sent(url, tmp_path).json() == {"id": "a"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[" * 200_000,
        b'{"id":NaN}',
        b'{"id":"\\ud800"}',
        b'{"n":' + b"9" * 5000 + b"}",
        b"\x1f\x8b\x08\0bomb",
        b"\xff",
    ],
    ids=["empty", "nested", "NaN", "half a letter", "long number", "packed", "no text"],
)
def test_what_is_no_json_is_a_bad_answer(body: bytes, tmp_path: Path) -> None:
    with played(saying(OK + b"content-length: %d\r\n\r\n%s" % (len(body), body))) as url:
        answer = sent(url, tmp_path)
    with pytest.raises(BadAnswer) as caught:
        answer.json()
    assert answer.fields() == {} and str(caught.value).isprintable() and len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("said", "least", "most"),
    [
        ("Wed, 21 Oct 2015 07:28:00 GMT", None, None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 1e9, 1e12),
        ("Mon, 99 Foo 2015 07:28:00 GMT", None, None),
        ("Fri, 31 Dec 99999999999 23:59:59 GMT", None, None),
        ("infinity", None, None),
        ("999999999", 999999999, 999999999),
    ],
)
def test_a_date_to_wait_for(said: str, least: float | None, most: float | None) -> None:
    answer = Answer(status=429, headers={"retry-after": said}, body=b"", place="https://api.example.com")
    found = answer.retry_after
    assert found is None if least is None or most is None else found is not None and least <= found <= most


@pytest.mark.parametrize("seconds", [0, -1])
def test_nothing_is_begun_when_there_is_no_time_left(tmp_path: Path, seconds: float) -> None:
    """Begun all the same, it might be cut in its last bytes, and nobody would know what arrived."""
    asked = threading.Event()
    with played(lambda _: asked.set()) as url, pytest.raises(Unreachable) as caught:
        sent(url, tmp_path, seconds=seconds)
    assert not asked.is_set() and caught.value.stored is False


def test_after_a_stop_an_answer_that_is_due_is_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mediaprep.network.deadline.GRACE", 300)
    stop = threading.Event()

    def late(connection: socket.socket) -> None:
        whole(connection)
        stop.set()
        time.sleep(0.5)  # the stop is seen meanwhile, or the test shows less
        connection.sendall(OK + b"content-length: 2\r\n\r\n{}")

    path = tmp_path / "file"
    path.write_bytes(b"x")
    with played(late) as url:
        answer = Line(Deadline(60, stop)).request("POST", url, file=File(path=path, mime="a/b", name="file"), form={})
    assert answer.status == 200


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("http_proxy", "socks9://me:canary-secret-proxy@127.0.0.1:1"),
        ("http_proxy", "http://me:canary-secret/proxy@127.0.0.1:1"),
        ("http_proxy", "http://[::1"),
        ("http_proxy", "http://me:canary-secret-proxy@127.0.0.1:1"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_said_without_its_password(
    name: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv(name, value)
    with pytest.raises(Unreachable) as caught:
        sent("http://api.example.com/files", tmp_path)
    assert "canary-secret" not in str(caught.value)


def test_nothing_that_an_answer_echoes_is_logged(tmp_path: Path) -> None:
    """httpcore logs the headers of answers, when asked for everything."""
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with played(saying(OK + b"x-token: canary-secret-raw\r\ncontent-length: 2\r\n\r\n{}")) as url:
            sent(url, tmp_path)
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
    assert heard.getvalue() == ""


def test_an_address_whose_name_nobody_can_have(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="invalid URL"):
        sent(f"https://{'a' * 300}.com/files", tmp_path)
