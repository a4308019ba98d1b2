"""A link as an input: fetched into a file, and no server on the way is trusted.

Host names are resolved here, once per redirect, and the connection goes to the IP address that was checked: a name
that resolves differently a moment later gains nothing. No proxy is used, since it would resolve the name again.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import socket
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from mediaprep.containers.plain_text import decoded
from mediaprep.errors import Refused, Unreachable
from mediaprep.formats import mimes_for_suffix, suffix_for
from mediaprep.network.addresses import Address, address, allowed_name, is_public
from mediaprep.network.answer import TEMPORARY, Answer
from mediaprep.network.deadline import Deadline
from mediaprep.network.retry import persistently
from mediaprep.network.web import CHUNK, Line, redirection
from mediaprep.record import printable
from mediaprep.rules.base import megabytes
from mediaprep.running.staging import safe_stem, safe_suffix, writing

if TYPE_CHECKING:
    import httpx

HOPS = 5
MOST = 500_000_000
"""Bytes; more than any platform accepts."""

Resolve = Callable[[str, int], Sequence[str]]
"""The IP addresses of a host, for a port: at least one, or `Unreachable`."""

_WEB_PAGE = re.compile(
    r"\s*(<\?xml[^>]*>\s*)?(?:(?><!--.*?-->)\s*)*+<(!doctype\s+html|html|head|title|body|script|meta)\b",
    re.IGNORECASE | re.DOTALL,
)
_PARTIAL = ".partial"
"""The file name during a fetch. No fetched file gets it: `safe_stem` begins no name with a dot."""
_HTML = frozenset({"text/html", "application/xhtml+xml"})


class Fetched(Struct, frozen=True, kw_only=True):
    """`mime`: without parameters, as declared; empty if it was missing. `link`: the URL itself, if it is public and
    has no redirect, so that a platform can use it unchanged; else empty."""

    path: Path
    mime: str
    link: str


def resolved(host: str, port: int) -> list[str]:
    """The IP addresses from the system's resolver. Raises `Unreachable`."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        temporary = isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN
        raise Unreachable(f"cannot resolve host name {host}; check the name", temporary=temporary) from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def fetch(
    url: str,
    folder: Path,
    *,
    allow: Collection[str] = (),
    most: int = MOST,
    deadline: Deadline,
    progress: Callable[[float], None] | None = None,
    resolve: Resolve = resolved,
) -> Fetched:
    """Fetch the file at an http(s) URL into `folder`, which is created and contains nothing else.

    Every IP address of the host must be public, unless `allow` contains the host, or host:port, as in the link; so
    must those of up to 5 redirects. `most`: bytes. `progress` gets the share that was received, 0 to 1, if the length
    is known. Raises `UsageError` for an invalid name in `allow`, `Refused`, `Unreachable`, `DiskFull`, `OutputError`.
    No message shows more of a link than its host, as paths and queries may contain keys. On an error no file is left.
    """
    journey = _Journey(frozenset(map(allowed_name, allow)), most, deadline, progress or (lambda _: None), resolve)
    attempts = itertools.count()
    try:
        return persistently(lambda: journey.attempt(url, folder, next(attempts)), deadline, repeatable=True)
    finally:
        with contextlib.suppress(OSError):
            (folder / _PARTIAL).unlink()


def pinned(url: str, resolve: Resolve = resolved) -> tuple[str, str]:
    """A public link with a checked IP address in place of its host name, and the host name: `url` and `host` of
    `Line.download`. Raises `Refused` if it is not public (any more), `Unreachable` if it does not resolve.
    """
    place = address(url)
    found = resolve(place.name, place.port)
    if not all(map(is_public, found)):
        raise Refused(f"{place.host} now resolves to a private or reserved address; platforms cannot reach it")
    return place.at(found[0]), place.authority


class _Journey:
    """One link, with all its attempts."""

    def __init__(
        self,
        allow: frozenset[str],
        most: int,
        deadline: Deadline,
        progress: Callable[[float], None],
        resolve: Resolve,
    ) -> None:
        self.allow = allow
        self.most = most
        self.deadline = deadline
        self.progress = progress
        self.resolve = resolve

    def attempt(self, url: str, folder: Path, number: int) -> Fetched:
        """All redirects, from the first URL. Each attempt uses the next IP address of a host that has several."""
        place = address(url)
        for hop in range(HOPS + 1):
            addresses = self._addresses(place)
            checked = place.at(addresses[number % len(addresses)])
            with Line(self.deadline).download("GET", checked, host=place.authority, direct=True) as response:
                if (location := redirection(response)) is not None:
                    place = place.redirected(location)
                    continue
                mime = _mime(response)
                self._check(response, place, mime)
                path = folder / _file_name(response.headers.get("content-disposition", ""), place.target, mime)
                self._write(response, place, folder / _PARTIAL)
            with writing(folder):
                (folder / _PARTIAL).replace(path)
            public = hop == 0 and all(map(is_public, addresses))
            return Fetched(path=path, mime=mime, link=place.url if public else "")
        raise Refused(f"too many redirects: {address(url).origin} redirects more than {HOPS} times; use the final URL")

    def _addresses(self, place: Address) -> Sequence[str]:
        found = self.resolve(place.name, place.port)
        if not place.is_among(self.allow) and not all(map(is_public, found)):
            raise Refused(
                f"{place.host} resolves to a private or reserved address, which is refused; "
                f"if you trust it, use --allow-host {place.host}"
            )
        return found

    def _check(self, response: httpx.Response, place: Address, mime: str) -> None:
        """Refuse by status and headers alone. Raises `Refused`."""
        if response.status_code != 200:
            raise _refusal(response, place)
        if mime in _HTML:
            raise _web_page(place)
        packed = response.headers.get("content-encoding", "identity").strip().lower()
        if packed not in ("", "identity"):
            # Few servers compress media against the request; decompressed, a few bytes can fill a disk.
            raise Refused(
                f"unsupported Content-Encoding from {place.origin}: {printable(packed)[:40]}; "
                "download the file with a browser and use that file"
            )
        if _length(response) > self.most:
            raise self._too_big(place, megabytes(_length(response)))

    def _write(self, response: httpx.Response, place: Address, path: Path) -> None:
        with writing(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                for chunk in self._chunks(response, place):
                    file.write(chunk)

    def _chunks(self, response: httpx.Response, place: Address) -> Iterator[bytes]:
        length, got = _length(response), 0
        for chunk in response.iter_raw(CHUNK):
            if got == 0 and _WEB_PAGE.match(decoded(chunk[:2048])):
                raise _web_page(place)
            got += len(chunk)
            if got > self.most:
                raise self._too_big(place, f"at least {megabytes(got)}")
            yield chunk
            if length:
                self.progress(got / length)

    def _too_big(self, place: Address, found: str) -> Refused:
        return Refused(f"file too large: {place.origin} sends {found}; limit: {megabytes(self.most)}")


def _refusal(response: httpx.Response, place: Address) -> Refused:
    status = response.status_code
    reasons = {
        401: "requires a login; use a public link",
        403: "denies access; if the link has expired, get a new one",
        404: "does not have this file; check the link",
        410: "no longer has this file; check the link",
        429: "received too many requests; retry later",
    }
    later = "has a server error; retry later" if status >= 500 else "does not return the file; check the link"
    # Without the body: error pages are written for browsers.
    answer = Answer(status=status, headers=dict(response.headers), body=b"", place=place.origin)
    return Refused(
        f"{place.origin} {reasons.get(status, later)} (status {status})",
        temporary=status in TEMPORARY,
        status=status,
        retry_after=answer.retry_after,
    )


def _web_page(place: Address) -> Refused:
    return Refused(
        f"{place.origin} returned a web page, not a media file; open it in a browser and copy the link of the file"
    )


def _length(response: httpx.Response) -> int:
    """`Content-Length` in bytes; 0 if it is missing or invalid."""
    said = response.headers.get("content-length", "")
    return int(said) if said.isascii() and said.isdigit() else 0


def _mime(response: httpx.Response) -> str:
    return printable(response.headers.get("content-type", "").partition(";")[0].strip().lower())


def _file_name(disposition: str, target: str, mime: str) -> str:
    """The file name: from the response or the URL, with an extension that is known."""
    from urllib.parse import unquote

    named = _told_name(disposition) or unquote(target.partition("?")[0])
    last = re.split(r"[/\\]", named)[-1].strip()
    ending = safe_suffix(last)
    stem = safe_stem(last if ending else f"{last}.x") if last else "download"
    return stem + (ending if mimes_for_suffix(ending) else suffix_for(mime) or ending)


def _told_name(disposition: str) -> str:
    """The name in `Content-Disposition`, the extended form before the plain one (RFC 6266, section 4.3)."""
    from email.message import Message
    from urllib.parse import unquote

    if extended := re.search(r"filename\*\s*=\s*utf-8'[^']*'([^;\s]+)", disposition, re.IGNORECASE):
        return unquote(extended[1])
    message = Message()
    message["content-disposition"] = disposition
    return message.get_filename() or ""
