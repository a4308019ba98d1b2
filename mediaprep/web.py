"""HTTP, the only place where it is spoken: no redirects, bounded answers, one deadline, typed outcomes.

What httpx does by itself is not enough: its time limits are for each read, so that one byte every few seconds never
ends; it reads answers of any length; on a redirect it sends `Token` and `x-api-key` headers on to another host.
"""

from __future__ import annotations

import contextlib
import contextvars
import io
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from mediaprep.errors import AnswerLost, BadAnswer, NetworkError, Refused, Unreachable
from mediaprep.record import printable
from mediaprep.secret import Secret

if TYPE_CHECKING:
    import httpx

LARGEST_ANSWER = 1 << 20
"""Bytes of an answer that is read into memory; the documented ones have a few hundred."""
CHUNK = 64 * 1024
CONNECT, ANSWER = 10.0, 60.0
"""Seconds to connect, and to wait for the next byte of an answer."""
WORDS = 300
"""Characters of a body that a message quotes."""
MESSAGE = 1000
"""Characters of what the other side means to be read: Meta's list of types has 600, and its point at the end."""
TEMPORARY = frozenset({408, 425, 429, 500, 502, 503, 504})


class Deadline:
    """When everything about one file has to be over: attempts, waits and answers together. `stop` ends it at once."""

    def __init__(self, seconds: float, stop: threading.Event | None = None) -> None:
        self.end = time.monotonic() + seconds
        self.seconds = seconds
        self.stop = stop or threading.Event()

    @property
    def left(self) -> float:
        return 0.0 if self.stop.is_set() else max(0.0, self.end - time.monotonic())

    @property
    def why(self) -> str:
        """Why nothing is left, as the end of a sentence."""
        return "it was stopped" if self.stop.is_set() else f"{self.seconds:.0f} s were not enough"


class File(Struct, frozen=True, kw_only=True):
    """A file as a request's body, or as one part of a form. `mime`: as the other side wants it named."""

    path: Path
    mime: str
    name: str = ""
    part: str = "file"


class Answer(Struct, frozen=True, kw_only=True):
    """What came back. `headers` have lower-case names."""

    status: int
    headers: dict[str, str]
    body: bytes
    place: str
    hidden: tuple[Secret, ...] = ()

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> Any:
        """Raises `BadAnswer` for what is no JSON."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            raise BadAnswer(
                f"{self.place} answered with status {self.status} and something other than JSON: {self.words}",
                status=self.status,
            ) from None

    def fields(self) -> dict[str, Any]:
        """The JSON object, or an empty one for whatever else was answered: for errors, whose form nobody promises."""
        try:
            found = msgspec.json.decode(self.body)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def words(self) -> str:
        """The beginning of the body as one printable line, without secrets that it may echo."""
        return self.quote(self.body.decode("utf-8", "replace"), WORDS) or "(nothing)"

    def quote(self, text: str, most: int = MESSAGE) -> str:
        """Its text as one printable line of at most so many characters, without secrets that it may echo."""
        line = printable(" ".join(_hidden(text, self.hidden).split()))
        return line[:most] + "…" if len(line) > most else line

    @property
    def retry_after(self) -> float | None:
        """Seconds that the other side asks to wait, from a number or a date; None where it says nothing usable."""
        said = self.headers.get("retry-after", "").strip()
        try:
            seconds = float(said)
        except ValueError:
            try:
                seconds = parsedate_to_datetime(said).timestamp() - time.time()
            except (ValueError, TypeError, OverflowError):
                return None
        return seconds if 0 <= seconds < float("inf") else None

    def refusal(self, words: str = "", *, temporary: bool | None = None) -> Refused:
        """The answer as an error; `words`: the platform's own, where they could be told from the rest."""
        said = self.quote(words) or self.words
        return Refused(
            f"{self.place} refused with status {self.status}: {said}",
            temporary=self.status in TEMPORARY if temporary is None else temporary,
            status=self.status,
            retry_after=self.retry_after,
        )


class Line:
    """The line to the other side for one attempt at one file.

    `progress` hears the share of the file that is out, `last` is called just before its last bytes go out: from then
    on the other side may have it all.
    """

    def __init__(
        self,
        deadline: Deadline,
        *,
        progress: Callable[[float], None] | None = None,
        last: Callable[[], None] | None = None,
    ) -> None:
        self.deadline = deadline
        self.progress = progress or (lambda _: None)
        self.last = last or (lambda: None)
        self.out = True

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str | Secret] | None = None,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        file: File | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request and its whole answer, whatever its status. `file` alone is the body; with `form`, even an empty
        one, it is a part of a multipart form. Raises `Unreachable`, `AnswerLost` or `BadAnswer`.
        """
        place = origin(url)
        self.out = file is None
        with self._open(method, url, headers, params, json, file, form) as response:
            if (elsewhere := redirection(response)) is not None:
                raise Refused(
                    f"{place} redirects ({response.status_code}) to {printable(origin(elsewhere))}, "
                    "which is never followed with a key; check the address",
                    status=response.status_code,
                )
            body = bytearray()
            for chunk in response.iter_raw(CHUNK):
                body += chunk
                if len(body) > LARGEST_ANSWER:
                    raise BadAnswer(f"{place} answers without end; is the address right?", status=response.status_code)
            found = {name.lower(): value for name, value in response.headers.items()}
            return Answer(
                status=response.status_code, headers=found, body=bytes(body), place=place, hidden=_secrets(headers)
            )

    @contextlib.contextmanager
    def download(self, method: str, url: str, **options: Any) -> Iterator[httpx.Response]:
        """A response whose body the caller reads, for as long as the deadline allows. Redirects are the caller's."""
        self.out = False
        with self._open(method, url, None, None, None, None, None, **options) as response:
            yield response

    @contextlib.contextmanager
    def _open(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str | Secret] | None,
        params: Mapping[str, str] | None,
        json: Any,
        file: File | None,
        form: Mapping[str, str] | None,
        *,
        host: str | None = None,
        direct: bool = False,
    ) -> Iterator[httpx.Response]:
        """`host`: the name that `url`, which has a checked address in its place, is asked for. `direct`: no proxy."""
        import httpx

        place = host or origin(url)
        sent: dict[str, str | Secret] = {"user-agent": _user_agent(), "accept-encoding": "identity", **(headers or {})}
        wire = _Wire()
        extensions: dict[str, Any] = {"trace": wire.trace}
        if host is not None:
            sent["host"] = host
            extensions["sni_hostname"] = urlsplit(f"//{host}").hostname
        left = self.deadline.left
        wait = httpx.Timeout(max(0.001, min(ANSWER, left)), connect=max(0.001, min(CONNECT, left)))
        with contextlib.ExitStack() as stack:
            stack.enter_context(_quiet())
            stack.enter_context(wire.cut_at(self.deadline))
            client = stack.enter_context(
                httpx.Client(
                    verify=_trust(), timeout=wait, follow_redirects=False, trust_env=not direct,
                    limits=httpx.Limits(max_keepalive_connections=0), event_hooks={"response": [_set_aside]},
                )
            )  # fmt: skip
            body: dict[str, Any] = {}
            if json is not None:
                body["json"] = json
            if file is not None:
                reader = stack.enter_context(_Reader(file.path, self))
                if form is not None:
                    body["data"] = form
                    body["files"] = {file.part: (file.name, reader, file.mime)}
                else:
                    body["content"] = reader.chunks()
                    sent |= {"content-type": file.mime, "content-length": str(reader.size)}
            try:
                request = client.build_request(
                    method, url, headers=_revealed(sent), params=params or None, extensions=extensions, **body
                )
                response = client.send(request, stream=True)
                stack.callback(response.close)
                yield response
                if wire.was_cut:  # an answer without a length looks whole then
                    raise httpx.ReadTimeout("cut")
            except httpx.InvalidURL as error:
                raise Unreachable(f"the address of {place} cannot be used: {error}") from None
            except (httpx.TransportError, httpx.StreamError, ssl.SSLError, OSError) as error:
                raise self._fault(error, place, _secrets(headers)) from None

    def _fault(self, error: Exception, place: str, secrets: tuple[Secret, ...]) -> NetworkError:
        """What went wrong, typed by what the other side may have by now."""
        import httpx

        if self.deadline.left <= 0:
            late = f"{place}: {self.deadline.why}"
            return AnswerLost(late) if self.out else Unreachable(late)
        said = printable(_hidden(str(error), secrets)) or type(error).__name__
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.UnsupportedProtocol | httpx.ProxyError):
            if "CERTIFICATE" in said or "certificate" in said:
                return Unreachable(f"{place} cannot prove who it is, so nothing was sent: {said}")
            temporary = not isinstance(error, httpx.UnsupportedProtocol)
            return Unreachable(f"{place} cannot be reached: {said}", temporary=temporary)
        if self.out:
            return AnswerLost(f"{place} got everything, but its answer was lost: {said}", temporary=True)
        return Unreachable(f"the connection to {place} broke: {said}", temporary=True)


class _Reader(io.FileIO):
    """A file that is being sent, read in chunks and never whole."""

    def __init__(self, path: Path, line: Line) -> None:
        super().__init__(path)
        self.size = path.stat().st_size
        self._line = line

    def read(self, size: int | None = -1, /) -> bytes:
        """For forms: the end of the file is asked for when all of it is out, and the end of the form is not."""
        chunk = super().read(-1 if size is None else size) or b""
        if chunk:
            self._line.progress(self.tell() / max(1, self.size))
        else:
            self._finish()
        return chunk

    def chunks(self) -> Iterator[bytes]:
        """For a body of its own: the last chunk is the last byte."""
        while chunk := super().read(CHUNK) or b"":
            if self.tell() >= self.size:
                self._finish()
            yield chunk
            self._line.progress(self.tell() / max(1, self.size))

    def _finish(self) -> None:
        if not self._line.out:
            self._line.out = True
            self._line.last()


class _Wire:
    """The socket below a request, so that a deadline can cut it in the middle of a read."""

    def __init__(self) -> None:
        self._stream: Any = None
        self.was_cut = False

    def trace(self, event: str, info: dict[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._stream = info["return_value"]

    @contextlib.contextmanager
    def cut_at(self, deadline: Deadline) -> Iterator[None]:
        over = threading.Event()

        def watch() -> None:
            while not over.wait(min(0.2, max(0.01, deadline.left))):
                if deadline.left <= 0:
                    self._cut()

        watcher = threading.Thread(target=watch, daemon=True, name="mediaprep-deadline")
        watcher.start()
        try:
            yield
        finally:
            over.set()

    def _cut(self) -> None:
        found = self._stream.get_extra_info("socket") if self._stream is not None else None
        if found is not None:
            self.was_cut = True
            # Not the TLS socket's own shutdown: that takes its state away from the thread that reads.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(found, socket.SHUT_RDWR)


_OURS = contextvars.ContextVar("_OURS", default=False)


def _foreign(_: logging.LogRecord) -> bool:
    return not _OURS.get()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """httpx logs every address whole, with the signature of a presigned one; ours are not logged."""
    logging.getLogger("httpx").addFilter(_foreign)
    token = _OURS.set(True)
    try:
        yield
    finally:
        _OURS.reset(token)


def redirection(response: httpx.Response) -> str | None:
    """Where a redirect leads, in its own words; None for every other answer."""
    return response.extensions.get("location")


def _set_aside(response: httpx.Response) -> None:
    """httpx takes apart where a redirect leads even if it does not go there, and fails where that is no address."""
    if response.has_redirect_location:
        response.extensions["location"] = response.headers.pop("location")


@cache
def _trust() -> ssl.SSLContext:
    import httpx

    return httpx.create_ssl_context()


def _user_agent() -> str:
    from mediaprep import __version__

    return f"mediaprep/{__version__}"


def _revealed(headers: Mapping[str, str | Secret]) -> dict[str, str]:
    """In no variable of ours: a traceback may be shown with them."""
    return {name: value.reveal() if isinstance(value, Secret) else value for name, value in headers.items()}


def _secrets(headers: Mapping[str, str | Secret] | None) -> tuple[Secret, ...]:
    """Each secret, and what follows its scheme (`Bearer …`), which an answer may echo alone."""
    whole = [value for value in (headers or {}).values() if isinstance(value, Secret)]
    bare = (Secret(one.reveal().partition(" ")[2]) for one in whole)
    return (*whole, *(one for one in bare if one.reveal()))


def _hidden(text: str, secrets: tuple[Secret, ...]) -> str:
    for secret in secrets:
        text = secret.hide_in(text)
    return text


def origin(url: str) -> str:
    """Scheme and host of an address: what may be shown of it. Its query may hold a signature."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an address that is none"
    if not host:
        return "another address"
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"
