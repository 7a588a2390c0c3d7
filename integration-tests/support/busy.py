"""A machine without a moment's rest: one process per core that only counts."""

import os
import subprocess
import sys
from contextlib import contextmanager
from typing import Iterator, List


@contextmanager
def busy_cores() -> Iterator[None]:
    """As many busy processes as there are cores, until the block ends. They end by themselves when this process is gone."""
    count = "import os, sys\nparent = os.getppid()\nwhile os.getppid() == parent:\n    sum(range(100_000))\n"
    busy: List[subprocess.Popen] = []
    try:
        for _ in range(os.cpu_count() or 1):
            busy.append(subprocess.Popen([sys.executable, "-c", count], stdin=subprocess.DEVNULL))
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()
