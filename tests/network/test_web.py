"""HTTP as it is spoken: what goes out, what comes back, and every way in which it fails."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest

from mediaprep.errors import AnswerLost, BadAnswer, Refused, Unreachable
from mediaprep.network.deadline import Deadline
from mediaprep.network.secret import Secret
from mediaprep.network.web import File, Line
from tests.servers.base import Fault, Received, Reply, StandIn, nobody

KEY = Secret("canary-secret-web")


class Echo(StandIn):
    def answer(self, request: Received) -> Reply:
        if request.path == "/no":
            return Reply(403, {"message": "the key canary-secret-web may not", "code": 7}, {"retry-after": "3"})
        return Reply(201, {"id": self.keep(request.body)})


@pytest.fixture
def server() -> Iterator[Echo]:
    with Echo() as running:
        yield running


@pytest.fixture
def film(tmp_path: Path) -> File:
    path = tmp_path / "film.mp4"
    path.write_bytes(bytes(range(256)) * 65536)  # more than the system's buffers take in at once
    return File(path=path, mime="video/mp4", name="film.mp4")


def line(seconds: float = 300, **ears: object) -> Line:
    return Line(Deadline(seconds), **ears)  # type: ignore[arg-type]


def test_json_goes_out_with_the_key_and_comes_back(server: Echo) -> None:
    answer = line().request("POST", f"{server.url}/v1", headers={"Token": KEY}, params={"a": "b c"}, json={"x": 1})
    assert answer.status == 201 and answer.ok and set(answer.json()) == {"id"}
    (request,) = server.received
    assert request.headers["token"] == "canary-secret-web"
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers["user-agent"].startswith("mediaprep/")
    assert request.query == {"a": "b c"} and request.json() == {"x": 1}


def test_a_file_is_a_body_with_its_length_and_type(server: Echo, film: File) -> None:
    shares: list[float] = []
    line(progress=shares.append).request("PUT", f"{server.url}/raw", file=film)
    (request,) = server.received
    assert request.body == film.path.read_bytes()
    assert request.content_type == "video/mp4" and request.headers["content-length"] == str(len(request.body))
    assert shares == sorted(shares) and len(shares) > 2 and shares[-1] == 1


def test_a_file_is_a_part_of_a_form(server: Echo, film: File) -> None:
    line().request("POST", server.url, file=film, form={"type": "video/mp4"})
    kind, part = server.received[0].parts()
    assert (kind.name, kind.content, kind.filename) == ("type", b"video/mp4", None)
    assert (part.name, part.filename, part.mime) == ("file", "film.mp4", "video/mp4")
    assert part.content == film.path.read_bytes()
    assert "content-length" in server.received[0].headers


def test_an_answer_that_refuses_is_a_value_and_as_an_error_shows_no_key(server: Echo) -> None:
    answer = line().request("GET", f"{server.url}/no", headers={"Token": KEY})
    assert answer.fields()["code"] == 7 and answer.retry_after == 3
    refused = answer.refusal()
    assert isinstance(refused, Refused) and not refused.temporary and refused.status == 403
    assert "the key *** may not" in str(refused)


@pytest.mark.parametrize("form", [None, {}], ids=["body", "form"])
def test_a_reset_in_mid_body_left_nothing_there(server: Echo, film: File, form: dict[str, str] | None) -> None:
    server.faults = ["reset"]
    out: list[str] = []
    with pytest.raises(Unreachable) as caught:
        line(last=lambda: out.append("all")).request("POST", server.url, file=film, form=form)
    assert caught.value.temporary and caught.value.stored is False
    assert out == [] and not server.stored


@pytest.mark.parametrize("form", [None, {}], ids=["body", "form"])
@pytest.mark.parametrize("fault", ["lost", "hang"])
def test_an_answer_that_is_lost_leaves_the_outcome_unknown(
    server: Echo, film: File, form: dict[str, str] | None, fault: Fault, deadlines_end: Callable[[Event], None]
) -> None:
    deadlines_end(server.stuck)
    server.faults = [fault]
    out: list[str] = []
    with pytest.raises(AnswerLost) as caught:
        line(last=lambda: out.append("all")).request("POST", server.url, file=film, form=form)
    assert caught.value.stored is None
    assert out == ["all"] and sum(server.stored.values()) == 1


def test_all_but_the_end_may_be_told_before_the_end_goes_out(server: Echo, film: File) -> None:
    """What is noted down before the last byte leaves is right even if the process dies just after."""
    arrived: list[int] = []
    line(last=lambda: arrived.append(len(server.received))).request("PUT", server.url, file=film)
    assert arrived == [0]


@pytest.mark.parametrize("fault", ["drip", "endless"])
def test_an_answer_without_end_is_left(server: Echo, fault: Fault, deadlines_end: Callable[[Event], None]) -> None:
    deadlines_end(server.stuck)
    server.faults = [fault]
    with pytest.raises((BadAnswer, AnswerLost)):
        line().request("POST", server.url, json={})


def test_a_redirect_is_not_followed(server: Echo) -> None:
    with Echo() as other:
        server.faults, server.elsewhere = ["redirect"], f"{other.url}/steal?x=1"
        with pytest.raises(Refused, match="redirects") as caught:
            line().request("POST", server.url, headers={"Token": KEY}, json={})
        assert other.received == [] and "steal" not in str(caught.value)


def test_a_page_instead_of_json_is_no_answer(server: Echo) -> None:
    server.faults = ["html"]
    with pytest.raises(BadAnswer, match="Sign in"):
        line().request("GET", server.url).json()


def test_nobody_there() -> None:
    with nobody() as address, pytest.raises(Unreachable) as caught:
        line().request("GET", address)
    assert caught.value.temporary and address in str(caught.value)


@pytest.mark.parametrize("address", ["ftp://example.com/x", "http://", "http://[::1", "nonsense"])
def test_what_is_no_address_is_said_and_not_tried_again(address: str) -> None:
    with pytest.raises(Unreachable) as caught:
        line().request("GET", address)
    assert not caught.value.temporary


def test_stopping_cuts_what_is_under_way(server: Echo) -> None:
    server.faults = ["hang"]
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    with pytest.raises(AnswerLost, match="stopped"):
        Line(Deadline(60, stop)).request("POST", server.url, json={})


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("2", 2), ("1.5", 1.5), ("soon", None), ("", None), ("-3", None), ("nan", None), ("1e999", None)],
)
def test_the_time_to_wait(server: Echo, said: str, seconds: float | None) -> None:
    server.faults, server.retry_after = ["429"], said
    assert line().request("GET", server.url).retry_after == seconds


def test_httpx_logs_nothing_of_ours(server: Echo, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        line().request("GET", f"{server.url}/?signature=canary-secret-signature")
    assert caplog.text == ""
