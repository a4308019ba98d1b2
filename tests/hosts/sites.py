"""Every kind of host behind a real server, for its contract and for what is published there. A host joins by its line
in `SITES`; one that can be used in two ways has two.
"""

from __future__ import annotations

import contextlib
import datetime
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import obstore
import pytest

from mediaprep.hosts import open_host
from mediaprep.hosts.base import Host
from tests.servers.fetcher import OFFICE
from tests.servers.seaweedfs import SeaweedFS
from tests.servers.webdav import PASSWORD, USER

SUFFIXES = {
    ".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp", ".mp4": "video/mp4", ".3gp": "video/3gpp",
    ".m4a": "audio/mp4", ".mp3": "audio/mpeg", ".aac": "audio/aac", ".amr": "audio/amr",
    ".ogg": "audio/ogg; codecs=opus", ".pdf": "application/pdf", ".docx": OFFICE + "wordprocessingml.document",
}  # fmt: skip
"""What a web server that was set up as it should be says of a name."""


@dataclass
class Site:
    """One host and its server. `kind`: the host's module. `where`: the address up to a prefix, which may be added.
    `stored`: what the server has under a prefix, by name; `put`: what puts bytes there under any name; `make`: what
    makes the folders of a prefix, where the host does not. `marks`: what is there, each with a mark that changes when
    it is written anew. `keeps_names`: whether links are served with the `Content-Disposition` of the upload.
    `says_codecs`: whether with the codec too. `answers_head`: to links. `wrong`: refused keys. `valid_for`: of links.
    """

    kind: str
    where: str
    public_url: str
    stored: Callable[[str], Mapping[str, bytes]]
    put: Callable[[str, str, bytes], object]
    marks: Callable[[], Mapping[str, Any]]
    make: Callable[[str], object] = lambda _: None
    environment: dict[str, str] = field(default_factory=dict)
    keeps_names: bool = False
    says_codecs: bool = True
    answers_head: bool = True
    wrong: tuple[dict[str, str], ...] = ()
    valid_for: datetime.timedelta | None = None

    def host(self, prefix: str = "", **changes: str) -> Host:
        public = f"{self.public_url}/{quote(prefix)}".rstrip("/") if self.public_url else ""
        where = f"{self.where}/{prefix}".rstrip("/")
        environment = {**self.environment, **changes}
        return open_host(where, public_url=public, valid_for=self.valid_for, environment=environment)


class Quiet(SimpleHTTPRequestHandler):
    extensions_map = SUFFIXES

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


@contextlib.contextmanager
def folder(_: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """A folder behind a plain web server."""
    served = tmp_path / "served"
    served.mkdir()

    def handler(*request: Any) -> Quiet:
        return Quiet(*request, directory=str(served))

    def stored(prefix: str) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (served / prefix).glob("*") if path.is_file()}

    def put(prefix: str, name: str, content: bytes) -> None:
        (served / prefix).mkdir()
        (served / prefix / name).write_bytes(content)

    def make(prefix: str) -> None:
        (served / prefix).mkdir(parents=True)

    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield Site(
            kind="folder", where=str(served), public_url=f"http://127.0.0.1:{server.server_address[1]}", stored=stored,
            put=put, make=make, marks=lambda: times(served),
        )  # fmt: skip
        server.shutdown()
        thread.join()


@contextlib.contextmanager
def dav(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """A folder of a WebDAV server, which everybody may read under `/public`."""
    url, root = request.getfixturevalue("dav")
    served = root / tmp_path.name

    def stored(prefix: str) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (served / prefix).glob("*") if path.is_file()}

    def put(prefix: str, name: str, content: bytes) -> None:
        (served / prefix).mkdir(parents=True)
        (served / prefix / name).write_bytes(content)

    yield Site(
        kind="webdav", where=f"{url}/{tmp_path.name}", public_url=f"{url}/public/{tmp_path.name}",
        environment={"WEBDAV_USERNAME": USER, "WEBDAV_PASSWORD": PASSWORD}, stored=stored, put=put,
        marks=lambda: times(served), says_codecs=False,
        wrong=({"WEBDAV_PASSWORD": "canary-secret-wrong"}, {"WEBDAV_USERNAME": "canary-secret-nobody"}),
    )  # fmt: skip


@contextlib.contextmanager
def s3(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """A prefix in a bucket that everybody may read."""
    yield bucket(request.getfixturevalue("seaweedfs"), "open", tmp_path.name, public=True)


@contextlib.contextmanager
def s3_presigned(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    yield bucket(request.getfixturevalue("seaweedfs"), "shut", tmp_path.name, public=False)


def bucket(server: SeaweedFS, name: str, prefix: str, *, public: bool) -> Site:
    store = server.bucket(name)

    def found(below: str) -> list[Any]:
        return [one for page in obstore.list(store, prefix=f"{prefix}/{below}".rstrip("/")) for one in page]

    def stored(below: str) -> dict[str, bytes]:
        return {one["path"].rpartition("/")[2]: bytes(obstore.get(store, one["path"]).bytes()) for one in found(below)}

    return Site(
        kind="s3", where=f"s3://{name}/{prefix}", public_url=f"{server.url}/{name}/{prefix}" if public else "",
        environment=server.environment, stored=stored,
        put=lambda below, file, content: obstore.put(store, f"{prefix}/{below}/{file}", content),
        marks=lambda: {one["path"]: (one["last_modified"], one["e_tag"]) for one in found("")},
        keeps_names=True, answers_head=public,
        wrong=({"AWS_SECRET_ACCESS_KEY": "canary-secret-wrong"}, {"AWS_ACCESS_KEY_ID": "canary-secret-nobody"}),
    )  # fmt: skip


def times(where: Path) -> dict[str, Any]:
    return {path.name: path.stat().st_mtime_ns for path in where.glob("*")}


SITES: dict[str, Callable[[pytest.FixtureRequest, Path], AbstractContextManager[Site]]] = {
    "folder": folder,
    "dav": dav,
    "s3": s3,
    "s3-presigned": s3_presigned,
}
