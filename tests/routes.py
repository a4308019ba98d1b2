"""Every way from a file to a message, all of it real: destinations as strict stand-ins, and hosts behind web servers.

`carriers.py` has ways that can misbehave; these are the ones that work.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from mediaprep.destinations import connect, destination_class
from mediaprep.destinations.base import Destination, Envelope
from mediaprep.destinations.wassenger import Wassenger
from mediaprep.publishing.terms import Terms, agree
from mediaprep.record import Prepared
from tests.destinations.contract import PLATFORMS
from tests.hosts.sites import SITES, Site
from tests.servers.base import Platform, StandIn

TO = Envelope(to="+12345678900")
DIRECT = [name for name in PLATFORMS if destination_class(name).uploads or destination_class(name).inline]
TURNS = [host for host in SITES if host != "s3-presigned"]
HOSTED = [f"{name} {TURNS[number % len(TURNS)]}" for number, name in enumerate(PLATFORMS)]
ROUTES = [*DIRECT, "wassenger-raw", *HOSTED, "engagelab s3", "msgflash dav", "whatsapp s3-presigned"]
"""Every destination that gets files itself, and every destination with one kind of host after the other."""


@dataclass
class Route:
    """A destination, with a host or without."""

    destination: Destination
    api: Platform
    site: Site | None = None

    def terms(self, envelope: Envelope = TO, **more: Any) -> Terms:
        host = self.site.host() if self.site else None
        return agree(self.destination, host=host, envelope=envelope, timeout=300, **more)

    def written(self) -> Mapping[str, Any]:
        """What was stored, each with a mark that changes when it is stored anew."""
        if self.site:
            return self.site.marks()
        return {str(number): path for number, path in enumerate(uploads(self.api))}

    def holds(self, record: Prepared) -> bool:
        """Whether the reference leads to the very bytes that the record is about, and to one copy of them."""
        assert record.reference is not None and record.sha256 is not None
        if link := record.reference.get("link"):
            return hashlib.sha256(got(link)).hexdigest() == record.sha256
        if "inline" in record.reference:
            assert record.message is not None
            content = base64.b64decode(record.message["file"]["data"])
            return hashlib.sha256(content).hexdigest() == record.sha256
        return record.reference["id"] in self.api.uploaded and self.api.stored[record.sha256] == 1

    def hears(self, record: Prepared) -> httpx.Response:
        """What the API answers to the record's message."""
        assert record.message is not None
        post = self.destination.post(record.message, record.target or "")
        return httpx.post(post.url, content=post.content, headers=post.reveal(), trust_env=False)


def uploads(api: StandIn) -> list[str]:
    """The paths of requests that carried files."""
    return [one.path for one in api.received if one.method == "POST" and one.path.endswith(("/files", "/media"))]


def got(link: str) -> bytes:
    with urllib.request.urlopen(link, timeout=300) as response:
        body: bytes = response.read()
        return body


@contextlib.contextmanager
def destination(name: str) -> Iterator[tuple[Destination, Platform]]:
    """A destination that talks to its stand-in. `wassenger-raw` sends files as bodies, not as forms."""
    via, _, way = name.partition("-")
    with PLATFORMS[via]() as api:
        yield Wassenger(api.environment, way="raw") if way else connect(via, api.environment), api
