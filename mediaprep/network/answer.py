"""What the other side answers: a value, whatever its status; and what of it, and of addresses, may be shown."""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from mediaprep.errors import BadAnswer, Refused
from mediaprep.network.secret import Secret
from mediaprep.record import printable

WORDS = 300
"""Characters of a body that a message quotes."""
MESSAGE = 1000
"""Characters of what the other side means to be read: Meta's list of types has 600, and its point at the end."""
TEMPORARY = frozenset({408, 425, 429, 500, 502, 503, 504})


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
            found = self.json()
        except BadAnswer:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def words(self) -> str:
        """The beginning of the body as one printable line, without secrets that it may echo."""
        return self.quote(self.body.decode("utf-8", "replace"), WORDS) or "(nothing)"

    def quote(self, text: str, most: int = MESSAGE) -> str:
        """Its text as one printable line of at most so many characters, without secrets that it may echo."""
        return line_of(text, self.hidden, most)

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


def secrets_in(headers: Mapping[str, str | Secret] | None) -> tuple[Secret, ...]:
    """Each secret, and what follows its scheme (`Bearer …`), which an answer may echo alone."""
    whole = [value for value in (headers or {}).values() if isinstance(value, Secret)]
    bare = (Secret(one.reveal().partition(" ")[2]) for one in whole)
    return (*whole, *(one for one in bare if one.reveal()))


def line_of(text: str, secrets: tuple[Secret, ...], most: int) -> str:
    """The text as one printable line of at most so many characters, without the secrets."""
    for secret in secrets:
        text = secret.hide_in(text)
    line = printable(" ".join(text.split()))
    return line[:most] + "…" if len(line) > most else line


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
