"""How a message is written into the body of a request, and read from one: JSON, or the fields of a form."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Collection
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode

from msgspec import Struct

from mediaprep.errors import UsageError
from mediaprep.network.secret import Secret

Json = dict[str, Any]

DEEPEST = 100
"""Levels of a message; the documented ones have eight."""
FIELDS = 1000
"""Fields of a form; the documented ones have thirty."""


class Body(ABC):
    """One encoding of messages. `mime`: its `Content-Type`."""

    mime: ClassVar[str]

    @abstractmethod
    def write(self, message: Json) -> bytes:
        """The body that holds the message. Raises `UsageError` for what this encoding cannot hold. Pure."""

    @abstractmethod
    def read(self, content: bytes) -> Json:
        """The message in a body. Raises `UsageError` where there is none, or it could not be written back. Pure."""


class JsonBody(Body):
    """A JSON object."""

    mime = "application/json"

    def write(self, message: Json) -> bytes:
        return json.dumps(message).encode()

    def read(self, content: bytes) -> Json:
        if not content.strip():
            raise UsageError("no message; expected one JSON object")
        try:
            found = json.loads(content, parse_float=_number, parse_constant=_number)
        except json.JSONDecodeError as error:
            if error.msg == "Extra data":
                raise UsageError(
                    f"something follows the message on line {error.lineno}; give one message at a time"
                ) from None
            raise UsageError(f"invalid JSON: {error}; give one message as a JSON object") from None
        except (ValueError, RecursionError) as error:
            raise UsageError(f"invalid JSON: {error}; give one message as a JSON object") from None
        if not isinstance(found, dict):
            raise UsageError("invalid message: expected a JSON object; give one")
        level: list[object] = [found]
        for _ in range(DEEPEST):
            level = [below for one in level if isinstance(one, dict | list) for below in _below(one)]
        if level:
            raise UsageError(f"the message is nested more than {DEEPEST} levels deep; no API accepts that")
        return found


class FormBody(Body):
    """Form fields (WHATWG URL, section 5): names and texts; a list stands for a field that is there several times."""

    mime = "application/x-www-form-urlencoded"

    def write(self, message: Json) -> bytes:
        for name, value in message.items():
            if not all(isinstance(one, str) for one in (value if isinstance(value, list) else [value])):
                raise UsageError(f'invalid form field "{name}"; expected a text, or a list of texts')
        try:
            return urlencode(message, doseq=True).encode("ascii")
        except UnicodeEncodeError:
            raise UsageError("the message contains invalid Unicode, which no form can hold; correct it") from None

    def read(self, content: bytes) -> Json:
        if not content.strip():
            raise UsageError("no message; expected its fields as a form")
        try:
            pairs = parse_qsl(
                content.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict",
                max_num_fields=FIELDS,
            )  # fmt: skip
        except ValueError as error:
            raise UsageError(f"invalid form: {error}; send the message as {self.mime}") from None
        found: Json = {}
        for name, value in pairs:
            known = found.get(name)
            found[name] = value if known is None else [*(known if isinstance(known, list) else [known]), value]
        return found


JSON = JsonBody()
FORM = FormBody()


class Post(Struct, frozen=True, kw_only=True):
    """A request ready to POST with any HTTP client: `client.post(post.url, content=post.content,
    headers=post.reveal())`. `message`: what its body says; `json`: the same where the body is JSON, else None.
    """

    url: str
    headers: dict[str, str | Secret]
    message: Json
    body: Body = JSON

    @property
    def json(self) -> Json | None:
        return self.message if isinstance(self.body, JsonBody) else None

    @property
    def content(self) -> bytes:
        return self.body.write(self.message)

    def reveal(self) -> dict[str, str]:
        """The headers with the key in them, and the type of the content."""
        shown = {name: value.reveal() if isinstance(value, Secret) else value for name, value in self.headers.items()}
        return {**shown, "content-type": self.body.mime}


def _number(text: str) -> float:
    """JSON has no NaN and no infinity, which Python's reader takes and makes of `1e999`."""
    number = float(text)
    if number - number != 0:
        raise ValueError(f"{text[:40]} is not a number that can be sent")
    return number


def _below(node: dict[str, object] | list[object]) -> Collection[object]:
    return node.values() if isinstance(node, dict) else node
