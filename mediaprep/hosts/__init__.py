"""Where links come from, for APIs that accept only links: one module for each kind. A new one is a module with a
`Host`, and its line here.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping
from importlib import import_module

from mediaprep.errors import UsageError, did_you_mean
from mediaprep.hosts.base import Host

HOSTS = {
    "folder": "Folder",
    "s3": "S3",
    "webdav": "WebDAV",
}


def host_kind(name: str) -> type[Host]:
    """The class of a host, by the name of its module."""
    found: type[Host] = getattr(import_module(f"mediaprep.hosts.{name}"), HOSTS[name])
    return found


def open_host(
    where: str,
    *,
    public_url: str = "",
    valid_for: datetime.timedelta | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Host:
    """The host at an address: `s3://bucket/prefix`, `https://…` (WebDAV, or a server that takes PUT), or a folder.

    `public_url`: where what is stored there is served. `valid_for`: of presigned links; others do not expire. Raises
    `UsageError` for an address that cannot be used, or keys that are missing. Nothing is sent.
    """
    kinds = [host_kind(name) for name in HOSTS]
    accepted = " or ".join(", ".join(kind.form for kind in kinds).rsplit(", ", 1))
    if not where.strip():
        raise UsageError(f"--host is empty; give {accepted}")
    scheme = where.partition("://")[0].lower() if "://" in where else ""
    for kind in kinds:
        if scheme in kind.schemes:
            return kind(where, public_url=public_url, valid_for=valid_for, environment=environment)
    known = [one for kind in kinds for one in kind.schemes]
    raise UsageError(f"invalid --host: {scheme}:// is not supported{did_you_mean(scheme, known)}; give {accepted}")
