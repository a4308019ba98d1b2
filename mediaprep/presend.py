"""The pre-send hook: a message that is about to be sent, made sendable, or refused with the reason."""

from __future__ import annotations

import datetime
from collections.abc import Collection
from pathlib import Path
from urllib.parse import unquote, urlsplit

from msgspec.structs import replace

from mediaprep.batch import check_all
from mediaprep.destinations.base import Envelope, Json, Outgoing, Reference, Slot, filled
from mediaprep.errors import MediaprepError, NotSendable, UsageError
from mediaprep.media import Media
from mediaprep.options import Options
from mediaprep.profiles import Profile, load
from mediaprep.publishing import publish
from mediaprep.record import Failure, Prepared, failed
from mediaprep.rules import Finding, check
from mediaprep.rules import errors as errors_of
from mediaprep.terms import Terms, outlives


def prepare_message(
    message: Json,
    *,
    terms: Terms,
    profile: str | Path | Profile | None = None,
    options: Options | None = None,
    allow_hosts: Collection[str] = (),
) -> Json:
    """The same message with its media published and the reference in its place; nothing else is changed.

    Its media is a path, a `file:` address or a public link, where the destination's messages have a file or a link. A
    message without media, or whose media has an id already, comes back as it is once its words fit. Nothing is sent.

    Raises `NotSendable`, which carries the record, where the message cannot be made sendable: then nothing was
    published. Raises `UsageError` for what is no message of this destination.
    """
    chosen = profile if isinstance(profile, Profile) else load(profile or terms.destination.name)
    outgoing = terms.destination.read(message)
    _words_fit(outgoing, chosen)
    slots = [slot for slot in outgoing.slots if slot.source]
    if len(slots) > 1:
        for slot in slots:
            (foreseen,) = check_all(
                [local(slot.source)], stage="plan", profile=chosen, target=slot.target or None, options=options,
                allow_hosts=allow_hosts, jobs=1,
            )  # fmt: skip
            if foreseen.action == "reject" or foreseen.error:
                raise refused(foreseen, slot)
    for slot in slots:
        record = _published(slot, terms, chosen, options, allow_hosts)
        assert record.reference is not None
        message = filled(message, slot, Reference(**record.reference))
    return message


def _published(
    slot: Slot, terms: Terms, profile: Profile, options: Options | None, allow_hosts: Collection[str]
) -> Prepared:
    terms = replace(terms, envelope=Envelope(caption=slot.caption, filename=slot.filename, scheduled_at=slot.until))
    try:
        if slot.until is not None and terms.host is not None and terms.host.valid_for is not None:
            outlives(datetime.datetime.now(datetime.UTC) + terms.host.valid_for, slot.until)
        record = publish(
            local(slot.source), terms=terms, profile=profile, target=slot.target or None, options=options,
            allow_hosts=allow_hosts,
        )  # fmt: skip
    except UsageError as error:
        record = failed(slot.source, error)
    if record.status != "published":
        raise refused(record, slot)
    return record


def _words_fit(outgoing: Outgoing, profile: Profile) -> None:
    """Raises `NotSendable` for a text or a caption that the platform would refuse."""
    broken: tuple[Finding, ...] = ()
    if "text" in profile.targets:
        text = Media(name="message", size=len(outgoing.text), mime="text/plain", kind="document", text=outgoing.text)
        broken += errors_of(check(text, profile.limits("text")))
    captions = [(outgoing.caption, "image"), *((slot.caption, slot.target or "image") for slot in outgoing.slots)]
    for words, target in captions:
        limits = profile.targets.get(target)
        if words and limits is not None:
            caption = Media(name="message", size=0, mime="", kind="document", caption=words)
            broken += tuple(one for one in check(caption, limits) if one.part == "message")
    if broken:
        record = Prepared(
            source="message", status="rejected", target="text", action="reject", findings=broken, remaining=broken
        )
        raise NotSendable(broken[0].message, _with_error(record, broken[0].message))


def local(source: str) -> str:
    """The path behind a `file:` address; every other source as it is. Raises `UsageError` for another machine's."""
    if not source.lower().startswith("file:"):
        return source
    parts = urlsplit(source)
    if parts.netloc not in ("", "localhost"):
        raise UsageError(f"{source} lies on another machine; give a path on this one, or an http address")
    return unquote(parts.path)


def refused(record: Prepared, slot: Slot) -> NotSendable:
    """The error for media that cannot be published, with its record."""
    if record.error is not None:
        said = record.error.message
    else:
        said = "; ".join(finding.message for finding in record.remaining or record.findings)
    return NotSendable(f"{slot.source} cannot be sent: {said}", _with_error(record, said))


def refusal(error: MediaprepError) -> Prepared:
    """The record of a message that could not even be read."""
    return failed("message", error)


def _with_error(record: Prepared, said: str) -> Prepared:
    """A record whose `error` says in one sentence why the message is not sendable."""
    return record if record.error else replace(record, error=Failure(NotSendable.__name__, said))
