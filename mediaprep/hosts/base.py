"""What every host has: an upload under a name made from the content, and the link to it."""

from __future__ import annotations

import datetime
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import quote

from msgspec import Struct

from mediaprep.destinations.base import Parcel, Receipt
from mediaprep.destinations.variable import Variable
from mediaprep.formats import suffix_for
from mediaprep.network.web import Line
from mediaprep.running.staging import safe_stem, safe_suffix

KEPT = "public, max-age=31536000, immutable"
"""`Cache-Control` (RFC 8246) of what never changes under its name."""


class Links(Struct, frozen=True, kw_only=True):
    """One way to use a host: how `--host` is written, the kind of its links, and who says their `Content-Type`."""

    host: str
    kind: str
    content_type: str


class Host(ABC):
    """A place that serves files by link. New content gets a new address, since platforms keep a link's content for
    10 minutes; the same content keeps its own, so that an upload repeated leaves one copy.

    `schemes`: of the addresses that it is for; empty for a path. `form`: how such an address is written. `links`: the
    README's rows. `variables`: what it reads from the environment. `answers_head`: False where a link answers only GET
    (presigned addresses).
    """

    schemes: ClassVar[tuple[str, ...]]
    form: ClassVar[str]
    links: ClassVar[tuple[Links, ...]]
    variables: ClassVar[tuple[Variable, ...]] = ()
    repeatable: ClassVar[bool] = True
    answers_head: bool = True

    @abstractmethod
    def __init__(
        self,
        where: str,
        *,
        public_url: str = "",
        valid_for: datetime.timedelta | None = None,
        environment: Mapping[str, str],
    ) -> None:
        """Read the address and the keys. Raises `UsageError` for what cannot be used. Nothing is sent."""

    @property
    @abstractmethod
    def account(self) -> str:
        """Where files go, for the ledger; it shows no secret."""

    @property
    def valid_for(self) -> datetime.timedelta | None:
        """How long a link is valid; None without end."""
        return None

    @abstractmethod
    def holds(self, parcel: Parcel, line: Line) -> bool:
        """Whether the file is there, as far as its name and its length say."""

    @abstractmethod
    def put(self, parcel: Parcel, line: Line) -> Receipt:
        """Store the file under `name_of(parcel)`, the receipt's value, whatever is there."""

    def upload(self, parcel: Parcel, line: Line) -> Receipt:
        """Store the file, unless it is there."""
        if self.holds(parcel, line):
            return Receipt(value=name_of(parcel), fresh=False)
        return self.put(parcel, line)

    @abstractmethod
    def link(self, name: str) -> tuple[str, datetime.datetime | None]:
        """The public address of what is stored under that name, and until when it answers."""


def name_of(parcel: Parcel) -> str:
    """The content's own name, with the ending that its type has: platforms compare the two."""
    ending = suffix_for(parcel.mime) or safe_suffix(parcel.filename)
    return f"{parcel.sha256}{ending}"


def disposition(filename: str) -> str:
    """`Content-Disposition` (RFC 6266): shown in place, and called so where it is kept."""
    stem = safe_stem(filename)
    name = f"{stem}{safe_suffix(filename)}"
    plain = name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_").replace("\\", "_")
    if plain == name:
        return f'inline; filename="{name}"'
    return f"inline; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def link_to(base: str, name: str) -> str:
    """A file's address under a public base."""
    return f"{base.rstrip('/')}/{quote(name)}"
