"""The contract of hosts, for each of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaprep.hosts import HOSTS
from tests.hosts.contract import HostContract
from tests.hosts.sites import SITES


@pytest.mark.parametrize("site", SITES, indirect=True)
class TestHosts(HostContract):
    pass


def test_every_host_has_a_site(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    kinds = set()
    for name, running in SITES.items():
        (tmp_path / name).mkdir()
        with running(request, tmp_path / name) as site:
            kinds.add(site.kind)
    assert kinds == HOSTS.keys()
