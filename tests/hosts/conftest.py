"""The servers that hosts are tried against."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.seaweedfs import SeaweedFS

pytest.register_assert_rewrite("tests.hosts.contract")


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedFS]:
    with SeaweedFS(tmp_path_factory.mktemp("seaweedfs")).running() as server:
        yield server
