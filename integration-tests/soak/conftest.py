"""Lets a fixture know whether its test failed; keeps the SDK of the test itself quiet."""

import pytest
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig

Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(filter="error"))))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Note a failed test body on its item, where fixtures find it at their end."""
    report = yield
    if report.when == "call":
        item.failed = report.failed
    return report
