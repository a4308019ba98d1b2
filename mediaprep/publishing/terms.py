"""Where files go and what is said with them, agreed before anything is touched."""

from __future__ import annotations

import datetime
from pathlib import Path

from msgspec import Struct

from mediaprep.destinations import DESTINATIONS, connect, destination_class
from mediaprep.destinations.base import Carrier, Destination, Envelope, Parcel, Reference
from mediaprep.errors import UsageError
from mediaprep.hosts import open_host
from mediaprep.hosts.base import Host

TIMEOUT = 120.0
"""Time limit per upload including retries, in seconds, plus the time that its bytes need."""


class Terms(Struct, frozen=True, kw_only=True):
    """Where files go and what is said with them: the same for every file of a run.

    `host`: where links come from; without one the destination gets the file itself. `reference`: the sender's own name
    for the upload. `try_links`: whether a link is verified as the platform would. `timeout`: seconds for one upload.
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
        """Whether there is anywhere to upload to."""
        return self.host is not None or self.destination.uploads

    @property
    def inline(self) -> bool:
        """Whether messages hold the file itself."""
        return not self.uploads and self.destination.inline > 0

    @property
    def accepts_files(self) -> bool:
        """Whether files can be sent; else only a link that serves as it is."""
        return self.uploads or self.inline


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
        raise UsageError("--public-url requires --host")
    elif host is None and valid_for is not None:
        destination = destination.kept_for(valid_for)
    if reference and (host is not None or not destination.references):
        able = " and ".join(found.title for found in map(destination_class, DESTINATIONS) if found.references)
        raise UsageError(f"--reference works only with uploads to {able}; leave it out")
    if host is not None and destination.needs_head and not host.answers_head:
        raise UsageError(
            f"{destination.title} requests links with HEAD before GET, which presigned links refuse; set --public-url "
            "too, and allow public read access there"
        )
    terms = Terms(
        destination=destination, host=host, envelope=envelope, reference=reference, force=force, try_links=try_links,
        timeout=timeout,
    )  # fmt: skip
    if terms.uploads:
        _ = terms.carrier.account
    destination.check_envelope(envelope)
    alone = [field for field in NEED_ADDRESS if getattr(envelope, field) and not envelope.template]
    if alone and not envelope.addressed:
        raise UsageError(f"--{alone[0].replace('_', '-')} requires a message; set --to too")
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
    """Raises `UsageError` where a link expires before the message goes out."""
    if expires is not None and expires <= until:
        raise UsageError(
            f"the link expires at {stamp(expires)}, before the message goes out at {stamp(until)}; "
            "raise --valid-for, or use a public address that does not expire"
        )


def stamp(time: datetime.datetime) -> str:
    """`2027-02-19T10:00:00Z`."""
    return time.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
