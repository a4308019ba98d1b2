"""Where files go and what is said with them, agreed before anything is touched."""

from __future__ import annotations

import datetime
from pathlib import Path

from msgspec import Struct

from mediaprep.destinations import connect
from mediaprep.destinations.base import Carrier, Destination, Envelope, Parcel, Reference
from mediaprep.errors import UsageError
from mediaprep.hosts import open_host
from mediaprep.hosts.base import Host

TIMEOUT = 120.0
"""Seconds that an upload may take with all its repeats, beside the time that its bytes need."""


class Terms(Struct, frozen=True, kw_only=True):
    """Where files go and what is said with them: the same for every file of a run.

    `host`: where links come from; without one the destination takes the file itself. `reference`: the sender's own name
    for the upload. `try_links`: whether a link is tried as the platform would. `timeout`: seconds for one upload.
    """

    destination: Destination
    host: Host | None = None
    envelope: Envelope = Envelope()
    reference: str = ""
    force: bool = False
    try_links: bool = True
    timeout: float = TIMEOUT

    @property
    def carrier(self) -> Carrier:
        return self.host or self.destination

    @property
    def uploads(self) -> bool:
        """Whether there is anywhere to upload to; else a link that serves as it is can be used, and no file."""
        return self.host is not None or self.destination.uploads


def agree(
    via: str | Destination,
    *,
    host: str | Host | None = None,
    public_url: str = "",
    valid_for: datetime.timedelta | None = None,
    envelope: Envelope | None = None,
    reference: str = "",
    force: bool = False,
    try_links: bool = True,
    timeout: float = TIMEOUT,
) -> Terms:
    """The terms, checked as far as they can be before anything is touched. Raises `UsageError`: an address, a key or a
    host is missing, or the destination's messages cannot say what `envelope` wants said.
    """
    destination = connect(via) if isinstance(via, str) else via
    envelope = envelope or Envelope()
    if isinstance(host, str):
        host = open_host(host, public_url=public_url, valid_for=valid_for)
    elif host is None and public_url:
        raise UsageError("a public address needs a host; give --host as well")
    elif host is None and valid_for is not None:
        destination = destination.kept_for(valid_for)
    if reference and (host is not None or not destination.references):
        raise UsageError("only a file that Wassenger stores can have a reference of yours; leave --reference out")
    terms = Terms(
        destination=destination, host=host, envelope=envelope, reference=reference, force=force, try_links=try_links,
        timeout=timeout,
    )  # fmt: skip
    if terms.uploads:
        _ = terms.carrier.account
    destination.address(envelope)
    alone = [field for field in NEED_ADDRESS if getattr(envelope, field) and not envelope.template]
    if alone and not envelope.addressed:
        raise UsageError(f"--{alone[0].replace('_', '-')} is about a message, and there is none; give --to as well")
    if envelope.addressed or envelope.template:
        destination.message(PLACEHOLDER, ANY, envelope)
    if host is not None and host.valid_for and envelope.scheduled_at:
        outlives(datetime.datetime.now(datetime.UTC) + host.valid_for, envelope.scheduled_at)
    return terms


NEED_ADDRESS = ("view_once", "scheduled_at", "request_id", "custom_args", "language", "components")
ANY = Parcel(path=Path(), mime="image/jpeg", bytes=0, sha256="", target="image", filename="any.jpg")
PLACEHOLDER = Reference(link="https://example.com/")
"""What cannot be said is told before anything is uploaded, by saying it of another."""


def outlives(expires: datetime.datetime | None, until: datetime.datetime) -> None:
    """Raises `UsageError` where a link ends before the message goes out."""
    if expires is not None and expires <= until:
        raise UsageError(
            f"the link would end at {stamp(expires)}, before the message goes out at {stamp(until)}; "
            "raise --valid-for, or use a public address that does not end"
        )


def stamp(moment: datetime.datetime) -> str:
    """`2027-02-19T10:00:00Z`."""
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
