"""Lets a fixture know whether its test failed. A conftest.py imports the hook."""

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Note a failed test body on its item, where fixtures find it at their end."""
    report = yield
    if report.when == "call":
        item.failed = report.failed
    return report
