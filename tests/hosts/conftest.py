"""The servers that hosts are tried against."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.seaweedfs import SeaweedFS
from tests.servers.webdav import webdav

pytest.register_assert_rewrite("tests.hosts.contract")


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedFS]:
    with SeaweedFS(tmp_path_factory.mktemp("seaweedfs")).running() as server:
        yield server


@pytest.fixture(scope="session")
def dav(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a WebDAV server, and the folder that it serves."""
    folder = tmp_path_factory.mktemp("webdav")
    with webdav(folder) as url:
        yield url, folder
