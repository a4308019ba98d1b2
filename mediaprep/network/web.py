"""The only module that sends HTTP requests: no redirects, limited responses, one deadline, typed outcomes.

httpx alone is not enough: its time limits are per read, so that one byte every few seconds never ends; it reads
responses of any length; on a redirect it sends `Token` and `x-api-key` headers to another host.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from msgspec import Struct

from mediaprep.errors import AnswerLost, BadAnswer, NetworkError, Refused, Unreachable
from mediaprep.network.answer import WORDS, Answer, line_of, origin, secrets_in
from mediaprep.network.deadline import Deadline, Wire
from mediaprep.network.secret import Secret
from mediaprep.network.silence import unlogged
from mediaprep.record import printable

if TYPE_CHECKING:
    import ssl

    import httpx

LARGEST_ANSWER = 1 << 20
"""Bytes of a response that is read into memory; the documented ones have a few hundred."""
CHUNK = 64 * 1024
READING = frozenset({"HEAD", "GET"})
"""Requests that store nothing on the server."""
CONNECT, ANSWER = 4.0, 60.0
"""Seconds to connect, which a deadline cannot interrupt, and to wait for the next byte of a response."""
GATEWAY_TIMEOUT = 504
ERRORS = 400
"""The first status that is an error."""


class File(Struct, frozen=True, kw_only=True):
    """A file as a request's body, or as one part of a form. `mime`: as the server expects it."""

    path: Path
    mime: str
    name: str = ""
    part: str = "file"


class Line:
    """The connection for one attempt at one file.

    `progress` gets the share of the file that was sent, 0 to 1; `last` is called just before the last bytes are sent:
    from then on the server may have the whole file.
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
        """One request and its whole response, whatever its status. `file` alone is the body; with `form`, even an empty
        one, it is a part of a multipart form. Raises `Unreachable`, `AnswerLost` or `BadAnswer`.
        """
        place = origin(url)
        self.out = file is None and method not in READING
        with self._open(method, url, headers=headers, params=params, json=json, file=file, form=form) as response:
            if (elsewhere := redirection(response)) is not None:
                raise Refused(
                    f"redirect refused: {place} redirects ({response.status_code}) to {printable(origin(elsewhere))}, "
                    "and requests with credentials never follow redirects; check the URL",
                    status=response.status_code,
                )
            if response.status_code == GATEWAY_TIMEOUT and self.out:
                raise AnswerLost(
                    f"{place} received the whole request, but its gateway timed out (status 504)",
                    temporary=True,
                    status=GATEWAY_TIMEOUT,
                )
            found = {name.lower(): value for name, value in response.headers.items()}
            return Answer(
                status=response.status_code,
                headers=found,
                body=_body(response, place),
                place=place,
                hidden=secrets_in(headers),
            )

    @contextlib.contextmanager
    def download(self, method: str, url: str, **options: Any) -> Iterator[httpx.Response]:
        """A response whose body the caller reads until the deadline expires. The caller handles redirects."""
        self.out = False
        with self._open(method, url, **options) as response:
            yield response

    @contextlib.contextmanager
    def _open(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str | Secret] | None = None,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        file: File | None = None,
        form: Mapping[str, str] | None = None,
        host: str | None = None,
        direct: bool = False,
    ) -> Iterator[httpx.Response]:
        """`host`: the host name for `url`, which has a checked IP address in its place. `direct`: no proxy."""
        import ssl

        import httpx

        place = host or origin(url)
        if self.deadline.left <= 0:
            raise Unreachable(f"{place}: {self.deadline.why}")  # what is begun now may be cut in its last bytes
        sent: dict[str, str | Secret] = {"user-agent": _user_agent(), "accept-encoding": "identity", **(headers or {})}
        wire = Wire()
        extensions: dict[str, Any] = {"trace": wire.trace}
        if host is not None:
            sent["host"] = host
            extensions["sni_hostname"] = urlsplit(f"//{host}").hostname
        left = self.deadline.left
        wait = httpx.Timeout(max(0.001, min(ANSWER, left)), connect=max(0.001, min(CONNECT, left)))
        with contextlib.ExitStack() as stack:
            stack.enter_context(unlogged())
            stack.enter_context(wire.cut_at(self.deadline, lambda: self.out))
            client = stack.enter_context(_client(wait, place, direct=direct))
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
                if wire.was_cut and response.status_code < ERRORS:  # an answer without a length looks whole then
                    raise httpx.ReadTimeout("cut")
            except (httpx.InvalidURL, UnicodeError) as error:
                raise Unreachable(f"invalid URL for {place}: {error}") from None
            except (httpx.TransportError, httpx.StreamError, ssl.SSLError, OSError) as error:
                raise self._fault(error, place, secrets_in(headers)) from None

    def _fault(self, error: Exception, place: str, secrets: tuple[Secret, ...]) -> NetworkError:
        """What went wrong, typed by what the server may have received."""
        import httpx

        if self.deadline.left <= 0:
            late = f"{place}: {self.deadline.why}"
            return AnswerLost(late) if self.out else Unreachable(late)
        said = line_of(re.sub(r"^\[Errno -?\d+\] ", "", str(error)), secrets, WORDS) or type(error).__name__
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.UnsupportedProtocol | httpx.ProxyError):
            if "CERTIFICATE" in said or "certificate" in said:
                return Unreachable(f"cannot verify the TLS certificate of {place}, nothing was sent: {said}")
            temporary = not isinstance(error, httpx.UnsupportedProtocol)
            return Unreachable(f"cannot connect to {place}: {said}", temporary=temporary)
        if self.out:
            return AnswerLost(f"{place} received the whole request, but its response was lost: {said}", temporary=True)
        return Unreachable(f"connection to {place} lost: {said}", temporary=True)


class _Reader(io.FileIO):
    """A file that is being sent, read in chunks."""

    def __init__(self, path: Path, line: Line) -> None:
        super().__init__(path)
        self.size = path.stat().st_size
        self._line = line

    def read(self, size: int | None = -1, /) -> bytes:
        """For forms: httpx reads the end of the file when all of it was sent, but not yet the end of the form."""
        chunk = super().read(-1 if size is None else size) or b""
        if chunk:
            self._line.progress(self.tell() / max(1, self.size))
        else:
            self._finish()
        return chunk

    def chunks(self) -> Iterator[bytes]:
        """For a body that is the file alone: the last chunk has the last byte."""
        while chunk := super().read(CHUNK) or b"":
            if self.tell() >= self.size:
                self._finish()
            yield chunk
            self._line.progress(self.tell() / max(1, self.size))

    def _finish(self) -> None:
        if not self._line.out:
            self._line.out = True
            self._line.last()


def _client(wait: httpx.Timeout, place: str, *, direct: bool) -> httpx.Client:
    """Raises `Unreachable`, without the text of the cause, which may contain a proxy's password."""
    import httpx

    try:
        return httpx.Client(
            verify=_trust(), timeout=wait, follow_redirects=False, trust_env=not direct,
            limits=httpx.Limits(max_keepalive_connections=0), event_hooks={"response": [_set_aside]},
        )  # fmt: skip
    except (ImportError, OSError, ValueError, httpx.InvalidURL):
        raise Unreachable(
            f"cannot connect to {place}: invalid proxy or certificate settings in the environment; check "
            "http_proxy, https_proxy, all_proxy and SSL_CERT_FILE (socks5:// requires the package socksio)"
        ) from None


def _body(response: httpx.Response, place: str) -> bytes:
    """The body. Of an error, as much as arrived: a server that refuses a file half-way often closes the connection.

    Raises `BadAnswer` for a success that is too long.
    """
    import httpx

    body = bytearray()
    refused = response.status_code >= ERRORS
    try:
        for chunk in response.iter_raw():  # in no chunks of ours: what is cut short would be lost
            body += chunk
            if len(body) > LARGEST_ANSWER:
                break
    except httpx.TransportError:
        if not refused:
            raise
    if len(body) > LARGEST_ANSWER and not refused:
        raise BadAnswer(
            f"response of {place} is larger than {LARGEST_ANSWER:,} bytes; check the URL", status=response.status_code
        )
    return bytes(body)


def redirection(response: httpx.Response) -> str | None:
    """The `Location` of a redirect, unchanged; None for every other response."""
    return response.extensions.get("location")


def _set_aside(response: httpx.Response) -> None:
    """httpx parses the target of a redirect even if it does not follow it, and fails if it is an invalid URL."""
    if response.has_redirect_location:
        response.extensions["location"] = response.headers.pop("location")


@cache
def _trust() -> ssl.SSLContext:
    import httpx

    return httpx.create_ssl_context()


def _user_agent() -> str:
    from mediaprep.version import __version__

    return f"mediaprep/{__version__}"


def _revealed(headers: Mapping[str, str | Secret]) -> dict[str, str]:
    """Never kept in a variable of ours, which a traceback may show."""
    return {name: value.reveal() if isinstance(value, Secret) else value for name, value in headers.items()}
