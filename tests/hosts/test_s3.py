"""S3: a real server that checks signatures, and stand-ins for what it never says."""

from __future__ import annotations

import datetime
import urllib.error
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from msgspec import structs

from mediaprep.destinations.base import Parcel
from mediaprep.errors import BadAnswer, Refused, UsageError
from mediaprep.hosts import open_host
from mediaprep.hosts.base import Host, disposition
from mediaprep.hosts.s3 import WEEK
from tests.hosts.contract import fetched, line, noise, parcel
from tests.servers.base import Received, Reply, StandIn
from tests.servers.seaweedfs import SeaweedFS

KEYS = {"AWS_ACCESS_KEY_ID": "canary-secret-id", "AWS_SECRET_ACCESS_KEY": "canary-secret-key"}


@pytest.fixture
def sent(tmp_path: Path) -> Parcel:
    return parcel(tmp_path, noise(tmp_path, 1000))


def presigned(**changes: str) -> Host:
    return open_host("s3://bucket/media", environment={**KEYS, **changes})


def test_a_link_whose_signature_was_changed_serves_nothing(seaweedfs: SeaweedFS, sent: Parcel) -> None:
    host = open_host("s3://shut", environment=seaweedfs.environment)
    url, _ = host.link(host.upload(sent, line()).value)
    assert fetched(url)[0] == sent.path.read_bytes()
    with pytest.raises(urllib.error.HTTPError, match="403"):
        fetched(url[:-1] + ("0" if url[-1] != "0" else "1"))
    with pytest.raises(urllib.error.HTTPError, match="403"):
        fetched(url.partition("?")[0])


def test_a_bucket_that_is_not_there(seaweedfs: SeaweedFS, sent: Parcel) -> None:
    with pytest.raises(Refused, match=r"NoSuchBucket: .*; create the bucket first") as caught:
        open_host("s3://nowhere", environment=seaweedfs.environment).upload(sent, line())
    assert not caught.value.temporary


def test_a_presigned_link_says_how_long_it_lives() -> None:
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    for wanted, lives in ((None, WEEK), (day, day), (WEEK, WEEK)):
        host = open_host("s3://bucket", valid_for=wanted, environment=KEYS)
        url, expires = host.link("a.jpg")
        assert expires is not None and abs(expires - now - lives) < datetime.timedelta(minutes=1)
        assert parse_qs(urlsplit(url).query)["X-Amz-Expires"] == [str(int(lives.total_seconds()))]
        assert host.valid_for == lives and not host.answers_head
        assert "canary-secret-key" not in url


@pytest.mark.parametrize("days", [8, 0, -1])
def test_a_link_cannot_live_longer_than_a_signature_and_a_public_one_does_not_end(days: int) -> None:
    lives = datetime.timedelta(days=days)
    with pytest.raises(UsageError, match="--valid-for"):
        open_host("s3://bucket", valid_for=lives, environment=KEYS)
    host = open_host("s3://bucket", public_url="https://cdn.example.com", valid_for=lives, environment=KEYS)
    assert host.valid_for is None


@pytest.mark.parametrize(
    ("environment", "base"),
    [
        ({}, "https://bucket.s3.us-east-1.amazonaws.com/media/"),
        ({"AWS_REGION": "eu-west-3"}, "https://bucket.s3.eu-west-3.amazonaws.com/media/"),
        ({"AWS_ENDPOINT_URL": "https://r2.example.com"}, "https://r2.example.com/bucket/media/"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9000/"}, "http://127.0.0.1:9000/bucket/media/"),
    ],
)
def test_where_a_bucket_lies(environment: dict[str, str], base: str) -> None:
    assert presigned(**environment).link("a.jpg")[0].startswith(f"{base}a.jpg?X-Amz-")


def test_a_bucket_with_dots_is_in_the_path_since_no_certificate_covers_it() -> None:
    url, _ = open_host("s3://cdn.example.com", environment=KEYS).link("a.jpg")
    assert url.startswith("https://s3.us-east-1.amazonaws.com/cdn.example.com/a.jpg?")


def test_only_the_environment_that_is_given_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = presigned().link("a.jpg")[0]
    for name, value in {
        "AWS_ACCESS_KEY_ID": "canary-secret-other", "AWS_SESSION_TOKEN": "canary-secret-token",
        "AWS_SKIP_SIGNATURE": "true", "AWS_ENDPOINT_URL": "https://elsewhere.example.com", "AWS_REGION": "eu-west-3",
        "AWS_ENDPOINT_URL_S3": "https://elsewhere.example.com", "AWS_BUCKET": "other", "AWS_S3_EXPRESS": "true",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    now, before = (parse_qs(urlsplit(url).query) for url in (presigned().link("a.jpg")[0], plain))
    assert urlsplit(presigned().link("a.jpg")[0])[:3] == urlsplit(plain)[:3]
    assert now["X-Amz-Credential"] == before["X-Amz-Credential"] and now.keys() == before.keys()


def test_a_session_s_token_is_in_the_signed_address() -> None:
    url, _ = presigned(AWS_SESSION_TOKEN="canary-secret-session").link("a.jpg")
    assert parse_qs(urlsplit(url).query)["X-Amz-Security-Token"] == ["canary-secret-session"]


@pytest.mark.parametrize("missing", KEYS)
def test_keys_are_asked_for_by_name(missing: str) -> None:
    with pytest.raises(UsageError, match=f"{missing} is not set"):
        open_host("s3://bucket", environment={name: key for name, key in KEYS.items() if name != missing})


@pytest.mark.parametrize(
    "where", ["s3://", "s3:///media", "s3://a", "s3://b@d/x", "s3://bucket/a//b", "s3://bucket/../x"]
)
def test_an_address_that_names_no_bucket_or_prefix(where: str) -> None:
    with pytest.raises(UsageError, match="s3://bucket"):
        open_host(where, environment=KEYS)


@pytest.mark.parametrize(
    "endpoint", ["127.0.0.1:9000", "ftp://x", "https://user:canary-secret-pw@x", "https://x/?a=b", "https://["]
)
def test_an_endpoint_that_is_none(endpoint: str) -> None:
    with pytest.raises(UsageError, match="AWS_ENDPOINT_URL") as caught:
        presigned(AWS_ENDPOINT_URL=endpoint)
    assert "canary" not in str(caught.value)


ERROR = "<Error><Code>{}</Code><Message>{}</Message><AWSAccessKeyId>canary-secret-id</AWSAccessKeyId></Error>"


class Storage(StandIn):
    """Answers every PUT in the same way, and knows no file."""

    reply = Reply()

    def answer(self, request: Received) -> Reply:
        return self.reply if request.method == "PUT" else Reply(404)


@pytest.mark.parametrize(
    ("status", "body", "words", "temporary"),
    [
        (503, ERROR.format("SlowDown", "Please reduce your request rate."), "SlowDown: Please reduce", True),
        (400, ERROR.format("RequestTimeout", "Idle too long"), "RequestTimeout: Idle", True),
        (500, "<html>upstream X-Amz-Signature=abc</html>", "AWS_ENDPOINT_URL", True),
        (301, ERROR.format("PermanentRedirect", "Use the endpoint"), "AWS_REGION", False),
        (
            403,
            ERROR.format("AccessDenied", "canary-secret-id may &amp; can not"),
            r"\*\*\* may & can not; the key",
            False,
        ),
        (413, ERROR.format("EntityTooLarge", "x" * 5000), "EntityTooLarge: x{200}", False),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else "",
)
def test_errors_are_the_storage_s_own_words_and_nothing_else_of_them(
    sent: Parcel, status: int, body: str, words: str, temporary: bool
) -> None:
    with Storage() as server:
        server.reply = Reply(status, body.encode(), {"content-type": "application/xml"})
        with pytest.raises(Refused, match=words) as caught:
            presigned(AWS_ENDPOINT_URL=server.url).upload(sent, line())
    assert caught.value.temporary == temporary and caught.value.status == status
    assert "canary" not in str(caught.value) and "Signature=" not in str(caught.value) and len(str(caught.value)) < 500


def test_what_goes_out(sent: Parcel) -> None:
    with Storage() as server:
        server.reply = Reply(200, None, {"etag": '"x"'})
        note = structs.replace(sent, mime="audio/ogg", filename="Grüße.opus")
        presigned(AWS_ENDPOINT_URL=server.url).upload(note, line())
    head, put = server.received
    assert (head.method, put.method, put.path) == ("HEAD", "PUT", f"/bucket/media/{sent.sha256}.ogg")
    assert put.content_type == "audio/ogg; codecs=opus" and put.body == sent.path.read_bytes()
    assert put.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert put.headers["content-disposition"] == disposition("Grüße.opus")
    assert "canary-secret-key" not in repr(server.received)


def test_a_yes_that_is_not_of_s3_is_none(sent: Parcel) -> None:
    with Storage() as server:
        server.reply = Reply(200, b"<html>Sign in</html>", {"content-type": "text/html"})
        with pytest.raises(BadAnswer, match="AWS_ENDPOINT_URL"):
            presigned(AWS_ENDPOINT_URL=server.url).upload(sent, line())


def test_where_head_is_not_allowed_the_upload_decides(sent: Parcel) -> None:
    class Listless(StandIn):
        def answer(self, request: Received) -> Reply:
            return Reply(403) if request.method == "HEAD" else Reply(200, None, {"etag": '"x"'})

    with Listless() as server:
        assert presigned(AWS_ENDPOINT_URL=server.url).upload(sent, line()).fresh
