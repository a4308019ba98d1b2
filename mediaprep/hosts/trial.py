"""Trying a link as a platform would: HEAD, then GET of all of it, and no redirect."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import TYPE_CHECKING

from mediaprep.destinations.base import Parcel
from mediaprep.errors import BadAnswer, Refused
from mediaprep.formats import suffix_for
from mediaprep.network.answer import TEMPORARY, origin
from mediaprep.network.deadline import Deadline
from mediaprep.network.fetch import pinned
from mediaprep.network.web import CHUNK, Line, redirection
from mediaprep.record import printable
from mediaprep.rules import Finding, Served, check_link
from mediaprep.rules.links import Answered

if TYPE_CHECKING:
    import httpx

PAGES = ("text/html", "application/xhtml+xml")


def try_link(
    url: str, parcel: Parcel, *, head: bool, deadline: Deadline, whole: bool = True, foreign: bool = False
) -> tuple[Finding, ...]:
    """What some platforms would refuse about the link; nothing where it serves the parcel's very bytes as its type.

    `head`: whether HEAD can work at all. `whole`: every byte is read and compared, not the answer's head alone.
    `foreign`: the link is not the sender's own, so that only a public address is asked. Raises `Refused`, `BadAnswer`
    or `Unreachable` where a platform would not get the file; the message says what it would see and what to do. A
    signature in the address is never shown.
    """
    line = Line(deadline)
    where, host = pinned(url) if foreign else (url, None)
    asked = None
    if head:
        with line.download("HEAD", where, host=host, direct=foreign) as response:
            asked = _answered(response)
    with line.download("GET", where, host=host, direct=foreign) as response:
        got = _answered(response)
        place = _shown(url)
        _check_status(response, place)
        _check_type(got, parcel, place)
        _check_length(got, parcel, place)
        if whole:
            _check_bytes(response, parcel, place)
    return check_link(Served(get=got, head=asked))


def _answered(response: httpx.Response) -> Answered:
    length = response.headers.get("content-length", "")
    return Answered(
        status=response.status_code,
        mime=printable(response.headers.get("content-type", "")),
        length=int(length) if length.isascii() and length.isdigit() else None,
    )


def _check_status(response: httpx.Response, place: str) -> None:
    status = response.status_code
    if status == HTTPStatus.OK:
        return
    if (elsewhere := redirection(response)) is not None:
        raise Refused(
            f"the link {place} redirects to {printable(origin(elsewhere))}, and platforms do not follow redirects; "
            "set --public-url to the address that files are served under",
            status=status,
        )
    match status:
        case 401 | 403:
            advice = "allow public read access to it"
        case 404 | 410:
            advice = "check that --public-url is the address under which --host is served"
        case _:
            advice = "see the web server's log"
    raise Refused(
        f"a platform would get status {status} from the link {place}; {advice}",
        temporary=status in TEMPORARY,
        status=status,
    )


def _check_type(got: Answered, parcel: Parcel, place: str) -> None:
    if got.bare == parcel.mime:
        return
    if got.bare in PAGES:
        raise BadAnswer(
            f"a platform would get a web page from the link {place}, not the file; check for a login in front of it"
        )
    ending = suffix_for(parcel.mime).removeprefix(".")
    seen = f'"{got.bare}"' if got.bare else "no type"
    raise BadAnswer(
        f"a platform would see {seen} at the link {place}, not {parcel.mime}; set the type in the web server"
        + (f" (nginx: types {{ {parcel.full_mime!r} {ending}; }})" if ending else "")
    )


def _check_length(got: Answered, parcel: Parcel, place: str) -> None:
    if got.length not in (None, parcel.bytes):
        raise _other_bytes(f"{got.length} bytes", parcel, place)


def _check_bytes(response: httpx.Response, parcel: Parcel, place: str) -> None:
    seen, count = hashlib.sha256(), 0
    for chunk in response.iter_raw(CHUNK):
        seen.update(chunk)
        count += len(chunk)
        if count > parcel.bytes:
            raise _other_bytes("more bytes", parcel, place)
    if seen.hexdigest() != parcel.sha256:
        raise _other_bytes(f"{count} bytes", parcel, place)


def _other_bytes(told: str, parcel: Parcel, place: str) -> BadAnswer:
    return BadAnswer(
        f"a platform would get {told} from the link {place}, not the {parcel.bytes} bytes that were published; "
        "check whether the server compresses, converts or caches files"
    )


def _shown(url: str) -> str:
    """The address without its query, which may hold a signature."""
    return printable(url.partition("?")[0])
