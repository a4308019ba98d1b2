"""The contract of destinations, for each of them."""

from __future__ import annotations

import pytest

from mediaprep.destinations import DESTINATIONS
from tests.destinations.contract import PLATFORMS, DestinationContract


@pytest.fixture(autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIAPREP_STATE", str(tmp_path_factory.mktemp("state")))


class TestDestinations(DestinationContract):
    @pytest.fixture(params=PLATFORMS)
    def name(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)


def test_every_destination_has_a_stand_in() -> None:
    assert PLATFORMS.keys() == DESTINATIONS.keys()
