"""WebDAV: a real server, and stand-ins for servers that take PUT and little else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mediaprep.destinations.base import Parcel
from mediaprep.errors import BadAnswer, Refused, UsageError
from mediaprep.hosts import open_host
from mediaprep.hosts.base import disposition
from tests.hosts.contract import line, noise, parcel
from tests.servers.base import Received, Reply, StandIn
from tests.servers.webdav import PASSWORD, USER

ACCOUNT = {"WEBDAV_USERNAME": USER, "WEBDAV_PASSWORD": PASSWORD}


class Plain(StandIn):
    """A server that takes PUT into one folder, and knows neither HEAD nor MKCOL."""

    def __init__(self) -> None:
        super().__init__()
        self.reply = Reply(201)

    def answer(self, request: Received) -> Reply:
        if request.method != "PUT":
            return Reply(405)
        if not request.path.startswith("/media/"):
            return Reply(404, b"<html><h1>Not &lt;here&gt;</h1></html>", {"content-type": "text/html"})
        if self.reply.status == 201:
            self.keep(request.body)
        return self.reply


@pytest.fixture
def plain() -> Iterator[Plain]:
    with Plain() as server:
        yield server


@pytest.fixture
def sent(tmp_path: Path) -> Parcel:
    return parcel(tmp_path, noise(tmp_path, 1000), mime="audio/ogg", filename="Grüße.opus", target="voice")


def test_a_server_that_takes_put_alone(plain: Plain, sent: Parcel) -> None:
    host = open_host(f"{plain.url}/media/", environment={})
    receipt = host.upload(sent, line())
    assert receipt.fresh and plain.stored == {sent.sha256: 1}
    put = plain.received[-1]
    assert put.path == f"/media/{sent.sha256}.ogg" and put.content_type == "audio/ogg; codecs=opus"
    assert put.headers["content-disposition"] == disposition("Grüße.opus") and "authorization" not in put.headers
    assert host.link(receipt.value) == (f"{plain.url}/media/{receipt.value}", None)


def test_a_folder_that_is_not_there_and_cannot_be_made(plain: Plain, sent: Parcel) -> None:
    with pytest.raises(Refused, match="404: Not <here>; the folder does not exist and cannot be created"):
        open_host(f"{plain.url}/elsewhere/deep", environment={}).upload(sent, line())
    assert not plain.stored


@pytest.mark.parametrize(
    ("status", "words", "temporary"),
    [
        (401, "WEBDAV_USERNAME", False),
        (403, "may not write", False),
        (405, "accepts uploads", False),
        (413, "own limit", False),
        (503, "later", True),
        (507, "storage is full", False),
    ],
)
def test_refusals_say_what_to_do(plain: Plain, sent: Parcel, status: int, words: str, temporary: bool) -> None:
    plain.reply = Reply(status, f"later, {PASSWORD}".encode(), {"content-type": "text/plain"})
    with pytest.raises(Refused, match=words) as caught:
        open_host(f"{plain.url}/media", environment=ACCOUNT).upload(sent, line())
    assert caught.value.temporary == temporary and "canary" not in str(caught.value)


def test_a_refusal_without_words_is_the_advice_alone(plain: Plain, sent: Parcel) -> None:
    plain.reply = Reply(401)
    with pytest.raises(Refused, match="status 401: set WEBDAV_USERNAME"):
        open_host(f"{plain.url}/media", environment=ACCOUNT).upload(sent, line())


def test_a_page_is_no_yes(plain: Plain, sent: Parcel) -> None:
    plain.reply = Reply(200, b"<html>Sign in</html>", {"content-type": "text/html; charset=utf-8"})
    with pytest.raises(BadAnswer, match="Sign in"):
        open_host(f"{plain.url}/media", environment={}).upload(sent, line())


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("https://user:canary-secret-pw@dav.example.com/media", "environment"),
        ("https://dav.example.com/media?key=canary-secret-sas", "query or fragment"),
        ("https://", "invalid URL"),
        ("https://[", "invalid URL"),
        ("https://dav.example.com/a\tb", "invalid URL"),
        ("https://dav.example.com:99999/a", "invalid URL"),
    ],
)
def test_addresses_that_cannot_be_used(where: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        open_host(where, environment={})
    assert "canary" not in str(caught.value)
    with pytest.raises(UsageError, match="--public-url"):
        open_host("https://dav.example.com/", public_url=where, environment={})


@pytest.mark.parametrize("name", ACCOUNT)
def test_half_an_account_is_none(name: str) -> None:
    with pytest.raises(UsageError, match="both"):
        open_host("https://dav.example.com/", environment={name: ACCOUNT[name]})
