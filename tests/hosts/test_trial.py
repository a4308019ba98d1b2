"""Links as platforms see them: what is right, what some would mind, what none would take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest
from msgspec import structs

from mediaprep.destinations.base import Parcel
from mediaprep.errors import AnswerLost, BadAnswer, NetworkError, Refused, Unreachable
from mediaprep.hosts.trial import try_link
from mediaprep.network.deadline import Deadline
from mediaprep.rules import LINK_RULES, MANUAL, RULES, Finding
from tests.hosts.contract import noise, parcel
from tests.servers.base import Received, Reply, StandIn, nobody


class Web(StandIn):
    """One file. `head`: how HEAD is answered, where that differs."""

    def __init__(self) -> None:
        super().__init__()
        self.get = Reply()
        self.head: Reply | None = None

    def answer(self, request: Received) -> Reply:
        return self.head if self.head and request.method == "HEAD" else self.get


@pytest.fixture
def web() -> Iterator[Web]:
    with Web() as server:
        yield server


@pytest.fixture
def sent(tmp_path: Path, web: Web) -> Parcel:
    made = parcel(tmp_path, noise(tmp_path, 100_000), mime="audio/ogg", filename="note.ogg", target="voice")
    web.get = Reply(200, made.path.read_bytes(), {"content-type": "audio/ogg; codecs=opus"})
    return made


def tried(web: Web, sent: Parcel, *, head: bool = True, whole: bool = True, seconds: float = 300) -> list[Finding]:
    url = f"{web.url}/media/a.ogg?X-Amz-Signature=canary-secret-signature"
    return list(try_link(url, sent, head=head, whole=whole, deadline=Deadline(seconds)))


def test_a_good_link_is_asked_as_platforms_ask(web: Web, sent: Parcel) -> None:
    assert tried(web, sent) == []
    assert [request.method for request in web.received] == ["HEAD", "GET"]


@pytest.mark.parametrize("mime", ["audio/ogg; codecs=opus", 'Audio/OGG;Codecs="opus"', "audio/ogg; x=y; codecs=opus"])
def test_the_codec_is_told_in_any_spelling(web: Web, sent: Parcel, mime: str) -> None:
    web.get = typed(web.get, mime)
    assert tried(web, sent) == []


def typed(reply: Reply, mime: str) -> Reply:
    return Reply(reply.status, reply.body, {**reply.headers, "content-type": mime})


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (Reply(403), "returns 403 to HEAD"),
        (Reply(405), "returns 405 to HEAD"),
        (Reply(501), "returns 501 to HEAD"),
        (Reply(302, None, {"location": "https://elsewhere.example.com"}), "returns 302 to HEAD"),
        (Reply(200, None, {"content-type": "text/plain", "content-length": "100000"}), '"text/plain" to HEAD'),
        (Reply(200, None, {"content-type": "audio/ogg", "content-length": "5"}), "but 5 to HEAD"),
    ],
)
def test_head_that_differs_is_a_warning(web: Web, sent: Parcel, head: Reply, words: str) -> None:
    web.head = head
    (finding,) = tried(web, sent)
    assert (finding.code, finding.name, finding.level, finding.cure, finding.part) == (
        "MP504", "link-head", "warning", "pass", "link",
    )  # fmt: skip
    assert words in finding.message


def test_where_head_cannot_work_it_is_not_asked_but_told(web: Web, sent: Parcel) -> None:
    (finding,) = tried(web, sent, head=False)
    assert finding.code == "MP504" and "--public-url" in finding.message
    assert [request.method for request in web.received] == ["GET"]


@pytest.mark.parametrize("mime", ["audio/ogg", "audio/ogg; codecs=vorbis", "audio/ogg; codecs=opusx"])
def test_ogg_without_its_codec_is_a_warning(web: Web, sent: Parcel, mime: str) -> None:
    web.get = typed(web.get, mime)
    (finding,) = tried(web, sent)
    assert (finding.code, finding.level, finding.part) == ("MP505", "warning", "link")
    assert f'"{mime}"' in finding.message


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(404), "status 404 .*check that --public-url"),
        (Reply(403), "status 403 .*allow public read access"),
        (Reply(401), "status 401 .*allow public read access"),
        (Reply(503), "status 503 .*log"),
        (Reply(206, b"x"), "status 206"),
        (
            Reply(301, None, {"location": "https://other.example.com/x?key=canary-secret"}),
            "to https://other.example.com,",
        ),
        (Reply(302, None, {"location": "http://["}), "redirects to an invalid URL"),
    ],
)
def test_what_is_not_there_is_refused(web: Web, sent: Parcel, reply: Reply, words: str) -> None:
    web.get = reply
    with pytest.raises(Refused, match=words) as caught:
        tried(web, sent)
    assert "canary" not in str(caught.value) and caught.value.status == reply.status
    assert caught.value.temporary == (reply.status == 503)


@pytest.mark.parametrize(
    ("mime", "words"),
    [
        ("text/html; charset=utf-8", "web page .*, not the file"),
        ("application/octet-stream", "\"application/octet-stream\" .*, not audio/ogg; .*'audio/ogg; codecs=opus' ogg;"),
        ("", "no type"),
        ("audio/opus", '"audio/opus"'),
        ("\x1b[2Jaudio/ogg", "x1b"),
    ],
)
def test_a_wrong_type_is_told_with_the_cure(web: Web, sent: Parcel, mime: str, words: str) -> None:
    web.get = typed(web.get, mime)
    with pytest.raises(NetworkError, match=words) as caught:
        tried(web, sent)
    assert "canary" not in str(caught.value) and str(caught.value).isprintable()


def test_other_bytes_are_told(web: Web, sent: Parcel) -> None:
    content = sent.path.read_bytes()
    mime = "audio/ogg; codecs=opus"
    for other, words in (
        (content[:-1], "99999 bytes .* not the 100000"),
        (content + b"x", "100001 bytes"),
        (content[:-1] + bytes([content[-1] ^ 1]), "100000 bytes .* not the 100000"),
    ):
        web.get = Reply(200, other, {"content-type": mime})
        with pytest.raises(BadAnswer, match=words):
            tried(web, sent)


def test_only_the_head_of_the_answer_is_looked_at_where_that_is_enough(web: Web, sent: Parcel) -> None:
    web.get = Reply(200, bytes(sent.bytes), web.get.headers)
    assert tried(web, sent, whole=False) == []
    web.get = Reply(200, bytes(5), web.get.headers)
    with pytest.raises(BadAnswer, match="5 bytes"):
        tried(web, sent, whole=False)


def test_a_body_that_is_cut_is_not_whole(web: Web, sent: Parcel) -> None:
    web.get = Reply(
        200, sent.path.read_bytes()[:1000], {**web.get.headers, "content-length": "100000", "connection": "close"}
    )
    with pytest.raises(NetworkError) as caught:
        tried(web, sent, head=False)
    assert isinstance(caught.value, Unreachable | BadAnswer)


def test_a_body_without_end_is_left(web: Web, sent: Parcel) -> None:
    web.faults = ["endless"]
    with pytest.raises(BadAnswer):
        tried(web, structs.replace(sent, mime="application/json"), head=False)


def test_a_link_that_hangs_is_left(web: Web, sent: Parcel, deadlines_end: Callable[[Event], None]) -> None:
    deadlines_end(web.stuck)
    web.faults = ["hang"]
    with pytest.raises((Unreachable, AnswerLost)):
        tried(web, sent)


def test_a_link_that_is_nobody_s(sent: Parcel) -> None:
    with nobody() as address, pytest.raises(Unreachable):
        try_link(f"{address}/a", sent, head=True, deadline=Deadline(5))


def test_rules_of_links_are_in_the_manual_and_run_on_links_alone() -> None:
    assert set(LINK_RULES) == {"MP504", "MP505"} and not set(LINK_RULES) & set(RULES)
    assert set(MANUAL) == set(RULES) | set(LINK_RULES)
    assert len({rule.name for rule in MANUAL.values()}) == len(MANUAL)
    assert all(len(rule.manual) > 60 and "Source" in rule.manual for rule in LINK_RULES.values())
