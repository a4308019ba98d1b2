"""Every way in which a file can be published, against servers that can misbehave."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mediaprep.destinations import connect, destination_class
from mediaprep.destinations.base import Envelope
from mediaprep.hosts import open_host
from mediaprep.publishing.journal import Journal
from mediaprep.publishing.terms import Terms, agree
from tests.destinations.contract import PLATFORMS
from tests.servers.base import StandIn
from tests.servers.storage import Storage

# The id of a key is no secret: every presigned link shows it.
S3_KEYS = {"AWS_ACCESS_KEY_ID": "key-id", "AWS_SECRET_ACCESS_KEY": "canary-secret-s3"}


@dataclass
class Way:
    """A destination, with or without a host, and the server that files go to. `options`: the same as a command."""

    via: str
    server: StandIn
    environment: dict[str, str]
    options: list[str] = field(default_factory=list)
    repeatable: bool = True

    def terms(self, *, force: bool = False, timeout: float = 300, envelope: Envelope | None = None) -> Terms:
        host = None
        if "--host" in self.options:
            public = dict(zip(self.options[::2], self.options[1::2], strict=True)).get("--public-url", "")
            host = open_host(self.options[1], public_url=public, environment=self.environment)
        return agree(connect(self.via, self.environment), host=host, force=force, timeout=timeout, envelope=envelope)

    def copies(self, content: bytes) -> int:
        return self.server.stored[hashlib.sha256(content).hexdigest()]

    def state(self, content: bytes) -> str:
        """What the journal knows of this content."""
        with Journal() as uploads:
            entry = uploads.entry(hashlib.sha256(content).hexdigest(), self.terms().carrier.account)
        return entry.state if entry else "unknown"

    def command(self, *arguments: str | os.PathLike[str]) -> list[str]:
        return ["publish", *(os.fspath(one) for one in arguments), "--via", self.via, *self.options]


@contextlib.contextmanager
def way(name: str, folder: Path) -> Iterator[Way]:
    """One of `WAYS`, with its server running."""
    match name:
        case _ if name in PLATFORMS:
            with PLATFORMS[name]() as platform:
                yield Way(name, platform, platform.environment, repeatable=destination_class(name).repeatable)
        case "engagelab-webdav":
            with Storage() as storage:
                yield Way("engagelab", storage, {}, ["--host", f"{storage.url}/media"])
        case "msgflash-s3":
            with Storage() as storage:
                keys = {**S3_KEYS, "AWS_ENDPOINT_URL": storage.url}
                public = f"{storage.url}/bucket/media"
                yield Way("msgflash", storage, keys, ["--host", "s3://bucket/media", "--public-url", public])
        case _:
            raise AssertionError(name)


WAYS = [*(name for name in PLATFORMS if destination_class(name).uploads), "engagelab-webdav", "msgflash-s3"]
