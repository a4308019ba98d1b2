"""Servers that say one thing, whatever they are asked."""

from __future__ import annotations

from tests.servers.base import Received, Reply, StandIn


class Site(StandIn):
    """Serves one file at any address."""

    content, mime = b"", ""

    def answer(self, request: Received) -> Reply:
        return Reply(200, self.content, {"content-type": self.mime})


class Oddity(StandIn):
    """Answers everything alike."""

    status, body = 200, b""

    def answer(self, request: Received) -> Reply:
        return Reply(self.status, self.body)
