"""Wassenger: it takes files in three ways, and sends them to phones and groups.

Sources: the vendor's tutorial on media messages (uploads, their answers, messages); wassengerhq/whatsapp-skills,
tools-reference.md (`filename`, `format` and `viewOnce` stand in `media`). That content which is stored already is
answered with 409 and its id is what independent clients rely on; no page of the vendor says so.
"""

from __future__ import annotations

import copy
import datetime
import hashlib
import re
from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from mediaprep.destinations.base import Destination, Envelope, Outgoing, Parcel, Receipt, Reference, Slot
from mediaprep.destinations.body import Json, Post
from mediaprep.destinations.fields import e164, group_id, instant, media_id
from mediaprep.destinations.variable import Variable
from mediaprep.errors import BadAnswer, NetworkError, Refused, UsageError
from mediaprep.network.answer import Answer
from mediaprep.network.secret import Secret
from mediaprep.network.web import File, Line

BASE = "https://api.wassenger.com"
TOKEN = Variable(name="WASSENGER_TOKEN", what="the API key of your Wassenger account", needed="publish")
ADDRESS = Variable(name="WASSENGER_URL", what=f"the base address of another server, such as a gateway; default: {BASE}")
LIFETIME = datetime.timedelta(days=90)
"""How long a file is kept by default, where the answer does not say."""
ASK_AGAIN = datetime.timedelta(days=1)
"""How long a file is relied on that was there already, and whose end is not told."""
EXPIRATIONS = {
    **{f"{count}m": count for count in (10, 30)},
    **{f"{count}h": count * 60 for count in (1, 6, 12)},
    **{f"{count}d": count * 1440 for count in (1, 2, 3, 5, 7, 15, 30, 60, 90, 120, 180, 360)},
}
"""What `expiration` may be, in minutes. The tutorial shows `1d` alone; the rest is how a client types that field."""
FORMATS = {"gif": "gif", "voice": "ptt"}
TARGETS = {wire: target for target, wire in FORMATS.items()}
RECIPIENTS = ("phone", "group", "channel")
NOT_FETCHED = frozenset({400, 404, 406, 415, 422})
"""What a link that Wassenger cannot fetch may be answered with: the tutorial says "an error", and not which."""

Way = Literal["form", "raw"]


class Wassenger(Destination):
    """Files are kept for 90 days, or as long as `kept_for` asks.

    `way`: how a file goes out, as a part of a form or as the body itself. Where a parcel has a link, Wassenger fetches
    that; if it cannot, or finds other content there, the file goes out after all.
    """

    name = "wassenger"
    title = "Wassenger"
    accepts = "files, or the link of a public file that needs no work"
    returns = "file ID"
    lasts = (
        "90 days, or the next step from `--valid-for` (10 minutes to 360 days); the API's `expiresAt` takes precedence"
    )
    variables = (TOKEN, ADDRESS)
    example: ClassVar[Json] = {
        "phone": "+12345678900",
        "message": "Hello",
        "media": {"url": "https://cdn.example.com/photo.jpg"},
    }
    takes = frozenset({"to", "group", "caption", "filename", "view_once"})
    uploads = True
    references = True
    repeatable = True
    errors: ClassVar[Mapping[int, str]] = {
        401: "the key is not accepted; check WASSENGER_TOKEN",
        403: "the key in WASSENGER_TOKEN may not do this; check its permissions and the plan",
        413: "the file is too large; make it smaller",
        429: "too many requests; wait a minute, then run again",
    }
    """By HTTP status: Wassenger documents no codes of its own."""

    def __init__(
        self, environment: Mapping[str, str], *, way: Way = "form", valid_for: datetime.timedelta | None = None
    ) -> None:
        self.base = ADDRESS.address(environment, BASE)
        self.way: Way = way
        self.valid_for = valid_for
        self._token = TOKEN.key(environment)

    @property
    def account(self) -> str:
        """The address, and the beginning of the key's SHA-256: the key alone says whose storage it is."""
        return f"{self.base} {hashlib.sha256(self._token.needed().reveal().encode()).hexdigest()[:16]}"

    def kept_for(self, time: datetime.timedelta) -> Self:
        expiration(time)  # too long is said before anything is sent
        other = copy.copy(self)
        other.valid_for = time
        return other

    def upload(self, parcel: Parcel, line: Line) -> Receipt:
        fetched = self._by_link(parcel, line) if parcel.link else None
        return fetched or self._by_file(parcel, line)

    def _by_link(self, parcel: Parcel, line: Line) -> Receipt | None:
        """None where what lies there cannot be fetched, or cannot be told to be the parcel's content."""
        line.last()  # no byte of the file goes out, but from here on Wassenger may have it
        answer = line.request(
            "POST", self._files, headers=self._headers(), json={"url": parcel.link, **self._options(parcel)}
        )
        if answer.status in NOT_FETCHED:
            return None
        found = self._stored(answer, line)
        try:
            return self._receipt(answer, found, parcel) if found.keys() & {"size", "sha2"} else None
        except BadAnswer:
            return None

    def _by_file(self, parcel: Parcel, line: Line) -> Receipt:
        answer = line.request(
            "POST",
            self._files,
            headers=self._headers(),
            params=self._options(parcel),
            file=File(path=parcel.path, mime=parcel.full_mime, name=parcel.filename),
            form={} if self.way == "form" else None,
        )
        return self._receipt(answer, self._stored(answer, line), parcel)

    def _options(self, parcel: Parcel) -> dict[str, str]:
        chosen = {"filename": parcel.filename, "reference": parcel.reference or parcel.sha256}
        return {"expiration": expiration(self.valid_for), **chosen} if self.valid_for else chosen

    def _stored(self, answer: Answer, line: Line) -> Json:
        """What Wassenger says of the file that it has now. Raises `Refused` or `BadAnswer`."""
        if answer.ok:
            return _first(answer)
        meta = answer.fields().get("meta")
        if answer.status != 409 or not isinstance(meta, dict) or "file" not in meta:
            raise self._refusal(answer)
        known = media_id(meta["file"], answer.place)
        try:
            looked_up = line.request("GET", f"{self._files}/{known}", headers=self._headers())
            return {**(_first(looked_up) if looked_up.ok else {}), "id": known}
        except NetworkError:
            return {"id": known}  # the file is there all the same; only its expiry stays unknown

    def _receipt(self, answer: Answer, found: Json, parcel: Parcel) -> Receipt:
        """Raises `BadAnswer` where what is stored is not the parcel's content."""
        value = media_id(found.get("id"), answer.place)
        size, digest = found.get("size"), str(found.get("sha2")).lower()
        other = isinstance(size, int) and size != parcel.bytes
        if other or (re.fullmatch(r"[0-9a-f]{64}", digest) and digest != parcel.sha256):
            raise BadAnswer(f"{answer.place} has other content than was sent, as {value}; delete it there, run again")
        expires = instant(found.get("expiresAt"))
        if expires is None:
            life = (self.valid_for or LIFETIME) if answer.ok else ASK_AGAIN
            expires = datetime.datetime.now(datetime.UTC) + life
        return Receipt(value=value, expires=expires, fresh=answer.ok)

    def _refusal(self, answer: Answer) -> Refused:
        said = answer.fields().get("message")
        words = said if isinstance(said, str) and said else answer.words
        advice = self.errors.get(answer.status)
        return answer.refusal(f'{advice} ("{words}")' if advice else words)

    def message(self, reference: Reference, parcel: Parcel, envelope: Envelope) -> Json:
        self.check_envelope(envelope)
        if bool(envelope.to) == bool(envelope.group):
            raise UsageError("a message of Wassenger requires one recipient; give either --to or --group")
        made: Json = {"phone": e164(envelope.to)} if envelope.to else {"group": group_id(envelope.group)}
        if envelope.caption:
            made["message"] = envelope.caption
        media: Json = {"file": reference.id} if reference.id else {"url": reference.link}
        if parcel.target in FORMATS:
            media["format"] = FORMATS[parcel.target]
        # What is stored once has the name that it came with first, which may tell one recipient about another.
        if filename := envelope.filename or (parcel.filename if parcel.target == "document" else ""):
            media["filename"] = filename
        if envelope.view_once:
            media["viewOnce"] = True
        return {**made, "media": media}

    def read(self, message: Json, target: str = "") -> Outgoing:
        if not any(self.member(message, str, key, default="") for key in RECIPIENTS):
            raise UsageError('the recipient is missing: a message of Wassenger requires "phone" or "group"; add one')
        text = self.member(message, str, "message", default="")
        if message.get("media") is None:
            return Outgoing(text=text)
        media = self.member(message, dict, "media")
        places = {key: self.member(media, str, key, default="") for key in ("file", "url")}
        if bool(places["file"]) == bool(places["url"]):
            raise UsageError('invalid "media": expected either "file" or "url"')
        source = places["file"] or places["url"]
        # Documented: 24 hexadecimal digits. Its own example has 22.
        if places["file"] and re.fullmatch(r"[0-9a-fA-F]{16,64}", source):
            return Outgoing(caption=text)
        slot = Slot(
            source=source,
            target=TARGETS.get(self.member(media, str, "format", default=""), ""),
            where=("media",),
            link_key="url",
            id_key="file",
            caption=text,
            filename=self.member(media, str, "filename", default=""),
        )
        return Outgoing(slots=(slot,))

    def post(self, message: Json, target: str = "") -> Post:
        return Post(url=f"{self.base}/v1/messages", headers={**self._headers()}, message=message)

    @property
    def _files(self) -> str:
        return f"{self.base}/v1/files"

    def _headers(self) -> dict[str, Secret]:
        return {"Token": self._token.needed()}


def expiration(time: datetime.timedelta) -> str:
    """A time as `expiration` wants it: the shortest that it takes and that is not shorter. Raises `UsageError`."""
    for written, minutes in EXPIRATIONS.items():
        if time <= datetime.timedelta(minutes=minutes):
            return written
    raise UsageError("--valid-for is too long: Wassenger keeps a file for at most 360 days; shorten it")


def _first(answer: Answer) -> Json:
    """The file that an answer describes: documented is a list of one, clients have also met the object itself."""
    found = answer.json()
    first = found[0] if isinstance(found, list) and found else found
    return first if isinstance(first, dict) else {}
