"""A web server with a few files, for links."""

from __future__ import annotations

from pathlib import Path

from tests.servers.base import Received, Reply, StandIn

SAMPLES = Path(__file__).parents[2] / "samples"


class Shelf(StandIn):
    """Files by path, with the type that they are served as; HEAD and GET alone."""

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, tuple[bytes, str]] = {}

    def put(self, name: str, content: bytes, mime: str) -> str:
        """Serve content under that name; its link."""
        self.files[f"/{name}"] = content, mime
        return f"{self.url}/{name}"

    def sample(self, name: str, mime: str) -> str:
        return self.put(name, (SAMPLES / name).read_bytes(), mime)

    def answer(self, request: Received) -> Reply:
        if request.method not in ("GET", "HEAD"):
            return Reply(405)
        if request.path not in self.files:
            return Reply(404)
        content, mime = self.files[request.path]
        return Reply(200, content, {"content-type": mime})
