"""Lets a fixture know whether its test failed; keeps the SDK quiet."""

from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig

from support.outcome import pytest_runtest_makereport  # noqa: F401 (pytest finds hooks by their names)

# That servers are gone, and that a completion sent again is not wanted any more, is what these tests are about.
Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(filter="error"))))
