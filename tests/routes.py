"""Every way from a file to a message, all of it real: destinations as strict stand-ins, and hosts behind web servers.

`carriers.py` has ways that can misbehave; these are the ones that work.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import threading
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import obstore

from mediaprep.destinations import connect
from mediaprep.destinations.base import Destination, Envelope
from mediaprep.destinations.wassenger import Wassenger
from mediaprep.hosts import open_host
from mediaprep.hosts.base import Host
from mediaprep.publishing.terms import Terms, agree
from mediaprep.record import Prepared
from tests.hosts.contract import SUFFIXES
from tests.servers import engagelab, msgflash
from tests.servers.base import StandIn
from tests.servers.engagelab import EngageLabStandIn
from tests.servers.msgflash import MsgFlashStandIn
from tests.servers.seaweedfs import SeaweedFS
from tests.servers.wassenger import WassengerStandIn
from tests.servers.webdav import PASSWORD, USER
from tests.servers.whatsapp import WhatsAppStandIn

TO = Envelope(to="+12345678900")
Api = WassengerStandIn | EngageLabStandIn | MsgFlashStandIn | WhatsAppStandIn


@dataclass
class Place:
    """A host, and what lies there: names, each with a mark that changes when it is written anew.

    `codecs`: whether it serves Ogg with its codec; `head`: whether links answer HEAD.
    """

    host: Host
    written: Callable[[], dict[str, Any]]
    codecs: bool = True
    head: bool = True


@dataclass
class Route:
    """A destination, with a host or without."""

    destination: Destination
    api: Api
    place: Place | None = None

    def terms(self, envelope: Envelope = TO, **more: Any) -> Terms:
        host = self.place.host if self.place else None
        return agree(self.destination, host=host, envelope=envelope, timeout=20, **more)

    def written(self) -> dict[str, Any]:
        """What was stored, each with a mark that changes when it is stored anew."""
        if self.place:
            return self.place.written()
        return {str(number): path for number, path in enumerate(uploads(self.api))}

    def holds(self, record: Prepared) -> bool:
        """Whether the reference leads to the very bytes that the record is about, and to one copy of them."""
        assert record.reference is not None and record.sha256 is not None
        if link := record.reference.get("link"):
            return hashlib.sha256(got(link)).hexdigest() == record.sha256
        known = self.api.files if isinstance(self.api, WassengerStandIn) else getattr(self.api, "media", {})
        return record.reference["id"] in known and self.api.stored[record.sha256] == 1

    def hears(self, record: Prepared) -> httpx.Response:
        """What the API answers to the record's message."""
        assert record.message is not None
        post = self.destination.post(record.message)
        return httpx.post(post.url, json=post.json, headers=post.reveal(), trust_env=False)


def uploads(api: StandIn) -> list[str]:
    """The paths of requests that carried files."""
    return [one.path for one in api.received if one.method == "POST" and one.path.endswith(("/files", "/media"))]


def got(link: str) -> bytes:
    with urllib.request.urlopen(link, timeout=20) as response:
        body: bytes = response.read()
        return body


@contextlib.contextmanager
def destination(name: str) -> Iterator[tuple[Destination, Api]]:
    """A destination that talks to a stand-in. `wassenger-raw` sends files as bodies, not as forms."""
    match name:
        case "wassenger" | "wassenger-raw":
            with WassengerStandIn() as wassenger:
                yield Wassenger(wassenger.environment, way="raw" if name.endswith("raw") else "form"), wassenger
        case "whatsapp":
            with WhatsAppStandIn() as whatsapp:
                yield connect(name, whatsapp.environment), whatsapp
        case "engagelab":
            with EngageLabStandIn() as standing:
                keys = {
                    "ENGAGELAB_DEV_KEY": engagelab.KEY,
                    "ENGAGELAB_DEV_SECRET": engagelab.SECRET,
                    "ENGAGELAB_FROM": "+8613800138000",
                    "ENGAGELAB_URL": standing.url,
                }
                yield connect(name, keys), standing
        case "msgflash":
            with MsgFlashStandIn() as flash:
                keys = {
                    "MSGFLASH_API_KEY": msgflash.KEY,
                    "MSGFLASH_INSTANCE_ID": msgflash.INSTANCE,
                    "MSGFLASH_URL": flash.url,
                }
                yield connect(name, keys), flash
        case _:
            raise AssertionError(name)


class Files(SimpleHTTPRequestHandler):
    """A web server that was set up as it should be."""

    extensions_map = {**SUFFIXES, ".ogg": "audio/ogg; codecs=opus"}  # noqa: RUF012 - as the standard library has it

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


@contextlib.contextmanager
def folder(where: Path) -> Iterator[Place]:
    """A folder behind a plain web server."""

    def handler(*request: Any) -> Files:
        return Files(*request, directory=str(where))

    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        yield Place(open_host(str(where), public_url=url), lambda: times(where))
        server.shutdown()
        thread.join()


def dav(served: tuple[str, Path], name: str) -> Place:
    """A folder of a WebDAV server, which everybody may read under `/public`."""
    url, where = served
    host = open_host(
        f"{url}/{name}",
        public_url=f"{url}/public/{name}",
        environment={"WEBDAV_USERNAME": USER, "WEBDAV_PASSWORD": PASSWORD},
    )
    return Place(host, lambda: times(where / name), codecs=False)


def s3(server: SeaweedFS, name: str, *, public: bool, valid_for: datetime.timedelta | None = None) -> Place:
    """A prefix in a bucket that everybody may read, or with links that are presigned."""
    bucket = "open" if public else "shut"
    host = open_host(
        f"s3://{bucket}/{name}",
        public_url=f"{server.url}/{bucket}/{name}" if public else "",
        valid_for=valid_for,
        environment=server.environment,
    )

    def written() -> dict[str, Any]:
        found = (one for page in obstore.list(server.bucket(bucket), prefix=name) for one in page)
        return {one["path"]: (one["last_modified"], one["e_tag"]) for one in found}

    return Place(host, written, head=public)


def times(where: Path) -> dict[str, Any]:
    return {path.name: path.stat().st_mtime_ns for path in where.glob("*")}
