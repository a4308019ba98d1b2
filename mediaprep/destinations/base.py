"""What every destination has: an upload (network), messages (pure), and an eye for the media in messages."""

from __future__ import annotations

import base64
import copy
import datetime
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, TypeVar

from msgspec import Struct

from mediaprep.destinations.body import JSON, Body, Json, Post
from mediaprep.destinations.variable import Variable
from mediaprep.errors import UsageError
from mediaprep.network.web import Line

T = TypeVar("T")

WORDS: dict[type, str] = {dict: "an object", list: "a list", str: "a text"}


class Parcel(Struct, frozen=True, kw_only=True):
    """A file that is ready: what an upload sends and a message names.

    `mime`: the bare type, `audio/ogg`. `filename`: what the recipient may see, with the ending that the bytes call
    for. `link`: where the very same bytes lie in public already. `reference`: the sender's own name for the upload.
    """

    path: Path
    mime: str
    bytes: int
    sha256: str
    target: str
    filename: str
    link: str = ""
    reference: str = ""

    @property
    def full_mime(self) -> str:
        """The type with its codec, as links and gateways want it: Ogg here is always Opus.

        Source: EngageLab, section media formats: "only audio/ogg; codecs=opus is supported".
        """
        return "audio/ogg; codecs=opus" if self.mime == "audio/ogg" else self.mime


class Receipt(Struct, frozen=True, kw_only=True):
    """What an upload gave: an id, or the name under which a host has the file; and until when. `fresh`: False where it
    was there already, and no bytes were sent."""

    value: str
    expires: datetime.datetime | None = None
    fresh: bool = True


class Reference(Struct, frozen=True, kw_only=True):
    """What a message holds in place of the media: an `id`, a `link`, or the content itself, read from `data`.

    `mime`: the type of that content, where messages name it.
    """

    id: str = ""
    link: str = ""
    data: Path | None = None
    mime: str = ""

    def fields(self) -> dict[str, str]:
        """As a record has it. Content is never in a record's reference: the message alone holds it."""
        if self.data is not None:
            return {"inline": self.mime}
        return {"id": self.id} if self.id else {"link": self.link}

    def content(self) -> str:
        """The content in base64 (RFC 4648, section 4)."""
        assert self.data is not None
        return base64.b64encode(self.data.read_bytes()).decode("ascii")


class Envelope(Struct, frozen=True, kw_only=True):
    """What a message says beside its media.

    `to`: a phone number. `group`: an id ending in `@g.us`. `template`, `language`, `components`: of a template whose
    header is the media. `scheduled_at`: when it goes out.
    """

    to: str = ""
    group: str = ""
    caption: str = ""
    filename: str = ""
    view_once: bool = False
    template: str = ""
    language: str = ""
    components: tuple[Json, ...] = ()
    request_id: str = ""
    custom_args: Json = {}
    scheduled_at: datetime.datetime | None = None

    @property
    def addressed(self) -> bool:
        return bool(self.to or self.group)


class Slot(Struct, frozen=True, kw_only=True):
    """A place in a message where media belongs.

    `source`: the path, `file:` address or link that stands there. `target`: the kind of message that it is for.
    `where`: the keys down to the object that holds it; `id_key`, `link_key`, `data_key`: that object's keys for each
    reference, where it takes one; `mime_key`: for the type. `filename`: what the message calls the file. `until`: how
    long a link must live.
    """

    source: str
    target: str
    where: tuple[str | int, ...]
    link_key: str
    id_key: str = ""
    data_key: str = ""
    mime_key: str = ""
    caption: str = ""
    filename: str = ""
    until: datetime.datetime | None = None


class Outgoing(Struct, frozen=True, kw_only=True):
    """What a message that is about to be sent says: its text, and the media that still has to be published.

    `caption`: of media that is an id already, and has no slot.
    """

    text: str = ""
    caption: str = ""
    slots: tuple[Slot, ...] = ()


class Carrier(Protocol):
    """Whatever files are uploaded to: a destination that takes them, or a host.

    `account`: whose storage that is, for the ledger; it shows no secret. `repeatable`: an upload whose answer was
    lost may be sent again without a second copy.
    """

    @property
    def account(self) -> str: ...
    @property
    def repeatable(self) -> bool: ...

    def upload(self, parcel: Parcel, line: Line) -> Receipt:
        """Send the file. Raises `NetworkError`; repeats nothing by itself."""


EXAMPLE = Reference(link="https://cdn.example.com/photo.jpg"), Envelope(to="+12345678900", caption="Hello")
"""What every destination's `example` says: its `message` for an image of that name."""


class Destination(ABC):
    """One messaging API; everything that command line, README and tests need to know of it stands in its class.

    `name`, `title`: for `--via`, and for people. `accepts`, `returns`, `lasts`: what it takes, what comes back, and for
    how long that is valid: the README's row. `variables`: what it reads from the environment. `example`: a message with
    an image, as `message` writes it; see `EXAMPLE`. `body`: how messages are encoded.

    `takes`: the fields of `Envelope` that its messages can carry. `uploads`: whether files can be uploaded to it.
    `inline`: up to how many bytes a message can hold the file itself. `needs_head`: whether links must answer HEAD.
    `references`: whether an upload can bear the sender's own name. `repeatable`: as in `Carrier`. `message_paths`: how
    the addresses end that messages are POSTed to. `errors`: its documented error codes, each as a sentence.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    accepts: ClassVar[str]
    returns: ClassVar[str]
    lasts: ClassVar[str]
    variables: ClassVar[tuple[Variable, ...]]
    example: ClassVar[Json]
    body: ClassVar[Body] = JSON
    takes: ClassVar[frozenset[str]]
    uploads: ClassVar[bool] = False
    inline: ClassVar[int] = 0
    needs_head: ClassVar[bool] = False
    references: ClassVar[bool] = False
    repeatable: ClassVar[bool] = False
    message_paths: ClassVar[tuple[str, ...]] = ("/messages",)
    errors: ClassVar[Mapping[int, str]] = {}

    @abstractmethod
    def __init__(self, environment: Mapping[str, str]) -> None:
        """Read the address and the keys. What is missing is said where it is needed."""

    @property
    def account(self) -> str:
        raise self._no_uploads()

    def upload(self, parcel: Parcel, line: Line) -> Receipt:
        raise self._no_uploads()

    def _no_uploads(self) -> UsageError:
        return UsageError(f"{self.title} has no uploads; give --host")

    def kept_for(self, time: datetime.timedelta) -> Self:
        """The same destination, which asks for uploads to be kept for that long, where it lets one choose."""
        raise UsageError(f"{self.title} does not support --valid-for without --host; leave it out, or give --host")

    def inside(self, path: Path, mime: str) -> Reference:
        """The file itself as what a message holds. Raises `UsageError` where it is too large for that."""
        size = path.stat().st_size
        if size > self.inline:
            raise UsageError(
                f"too large to be sent inside a message: {size:,} bytes; the limit of {self.title} is "
                f"{self.inline:,} bytes. Give --host, so that the message has a link instead"
            )
        return Reference(data=path, mime=mime)

    @abstractmethod
    def message(self, reference: Reference, parcel: Parcel, envelope: Envelope) -> Json:
        """The documented payload. Raises `UsageError` for what it cannot say. Reads nothing but `reference.data`."""

    @abstractmethod
    def read(self, message: Json, target: str = "") -> Outgoing:
        """The text and the media of a message of this API. `target`: the kind of message that the address said, see
        `target_of`. Raises `UsageError` for an invalid message. Pure.
        """

    @abstractmethod
    def post(self, message: Json, target: str = "") -> Post:
        """The request that sends a message: address, keys and payload. mediaprep itself sends none. `target`: the kind
        of message, for an API that has an address for each; where it is left out, the message tells.
        """

    def sends(self, path: str) -> bool:
        """Whether a POST to this path sends a message."""
        return path.endswith(self.message_paths)

    def target_of(self, path: str) -> str:
        """The kind of message that is POSTed to this path, where the API has an address for each; else empty."""
        return ""

    def check_envelope(self, envelope: Envelope) -> None:
        """Raises `UsageError` for what no message of this API can carry."""
        for field in envelope.__struct_fields__:
            option = f"--{field.replace('_', '-')}"
            if getattr(envelope, field) and field not in self.takes:
                raise UsageError(f"{self.title} does not support {option}; leave it out")

    def member(self, message: Json, kind: type[T], *where: str | int, default: T | None = None) -> T:
        """What a message holds in that place; `default` where it holds nothing there. Raises `UsageError`, naming the
        place, where something needed is missing or empty, or is of another kind.
        """
        value: Any = message
        for key in where:
            try:
                value = value[key]
            except (KeyError, IndexError, TypeError):
                value = None
        if value is None and default is not None:
            return default
        place = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in where)[1:]
        if value is None or (value == "" and default is None):
            raise UsageError(f'"{place}" is missing: it is required in a message of {self.title}; add it')
        if not isinstance(value, kind):
            raise UsageError(f'"{place}" in a message of {self.title} must be {WORDS[kind]}; correct it')
        return value


def filled(message: Json, slot: Slot, reference: Reference) -> Json:
    """The message with the reference in that place and everything else as it was, but for a type that is named beside
    it. Reads nothing but `reference.data`.
    """
    made = copy.deepcopy(message)
    holder: Any = made
    for key in slot.where:
        holder = holder[key]
    old = next(key for key in (slot.link_key, slot.id_key) if holder.get(key) == slot.source)
    if reference.data is not None:
        new, value = slot.data_key, reference.content()
    else:
        new, value = (slot.id_key, reference.id) if reference.id else (slot.link_key, reference.link)
    others = {key: held for key, held in holder.items() if key != new or key == old}  # an empty id gives way to one
    kept = {new if key == old else key: value if key == old else held for key, held in others.items()}
    if slot.mime_key and reference.mime:
        kept[slot.mime_key] = reference.mime
    holder.clear()
    holder.update(kept)
    return made
