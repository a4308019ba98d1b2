"""The hook inside httpx: messages become sendable on their way out, and everything else goes out as it is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from mediaprep.destinations import connect
from mediaprep.errors import UsageError
from mediaprep.hosts import open_host
from mediaprep.publishing.terms import Terms, agree
from mediaprep.publishing.transport import SendableTransport
from mediaprep.record import NotSendable
from tests.servers.engagelab import KEY, SECRET, EngageLabStandIn
from tests.servers.shelf import Shelf
from tests.servers.storage import Storage
from tests.servers.wassenger import TOKEN, WassengerStandIn

PHOTO = str(Path(__file__).parents[2] / "samples" / "photo.bmp")
FILM = str(Path(__file__).parents[2] / "samples" / "film.mov")
HEADERS = {"Token": TOKEN}


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIAPREP_STATE", str(tmp_path / "state"))


@pytest.fixture
def api() -> Iterator[WassengerStandIn]:
    with WassengerStandIn() as running:
        yield running


def terms(api: WassengerStandIn) -> Terms:
    return agree(connect("wassenger", api.environment), timeout=300)


@pytest.fixture
def client(api: WassengerStandIn) -> Iterator[httpx.Client]:
    with httpx.Client(transport=SendableTransport(terms(api)), base_url=api.url, headers=HEADERS) as running:
        yield running


def message(source: str, **more: object) -> dict[str, object]:
    return {"phone": "+12345678900", "message": "été 😀", "media": {"file": source, **more}}


def test_a_message_goes_out_sendable(api: WassengerStandIn, client: httpx.Client) -> None:
    answer = client.post("/v1/messages", json=message(PHOTO, viewOnce=True))
    assert answer.status_code == 201
    (known,) = api.files
    assert api.accepted == [message(known, viewOnce=True)]
    sent = api.received[-1].headers
    assert int(sent["content-length"]) == len(api.received[-1].body)
    assert "transfer-encoding" not in sent and sent["content-type"] == "application/json"
    assert client.post("/v1/messages", json=message(PHOTO)).status_code == 201
    assert len(api.files) == 1 and len(api.accepted) == 2


def test_it_serves_the_async_client_too(api: WassengerStandIn) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield json.dumps(message(PHOTO)).encode()

    async def run() -> list[httpx.Response]:
        transport = SendableTransport(terms(api))
        async with httpx.AsyncClient(transport=transport, base_url=api.url, headers=HEADERS) as client:
            together = [client.post("/v1/messages", json=message(PHOTO)) for _ in range(3)]
            kind = {"content-type": "application/json"}
            streamed = client.post("/v1/messages", content=body(), headers=kind)
            with pytest.raises(NotSendable):
                await client.post("/v1/messages", json=message("/nowhere.jpg"))
            return [*await asyncio.gather(*together, streamed), await client.get("/v1/files/none")]

    assert [one.status_code for one in asyncio.run(run())] == [201, 201, 201, 201, 404]
    (known,) = api.files
    assert api.accepted == [message(known)] * 4
    assert all("transfer-encoding" not in one.headers for one in api.received)


def test_a_body_that_is_streamed_has_a_length_in_the_end(api: WassengerStandIn, client: httpx.Client) -> None:
    def body() -> Iterator[bytes]:
        text = json.dumps(message(PHOTO)).encode()
        yield from (text[:20], text[20:])

    answer = client.post("/v1/messages", content=body(), headers={"content-type": "Application/JSON; charset=utf-8"})
    assert answer.status_code == 400, "that type is this strict server's to refuse"
    sent = api.received[-1]
    assert "transfer-encoding" not in sent.headers and int(sent.headers["content-length"]) == len(sent.body)
    assert sent.json() == message(next(iter(api.files)))
    assert sent.content_type == "Application/JSON; charset=utf-8"


def test_what_has_nothing_to_be_done_goes_out_byte_for_byte(api: WassengerStandIn, client: httpx.Client) -> None:
    text = b'{ "phone":"+12345678900",\n "message":"\\ud83d\\ude00 1.10", "reference" : "a" }'
    assert client.post("/v1/messages", content=text, headers={"content-type": "application/json"}).is_success
    assert api.received[-1].body == text


@pytest.mark.parametrize("words", ["\ud83d", "a\0b", "é" * 1024])
def test_any_letters_arrive(api: WassengerStandIn, client: httpx.Client, words: str) -> None:
    text = json.dumps({**message(PHOTO), "message": words}).encode()
    assert client.post("/v1/messages", content=text, headers={"content-type": "application/json"}).is_success
    assert api.accepted[0]["message"] == words


def test_other_requests_go_out_as_they_are(api: WassengerStandIn, client: httpx.Client) -> None:
    form = client.post("/v1/files", files={"file": ("a.txt", b"words", "text/plain")})
    known = form.json()[0]["id"]
    assert client.get(f"/v1/files/{known}").is_success
    assert client.get("/v1/messages").status_code == 404
    assert client.put("/v1/messages", json=message(PHOTO)).status_code == 404
    assert client.post("/v1/devices", json={"media": {"file": PHOTO}}).status_code == 404
    assert list(api.files) == [known] and api.accepted == []
    assert json.loads(api.received[-1].body) == {"media": {"file": PHOTO}}


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/", "/gateway/v1/messages?wait=1"])
def test_what_cannot_be_sent_is_not_sent(api: WassengerStandIn, client: httpx.Client, path: str) -> None:
    for bad in (
        message("/nowhere.jpg"),
        message(PHOTO, format="ptt"),
        {"phone": "+12345678900", "message": "x" * 4097},
    ):
        with pytest.raises(NotSendable) as caught:
            client.post(path, json=bad)
        assert caught.value.record.error is not None
    assert api.received == []


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"{}", b"\x1f\x8b\x08\x00"])
def test_json_that_is_no_message_is_not_sent(api: WassengerStandIn, client: httpx.Client, text: bytes) -> None:
    with pytest.raises(UsageError):
        client.post("/v1/messages", content=text, headers={"content-type": "application/json"})
    assert api.received == []


def test_what_httpx_signs_with_stays_signed() -> None:
    """The documented use: Basic auth of the client, a host for links, and a base address that is mounted."""
    with EngageLabStandIn() as api, Storage() as storage, Shelf() as shelf:
        host = open_host(f"{storage.url}/media", environment={})
        transport = SendableTransport(agree(connect("engagelab", {}), host=host), allow_hosts=["127.0.0.1"])
        link = shelf.sample("photo-gps.jpg", "image/jpeg")
        body = {"to": ["8613800138001"], "body": {"type": "image", "image": {"link": link, "caption": "é"}}}
        with httpx.Client(mounts={api.url: transport}, auth=(KEY, SECRET)) as client:
            answer = client.post(f"{api.url}/v1/messages", json=body)
            assert client.post(f"{shelf.url}/v1/messages", json={"any": "thing"}).status_code == 405
        assert answer.is_success, answer.text
        (path,) = storage.files
        assert api.accepted == [
            {**body, "body": {"type": "image", "image": {"link": storage.url + path, "caption": "é"}}}
        ]


class Inner(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Somebody's own transport."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.closed = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(204)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self.handle_request(request)

    def close(self) -> None:
        self.closed += 1

    async def aclose(self) -> None:
        self.closed += 1


def test_another_transport_can_be_wrapped_and_is_closed(api: WassengerStandIn) -> None:
    inner, other = Inner(), Inner()

    async def run() -> None:
        async with httpx.AsyncClient(transport=SendableTransport(terms(api), async_inner=other)) as client:
            await client.post(f"{api.url}/v1/messages", json=message(PHOTO))

    with httpx.Client(transport=SendableTransport(terms(api), inner=inner), timeout=7) as client:
        assert client.post(f"{api.url}/v1/messages", json=message(PHOTO)).status_code == 204
        assert inner.closed == 0
    asyncio.run(run())
    assert inner.closed == other.closed == 1
    for (request,) in (inner.requests, other.requests):
        assert json.loads(request.content) == message(next(iter(api.files)))
        assert request.headers["host"] == f"127.0.0.1:{api.port}"
    assert inner.requests[0].extensions["timeout"]["read"] == 7


def test_options_are_those_of_the_function(api: WassengerStandIn, tmp_path: Path) -> None:
    """A profile of one's own, which takes no film of more than 2 kB."""
    profile = tmp_path / "small.toml"
    profile.write_text('extends = "wassenger"\n[video]\nmax_bytes = "2 KB"\nerror_above = "2 KB"\n')
    transport = SendableTransport(terms(api), profile=str(profile))
    with httpx.Client(transport=transport, base_url=api.url) as client, pytest.raises(NotSendable):
        client.post("/v1/messages", json=message(FILM))
    assert api.received == []
