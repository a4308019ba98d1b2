"""What tests share: a state folder of their own, hypothesis without a clock, storage servers, where real media is."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from tests.servers.seaweedfs import SeaweedFS

# A contract's asserts tell what they saw, as a test's do; said here, since tests of other rooms import them first.
pytest.register_assert_rewrite("tests.destinations.contract", "tests.hosts.contract")

CANARY = "canary-secret"

hypothesis.settings.register_profile("mediaprep", deadline=None, print_blob=True)
hypothesis.settings.load_profile("mediaprep")


@pytest.fixture(autouse=True, scope="session")
def _own_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing that a test does is remembered in, or changed by, the user's own ledger."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MEDIAPREP_STATE", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture
def deadlines_end(monkeypatch: pytest.MonkeyPatch) -> Callable[[Event], None]:
    """Called with an event: every deadline of the network is over once that happens, and not before."""
    from tests.clocks import Leap

    return lambda happens: monkeypatch.setattr("mediaprep.network.deadline.time", Leap(happens))


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedFS]:
    from tests.servers.seaweedfs import SeaweedFS

    with SeaweedFS(tmp_path_factory.mktemp("seaweedfs")).running() as server:
        yield server


@pytest.fixture(scope="session")
def dav(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a WebDAV server, and the folder that it serves."""
    from tests.servers.webdav import webdav

    folder = tmp_path_factory.mktemp("webdav")
    with webdav(folder) as url:
        yield url, folder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """No test prints or logs a secret: all that they use hold the same words."""
    report = yield
    if report.passed and any(CANARY in text for _, text in report.sections):
        report.outcome = "failed"
        report.longrepr = f"a secret was printed or logged ({CANARY}…)"
    return report


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs the folder of real media where that is not there."""
    if Path(os.environ.get("MEDIAPREP_TEST_MEDIA", "-")).is_dir():
        return
    absent = [item for item in items if item.get_closest_marker("media")]
    if absent:
        config.hook.pytest_deselected(items=absent)
        items[:] = [item for item in items if not item.get_closest_marker("media")]
