"""Secrets: read only from environment variables, and never shown."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from typing import NoReturn

from mediaprep.errors import UsageError


class Secret:
    """A text that `str`, `repr`, `print`, JSON and pickle do not show; only `reveal` does."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret cannot be pickled")

    def hide_in(self, text: str) -> str:
        """The text with the secret replaced by `***`."""
        return text.replace(self._text, "***")


def basic(user: Secret, password: Secret) -> Secret:
    """The value of an `Authorization` header (RFC 7617)."""
    pair = f"{user.reveal()}:{password.reveal()}".encode()
    return Secret(f"Basic {base64.b64encode(pair).decode()}")


def bearer(token: Secret) -> Secret:
    """The value of an `Authorization` header (RFC 6750)."""
    return Secret(f"Bearer {token.reveal()}")


def read_secret(name: str, environment: Mapping[str, str] = os.environ) -> Secret | None:
    """The secret in this environment variable, or None. Raises `UsageError` if no header can carry it."""
    text = environment.get(name, "").strip()
    if not text.isascii() or not text.isprintable() or " " in text:
        raise UsageError(f"invalid {name}: it contains spaces, line breaks or non-ASCII characters; copy it again")
    return Secret(text) if text else None


class Key:
    """A secret from an environment variable: read at once, required only where it is used. `what`: what it is."""

    def __init__(self, name: str, what: str, environment: Mapping[str, str]) -> None:
        self.name = name
        self.what = what
        self.found = read_secret(name, environment)

    def needed(self) -> Secret:
        """Raises `UsageError` if it is not set."""
        if self.found is None:
            raise UsageError(f"{self.name} is not set; set this environment variable to {self.what}")
        return self.found
