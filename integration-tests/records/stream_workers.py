"""stream_worker.py as processes."""

import contextlib
import subprocess
import sys
from pathlib import Path
from typing import Iterator, List

from topics import Topics

HERE = Path(__file__).parent


def spawn(topics: Topics, queue: str = "shipping") -> subprocess.Popen:
    """A stream worker."""
    server = topics.server
    places = ["kafka", server.kafka, topics.prefix, queue] if server.kafka else ["embedded", str(server.binary), server.address]
    return subprocess.Popen([sys.executable, str(HERE / "stream_worker.py"), *places])


@contextlib.contextmanager
def ended(workers: List[subprocess.Popen]) -> Iterator[List[subprocess.Popen]]:
    """These processes, which are killed afterwards; a test may kill them, and put others into the list."""
    try:
        yield workers
    finally:
        for process in workers:
            process.kill()
            process.wait()


@contextlib.contextmanager
def stream_workers(topics: Topics, count: int, queue: str = "shipping") -> Iterator[List[subprocess.Popen]]:
    """Some stream workers; a test may kill them and put others into the list."""
    with ended([spawn(topics, queue) for _ in range(count)]) as workers:
        yield workers
