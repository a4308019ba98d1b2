"""A folder that the user's own web server serves."""

from __future__ import annotations

import datetime
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from mediaprep.destinations.base import Parcel, Receipt
from mediaprep.errors import InputChanged, Unreachable, UsageError
from mediaprep.hosts.base import Host, Links, link_to, name_of
from mediaprep.network.addresses import checked
from mediaprep.network.web import Line
from mediaprep.running import staging

CHUNK = 1 << 20


class Folder(Host):
    """Files appear whole, by one rename, and readable for everybody. What type they are served with is the web
    server's: no file can say it.
    """

    schemes = ("",)
    form = "a folder"
    links = (
        Links(
            host="a folder, with `--public-url`",
            kind="public",
            content_type="set by the web server: have it send `audio/ogg; codecs=opus` for `.ogg`",
        ),
    )

    def __init__(
        self,
        where: str,
        *,
        public_url: str = "",
        valid_for: datetime.timedelta | None = None,
        environment: Mapping[str, str],
    ) -> None:
        self._folder = Path(where).absolute()
        if not public_url:
            raise UsageError(f"{where} is a folder, which requires --public-url: the address under which it is served")
        self._public = checked(public_url, "--public-url")
        if os.path.lexists(self._folder) and not staging.is_folder(self._folder):
            raise UsageError(f"{where} is not a folder; --host expects the folder that the web server serves")
        if not staging.is_folder(self._folder.parent):
            raise UsageError(f"{self._folder.parent} does not exist; correct --host {where}, or create that folder")

    @property
    def account(self) -> str:
        return str(self._folder)

    def holds(self, parcel: Parcel, line: Line) -> bool:
        final = self._folder / name_of(parcel)
        with staging.writing(final):
            there = final.is_file() and final.stat().st_size == parcel.bytes
            return there and staging.sha256(final) == parcel.sha256

    def put(self, parcel: Parcel, line: Line) -> Receipt:
        """Raises `OutputError`, `DiskFull`, or `InputChanged` where the bytes are not the parcel's."""
        name = name_of(parcel)
        final = self._folder / name
        with staging.writing(final):
            if not self._folder.is_dir():
                self._folder.mkdir(exist_ok=True)
                self._folder.chmod(0o755)
        with staging.run_folder(self._folder) as work:
            made = work / name
            self._copy(parcel, made, line)
            line.last()
            staging.deliver(made, self._folder, parcel.sha256, final.suffix, replacing=final)
        return Receipt(value=name)

    def _copy(self, parcel: Parcel, made: Path, line: Line) -> None:
        seen = hashlib.sha256()
        with parcel.path.open("rb") as reader, staging.writing(made), made.open("xb") as writer:
            while chunk := reader.read(CHUNK):
                if line.deadline.left <= 0:
                    raise Unreachable(f"{self._folder}: {line.deadline.why}")
                seen.update(chunk)
                writer.write(chunk)
                line.progress(writer.tell() / parcel.bytes)
            made.chmod(0o644)
        if seen.hexdigest() != parcel.sha256:
            raise InputChanged("the ready file changed before it was published; run again")

    def link(self, name: str) -> tuple[str, datetime.datetime | None]:
        return link_to(self._public, name), None
