"""What is agreed before anything is touched."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mediaprep.destinations import DESTINATIONS, connect
from mediaprep.destinations.base import Destination, Envelope
from mediaprep.errors import UsageError
from mediaprep.hosts import open_host
from mediaprep.publishing.publish import publish_all
from mediaprep.publishing.terms import agree, stamp
from tests.destinations.contract import environment_of

SAMPLES = Path(__file__).parents[2] / "samples"
HOUR = datetime.timedelta(hours=1)
AWS = {"AWS_ACCESS_KEY_ID": "canary-secret-id", "AWS_SECRET_ACCESS_KEY": "canary-secret-key"}
TO = Envelope(to="+12345678900")


def ready(name: str) -> Destination:
    return connect(name, environment_of(name))


def later(hours: float) -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC) + hours * HOUR


def test_keys_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WASSENGER_TOKEN", raising=False)
    with pytest.raises(UsageError, match="WASSENGER_TOKEN is not set"):
        agree("wassenger")
    monkeypatch.setenv("WASSENGER_TOKEN", "canary-secret-wassenger")
    terms = agree("wassenger")
    assert "canary" not in repr(terms) and "canary" not in terms.carrier.account


@pytest.mark.parametrize("name", DESTINATIONS)
@pytest.mark.parametrize("missing", AWS)
def test_a_host_s_keys_are_named_whatever_it_is_for(name: str, missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in AWS.items():
        monkeypatch.setenv(key, value)
    assert agree(ready(name), host="s3://bucket", public_url="https://cdn.example.com").uploads
    monkeypatch.delenv(missing)
    with pytest.raises(UsageError, match=f"{missing} is not set"):
        agree(ready(name), host="s3://bucket", public_url="https://cdn.example.com")


WRONG: dict[str, tuple[Callable[[], object], str]] = {
    "no such destination": (lambda: agree("wasenger"), 'did you mean "wassenger"'),
    "a public address of no host": (
        lambda: agree(ready("wassenger"), public_url="https://cdn.example.com"),
        "--public-url requires --host",
    ),
    "a life that nobody asks about": (
        lambda: agree(ready("engagelab"), valid_for=HOUR),
        "does not support --valid-for",
    ),
    "a life that is longer than what is given": (
        lambda: agree(ready("whatsapp"), valid_for=721 * HOUR),
        "keeps a file for 30 days",
    ),
    "a name for an upload that has none": (
        lambda: agree(ready("whatsapp"), reference="order 7"),
        "--reference works only with uploads to Wassenger",
    ),
    "a name for what a host stores": (
        lambda: agree(ready("wassenger"), host="https://dav.example.com", reference="order 7"),
        "--reference works only with uploads to Wassenger",
    ),
    "a life that is longer than any": (lambda: agree(ready("wassenger"), valid_for=9000 * HOUR), "360 days"),
    "nobody": (lambda: agree(ready("whatsapp"), envelope=Envelope(to="12345")), "E.164"),
    "two recipients": (
        lambda: agree(ready("wassenger"), envelope=Envelope(to="+12345678900", group="1@g.us")),
        "either --to or --group",
    ),
    "a group where there are none": (
        lambda: agree(ready("whatsapp"), envelope=Envelope(group="1@g.us")),
        "support --group",
    ),
    "a template without a language": (
        lambda: agree(ready("engagelab"), envelope=Envelope(to="+12345678900", template="code")),
        "language",
    ),
    "a time where there is none": (
        lambda: agree(ready("wassenger"), envelope=Envelope(to="+12345678900", scheduled_at=later(1))),
        "support --scheduled-at",
    ),
    "presigned links for who sends HEAD first": (
        lambda: agree(ready("twilio"), host=open_host("s3://bucket", environment=AWS)),
        "HEAD before GET.*--public-url",
    ),
    "a template for nobody": (
        lambda: agree(ready("whatsapp"), envelope=Envelope(template="offer", language="en_US")),
        "missing phone number; add --to",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_agreed_on(case: str) -> None:
    call, words = WRONG[case]
    with pytest.raises(UsageError, match=words) as caught:
        call()
    assert "\n" not in str(caught.value) and "canary" not in str(caught.value)


@pytest.mark.parametrize(("lives", "goes_out", "fits"), [(24, 23, True), (24, 25, False), (1, 48, False)])
def test_a_presigned_link_must_outlive_the_message(lives: int, goes_out: int, fits: bool) -> None:
    host = open_host("s3://bucket", valid_for=lives * HOUR, environment=AWS)
    moment = later(goes_out)
    envelope = Envelope(to="+12345678900", scheduled_at=moment)
    if fits:
        assert agree(ready("msgflash"), host=host, envelope=envelope).host is host
        return
    with pytest.raises(UsageError, match="raise --valid-for") as caught:
        agree(ready("msgflash"), host=host, envelope=envelope)
    assert stamp(moment) in str(caught.value)


def test_a_public_link_outlives_every_message() -> None:
    host = open_host("s3://bucket", public_url="https://cdn.example.com", environment=AWS)
    agree(ready("msgflash"), host=host, envelope=Envelope(to="+12345678900", scheduled_at=later(10_000)))


@pytest.mark.parametrize("name", ["engagelab", "msgflash"])
def test_files_need_somewhere_to_go(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIAPREP_STATE", str(tmp_path / "state"))
    terms = agree(ready(name), envelope=TO)
    assert not terms.uploads
    with pytest.raises(UsageError, match="accepts only links, not files; give --host"):
        list(publish_all(["https://example.com/a.jpg", SAMPLES / "letter.pdf"], terms=terms))
    with pytest.raises(UsageError, match="no target"):
        list(publish_all(["https://example.com/a.jpg"], terms=terms, target="stiker"))
    assert not (tmp_path / "state").exists()


def test_what_lives_longer_than_it_has_to_is_no_fault(tmp_path: Path) -> None:
    assert agree(ready("whatsapp"), valid_for=720 * HOUR).host is None
    for host in (str(tmp_path), "https://dav.example.com"):
        terms = agree(ready("whatsapp"), host=host, public_url="https://cdn.example.com", valid_for=9000 * HOUR)
        assert terms.host is not None and terms.host.valid_for is None


@pytest.mark.parametrize(
    ("via", "field", "value"),
    [
        ("wassenger", "view_once", True),
        ("msgflash", "scheduled_at", datetime.datetime(2999, 1, 1, tzinfo=datetime.UTC)),
        ("engagelab", "request_id", "7"),
        ("engagelab", "custom_args", {"a": 1}),
        ("whatsapp", "language", "en_US"),
    ],
)
def test_what_is_about_a_message_needs_one(via: str, field: str, value: Any, tmp_path: Path) -> None:
    keys = {"WASSENGER_TOKEN": "canary-secret-1", "WHATSAPP_TOKEN": "canary-secret-2", "WHATSAPP_PHONE_NUMBER_ID": "7"}
    host = open_host(str(tmp_path), public_url="https://cdn.example.com")
    with pytest.raises(UsageError, match=f"--{field.replace('_', '-')} requires a message"):
        agree(connect(via, keys), host=host, envelope=Envelope(**{field: value}))
