"""The programs under test: ordinary workflows and activities, one scenario per file."""
