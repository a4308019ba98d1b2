"""`hook` and `publish` as they are run: JSON in and out, exit codes, one sentence on stderr, and no secret anywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from mediaprep.destinations import DESTINATIONS, connect
from tests.carriers import WAYS, Way, way
from tests.servers.msgflash import INSTANCE
from tests.servers.shelf import Shelf
from tests.servers.storage import Storage
from tests.servers.wassenger import WassengerStandIn
from tests.servers.whatsapp import WhatsAppStandIn

SAMPLES = Path(__file__).parents[2] / "samples"
KEYS = (*(f"{name.upper()}_" for name in DESTINATIONS), "AWS_", "WEBDAV_")
WASSENGER = {"phone": "+12345678900", "message": "Été 😀", "media": {"viewOnce": True}, "order": 12345678901234567890}
WHATSAPP = {"messaging_product": "whatsapp", "recipient_type": "individual", "to": "+22912345678", "type": "image"}
ENGAGELAB = {"to": ["8613800138001"], "custom_args": {"ratio": 0.1}}
MSGFLASH = {"instanceId": INSTANCE, "to": "+22912345678", "type": "image"}


@pytest.fixture(params=WAYS)
def to(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Way]:
    with way(request.param, tmp_path) as running:
        yield running


@pytest.fixture
def wassenger() -> Iterator[WassengerStandIn]:
    with WassengerStandIn() as running:
        yield running


Done = subprocess.CompletedProcess[bytes]


def mediaprep(
    *arguments: object, state: Path, given: bytes | None = None, environment: Mapping[str, str] | None = None
) -> Done:
    """The real command, with no other keys than those of the test."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(KEYS)}
    done = subprocess.run(
        [sys.executable, "-m", "mediaprep", *map(str, arguments)],
        input=given,
        capture_output=True,
        timeout=600,
        env={**bare, "MEDIAPREP_STATE": str(state), **(environment or {})},
    )
    assert b"canary" not in done.stdout + done.stderr
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return done


def hook(message: Any, *options: object, state: Path, environment: Mapping[str, str] | None = None) -> Done:
    given = message if isinstance(message, bytes) else json.dumps(message).encode()
    return mediaprep("hook", *options, state=state, given=given, environment=environment)


def refused(done: Done, code: int) -> dict[str, Any]:
    """The one JSON object on stdout; one sentence for people on stderr."""
    assert done.returncode == code, done.stderr.decode()
    (line,) = done.stdout.splitlines()
    record: dict[str, Any] = json.loads(line)
    assert record["error"].keys() == {"type", "message"} and record["error"]["message"]
    assert isinstance(record["findings"], list)
    (said,) = done.stderr.decode().splitlines()
    assert said.startswith("mediaprep: ")
    return record


def message(via: str, source: str, *, is_id: bool = False) -> dict[str, Any]:
    match via:
        case "wassenger":
            return {**WASSENGER, "media": {"file": source, "viewOnce": True}}
        case "whatsapp":
            return {**WHATSAPP, "image": {"id" if is_id else "link": source, "caption": "Été"}}
        case "engagelab":
            return {**ENGAGELAB, "body": {"type": "image", "image": {"caption": "Été", "link": source}}}
        case _:
            return {**MSGFLASH, "mediaUrl": source, "text": "Été"}


def published(server: Any) -> str:
    """The reference of the one file that is there."""
    match server:
        case WassengerStandIn():
            (known,) = server.files
        case WhatsAppStandIn():
            (known,) = server.media
        case _:
            (path,) = server.files
            known = f"{server.url}{path}"
    return str(known)


def test_the_hook_writes_the_same_message_ready_to_send(to: Way, tmp_path: Path) -> None:
    """By path, then by address: the second time no byte goes out."""
    photo = SAMPLES / "photo-gps-rotated.jpg"
    options = ("--via", to.via, *to.options)
    done = hook(message(to.via, str(photo)), *options, state=tmp_path, environment=to.environment)
    assert (done.returncode, done.stderr) == (0, b"")
    expected = message(to.via, published(to.server), is_id=True)
    assert done.stdout.decode() == json.dumps(expected, ensure_ascii=False) + "\n"
    address = photo.as_uri().replace("file:///", "file://localhost/").replace("photo", "%70hoto")
    again = hook(message(to.via, address), *options, state=tmp_path, environment=to.environment)
    assert again.stdout == done.stdout
    assert sum(to.server.stored.values()) == 1
    assert [one.method for one in to.server.received if one.method in ("PUT", "POST")] in (["PUT"], ["POST"])


def test_what_comes_out_is_what_can_be_posted(wassenger: WassengerStandIn, tmp_path: Path) -> None:
    given = {key: value for key, value in WASSENGER.items() if key != "order"}
    given["media"] = {"file": str(SAMPLES / "memo.wav"), "format": "ptt"}
    del given["message"]
    done = hook(given, "--via", "wassenger", state=tmp_path, environment=wassenger.environment)
    post = connect("wassenger", wassenger.environment).post(json.loads(done.stdout))
    assert httpx.post(post.url, json=post.json, headers=post.reveal()).is_success
    (accepted,) = wassenger.accepted
    assert accepted == {**given, "media": {"file": published(wassenger), "format": "ptt"}}


def test_a_link_on_a_private_address_has_to_be_allowed(tmp_path: Path) -> None:
    with Shelf() as shelf, Storage() as storage:
        link = shelf.sample("photo-gps.jpg", "image/jpeg")
        options = ("--via", "engagelab", "--host", f"{storage.url}/media")
        record = refused(hook(message("engagelab", link), *options, state=tmp_path), 1)
        assert record["error"]["type"] == "Refused" and "--allow-host" in record["error"]["message"]
        assert shelf.received == [] and storage.received == []
        done = hook(message("engagelab", link), *options, "--allow-host", "127.0.0.1", state=tmp_path)
        assert json.loads(done.stdout) == message("engagelab", published(storage))
        record = refused(
            hook(message("engagelab", link), "--via", "engagelab", "--allow-host", "127.0.0.1", state=tmp_path), 1
        )
        assert "give --host" in record["error"]["message"]


def test_a_folder_that_a_web_server_serves_is_a_host(tmp_path: Path) -> None:
    with Shelf() as shelf:
        options = ("--host", tmp_path / "www", "--public-url", f"{shelf.url}/media", "--no-try")
        given = message("msgflash", str(SAMPLES / "photo-ready.jpg"))
        done = hook(given, "--via", "msgflash", *options, state=tmp_path / "state")
        (made,) = (tmp_path / "www").iterdir()
        assert json.loads(done.stdout) == message("msgflash", f"{shelf.url}/media/{made.name}")
        tried = hook(given, "--via", "msgflash", *options[:-1], state=tmp_path / "state")
        assert "404" in refused(tried, 1)["error"]["message"]


@pytest.mark.parametrize(
    ("given", "words", "code"),
    [
        ({**WHATSAPP, "image": {"link": str(SAMPLES / "film.mov")}}, "video/quicktime", "MP101"),
        ({**WHATSAPP, "image": {"link": str(SAMPLES / "no such.jpg")}}, "no such file", ""),
        ({**WHATSAPP, "image": {"link": str(SAMPLES)}}, "a folder", ""),
        ({**WHATSAPP, "image": {"link": "file://elsewhere/a.jpg"}}, "another machine", ""),
        ({**WHATSAPP, "image": {"link": "words.jpg"}}, "text/plain", "MP101"),
        ({**WHATSAPP, "image": {"link": "ftp://example.com/a.jpg"}}, "http", ""),
        ({**WHATSAPP, "image": {"link": "\ud800\n\x1b[2J.jpg"}}, "invalid Unicode", ""),
        ({**WHATSAPP, "image": {"id": "1", "caption": "x" * 1025}}, "1025 characters", "MP502"),
        ({**WHATSAPP, "type": "text", "text": {"body": "x" * 4097}}, "4097 characters", "MP503"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_cannot_be_sent_is_exit_code_1(given: Any, words: str, code: str, tmp_path: Path) -> None:
    if given.get("image", {}).get("link") == "words.jpg":
        (tmp_path / "words.jpg").write_text("404 Not Found\n")
        given = {**given, "image": {"link": str(tmp_path / "words.jpg")}}
    with WhatsAppStandIn() as server:
        record = refused(hook(given, "--via", "whatsapp", state=tmp_path, environment=server.environment), 1)
        assert server.received == []
    assert words in record["error"]["message"]
    assert [finding["code"] for finding in record["findings"]][:1] == ([code] if code else [])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (b"", "no message"),
        (b"{", "invalid JSON"),
        (b'{"a": NaN}', "invalid JSON"),
        (b"\xff", "invalid JSON"),
        (b"[1]", "invalid message"),
        (b"{}", '"phone" or "group"'),
        (b'{"messaging_product": "whatsapp", "to": "+22912345678"}', '"phone" or "group"'),
        (b'{"phone": "+12345678900", "media": "a.jpg"}', '"media"'),
        (b'{"phone": "+12345678900", "message": "' + b"x" * (32 << 20) + b'"}', "more than 33,554,432 bytes"),
    ],
    ids=lambda one: one.decode("latin-1")[:20] if isinstance(one, bytes) else "",
)
def test_what_is_no_message_is_wrong_usage(given: bytes, words: str, tmp_path: Path) -> None:
    environment = {"WASSENGER_TOKEN": "canary-secret-wassenger", "WASSENGER_URL": "http://127.0.0.1:9"}
    record = refused(hook(given, "--via", "wassenger", state=tmp_path, environment=environment), 2)
    assert words in record["error"]["message"] and record["error"]["type"] == "UsageError"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--via", "wassenger"], "WASSENGER_TOKEN is not set"),
        (["--via", "whatsapp"], "WHATSAPP_TOKEN is not set"),
        (["--via", "wasenger"], 'did you mean "wassenger"'),
        (["--via", "engagelab", "--host", "s3://bucket"], "AWS_"),
        (["--via", "engagelab", "--host", "/srv"], "--public-url"),
        (["--via", "engagelab", "--public-url", "https://cdn.example.com"], "--host"),
        (["--via", "engagelab", "--valid-for", "7d"], "--valid-for"),
        (["--via", "engagelab", "--profile", "whatsap"], 'did you mean "whatsapp"'),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, list) else "",
)
def test_what_is_missing_is_wrong_usage(options: list[str], words: str, tmp_path: Path) -> None:
    record = refused(hook(message("engagelab", "a.jpg"), *options, state=tmp_path), 2)
    assert words in record["error"]["message"]


def test_a_message_without_media_passes_as_it_is(tmp_path: Path) -> None:
    given = {"phone": "+12345678900", "message": "\ud83d", "location": {"x": [1.1, -0.0, 10**40, None]}, "a": {}}
    environment = {"WASSENGER_TOKEN": "canary-secret-wassenger", "PYTHONIOENCODING": "ascii"}
    done = hook(given, "--via", "wassenger", state=tmp_path, environment=environment)
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.dumps(json.loads(done.stdout)) == json.dumps(given)
    given["message"] = "été"
    done = hook(given, "--via", "wassenger", state=tmp_path, environment=environment)
    assert "été" in done.stdout.decode(), "whatever the terminal's letters are"


@pytest.mark.parametrize(("where", "code"), [("> /dev/full", 1), ("<&-", 2)])
def test_standard_streams_that_are_not_there(where: str, code: int, tmp_path: Path) -> None:
    environment = {**os.environ, "MEDIAPREP_STATE": str(tmp_path), "WASSENGER_TOKEN": "canary-secret-wassenger"}
    command = f'"{sys.executable}" -m mediaprep hook --via wassenger {where}'
    given = b'{"phone": "+12345678900", "message": "hi"}'
    done = subprocess.run(command, shell=True, input=given, capture_output=True, timeout=600, env=environment)
    assert done.returncode == code
    assert len(done.stderr.splitlines()) == 1 and b"Traceback" not in done.stderr


def test_a_server_that_says_no_is_exit_code_1(wassenger: WassengerStandIn, tmp_path: Path) -> None:
    environment = {**wassenger.environment, "WASSENGER_TOKEN": "canary-secret-other"}
    given = message("wassenger", str(SAMPLES / "photo-ready.jpg"))
    record = refused(hook(given, "--via", "wassenger", state=tmp_path, environment=environment), 1)
    assert record["error"]["type"] == "Refused" and "WASSENGER_TOKEN" in record["error"]["message"]
    assert record["status"] == "failed" and record["sha256"]


def test_a_state_folder_that_cannot_be_used_is_said(wassenger: WassengerStandIn, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("not a folder")
    given = message("wassenger", str(SAMPLES / "photo-ready.jpg"))
    done = hook(given, "--via", "wassenger", state=tmp_path / "state", environment=wassenger.environment)
    assert done.returncode == 1 and wassenger.received == []
    assert "MEDIAPREP_STATE" in json.loads(done.stdout)["error"]["message"]


# publish


def test_publish_gives_the_reference_and_with_a_recipient_the_message(
    wassenger: WassengerStandIn, tmp_path: Path
) -> None:
    command = ("publish", SAMPLES / "photo-gps.jpg", "--via", "wassenger")
    done = mediaprep(*command, state=tmp_path, environment=wassenger.environment)
    known = published(wassenger)
    assert (done.returncode, done.stdout.decode()) == (0, f"{known}\n")
    assert "uploaded" in done.stderr.decode()
    more = ("--to", "+1 234 567 8900", "--caption", "Été", "--view-once")
    done = mediaprep(*command, *more, state=tmp_path, environment=wassenger.environment)
    payload = {"phone": "+12345678900", "message": "Été", "media": {"file": known, "viewOnce": True}}
    assert json.loads(done.stdout) == payload
    done = mediaprep(*command, *more, "--json", state=tmp_path, environment=wassenger.environment)
    record = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, b"")
    assert (record["status"], record["uploaded"], record["message"]) == ("published", False, payload)
    assert record["reference"] == {"id": known} and record["expires"].endswith("Z")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--via", "wassenger", "--valid-for", "7"], "invalid duration"),
        (["--via", "msgflash", "--scheduled-at", "2030-01-01T10:00:00"], "has no time zone"),
        (["--via", "msgflash", "--scheduled-at", "tomorrow"], "invalid time"),
        (["--via", "engagelab", "--template", "t", "--components", "{"], "invalid JSON"),
        (["--via", "engagelab", "--custom-args", "[]"], "invalid JSON"),
        (["--via", "engagelab"], "give --host"),
        (["--via", "whatsapp"], "WHATSAPP_TOKEN is not set"),
        (["--via", "wassenger", "--to", "0612345678"], "WASSENGER_TOKEN is not set"),
        (["--via", "msgflash", "--group", "1@g.us"], "support --group"),
        (["--via", "wassenger", "--to", ""], "'--to': it is empty"),
        (["--via", "wassenger", "--group="], "'--group': it is empty"),
        (["--via", "engagelab", "--host", ""], "--host is empty"),
        (["--via", "engagelab", "--host", "www", "--public-url", ""], "'--public-url': it is empty"),
        (["", "--via", "whatsapp", "--host", "www", "--public-url", "https://x.example"], "empty name"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, list) else "",
)
def test_publish_says_wrong_usage_before_anything_is_touched(options: list[str], words: str, tmp_path: Path) -> None:
    done = mediaprep("publish", SAMPLES / "photo-ready.jpg", *options, state=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr.decode() and done.stdout == b""


def test_publish_of_what_cannot_be_sent_is_exit_code_1(wassenger: WassengerStandIn, tmp_path: Path) -> None:
    files = (SAMPLES / "photo-ready.jpg", tmp_path / "nowhere.jpg", "x" * 300)
    done = mediaprep(
        "publish", *files, "--via", "wassenger", "--json", state=tmp_path, environment=wassenger.environment
    )
    records = {Path(one["source"]).name: one for one in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 1
    assert {name: one["status"] for name, one in records.items()} == {
        "photo-ready.jpg": "published",
        "nowhere.jpg": "failed",
        "x" * 300: "failed",
    }
