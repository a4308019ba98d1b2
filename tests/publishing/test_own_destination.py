"""A destination and a host of somebody's own, outside the package, from the public names alone."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest

from mediaprep import (
    Destination,
    Envelope,
    File,
    Host,
    Line,
    Links,
    Outgoing,
    Parcel,
    Post,
    Receipt,
    Reference,
    SendableTransport,
    Slot,
    UsageError,
    Variable,
    agree,
    prepare_message,
    publish,
)
from tests.servers.base import Received, Reply, StandIn

SAMPLES = Path(__file__).parents[2] / "samples"
KEY = Variable(name="PIGEON_KEY", what="the key of the loft", needed="send")


class Pigeon(Destination):
    """Files go up with PUT, messages name them."""

    name = "pigeon"
    title = "Pigeon"
    accepts, returns, lasts = "files", "ring number", "for good"
    variables = (KEY,)
    example: ClassVar[dict[str, Any]] = {"to": "+12345678900", "photo": "https://cdn.example.com/photo.jpg"}
    takes = frozenset({"to"})
    uploads = True
    message_paths = ("/fly",)

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._key = KEY.key(environment)
        self._base = environment["PIGEON_URL"]

    @property
    def account(self) -> str:
        return self._base

    def upload(self, parcel: Parcel, line: Line) -> Receipt:
        answer = line.request(
            "PUT", f"{self._base}/rings/{parcel.sha256}", file=File(path=parcel.path, mime=parcel.mime)
        )
        if not answer.ok:
            raise answer.refusal()
        return Receipt(value=answer.fields()["ring"])

    def message(self, reference: Reference, parcel: Parcel, envelope: Envelope) -> dict[str, Any]:
        self.check_envelope(envelope)
        return (
            {"to": envelope.to, "ring": reference.id} if reference.id else {"to": envelope.to, "photo": reference.link}
        )

    def read(self, message: dict[str, Any], target: str = "") -> Outgoing:
        if "ring" in message:
            return Outgoing()
        source = self.member(message, str, "photo")
        return Outgoing(slots=(Slot(source=source, target="image", where=(), link_key="photo", id_key="ring"),))

    def post(self, message: dict[str, Any], target: str = "") -> Post:
        return Post(url=f"{self._base}/fly", headers={"Key": self._key.needed()}, message=message)


class Shelf(Host):
    """A dictionary that is served."""

    schemes, form = ("shelf",), "shelf://name"
    links = (Links(host="`shelf://name`", kind="public", content_type="sent"),)

    def __init__(
        self,
        where: str,
        *,
        public_url: str = "",
        valid_for: datetime.timedelta | None = None,
        environment: Mapping[str, str],
    ) -> None:
        self._public = public_url
        self.files: dict[str, bytes] = {}

    @property
    def account(self) -> str:
        return self._public

    def holds(self, parcel: Parcel, line: Line) -> bool:
        return parcel.sha256 in self.files

    def put(self, parcel: Parcel, line: Line) -> Receipt:
        line.last()
        self.files[parcel.sha256] = parcel.path.read_bytes()
        return Receipt(value=parcel.sha256)

    def link(self, name: str) -> tuple[str, datetime.datetime | None]:
        return f"{self._public}/{name}", None


class Loft(StandIn):
    """`flown`: messages that arrived."""

    def __init__(self) -> None:
        super().__init__()
        self.flown: list[Any] = []

    def answer(self, request: Received) -> Reply:
        if request.method == "PUT":
            return Reply(200, {"ring": self.keep(request.body)[:12]})
        assert request.headers["key"] == "canary-secret-pigeon"
        self.flown.append(request.json())
        return Reply(202)


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIAPREP_STATE", str(tmp_path / "state"))


def test_a_destination_of_one_s_own_works_from_end_to_end() -> None:
    with Loft() as loft:
        pigeon = Pigeon({"PIGEON_URL": loft.url, "PIGEON_KEY": "canary-secret-pigeon"})
        terms = agree(pigeon, envelope=Envelope(to="+12345678900"))
        records = [publish(SAMPLES / "photo-gps.jpg", terms=terms, profile="whatsapp") for _ in range(2)]
        assert [one.uploaded for one in records] == [True, False], records[0].error
        made = prepare_message({"to": "x", "photo": str(SAMPLES / "photo-gps.jpg")}, terms=terms, profile="whatsapp")
        assert made == {"to": "x", "ring": records[0].reference and records[0].reference["id"]}
        post = pigeon.post({"to": "x", "photo": str(SAMPLES / "logo-transparent.png")})
        with httpx.Client(transport=SendableTransport(terms, profile="whatsapp")) as client:
            assert client.post(post.url, content=post.content, headers=post.reveal()).is_success
        assert loft.flown[0].keys() == {"to", "ring"} and sum(loft.stored.values()) == 2


def test_a_host_of_one_s_own_is_given_as_it_is() -> None:
    shelf = Shelf("shelf://x", public_url="https://cdn.example.com/media", environment={})
    terms = agree("engagelab", host=shelf, try_links=False, envelope=Envelope(to="+12345678900"))
    record = publish(SAMPLES / "photo-gps.jpg", terms=terms)
    assert record.reference == {"link": f"https://cdn.example.com/media/{record.sha256}"}
    assert list(shelf.files) == [record.sha256]


def test_what_it_cannot_carry_is_refused_as_by_any_other() -> None:
    with pytest.raises(UsageError, match="Pigeon does not support --caption"):
        agree(Pigeon({"PIGEON_URL": "http://x"}), envelope=Envelope(to="+12345678900", caption="x"))
