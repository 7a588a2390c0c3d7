"""What the Python suites share: awaiting, the test environment, klamm's process."""
