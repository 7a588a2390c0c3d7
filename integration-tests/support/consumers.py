"""The two consumers of the history topic (the one in Python also of outcomes), as processes: Python (live or to the end) and Java (to the end).

Standard library only.
"""

import json
import os
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from .kafka import java
from .toolchain import ensure_maven_project, ensure_venv

ROOT = Path(__file__).resolve().parents[1]
PYTHON_CONSUMER = ROOT / "consumers" / "python" / "consumer.py"
JAVA_PROJECT = ROOT / "consumers" / "java"
#: The longest a consumer may take from when it is told to end at the end.
END_DEADLINE_S = 180.0

#: What both consumers count, and must count alike.
COMPARED = ("partitions", "records", "public_events", "runs", "closed_runs", "digest", "kinds")

Report = Dict[str, Any]


class PythonConsumer:
    """The consumer in Python, reading along from when it is made until `finish`."""

    def __init__(
        self, bootstrap: str, registries: Sequence[str], topic: str, follow: bool = True, outcomes: bool = False
    ) -> None:
        python = ensure_venv(ROOT / "python" / "requirements.txt")
        command = [str(python), str(PYTHON_CONSUMER), "--bootstrap", bootstrap, "--topic", topic, "--runs"]
        for registry in registries:
            command += ["--registry", registry]
        if follow:
            command.append("--follow")
        if outcomes:
            command.append("--outcomes")
        # Files instead of pipes: nobody reads until the end.
        self._out, self._err = tempfile.TemporaryFile("w+"), tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self._out, stderr=self._err)

    def finish(self) -> Report:
        """Let it read what is committed by now; what it has found over all its time."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(END_DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.kill()
        self._out.seek(0)
        self._err.seek(0)
        return _report("the Python consumer", self._out.read(), self._err.read())

    def kill(self) -> None:
        """End it without a report."""
        self.process.kill()
        self.process.wait()


def read_with_python(bootstrap: str, registries: Sequence[str], topic: str) -> Report:
    """Read the topic from beginning to end."""
    consumer = PythonConsumer(bootstrap, registries, topic, follow=False)
    try:
        consumer.process.wait(END_DEADLINE_S)
    except subprocess.TimeoutExpired:
        consumer.kill()
    return consumer.finish()


def read_with_java(bootstrap: str, registry: str, topic: str) -> Report:
    """Read the topic from beginning to end."""
    built = ensure_maven_project(JAVA_PROJECT)
    command = [java(), "-Xmx256m", "-cp", f"{built / 'consumer.jar'}:{built / 'libs'}/*", "io.klamm.consumer.Main"]
    ended = subprocess.run(
        [*command, bootstrap, registry, topic],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=END_DEADLINE_S,
    )
    return _report("the Java consumer", ended.stdout, ended.stderr)


def problems(report: Report, other: Optional[Report] = None) -> List[str]:
    """What is wrong with a report, and where it and another of the same records disagree; empty when nothing is."""
    found = list(report["violations"])
    if report["violation_count"] > len(found):
        found.append(f"… {report['violation_count']} violations in all")
    if other is not None:
        found += [f"{key}: {report[key]} and {other[key]}" for key in COMPARED if report[key] != other[key]]
    return found


def summary(report: Report) -> str:
    """A line for people."""
    return (
        f"{report['public_events']} public events of {report['runs']} runs ({report['closed_runs']} closed) "
        f"in {report['records']} records on {report['partitions']} partitions, digest {report['digest']}, "
        f"{report['violation_count']} violations"
    )


def _report(who: str, out: str, err: str) -> Report:
    lines = out.splitlines()
    if not lines:
        raise RuntimeError(f"{who} gave no report\n{err}")
    return json.loads(lines[-1])
