"""One file on its way: what is relied on again, what is told of, and who is not asked twice."""

from __future__ import annotations

import datetime
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from mediaprep.batch.sources import Source
from mediaprep.destinations import connect
from mediaprep.hosts import open_host
from mediaprep.network import fetch, retry
from mediaprep.publishing.publish import publish, publish_all
from mediaprep.publishing.terms import Terms, agree, stamp
from mediaprep.record import Prepared
from tests.carriers import way
from tests.routes import TO, Route, destination, uploads
from tests.servers.base import Received, Reply, StandIn
from tests.servers.shelf import Shelf
from tests.servers.wassenger import WassengerStandIn
from tests.servers.whatsapp import WhatsAppStandIn

SAMPLES = Path(__file__).parents[2] / "samples"
PHOTO, LETTER = SAMPLES / "photo-ready.jpg", SAMPLES / "letter.pdf"
DAY, HOUR = datetime.timedelta(days=1), datetime.timedelta(hours=1)


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIAPREP_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(retry, "FIRST", 0.01)


@pytest.fixture
def wassenger() -> Iterator[WassengerStandIn]:
    with WassengerStandIn() as server:
        yield server


@pytest.fixture
def whatsapp() -> Iterator[WhatsAppStandIn]:
    with WhatsAppStandIn() as server:
        yield server


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with Shelf() as server:
        yield server


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def to_whatsapp(server: WhatsAppStandIn, **more: str) -> Terms:
    return agree(connect("whatsapp", {**server.environment, **more}), timeout=300)


def to_wassenger(server: WassengerStandIn, *, valid_for: datetime.timedelta | None = None, **more: str) -> Terms:
    return agree(connect("wassenger", {**server.environment, **more}), timeout=300, valid_for=valid_for)


def refused(record: Prepared, *words: str) -> None:
    assert record.status == "failed" and record.reference is None and record.message is None
    assert record.error is not None and "\n" not in record.error.message and "canary" not in record.error.message
    for word in words:
        assert word in record.error.message


def aged(folder: Path, *, noted: datetime.datetime, expires: datetime.datetime) -> None:
    """Make the journal's only entry one of another time."""
    database = sqlite3.connect(folder / "state" / "ledger.sqlite")
    with database:
        changed = database.execute(
            "update uploads set noted = ?, expires = ?", (noted.isoformat(), expires.isoformat())
        )
    database.close()
    assert changed.rowcount == 1


@pytest.mark.parametrize(("left", "again"), [(2 * DAY, False), (23 * HOUR, True), (-DAY, True)], ids=str)
def test_a_reference_near_its_end_is_not_relied_on(
    whatsapp: WhatsAppStandIn, tmp_path: Path, left: datetime.timedelta, again: bool
) -> None:
    first = publish(LETTER, terms=to_whatsapp(whatsapp))
    assert first.expires is not None and first.expires > stamp(now() + 29 * DAY)
    aged(tmp_path, noted=now() + left - 30 * DAY, expires=now() + left)
    second = publish(LETTER, terms=to_whatsapp(whatsapp))
    assert second.uploaded is again and len(uploads(whatsapp)) == 1 + again
    assert (second.reference != first.reference) is again


def test_the_platform_is_believed_when_it_says_until_when(wassenger: WassengerStandIn) -> None:
    wassenger.changes = {"expiresAt": "2100-01-02T03:04:05.678Z"}
    assert publish(LETTER, terms=to_wassenger(wassenger)).expires == "2100-01-02T03:04:05Z"


def test_how_long_an_upload_lives_can_be_chosen(wassenger: WassengerStandIn) -> None:
    record = publish(LETTER, terms=to_wassenger(wassenger, valid_for=7 * DAY))
    assert wassenger.received[0].query["expiration"] == "7d"
    assert record.expires is not None and stamp(now() + 6.9 * DAY) < record.expires <= stamp(now() + 7 * DAY)


def test_what_was_uploaded_for_one_account_is_nothing_to_another(
    wassenger: WassengerStandIn, whatsapp: WhatsAppStandIn
) -> None:
    """The other ones are not known here, and say so: they were asked."""
    assert publish(LETTER, terms=to_wassenger(wassenger)).uploaded
    refused(publish(LETTER, terms=to_wassenger(wassenger, WASSENGER_TOKEN="canary-secret-other")), "WASSENGER_TOKEN")
    assert publish(LETTER, terms=to_wassenger(wassenger)).uploaded is False
    assert publish(LETTER, terms=to_whatsapp(whatsapp)).uploaded
    refused(publish(LETTER, terms=to_whatsapp(whatsapp, WHATSAPP_PHONE_NUMBER_ID="1")), "WHATSAPP_PHONE_NUMBER_ID")
    assert publish(LETTER, terms=to_whatsapp(whatsapp)).uploaded is False


def letters(folder: Path, count: int) -> Path:
    """A folder of documents, no two alike."""
    folder.mkdir()
    for number in range(count):
        (folder / f"{number}.txt").write_text(f"Letter {number}\n")
    return folder


class Locked(StandIn):
    """A server that nobody may write to."""

    def answer(self, request: Received) -> Reply:
        return Reply(401, b"who are you?", {"content-type": "text/plain"})


@pytest.mark.parametrize("name", ["wassenger", "whatsapp", "engagelab"])
def test_a_key_that_is_refused_is_not_tried_for_every_file(name: str, tmp_path: Path) -> None:
    wrong = {"WASSENGER_TOKEN": "canary-secret-wrong", "WHATSAPP_TOKEN": "canary-secret-wrong"}
    named = {"wassenger": "WASSENGER_TOKEN", "whatsapp": "WHATSAPP_TOKEN", "engagelab": "WEBDAV_PASSWORD"}
    server = {"wassenger": WassengerStandIn, "whatsapp": WhatsAppStandIn}.get(name, Locked)()
    with server:
        environment = {**getattr(server, "environment", {}), **wrong}
        host = open_host(f"{server.url}/media", environment={}) if name == "engagelab" else None
        terms = agree(connect(name, environment), host=host)
        records = list(publish_all([letters(tmp_path / "letters", 20)], terms=terms, target="document", jobs=1))
    assert len(records) == 20 and len(server.received) <= 4
    for record in records:
        refused(record, named[name], "401")


@pytest.mark.parametrize("fault", ["reset", "503"])
def test_a_host_that_is_looked_at_is_asked_again(fault: Literal["reset", "503"], tmp_path: Path) -> None:
    with way("engagelab-webdav", tmp_path) as to:
        assert publish(LETTER, terms=to.terms()).uploaded
        to.server.faulty, to.server.faults = frozenset({"HEAD"}), [fault]
        again = publish(LETTER, terms=to.terms())
        assert again.status == "published" and to.copies(LETTER.read_bytes()) == 1, again.error


def test_what_vanished_from_a_host_is_put_there_again(tmp_path: Path) -> None:
    with destination("engagelab") as (engagelab, _):
        host = open_host(str(tmp_path / "www"), public_url="https://cdn.example.com")
        terms = agree(engagelab, host=host, try_links=False)
        first = publish(LETTER, terms=terms)
        (file,) = (tmp_path / "www").iterdir()
        file.unlink()
        second = publish(LETTER, terms=terms)
        assert (first.uploaded, second.uploaded) == (True, True) and second.reference == first.reference
        assert file.read_bytes() == LETTER.read_bytes()


class Wayward(StandIn):
    """Serves a folder, in the way of `mode`."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.mode = "right"

    def answer(self, request: Received) -> Reply:
        content = (self.folder / request.path.rpartition("/")[2]).read_bytes()
        match self.mode:
            case "missing":
                return Reply(404)
            case "page":
                return Reply(200, b"<html>Sign in</html>", {"content-type": "text/html"})
            case "untyped":
                return Reply(200, content, {"content-type": "application/octet-stream"})
            case "redirect":
                return Reply(302, None, {"location": f"{self.url}/elsewhere"})
            case "smaller":
                return Reply(200, content[:-1], {"content-type": "application/pdf"})
            case "other":
                return Reply(200, bytes(len(content)), {"content-type": "application/pdf"})
            case _:
                return Reply(200, content, {"content-type": "application/pdf"})


TRIALS = {
    "missing": ("404", "--public-url"),
    "page": ("a web page",),
    "untyped": ('"application/octet-stream"', "not application/pdf"),
    "redirect": ("redirects", "do not follow"),
    "smaller": ("627 bytes", "628"),
    "other": ("not the 628 bytes that were published",),
}


@pytest.mark.parametrize("mode", TRIALS)
def test_a_link_that_no_platform_could_use_is_no_reference(mode: str, tmp_path: Path) -> None:
    www = tmp_path / "www"
    with Wayward(www) as server, destination("engagelab") as (engagelab, api):
        terms = agree(engagelab, host=open_host(str(www), public_url=server.url), envelope=TO)
        server.mode = mode
        refused(publish(LETTER, terms=terms), *TRIALS[mode])
        refused(publish(LETTER, terms=terms), *TRIALS[mode])
        server.mode = "right"
        record = publish(LETTER, terms=terms)
        assert record.status == "published" and record.message is not None, record.error
        assert Route(engagelab, api).hears(record).is_success
        server.mode = mode
        unseen = agree(engagelab, host=open_host(str(www), public_url=server.url), try_links=False)
        assert publish(LETTER, terms=unseen).status == "published"


HERE = ("127.0.0.1",)


def test_a_link_as_a_source(wassenger: WassengerStandIn, shelf: Shelf) -> None:
    photo, film = shelf.sample(PHOTO.name, "image/jpeg"), shelf.sample("film.mov", "video/quicktime")
    page = shelf.put("page.jpg", b"<!DOCTYPE html><html></html>", "image/jpeg")
    sources: list[Source] = [photo, film, page, f"{shelf.url}/nothing.jpg", LETTER]
    found = {one.source: one for one in publish_all(sources, terms=to_wassenger(wassenger), allow_hosts=HERE)}
    assert found.keys() == set(map(str, sources))
    refused(found[page], "web page")
    refused(found[f"{shelf.url}/nothing.jpg"], "404")
    assert {found[one].status for one in (photo, film, str(LETTER))} == {"published"}
    assert len(uploads(wassenger)) == 3
    again = publish(photo, terms=to_wassenger(wassenger), allow_hosts=HERE)
    assert again.uploaded is False and again.reference == found[photo].reference
    refused(publish(photo, terms=to_wassenger(wassenger)), "--allow-host")


@pytest.fixture
def _public(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is on loopback stands for the internet."""
    monkeypatch.setattr(fetch, "is_public", lambda _: True)


@pytest.mark.usefixtures("_public")
@pytest.mark.parametrize("name", ["engagelab", "msgflash"])
def test_a_public_link_that_serves_as_it_is_is_kept(name: str, shelf: Shelf) -> None:
    with destination(name) as (takes_links, api):
        terms = agree(takes_links, envelope=TO)
        photo = shelf.sample(PHOTO.name, "image/jpeg")
        record = publish(photo, terms=terms)
        assert record.reference == {"link": photo} and (record.uploaded, record.expires) == (False, None)
        assert Route(takes_links, api).hears(record).is_success
        refused(publish(shelf.sample("film.mov", "video/quicktime"), terms=terms), "give --host")
        refused(publish(shelf.sample(LETTER.name, "application/octet-stream"), terms=terms), "octet-stream")


def test_a_link_that_turns_private_after_it_was_fetched_is_not_asked(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name whose owner answers with a public address first, and with one of ours then."""
    asked: list[str] = []

    def is_public(text: str) -> bool:
        asked.append(text)
        return len(asked) <= 1

    monkeypatch.setattr(fetch, "is_public", is_public)
    with destination("engagelab") as (takes_links, _):
        record = publish(
            shelf.sample(PHOTO.name, "image/jpeg"), terms=agree(takes_links, envelope=TO), allow_hosts=["127.0.0.1"]
        )
    refused(record, "private")
    assert [request.method for request in shelf.received] == ["GET"], "the one that fetched it"


@pytest.mark.usefixtures("_public")
def test_wassenger_fetches_a_public_link_itself(wassenger: WassengerStandIn, shelf: Shelf) -> None:
    photo = shelf.sample(PHOTO.name, "image/jpeg")
    record = publish(photo, terms=to_wassenger(wassenger))
    assert record.uploaded and record.reference is not None and record.reference["id"] in wassenger.files
    assert wassenger.received[0].json()["url"] == photo
    assert publish(photo, terms=to_wassenger(wassenger)).uploaded is False
    film = publish(shelf.sample("film.mov", "video/quicktime"), terms=to_wassenger(wassenger))
    assert film.status == "published" and wassenger.received[-1].content_type.startswith("multipart/form-data")
