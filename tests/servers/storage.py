"""A web server that takes PUT and serves what it took: WebDAV or S3 as far as a host can tell, and able to misbehave.

What real storage refuses (signatures, accounts, folders) is tried with real servers; this one is for faults.
"""

from __future__ import annotations

import threading

from tests.servers.base import Received, Reply, StandIn


class Storage(StandIn):
    """`files`: content and type by path. `stored` counts what is there, as contents have names of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, tuple[bytes, str]] = {}
        self.faulty = frozenset({"PUT"})
        self._turn = threading.Lock()

    def answer(self, request: Received) -> Reply:
        with self._turn:
            if request.method == "PUT":
                again = request.path in self.files
                self.files[request.path] = request.body, request.content_type
                digest = self.keep(request.body)
                self.stored[digest] -= again
                return Reply(200 if again else 201, None, {"etag": f'"{digest[:32]}"'})
            if request.path not in self.files:
                return Reply(404)
            content, mime = self.files[request.path]
            return Reply(200, content, {"content-type": mime})
