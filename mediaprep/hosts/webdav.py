"""WebDAV (RFC 4918), or any server that takes PUT."""

from __future__ import annotations

import datetime
import html
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from mediaprep.destinations.base import Parcel, Receipt
from mediaprep.destinations.variable import Variable
from mediaprep.errors import BadAnswer, Refused, UsageError
from mediaprep.hosts.base import Host, Links, disposition, link_to, name_of
from mediaprep.network.addresses import checked
from mediaprep.network.answer import WORDS, Answer
from mediaprep.network.secret import Secret, basic
from mediaprep.network.web import CHUNK, File, Line

USER = Variable(name="WEBDAV_USERNAME", what="the user of the server, if it asks for one")
PASSWORD = Variable(name="WEBDAV_PASSWORD", what="that user's password")
ADVICE = {
    401: "set WEBDAV_USERNAME and WEBDAV_PASSWORD to an account of that server",
    403: "the account may not write there",
    405: "is this address one that accepts uploads (WebDAV or PUT)?",
    413: "the file is larger than the server's own limit; raise it there",
    507: "its storage is full",
}
MISSING = (404, 409)
"""How a folder that is not there is answered. Source: RFC 4918, section 9.7.1: 409; some servers say 404."""
MISSING_FOLDER = "the folder does not exist and cannot be created; create it on the server"


class WebDAV(Host):
    """A folder behind HTTP. Links are under `public_url`, or else under the very address that is written to.

    The type and the name are sent with each file; most servers go by the name's ending instead.
    """

    schemes = ("https", "http")
    form = "https://…"
    links = (
        Links(host="`https://…` (WebDAV, or PUT)", kind="public", content_type="sent; most servers go by the ending"),
    )
    variables = (USER, PASSWORD)

    def __init__(
        self,
        where: str,
        *,
        public_url: str = "",
        valid_for: datetime.timedelta | None = None,
        environment: Mapping[str, str],
    ) -> None:
        self._base = checked(where, "--host")
        self._public = checked(public_url, "--public-url") if public_url else self._base
        # Not `secret.read_secret`: in Basic a password may hold anything.
        user, password = (environment.get(one.name, "") for one in self.variables)
        if bool(user) != bool(password):
            raise UsageError("set both WEBDAV_USERNAME and WEBDAV_PASSWORD, or neither")
        self._made = False
        self._password = Secret(password) if password else None
        self._headers: dict[str, str | Secret] = {}
        if password:
            self._headers["authorization"] = basic(Secret(user), Secret(password))

    @property
    def account(self) -> str:
        return self._base

    def holds(self, parcel: Parcel, line: Line) -> bool:
        there = line.request("HEAD", link_to(self._base, name_of(parcel)), headers=self._headers)
        if there.status == 401:
            raise self._refusal(there)
        return there.ok and there.headers.get("content-length") == str(parcel.bytes)

    def put(self, parcel: Parcel, line: Line) -> Receipt:
        """Folders of the address that are not there are made. Raises `Refused` with the server's own words."""
        name = name_of(parcel)
        target = link_to(self._base, name)
        if not self._made:
            # Not after a refused PUT: by then all bytes would have gone out for nothing.
            self._make(self._base, line)
            self._made = True
        answer = line.request(
            "PUT",
            target,
            headers={**self._headers, "content-disposition": disposition(parcel.filename)},
            file=File(path=parcel.path, mime=parcel.full_mime),
        )
        if not answer.ok:
            raise self._refusal(answer)
        if answer.status == 200 and answer.headers.get("content-type", "").startswith("text/html"):
            raise BadAnswer(f"{answer.place} answered an upload with a page: {_words(answer)}", status=answer.status)
        return Receipt(value=name)

    def link(self, name: str) -> tuple[str, datetime.datetime | None]:
        return link_to(self._public, name), None

    def _make(self, folder: str, line: Line) -> None:
        """Make the folder, after those above it that are not there either. It may be there, or the server may make
        none: the PUT that follows tells.
        """
        if not urlsplit(folder).path:
            return
        answer = line.request("MKCOL", f"{folder}/", headers=self._headers)
        if answer.status in MISSING:
            self._make(folder.rpartition("/")[0], line)
            line.request("MKCOL", f"{folder}/", headers=self._headers)

    def _refusal(self, answer: Answer) -> Refused:
        words = _words(answer)
        if self._password:
            words = self._password.hide_in(words)
        advice = MISSING_FOLDER if answer.status in MISSING else ADVICE.get(answer.status, "")
        return answer.refusal("; ".join(filter(None, (words, advice))))


def _words(answer: Answer) -> str:
    """The server's own words; where it gives a page, as most do, without the marks."""
    text = answer.body[:CHUNK].decode("utf-8", "replace")
    if "html" in answer.headers.get("content-type", ""):
        text = html.unescape(re.sub(r"<style[^<]*</style>|<[^<>]*>", " ", text))
    return answer.quote(text, WORDS)
