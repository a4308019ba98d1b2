"""Secrets are nowhere but in the headers that need them: not in an output, a log, a record, a repr or a traceback.

The whole suite is searched as well: `conftest.py` fails every test whose output or log holds one.
"""

from __future__ import annotations

import copy
import json
import logging
import os
import pickle
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from mediaprep.batch.prepare import prepare_all
from mediaprep.destinations import connect
from mediaprep.errors import NetworkError, UsageError
from mediaprep.hosts import open_host
from mediaprep.network.deadline import Deadline
from mediaprep.network.secret import Key, Secret, basic, read_secret
from mediaprep.network.web import Line
from mediaprep.publishing.publish import publish
from mediaprep.publishing.terms import agree
from tests.carriers import WAYS, Way, way
from tests.conftest import CANARY
from tests.destinations.contract import PLATFORMS, environment_of
from tests.hosts.contract import parcel
from tests.servers.base import Fault, Received, Reply, StandIn
from tests.servers.shelf import Shelf
from tests.servers.wassenger import WassengerStandIn

SAMPLES = Path(__file__).parent.parent / "samples"
ENVIRONMENT = {
    **{key: value for name in PLATFORMS for key, value in environment_of(name).items()},
    "AWS_ACCESS_KEY_ID": "key-id", "AWS_SECRET_ACCESS_KEY": "canary-secret-7",
    "WEBDAV_USERNAME": "canary-secret-8", "WEBDAV_PASSWORD": "canary-secret-9",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIAPREP_STATE", str(tmp_path / "state"))


@pytest.mark.parametrize("shown", [str, repr, "{}".format, "{!r:>30}".format, lambda one: "%s" % one], ids=range(5))  # noqa: UP031
def test_a_secret_shows_nothing(shown: object) -> None:
    assert callable(shown)
    assert CANARY not in shown(Secret("canary-secret-x"))
    assert CANARY not in shown({"token": basic(Secret("canary-secret-x"), Secret("canary-secret-y"))})


def test_a_secret_does_not_travel() -> None:
    secret = Secret("canary-secret-x")
    for leave in (pickle.dumps, copy.deepcopy, json.dumps, msgspec.json.encode):
        with pytest.raises(TypeError):
            leave(secret)
    assert secret.reveal() == "canary-secret-x"


@pytest.mark.parametrize(
    "text", ["canary-secret\nHost: evil", "canary-secret \x00", "canary-secrét", "canary-secret b"]
)
def test_what_no_header_can_carry_is_refused_unshown(text: str) -> None:
    with pytest.raises(UsageError, match="invalid TOKEN") as caught:
        read_secret("TOKEN", {"TOKEN": text})
    assert CANARY not in str(caught.value)


def test_a_missing_secret_is_named() -> None:
    assert read_secret("TOKEN", {"TOKEN": "  "}) is None
    assert read_secret("TOKEN", {"TOKEN": "canary-secret-x\n"}) is not None, "a line break at the end is the editor's"
    with pytest.raises(UsageError, match="TOKEN is not set; set this environment variable to the key"):
        Key("TOKEN", "the key", {}).needed()


@pytest.mark.parametrize("where", ["s3://bucket/x", "https://dav.example.com/x"])
def test_a_host_s_repr_shows_nothing(where: str) -> None:
    host = open_host(where, environment=ENVIRONMENT)
    assert CANARY not in repr(host) and CANARY not in host.account


@pytest.mark.parametrize(
    "secret", ["https://me:canary-secret@dav.example.com/x", "s3://canary-secret:canary-secret@bucket/x"]
)
def test_a_secret_in_an_address_is_refused_unshown(secret: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_host(secret, environment=ENVIRONMENT)
    assert CANARY not in str(caught.value)


def test_the_signature_of_a_fetched_link_is_not_kept(tmp_path: Path) -> None:
    with WassengerStandIn() as server, Shelf() as shelf:
        link = shelf.sample("photo-ready.jpg", "image/jpeg") + "?X-Amz-Signature=canary-secret-signature"
        terms = agree(connect("wassenger", server.environment))
        for _ in range(2):
            record = publish(link, terms=terms, allow_hosts=["127.0.0.1"])
            assert record.status == "published" and record.source == link, record.error
        made = [*prepare_all([link], into=tmp_path / "out", allow_hosts=["127.0.0.1"])]
        again = [*prepare_all([link], into=tmp_path / "out", allow_hosts=["127.0.0.1"])]
        assert [one.source for one in (*made, *again)] == [link] * 2 and made[0].path == again[0].path
    for path in (tmp_path / "state").rglob("*"):
        assert not path.is_file() or CANARY.encode() not in path.read_bytes()


class Echo(StandIn):
    """Refuses, and repeats in its words every header that it was sent."""

    def answer(self, request: Received) -> Reply:
        return Reply(403, {"message": " ".join(request.headers.values()), "error": {"message": str(request.headers)}})


@pytest.mark.parametrize("scheme", ["", "Bearer ", "Basic "])
def test_what_the_other_side_echoes_is_hidden(scheme: str) -> None:
    with Echo() as server:
        answer = Line(Deadline(300)).request(
            "GET", server.url, headers={"authorization": Secret(f"{scheme}canary-secret-x")}
        )
    assert CANARY not in answer.words and CANARY not in str(answer.refusal())
    assert CANARY not in str(answer.refusal(answer.fields()["message"]))


@pytest.fixture(params=WAYS)
def to(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Way]:
    with way(request.param, tmp_path) as running:
        yield running


def locals_of(error: BaseException) -> str:
    """A traceback as the most talkative tools show it: with every variable of every frame that is ours."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(shown.format())


@pytest.mark.parametrize("fault", ["reset", "html", "redirect", "403"])
def test_a_traceback_with_all_its_variables_shows_nothing(
    to: Way, fault: Fault, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    to.server.faults = [fault]
    host, photo = to.terms().carrier, SAMPLES / "photo-ready.jpg"
    with caplog.at_level(logging.DEBUG), pytest.raises(NetworkError) as caught:
        host.upload(parcel(tmp_path, photo.read_bytes()), Line(Deadline(300)))
    assert "upload" in locals_of(caught.value)
    ours = [line for line in locals_of(caught.value).splitlines() if "to = Way(" not in line]
    assert CANARY not in "\n".join(ours)
    assert CANARY not in caplog.text


@pytest.mark.parametrize("fault", [None, "html", "redirect", "403"])
def test_a_command_prints_no_secret_and_leaves_none_behind(to: Way, tmp_path: Path, fault: Fault | None) -> None:
    to.server.faults = [fault] if fault else []
    for arguments in (["--json"], [], ["--to", "+12345678900", "--json"]):
        command = to.command(SAMPLES / "photo-gps.jpg")
        done = subprocess.run(
            [sys.executable, "-X", "dev", "-W", "ignore", "-m", "mediaprep", *command, *arguments],
            env={**os.environ, **ENVIRONMENT, **to.environment, "HTTPX_LOG_LEVEL": "trace"},
            capture_output=True, text=True, timeout=1200,
        )  # fmt: skip
        assert CANARY not in done.stdout + done.stderr, done.stderr
        assert "Traceback" not in done.stderr, done.stderr
    left = [path for path in (tmp_path / "state").rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]
    assert left == []


def test_a_record_and_its_failure_show_no_secret(to: Way) -> None:
    to.server.faults = ["403"]
    for _ in range(2):
        record = publish(SAMPLES / "photo-ready.jpg", terms=to.terms())
        assert CANARY not in record.json() and CANARY not in repr(record)


def test_workers_get_no_key() -> None:
    """What runs a decoder knows no secret: its environment is a short list of names."""
    from mediaprep.running.pool import LocalWorkers

    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        with LocalWorkers(1) as workers:
            seen = workers.submit(eval, "str(dict(__import__('os').environ))").result()
    assert CANARY not in seen


def test_a_test_that_shows_a_secret_fails(tmp_path: Path) -> None:
    """The search of `conftest.py`, tried on tests that print, log and write one, and on one that does not."""
    (tmp_path / "conftest.py").write_text("from tests.conftest import pytest_runtest_makereport\n")
    shown = ("print(words)", "sys.stderr.write(words)", "logging.warning(words)", "os.write(1, words.encode())", "pass")
    tests = [f"def test_{number}():\n    {line}\n" for number, line in enumerate(shown)]
    head = "import logging, os, sys\nwords = 'canary-' + 'secret-x'\n"
    (tmp_path / "test_shown.py").write_text(head + "".join(tests))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(SAMPLES.parent)}, capture_output=True, text=True,
        timeout=600,
    )  # fmt: skip
    assert "4 failed, 1 passed" in done.stdout, done.stdout.replace(CANARY, "***")


def test_httpx_itself_would_have_told() -> None:
    """Why all this: what a request of httpx shows of itself."""
    assert CANARY in repr(httpx.Headers({"token": "canary-secret-x"}))
