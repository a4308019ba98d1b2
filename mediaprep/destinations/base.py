"""What every destination has: an upload (network), messages (pure), and an eye for the media in messages."""

from __future__ import annotations

import copy
import datetime
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, TypeVar

from msgspec import Struct

from mediaprep.errors import BadAnswer, UsageError
from mediaprep.network.secret import Secret
from mediaprep.network.web import Line

Json = dict[str, Any]
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
    """What a message holds in place of the media: an `id` or a `link`."""

    id: str = ""
    link: str = ""

    def fields(self) -> dict[str, str]:
        return {"id": self.id} if self.id else {"link": self.link}


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
    `where`: the keys down to the object that holds it; `id_key`, `link_key`: that object's keys for either reference,
    where it takes one. `filename`: what the message calls the file. `until`: how long a link must live.
    """

    source: str
    target: str
    where: tuple[str | int, ...]
    link_key: str
    id_key: str = ""
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


class Post(Struct, frozen=True, kw_only=True):
    """A request ready to POST, for any HTTP client: `client.post(post.url, json=post.json, headers=post.reveal())`."""

    url: str
    headers: dict[str, str | Secret]
    json: Json

    def reveal(self) -> dict[str, str]:
        return {name: value.reveal() if isinstance(value, Secret) else value for name, value in self.headers.items()}


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


class Destination(ABC):
    """One messaging API.

    `takes`: the fields of `Envelope` that its messages can carry. `uploads`: whether it takes files; else it takes
    links alone. `references`: whether an upload can bear the sender's own name. `message_paths`: how the addresses end
    that messages are POSTed to. `errors`: its documented error codes, each as a sentence.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    takes: ClassVar[frozenset[str]]
    uploads: ClassVar[bool] = False
    references: ClassVar[bool] = False
    repeatable: ClassVar[bool] = False
    message_paths: ClassVar[tuple[str, ...]] = ("/messages",)
    errors: ClassVar[Mapping[int, str]] = {}

    @abstractmethod
    def __init__(self, environment: Mapping[str, str]) -> None:
        """Read the address and the keys. What is missing is said where it is needed."""

    @property
    def account(self) -> str:
        raise UsageError(f"{self.title} takes no uploads; give --host")

    def upload(self, parcel: Parcel, line: Line) -> Receipt:
        raise UsageError(f"{self.title} takes no uploads; give --host")

    def kept_for(self, time: datetime.timedelta) -> Self:
        """The same destination, which asks for uploads to be kept for that long, where it lets one choose."""
        raise UsageError(f"{self.title} decides itself how long it keeps a file; leave --valid-for out, or give --host")

    @abstractmethod
    def message(self, reference: Reference, parcel: Parcel, envelope: Envelope) -> Json:
        """The documented payload. Raises `UsageError` for what it cannot say. Pure."""

    @abstractmethod
    def read(self, message: Json) -> Outgoing:
        """The text and the media of a message of this API. Raises `UsageError` for what is no such message. Pure."""

    @abstractmethod
    def post(self, message: Json) -> Post:
        """The request that sends a message: address, keys and payload. mediaprep itself sends none."""

    def sends(self, path: str) -> bool:
        """Whether a POST to this path sends a message."""
        return path.endswith(self.message_paths)

    def address(self, envelope: Envelope) -> None:
        """Raises `UsageError` for what no message of this API can carry."""
        for field in envelope.__struct_fields__:
            option = f"--{field.replace('_', '-')}"
            if getattr(envelope, field) and field not in self.takes:
                raise UsageError(f"a message of {self.title} has no {field.replace('_', ' ')}; leave {option} out")

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
            raise UsageError(f'a message of {self.title} needs "{place}", and this one has none; add it')
        if not isinstance(value, kind):
            raise UsageError(f'"{place}" in a message of {self.title} must be {WORDS[kind]}; correct it')
        return value


def filled(message: Json, slot: Slot, reference: Reference) -> Json:
    """The message with the reference in that place and everything else as it was. Pure."""
    made = copy.deepcopy(message)
    holder: Any = made
    for key in slot.where:
        holder = holder[key]
    old = next(key for key in (slot.link_key, slot.id_key) if holder.get(key) == slot.source)
    new, value = (slot.id_key, reference.id) if reference.id else (slot.link_key, reference.link)
    others = {key: held for key, held in holder.items() if key != new or key == old}  # an empty id gives way to one
    kept = {new if key == old else key: value if key == old else held for key, held in others.items()}
    holder.clear()
    holder.update(kept)
    return made


def e164(phone: str) -> str:
    """A phone number as `+12345678900`. Raises `UsageError` for what is none.

    Source: ITU-T E.164: a country code, at most 15 digits in all, no leading zero.
    """
    if not phone:
        raise UsageError("there is no phone number; add --to in E.164 form, such as +12345678900")
    plain = re.sub(r"[\s().-]", "", phone) if "(0)" not in phone else ""  # a zero that is dialled at home alone
    if not re.fullmatch(r"\+[1-9]\d{6,14}", plain, re.ASCII):
        raise UsageError(
            f'"{phone}" is no phone number in E.164 form; write it with + and country code, such as +12345678900'
        )
    return plain


def group(name: str) -> str:
    """A group's id. Raises `UsageError` for what is none."""
    if not re.fullmatch(r"[0-9]+(-[0-9]+)?@g\.us", name, re.ASCII):
        raise UsageError(f'"{name}" is no group; its id ends in @g.us, such as 120363163556487865@g.us')
    return name


def identifier(value: Any, place: str) -> str:
    """An id from an answer. Raises `BadAnswer` for what cannot be one."""
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9._:-]{1,128}", value, re.ASCII):
        return value
    raise BadAnswer(f"{place} said yes, but gave no usable id of the file")


def moment(value: Any) -> datetime.datetime | None:
    """A time from an answer, such as `2021-09-06T22:49:50.949Z`, in UTC; None for what is none."""
    try:
        found = datetime.datetime.fromisoformat(value)
        return found.replace(tzinfo=found.tzinfo or datetime.UTC).astimezone(datetime.UTC)
    except (TypeError, ValueError, OverflowError):
        return None
