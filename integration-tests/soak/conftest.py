"""Lets a fixture know whether its test failed; keeps the SDK of the test itself quiet."""

from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig

from support.outcome import pytest_runtest_makereport  # noqa: F401 (pytest finds hooks by their names)

Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(filter="error"))))
