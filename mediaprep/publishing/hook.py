"""The pre-send hook: a message that is about to be sent, made sendable, or refused with the reason."""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import NoReturn
from urllib.parse import unquote_to_bytes

from msgspec import Struct
from msgspec.structs import replace

from mediaprep.batch.prepare import check_all
from mediaprep.batch.sources import is_link
from mediaprep.destinations.base import Envelope, Outgoing, Reference, Slot, filled
from mediaprep.destinations.body import JSON, Json
from mediaprep.errors import MediaprepError, UsageError
from mediaprep.media import Media
from mediaprep.options import Options
from mediaprep.planning.profiles import Profile, load
from mediaprep.publishing.publish import publish
from mediaprep.publishing.terms import Terms, outlives
from mediaprep.record import Failure, NotSendable, Prepared, failed, printable
from mediaprep.rules import Finding, check_media, errors_of
from mediaprep.running.staging import is_folder

SHOWN = 200
"""Characters of a path or link that a sentence names."""


def prepare_message(
    message: Json,
    *,
    terms: Terms,
    profile: str | Path | Profile | None = None,
    options: Options | None = None,
    allow_hosts: Collection[str] = (),
    within: str | Path | None = None,
    target: str = "",
) -> Json:
    """The same message with its media published and the reference in its place; nothing else is changed, but for a type
    that the message names beside the media.

    Its media is a path, a `file:` address or a public link, where the destination's messages have a file or a link. A
    message without media, or whose media has an id already, comes back as it is if its text is within the limits.
    Nothing is sent. `within`: the one folder whose files are accepted. If message content comes from untrusted users,
    give it, or any file that this process may read can be published. `target`: the kind of message, where the API has
    an address for each, so that the message itself does not say it.

    Raises `NotSendable`, which carries the record, where the message cannot be made sendable: then nothing was
    published. (Only where a message has several media, and the second breaks while it is worked on or uploaded, is the
    first there already.) Raises `UsageError` for an invalid message, and `OutputError` where the
    journal of uploads cannot be written.
    """
    profile = profile if isinstance(profile, Profile) else load(profile or terms.destination.name)
    outgoing = terms.destination.read(message, target)
    _words_fit(outgoing, profile)
    media = _Media(terms, profile, options, allow_hosts, Path(within) if within is not None else None)
    places: dict[Slot, list[Slot]] = {}
    for slot in outgoing.slots:
        places.setdefault(replace(slot, where=()), []).append(slot)
    order = list(places)
    if len(order) > 1:
        order.sort(key=media.foreseen_ready)  # what still needs work may still fail: it goes first
    for one in order:

        def fill(reference: Reference, slots: list[Slot] = places[one]) -> None:
            nonlocal message
            for slot in slots:
                message = filled(message, slot, reference)

        media.publish(one, fill)
    return message


def read_message(text: bytes) -> Json:
    """A message from its JSON. Raises `UsageError` for what is none, or could not be written again as it was."""
    return JSON.read(text)


class _Media(Struct, frozen=True):
    """What is done with the media of one message."""

    terms: Terms
    profile: Profile
    options: Options | None
    allow_hosts: Collection[str]
    within: Path | None

    def foreseen_ready(self, slot: Slot) -> bool:
        """Whether nothing has to be done to it. Raises `NotSendable` where nothing can be done."""
        (foreseen,) = check_all(
            [self._source(slot)], stage="plan", profile=self._fitting(slot), target=slot.target or None,
            options=self.options, allow_hosts=self.allow_hosts, jobs=1,
        )  # fmt: skip
        if foreseen.action == "reject" or foreseen.error:
            _refuse(foreseen, slot)
        return foreseen.action == "pass"

    def publish(self, slot: Slot, fill: Callable[[Reference], None]) -> None:
        """`fill` hears the reference, while the file is still there. Raises `NotSendable`."""
        source = self._source(slot)
        host = self.terms.host
        envelope = Envelope(caption=self._caption(slot), filename=_utf8(slot.filename), scheduled_at=slot.until)
        try:
            if slot.until is not None and host is not None and host.valid_for is not None:
                outlives(datetime.datetime.now(datetime.UTC) + host.valid_for, slot.until)
            record = publish(
                source, terms=replace(self.terms, envelope=envelope), profile=self._fitting(slot),
                target=slot.target or None, options=self.options, allow_hosts=self.allow_hosts, on_placed=fill,
            )  # fmt: skip
        except UsageError as error:
            record = failed(slot.source, error)
        if record.status != "published":
            _refuse(record, slot)

    def _source(self, slot: Slot) -> str:
        """The path or link that stands in a slot. Raises `NotSendable` for what is neither, or lies outside."""
        try:
            source = local_path(slot.source)
            inside = self.within is None or is_link(source) or _lies_in(source, self.within)
            if not inside:
                raise UsageError(f"outside {self.within}, the only folder that --within allows")
        except UsageError as error:
            _refuse(failed(slot.source, error), slot)
        return source

    def _fitting(self, slot: Slot) -> Profile:
        """The profile; without ways out to another kind of message, where this one says its kind."""
        if not slot.target:
            return self.profile
        targets = {name: replace(limits, fallback=None) for name, limits in self.profile.targets.items()}
        return replace(self.profile, targets=targets)

    def _caption(self, slot: Slot) -> str:
        """What the pipeline has to know of the caption. Where the kind of message is known, it was looked at already;
        else any short one stands for all, so that what is known of a file serves every recipient.
        """
        if slot.target:
            return ""
        shortest = min((one.max_caption for one in self.profile.targets.values() if one.max_caption), default=0)
        return "x" if 0 < len(slot.caption) <= shortest else _utf8(slot.caption)


def _words_fit(outgoing: Outgoing, profile: Profile) -> None:
    """Raises `NotSendable` for a text or a caption that the platform would refuse."""
    said = [("text", Media(name="message", size=0, mime="text/plain", kind="document", text=outgoing.text))]
    for target, words in [("", outgoing.caption), *((slot.target, slot.caption) for slot in outgoing.slots)]:
        said.append((target or "image", Media(name="message", size=0, mime="", kind="document", caption=words)))
    for target, media in said:
        broken: tuple[Finding, ...] = ()
        if target in profile.targets:
            broken = tuple(
                one for one in errors_of(check_media(media, profile.limits(target))) if one.part == "message"
            )
        if broken:
            why = "; ".join(one.message for one in broken)
            raise NotSendable(
                f"the message cannot be sent: {why}",
                Prepared(
                    source="message", status="rejected", target=target, action="reject", findings=broken,
                    remaining=broken, error=Failure(NotSendable.__name__, why),
                ),
            )  # fmt: skip


def _lies_in(path: str, folder: Path) -> bool:
    """Wherever links on the way lead."""
    return Path(path).resolve().is_relative_to(folder.resolve())


def local_path(source: str) -> str:
    """The path behind a `file:` address (RFC 8089); a path or a link as it is. Raises `UsageError` for a folder,
    another machine's file, and what no path can be.
    """
    path = source
    try:
        os.fsencode(source)
        if re.match("file:", source, re.IGNORECASE):
            path = _behind(source)
        elif re.match("data:[^,]*,", source, re.IGNORECASE):
            raise UsageError("data: addresses are not supported; write the content to a file first")
    except UnicodeEncodeError:
        raise UsageError("the path contains invalid Unicode; correct it") from None
    if "\0" in path:
        raise UsageError("the path contains a zero byte; correct it")
    if not is_link(path) and is_folder(path):
        raise UsageError("this is a folder; give one file")
    return path


def _behind(address: str) -> str:
    parts = re.fullmatch(r"file:(?://([^/?#]*)|(?!//))(/[^?#]*)", address, re.IGNORECASE | re.DOTALL)
    if parts is None:
        raise UsageError("invalid file: address; expected file:///folder/name, with %23 and %3F for # and ? in a name")
    if (parts[1] or "").lower() not in ("", "localhost"):
        raise UsageError("the file is on another machine; give a path on this one, or an http address")
    return os.fsdecode(unquote_to_bytes(os.fsencode(parts[2])))


def _refuse(record: Prepared, slot: Slot) -> NoReturn:
    """Raises `NotSendable` for media that cannot be published."""
    broken = record.remaining or record.findings
    why = record.error.message if record.error else "; ".join(one.message for one in broken)
    place = slot.source.partition("?")[0] if is_link(slot.source) else slot.source  # a query may hold a signature
    shown = printable(place)
    shown = shown[:SHOWN] + "…" if len(shown) > SHOWN else shown
    raise NotSendable(
        f"{shown} cannot be sent: {why}",
        record if record.error else replace(record, error=Failure(NotSendable.__name__, why)),
    ) from None


def refusal(error: MediaprepError) -> Prepared:
    """The record of a message that could not even be read."""
    return failed("message", error)


def _utf8(text: str) -> str:
    """The text with as many letters, all of which can be written: JSON can name halves of letters, files cannot."""
    return text.encode("utf-8", "replace").decode()
