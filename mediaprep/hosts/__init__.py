"""Where links come from, for APIs that take no files: one module for each kind. A new one is a module, and its line
in `open_host`."""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping

from mediaprep.errors import UsageError
from mediaprep.hosts.base import Host


def open_host(
    where: str,
    *,
    public_url: str = "",
    valid_for: datetime.timedelta | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Host:
    """The host at an address: `s3://bucket/prefix`, `https://…` (WebDAV, or a server that takes PUT), or a folder.

    `public_url`: where what is stored there is served. `valid_for`: of presigned links; others do not end. Raises
    `UsageError` for an address that cannot be used, or keys that are missing. Nothing is sent.
    """
    if not where.strip():
        raise UsageError("--host is empty; give a folder, s3://bucket/prefix or https://…")
    scheme = where.partition("://")[0].lower() if "://" in where else ""
    match scheme:
        case "s3":
            from mediaprep.hosts.s3 import S3

            return S3(where, public_url=public_url, valid_for=valid_for, environment=environment)
        case "http" | "https":
            from mediaprep.hosts.webdav import WebDAV

            return WebDAV(where, public_url=public_url, environment=environment)
        case "":
            from mediaprep.hosts.folder import Folder

            return Folder(where, public_url=public_url)
        case _:
            raise UsageError(f"{scheme}:// is no kind of host; give a folder, s3://bucket/prefix or https://…")
