"""A server to kill; lets a fixture know whether its test failed; keeps the SDK quiet."""

from pathlib import Path

import pytest
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig

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
