"""What publishing costs beside bare httpx, and what the hook costs for media that it knows.

`python -m tests.benchmarks.bench_publish` prints processor seconds of this process, ours and the bare call in turn; the
server that takes the uploads is a process of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import httpx

sys.path.insert(0, str(Path(__file__).parents[2]))

from mediaprep import agree, prepare_message
from mediaprep.network.deadline import Deadline
from mediaprep.network.web import File, Line
from tests.benchmarks.timing import cpu

SERVER = """
from http.server import BaseHTTPRequestHandler, HTTPServer

class Sink(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        left = int(self.headers["content-length"])
        while left:
            left -= len(self.rfile.read(min(left, 1 << 20)))
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")
    def log_message(self, *_): pass

server = HTTPServer(("127.0.0.1", 0), Sink)
print(server.server_address[1], flush=True)
server.serve_forever()
"""
SIZE = 95_000_000
TIMES = 5


def uploads(url: str, folder: Path) -> None:
    path = folder / "offer.pdf"
    path.write_bytes(os.urandom(SIZE))

    def bare() -> None:
        with path.open("rb") as file:
            httpx.post(url, files={"file": ("offer.pdf", file, "application/pdf")}, timeout=60).raise_for_status()

    def ours() -> None:
        file = File(path=path, mime="application/pdf", name="offer.pdf")
        assert Line(Deadline(60)).request("POST", url, file=file, form={}).ok

    spent = [(cpu(bare), cpu(ours)) for _ in range(TIMES + 1)][1:]
    one, other = median(first for first, _ in spent), median(second for _, second in spent)
    print(f"a form of {SIZE / 1e6:.0f} MB: httpx {one:.2f} s, ours {other:.2f} s, ratio {other / one:.2f}")


def hook(folder: Path) -> None:
    terms = agree("engagelab", host=str(folder / "www"), public_url="https://cdn.example.com/media", try_links=False)
    photo = Path(__file__).parents[2] / "samples" / "photo-gps.jpg"
    message = {"to": "447911123456", "body": {"type": "image", "image": {"link": str(photo)}}}
    prepare_message(message, terms=terms)
    took = []
    for _ in range(100):
        started = time.perf_counter()
        prepare_message(message, terms=terms)
        took.append(time.perf_counter() - started)
    print(f"a message whose media is known: {1000 * median(took):.1f} ms")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        os.environ["MEDIAPREP_STATE"] = f"{name}/state"
        server = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            uploads(f"http://127.0.0.1:{int(server.stdout.readline())}/", Path(name))
        finally:
            server.kill()
        hook(Path(name))


if __name__ == "__main__":
    main()
