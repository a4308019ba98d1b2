"""A real HTTP server on loopback, to stand in for an API: it reads requests strictly, and can misbehave on demand.

A stand-in subclasses `StandIn` and answers in `answer`. `faults` is a queue: each request takes the first one.
"""

from __future__ import annotations

import contextlib
import email.parser
import email.policy
import hashlib
import json
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self
from urllib.parse import parse_qs, parse_qsl, urlsplit

# What the next request meets:
#   reset          the connection is reset when half of the body is read
#   lost           the request is answered, and with that carried out, but the connection is reset before the answer
#   hang           the request is carried out, and no answer comes until the server is closed
#   html           a page with status 200, as captive portals give
#   redirect       to `elsewhere`, with 307
#   drip           an answer of one byte every 50 ms, without end
#   endless        an answer that never stops
#   <status>       that status, such as 500; "429" carries `Retry-After: <retry_after>`
Fault = Literal[
    "reset", "lost", "hang", "html", "redirect", "drip", "endless", "403", "413", "422", "429", "500", "502", "503"
]


@dataclass(frozen=True)
class Part:
    """One part of a multipart form."""

    name: str
    filename: str | None
    mime: str | None
    content: bytes


@dataclass(frozen=True)
class Received:
    """A request, whole. `headers` have lower-case names."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")

    def json(self) -> Any:
        return json.loads(self.body)

    def form(self) -> dict[str, list[str]]:
        """The fields of a form in the body, each with all its values."""
        return parse_qs(self.body.decode("ascii"), keep_blank_values=True, strict_parsing=True)

    def parts(self) -> list[Part]:
        """The parts of a form, whose head is read by the standard library's MIME parser."""
        head = f"Content-Type: {self.content_type}\r\n\r\n".encode()
        message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + self.body)
        assert message.is_multipart(), "the body is no multipart form"
        found = []
        for part in message.iter_parts():
            payload = part.get_payload(decode=True)
            raw = {name.lower(): str(value) for name, value in part.raw_items()}  # parsed, it gains quotes
            assert isinstance(payload, bytes)
            found.append(
                Part(
                    name=str(part.get_param("name", header="content-disposition")),
                    filename=part.get_filename(),
                    mime=raw.get("content-type"),
                    content=payload,
                )
            )
        return found


@dataclass(frozen=True)
class Reply:
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class StandIn:
    """A server for one test. `received`: every request that arrived whole. `stored`: copies by SHA-256 of content.
    `faults`: what the next requests with one of the `faulty` methods meet, one each. `stuck`: set once a request
    meets one without end.
    """

    def __init__(self, *, context: ssl.SSLContext | None = None) -> None:
        self.received: list[Received] = []
        self.stored: Counter[str] = Counter()
        self.faults: list[Fault] = []
        self.faulty: frozenset[str] = frozenset({"HEAD", "GET", "POST", "PUT"})
        self.retry_after = "0"
        self.elsewhere = "http://127.0.0.1:9/"
        self.stuck = threading.Event()
        self._over = threading.Event()
        self._lock = threading.Lock()
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                with contextlib.suppress(ConnectionError, TimeoutError, ssl.SSLError):
                    super().handle_one_request()
                    return
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Nothing is printed."""

            def _serve(self) -> None:
                stand_in._serve(self)

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - the standard library's names

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        # A large file is still on its way when half of it was read.
        self._server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        self._scheme = "http"
        if context is not None:
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
            self._scheme = "https"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        host, port = self._server.server_address[:2]
        return f"{self._scheme}://{host!s}:{port}"

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def answer(self, request: Received) -> Reply:
        """What this API answers. An `AssertionError` is a 400 whose words are the assertion's."""
        raise NotImplementedError

    def keep(self, content: bytes) -> str:
        """Store content; its SHA-256."""
        digest = hashlib.sha256(content).hexdigest()
        with self._lock:
            self.stored[digest] += 1
        return digest

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        with self._lock:
            fault = self.faults.pop(0) if self.faults and handler.command in self.faulty else None
        length = int(handler.headers.get("content-length", 0))
        if fault == "reset":
            handler.rfile.read(length // 2)
            return self._reset(handler)
        body = self._body(handler, length)
        parts = urlsplit(handler.path)
        request = Received(
            method=handler.command,
            path=parts.path,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in handler.headers.items()},
            body=body,
        )
        with self._lock:
            self.received.append(request)
        match fault:
            case None:
                self._reply(handler, self._answered(request))
            case "lost":
                self._answered(request)
                self._reset(handler)
            case "hang":
                self._answered(request)
                self.stuck.set()
                self._over.wait()
                handler.close_connection = True
            case "html":
                self._reply(
                    handler,
                    Reply(200, b"<!DOCTYPE html><html><title>Sign in</title></html>", {"content-type": "text/html"}),
                )
            case "redirect":
                self._reply(handler, Reply(307, None, {"location": self.elsewhere}))
            case "drip" | "endless":
                self._forever(handler, slowly=fault == "drip")
            case _:
                headers = {"retry-after": self.retry_after} if fault == "429" else {}
                self._reply(handler, Reply(int(fault), {"message": f"out of order ({fault})"}, headers))
        return None

    def _body(self, handler: BaseHTTPRequestHandler, length: int) -> bytes:
        if handler.headers.get("transfer-encoding", "").lower() != "chunked":
            body = handler.rfile.read(length)
            if len(body) < length:
                raise ConnectionResetError("the other side went away in the middle of its request")
            return body
        body = b""
        while size := int(handler.rfile.readline().split(b";")[0], 16):
            body += handler.rfile.read(size)
            handler.rfile.readline()
        handler.rfile.readline()
        return body

    def _answered(self, request: Received) -> Reply:
        try:
            return self.answer(request)
        except AssertionError as error:
            return Reply(400, {"message": str(error)})

    def _reply(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        body = (
            reply.body
            if isinstance(reply.body, bytes)
            else b""
            if reply.body is None
            else json.dumps(reply.body).encode()
        )
        headers = {"content-type": "application/json", "content-length": str(len(body)), **reply.headers}
        handler.send_response(reply.status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(body)

    def _forever(self, handler: BaseHTTPRequestHandler, *, slowly: bool) -> None:
        handler.send_response(200)
        handler.send_header("content-type", "application/json")
        handler.end_headers()
        handler.close_connection = True
        self.stuck.set()
        while not self._over.is_set():
            handler.wfile.write(b"[" if slowly else b" " * 65536)
            if slowly:
                time.sleep(0.05)

    def _reset(self, handler: BaseHTTPRequestHandler) -> None:
        """Close so that the other side sees a reset, not an end."""
        connection = handler.connection
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        handler.close_connection = True
        with contextlib.suppress(OSError):
            socket.socket.close(connection)


class Platform(StandIn):
    """A stand-in for a destination. `environment`: everything that the destination needs to publish and to send.
    `accepted`: the messages that would be sent. `uploaded`: the ids of the media that it knows."""

    accepted: list[Any]

    @property
    def environment(self) -> dict[str, str]:
        raise NotImplementedError

    @property
    def uploaded(self) -> Collection[str]:
        return ()


@contextlib.contextmanager
def nobody() -> Iterator[str]:
    """An address on loopback where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"
