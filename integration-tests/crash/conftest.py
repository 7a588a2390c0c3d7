"""A server to kill, or a broker and two; lets a fixture know whether its test failed; keeps the SDK quiet."""

from pathlib import Path
from typing import Iterator

import pytest
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig

from cluster import Cluster
from support.outcome import pytest_runtest_makereport  # noqa: F401 (pytest finds hooks by their names)
from support.server import KlammServer, klamm_binary

# That servers are gone, and that a completion sent again is not wanted any more, is what these tests are about.
Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(filter="error"))))


@pytest.fixture
def server(request: pytest.FixtureRequest, tmp_path: Path):
    """klamm on an empty data directory, started; its log's end is shown when the test fails."""
    server = KlammServer(klamm_binary(), tmp_path / "data", tmp_path / "klamm.log", options=["--outcomes"])
    try:
        server.start()
        yield server
    finally:
        if server.running():
            server.kill()
        if getattr(request.node, "failed", True):
            print(f"--- the end of {server.log}\n{server.log_tail()}")


@pytest.fixture
def cluster(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cluster]:
    """A broker and two klamm; the ends of their logs are shown when the test fails."""
    cluster = Cluster(tmp_path)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.close(show_logs=getattr(request.node, "failed", True))
