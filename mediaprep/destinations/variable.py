"""What a destination or a host reads from the environment: told once, for its code, the help and the README."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from mediaprep.errors import UsageError
from mediaprep.network.addresses import checked
from mediaprep.network.secret import Key

Needed = Literal["publish", "message", "send", ""]
"""From when on: before anything is published; for messages; only to send them; or never."""


class Variable(Struct, frozen=True, kw_only=True):
    """One environment variable. `what`: what it holds, as the end of the sentence "set this variable to …"."""

    name: str
    what: str
    needed: Needed = ""

    def key(self, environment: Mapping[str, str]) -> Key:
        """The secret in it, read at once and missed only where it is needed."""
        return Key(self.name, self.what, environment)

    def text(self, environment: Mapping[str, str], default: str = "") -> str:
        """What stands in it, without blanks around it."""
        return environment.get(self.name, "").strip() or default

    def address(self, environment: Mapping[str, str], default: str) -> str:
        """The base address in it. Raises `UsageError` for an invalid one, or one that holds a key."""
        return checked(self.text(environment, default), self.name)

    def missing(self) -> UsageError:
        return UsageError(f"{self.name} is not set; set this environment variable to {self.what}")
