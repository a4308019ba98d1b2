"""WebDAV (RFC 4918), or any server that takes PUT."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from mediaprep.destinations.base import Parcel, Receipt
from mediaprep.errors import BadAnswer, Refused, UsageError
from mediaprep.hosts.base import Host, address, checked, disposition, name_of
from mediaprep.secret import Secret, basic
from mediaprep.web import Answer, File, Line

ADVICE = {
    401: "set WEBDAV_USERNAME and WEBDAV_PASSWORD to an account of that server",
    403: "the account may not write there",
    405: "is this address one that takes uploads (WebDAV or PUT)?",
    413: "the server's own limit of sizes is lower; raise it there",
    507: "its storage is full",
}
MISSING = (404, 409)
"""How a folder that is not there is answered. Source: RFC 4918, section 9.7.1: 409; some servers say 404."""


class WebDAV(Host):
    """A folder behind HTTP. Links are under `public_url`, or else under the very address that is written to.

    The type and the name are sent with each file; most servers go by the name's ending instead.
    """

    def __init__(self, where: str, *, public_url: str = "", environment: Mapping[str, str]) -> None:
        self._base = quote(checked(where, "--host"), safe="/:%[]!$&'()*+,;=~@")
        self._public = checked(public_url, "--public-url") if public_url else self._base
        # Not `secret.read`: in Basic a password may hold anything.
        user, password = (environment.get(name, "") for name in ("WEBDAV_USERNAME", "WEBDAV_PASSWORD"))
        if bool(user) != bool(password):
            raise UsageError("set both WEBDAV_USERNAME and WEBDAV_PASSWORD, or neither")
        self._password = Secret(password) if password else None
        self._headers: dict[str, str | Secret] = {}
        if password:
            self._headers["authorization"] = basic(Secret(user), Secret(password))

    @property
    def account(self) -> str:
        return self._base

    def upload(self, parcel: Parcel, line: Line) -> Receipt:
        """Folders of the address that are not there are made. Raises `Refused` with the server's own words."""
        name = name_of(parcel)
        target = address(self._base, name)
        there = line.request("HEAD", target, headers=self._headers)
        if there.status == 401:
            raise self._refusal(there)
        if there.ok and there.headers.get("content-length") == str(parcel.bytes):
            return Receipt(value=name, fresh=False)
        answer = self._put(target, parcel, line)
        if answer.status in MISSING:
            self._make(self._base, line)
            answer = self._put(target, parcel, line)
        if not answer.ok:
            raise self._refusal(answer)
        if answer.status == 200 and answer.headers.get("content-type", "").startswith("text/html"):
            raise BadAnswer(f"{answer.place} answered an upload with a page: {answer.words}", status=answer.status)
        return Receipt(value=name)

    def link(self, name: str) -> tuple[str, datetime.datetime | None]:
        return address(self._public, name), None

    def _put(self, target: str, parcel: Parcel, line: Line) -> Answer:
        return line.request(
            "PUT",
            target,
            headers={**self._headers, "content-disposition": disposition(parcel.filename)},
            file=File(path=parcel.path, mime=parcel.full_mime),
        )

    def _make(self, folder: str, line: Line) -> None:
        """Make the folder, after those above it that are not there either."""
        answer = line.request("MKCOL", f"{folder}/", headers=self._headers)
        above = folder.rpartition("/")[0]
        if answer.status in MISSING and urlsplit(above).path:
            self._make(above, line)
            answer = line.request("MKCOL", f"{folder}/", headers=self._headers)
        if answer.status in (405, 501):
            return  # it is there by now, or the server makes none: the PUT that follows tells
        if not answer.ok:
            raise self._refusal(answer)

    def _refusal(self, answer: Answer) -> Refused:
        words = self._password.hide_in(answer.words) if self._password else answer.words
        if answer.status in MISSING:
            words += "; the folder is not there, and cannot be made: make it on the server"
        elif answer.status in ADVICE:
            words += f"; {ADVICE[answer.status]}"
        return answer.refusal(words)
