"""A link as a source: fetched into a file, and nobody on the way is trusted.

Names are resolved here, once for each hop, and the connection goes to the address that was looked at: a name that
leads elsewhere a moment later gains nothing. No proxy is used, since it would resolve the name again, by itself.
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
"""Bytes; more than any platform takes, and than most disks mind."""

Resolve = Callable[[str, int], Sequence[str]]
"""The addresses of a host, for a port: at least one, or `Unreachable`."""

_WEB_PAGE = re.compile(
    r"\s*(<\?xml[^>]*>\s*)?(?:(?><!--.*?-->)\s*)*+<(!doctype\s+html|html|head|title|body|script|meta)\b",
    re.IGNORECASE | re.DOTALL,
)
_PARTIAL = ".partial"
"""While it is fetched. No file is called so in the end: `safe_stem` begins no name with a dot."""
_HTML = frozenset({"text/html", "application/xhtml+xml"})


class Fetched(Struct, frozen=True, kw_only=True):
    """`mime`: bare, as declared; empty where nothing was. `link`: the address itself, where it is public and answered
    without a redirect, so that a platform may be given it as it is; else empty."""

    path: Path
    mime: str
    link: str


def resolved(host: str, port: int) -> list[str]:
    """What the system says. Raises `Unreachable`."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        temporary = isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN
        raise Unreachable(f"{host} has no address that can be found; check the name", temporary=temporary) from None
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
    """Fetch what lies at an http(s) address into `folder`, which is made, and holds nothing else.

    Every address of the host must be public, unless `allow` names the host, or host:port, just as the link does; so
    must those of up to 5 redirects. `most`: bytes. `progress` hears the share that has arrived, where the length is
    known. Raises `UsageError` for a name in `allow` that is none, `Refused`, `Unreachable`, `DiskFull`, `OutputError`.
    No message shows more of a link than its host, as paths and queries may hold keys. On an error no file is left.
    """
    journey = _Journey(frozenset(map(allowed_name, allow)), most, deadline, progress or (lambda _: None), resolve)
    attempts = itertools.count()
    try:
        return persistently(lambda: journey.attempt(url, folder, next(attempts)), deadline, repeatable=True)
    finally:
        with contextlib.suppress(OSError):
            (folder / _PARTIAL).unlink()


def pinned(url: str, resolve: Resolve = resolved) -> tuple[str, str]:
    """A public link with a checked address in place of its name, and the name that it is asked for: `url` and `host` of
    `Line.download`. Raises `Refused` where it is not public (any more), `Unreachable` where it has no address.
    """
    place = address(url)
    found = resolve(place.name, place.port)
    if not all(map(is_public, found)):
        raise Refused(f"{place.host} leads to a private, local or reserved address by now; platforms cannot reach it")
    return place.at(found[0]), place.authority


class _Journey:
    """One link, however often it is tried."""

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
        """All hops, from the first. Each attempt takes the next address of a host that has several."""
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
        raise Refused(f"{address(url).origin} redirects more than {HOPS} times; give the address where that ends")

    def _addresses(self, place: Address) -> Sequence[str]:
        found = self.resolve(place.name, place.port)
        if not place.is_among(self.allow) and not all(map(is_public, found)):
            raise Refused(
                f"{place.host} is, or leads to, a private, local or reserved address, from which nothing is fetched; "
                f"if you trust it, allow it with --allow-host {place.host}"
            )
        return found

    def _check(self, response: httpx.Response, place: Address, mime: str) -> None:
        """Refuse by the head of the answer alone what is not a file that can be taken."""
        if response.status_code != 200:
            raise _refusal(response, place)
        if mime in _HTML:
            raise _web_page(place)
        packed = response.headers.get("content-encoding", "identity").strip().lower()
        if packed not in ("", "identity"):
            # Asked not to, hardly a server packs media; unpacked, a few bytes can be a disk full.
            raise Refused(
                f"{place.origin} sends the file packed ({printable(packed)[:40]}), although asked not to; "
                "fetch it with a browser and give the file"
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
                raise self._too_big(place, "more")
            yield chunk
            if length:
                self.progress(got / length)

    def _too_big(self, place: Address, found: str) -> Refused:
        return Refused(
            f"{place.origin} sends {found}, and at most {megabytes(self.most)} are fetched; give a smaller file"
        )


def _refusal(response: httpx.Response, place: Address) -> Refused:
    status = response.status_code
    reasons = {
        401: "wants a login; give an address that is open to everybody",
        403: "does not give the file to everybody; if the address was valid for some time only, get a new one",
        404: "has no such file; check the address",
        410: "has the file no longer; check the address",
        429: "is asked too often; try again later",
    }
    later = "is out of order; try again later" if status >= 500 else "does not give the file; check the address"
    # The head alone: what pages say about their errors is written for browsers.
    answer = Answer(status=status, headers=dict(response.headers), body=b"", place=place.origin)
    return Refused(
        f"{place.origin} {reasons.get(status, later)} (status {status})",
        temporary=status in TEMPORARY,
        status=status,
        retry_after=answer.retry_after,
    )


def _web_page(place: Address) -> Refused:
    return Refused(
        f"what {place.origin} gives is a web page, not media; open it in a browser and copy the address of the file "
        "itself"
    )


def _length(response: httpx.Response) -> int:
    """Bytes, as announced; 0 where nothing is."""
    said = response.headers.get("content-length", "")
    return int(said) if said.isascii() and said.isdigit() else 0


def _mime(response: httpx.Response) -> str:
    return printable(response.headers.get("content-type", "").partition(";")[0].strip().lower())


def _file_name(disposition: str, target: str, mime: str) -> str:
    """What to call the file: as the answer or the address does, with the ending that says something."""
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
