"""A response as a value, whatever its status; and what of responses and URLs may be shown."""

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
"""Characters of the platform's own error message: Meta's list of types has 600, and the reason at the end."""
TEMPORARY = frozenset({408, 425, 429, 500, 502, 503, 504})


class Answer(Struct, frozen=True, kw_only=True):
    """One response. `headers` have lower-case names; `place`: the origin that it came from."""

    status: int
    headers: dict[str, str]
    body: bytes
    place: str
    hidden: tuple[Secret, ...] = ()

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> Any:
        """Raises `BadAnswer` for invalid JSON."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            raise BadAnswer(
                f"response of {self.place} is not JSON (status {self.status}): {self.words}",
                status=self.status,
            ) from None

    def fields(self) -> dict[str, Any]:
        """The JSON object, or an empty one for any other response: for errors, whose form is not documented."""
        try:
            found = self.json()
        except BadAnswer:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def words(self) -> str:
        """The beginning of the body as one printable line, without secrets that it may repeat."""
        return self.quote(self.body.decode("utf-8", "replace"), WORDS) or "(empty response)"

    def quote(self, text: str, most: int = MESSAGE) -> str:
        """The text as one printable line of at most `most` characters, without secrets that it may repeat."""
        return line_of(text, self.hidden, most)

    @property
    def retry_after(self) -> float | None:
        """`Retry-After` in seconds, from a number or a date; None if it is missing or invalid."""
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
        """The response as an error; `words`: the platform's own error message, if it was found in the body."""
        said = self.quote(words) or self.words
        return Refused(
            f"{self.place} returned status {self.status}: {said}",
            temporary=self.status in TEMPORARY if temporary is None else temporary,
            status=self.status,
            retry_after=self.retry_after,
        )


def secrets_in(headers: Mapping[str, str | Secret] | None) -> tuple[Secret, ...]:
    """Each secret, and what follows its scheme (`Bearer …`), which a response may repeat alone."""
    whole = [value for value in (headers or {}).values() if isinstance(value, Secret)]
    bare = (Secret(one.reveal().partition(" ")[2]) for one in whole)
    return (*whole, *(one for one in bare if one.reveal()))


def line_of(text: str, secrets: tuple[Secret, ...], most: int) -> str:
    """The text as one printable line of at most `most` characters, without the secrets."""
    for secret in secrets:
        text = secret.hide_in(text)
    line = printable(" ".join(text.split()))
    return line[:most] + "…" if len(line) > most else line


def origin(url: str) -> str:
    """Scheme and host of a URL: what may be shown of it. Its query may contain a signature."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an invalid URL"
    if not host:
        return "a URL without host name"
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"
