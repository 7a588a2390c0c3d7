"""The workers of examples/stream-workers, as processes."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Iterator, List, Sequence

from stream_workers import ended
from topics import Topics

from support.kafka import NEWEST, ensure_kafka, java
from support.server import klamm_binary
from support.toolchain import ensure_maven_project

TESTS = Path(__file__).parents[1]
EXAMPLES = TESTS.parent / "examples" / "stream-workers"
#: After this time the others have the tasks of a worker that was killed. (The broker's least is 6 s, which a busy machine may take for a breath.)
SESSION_TIMEOUT_MS = "15000"


def command(language: str) -> List[str]:
    """The command that runs a worker: of one of the languages, or `share`, the one in Java with a share consumer."""
    if language == "python":
        return [sys.executable, str(EXAMPLES / "worker.py")]
    if language == "rust":
        # Built with the workspace, as klamm is.
        return [os.environ.get("KLAMM_EXAMPLE_STREAM_WORKER_BIN") or str(klamm_binary().with_name("klamm-example-stream-worker"))]
    if language == "share":
        libraries, source = ensure_kafka(NEWEST), "ShareWorker.java"
    else:
        libraries, source = ensure_maven_project(TESTS / "consumers" / "java") / "libs", "Worker.java"
    return [java(), "-Xmx128m", "-XX:TieredStopAtLevel=1", "-cp", f"{libraries}/*", str(EXAMPLES / source)]


@contextlib.contextmanager
def example_workers(topics: Topics, languages: Sequence[str]) -> Iterator[List[subprocess.Popen]]:
    """A worker in each of these languages, for the task queue `shipping`; a test may kill them."""
    environment = {**os.environ, "SESSION_TIMEOUT_MS": SESSION_TIMEOUT_MS}
    places = [topics.server.kafka, topics.prefix, "default", "shipping"]
    with ended([subprocess.Popen([*command(language), *places], env=environment) for language in languages]) as workers:
        yield workers
