"""What publishing does to the process that calls it: it tells how far it is, ends when asked to, and stays small."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from mediaprep.network import retry
from mediaprep.publishing.publish import publish_all
from tests.carriers import Way, way
from tests.servers.base import Received, Reply, StandIn
from tests.servers.wassenger import WassengerStandIn

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"
PHOTO = SAMPLES / "photo-ready.jpg"


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIAPREP_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(retry, "FIRST", 0.01)


@pytest.mark.parametrize("name", ["wassenger", "engagelab-webdav"])
def test_progress_goes_on_and_never_back(name: str, tmp_path: Path) -> None:
    heard: list[tuple[str, float]] = []
    big = tmp_path / "big.txt"
    big.write_text("A line of a long letter.\n" * 200_000)
    files = [big, SAMPLES / "film-hevc.mp4", PHOTO]
    with way(name, tmp_path) as to:
        to.server.faults = ["reset"]
        records = list(publish_all(files, terms=to.terms(), jobs=2, on_progress=lambda *told: heard.append(told)))
    assert {record.status for record in records} == {"published"}
    for file in files:
        shares = [share for source, share in heard if source == str(file)]
        assert shares == sorted(shares) and shares[0] >= 0 and shares[-1] == 1
    assert len([share for source, share in heard if source == str(big)]) > 10


class Slow(WassengerStandIn):
    """While it is slow, it reads the beginning of a file, and then no more of it."""

    def __init__(self) -> None:
        super().__init__()
        self.slow = True
        self.begun = threading.Event()

    def _body(self, handler: BaseHTTPRequestHandler, length: int) -> bytes:
        if not self.slow:
            return super()._body(handler, length)
        handler.rfile.read(100_000)
        self.begun.set()
        self._over.wait(60)
        raise ConnectionResetError


def test_ctrl_c_ends_an_upload_at_once_and_leaves_nothing_behind(tmp_path: Path) -> None:
    contents = {
        tmp_path / f"{word}.txt": f"A line of a {word} letter.\n".encode() * 400_000 for word in ("long", "dull")
    }
    for path, content in contents.items():
        path.write_bytes(content)
    with Slow() as server:
        to = Way("wassenger", server, server.environment)
        process = subprocess.Popen(
            [sys.executable, "-m", "mediaprep", *to.command(*contents), "--json"],
            env={**os.environ, **to.environment}, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip
        try:
            assert server.begun.wait(300)
            os.killpg(process.pid, signal.SIGINT)
            _, err = process.communicate(timeout=300)
        finally:
            process.kill()
        assert process.returncode == 130
        assert "interrupted" in err and "Traceback" not in err and len(err.strip().splitlines()) == 1
        assert {to.state(content) for content in contents.values()} == {"unknown"}
        server.slow = False
        assert {record.status for record in publish_all(contents, terms=to.terms())} == {"published"}
        assert {(to.copies(content), to.state(content)) for content in contents.values()} == {(1, "done")}


class Sink(StandIn):
    """Takes everything, and looks at nothing."""

    def answer(self, request: Received) -> Reply:
        return Reply(
            201 if request.method in ("POST", "PUT") else 404, {"id": f"{len(self.received):024x}"}, {"etag": '"x"'}
        )


@pytest.mark.parametrize(("name", "hosts"), [("wassenger", ()), ("engagelab", ("/media",))])
def test_a_large_file_is_never_in_memory(name: str, hosts: tuple[str, ...], tmp_path: Path) -> None:
    """Measured in a process of its own: what it had at most before, and after, in KiB."""
    big = tmp_path / "big.txt"
    big.write_bytes(b"A line of a long letter.\n" * 2_400_000)
    script = textwrap.dedent("""
        import resource, sys
        from mediaprep import agree, publish_all
        small, big, via, *host = sys.argv[1:]
        terms = agree(via, host=host[0] if host else None, try_links=False)
        def most(path):
            (record,) = publish_all([path], terms=terms)
            assert record.status == "published", record.error
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(most(small), most(big))
    """)
    with Sink() as server:
        keys = {"WASSENGER_TOKEN": "canary-secret-wassenger", "WASSENGER_URL": server.url}
        done = subprocess.run(
            [sys.executable, "-c", script, str(PHOTO), str(big), name, *(f"{server.url}{path}" for path in hosts)],
            env={**os.environ, **keys}, cwd=ROOT, capture_output=True, text=True, timeout=1200, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    before, after = map(int, done.stdout.split())
    assert (after - before) * 1024 < big.stat().st_size / 4
    assert max(len(one.body) for one in server.received) >= big.stat().st_size
