"""The programs of the four SDKs as processes, and how each is built. Standard library only."""

import os
import signal
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Dict, List, Optional

from calls import Call, read
from support.kafka import java
from support.toolchain import ensure_go, ensure_maven_project, ensure_node, ensure_venv, node_sources

ROOT = Path(__file__).resolve().parents[1]
#: How long a program may take to connect and to start its worker: TypeScript's bundles its workflows first.
READY_DEADLINE_S = 90.0


class Program:
    """One program, once started; what it prints goes to a file of its own, what it says of itself to another."""

    def __init__(self, sdk: str, command: List[str], folder: Path, environment: Dict[str, str]) -> None:
        self.sdk = sdk
        self._command = command
        self._environment = {**os.environ, **environment}
        #: Also holds what Go's SDK logs: by default it does so on stdout.
        self.out = folder / f"{sdk}.jsonl"
        self.log = folder / f"{sdk}.log"
        self.process: Optional[subprocess.Popen] = None

    def start(self, mode: str, address: str, queue: str, number: int) -> None:
        """Start and do not wait."""
        with self.out.open("ab") as out, self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self._command, mode, address, queue, str(number)],
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=log,
                # Ctrl-C at a terminal is for the test, which ends its programs.
                start_new_session=True,
            )

    def calls(self) -> List[Call]:
        """What it has told by now."""
        return read(self.out)

    def told(self, op: str) -> bool:
        """Whether it has told this of itself: `ready`, `end`."""
        return any(call.op == op for call in self.calls())

    def await_ready(self) -> None:
        """Wait until its worker runs."""
        end = time.monotonic() + READY_DEADLINE_S
        while not self.told("ready"):
            self.check()
            if time.monotonic() > end:
                raise AssertionError(f"{self.sdk} was not ready within {READY_DEADLINE_S} s\n{self.log_tail()}")
            time.sleep(0.1)

    def check(self) -> None:
        """It has not died by itself."""
        code = self.process.poll()
        assert code is None, f"{self.sdk}'s program ended by itself with exit code {code}\n{self.log_tail()}"

    def end(self) -> None:
        """Tell it to start nothing more."""
        self.process.stdin.close()

    def await_end(self, deadline: float) -> None:
        """Wait until all that it has in flight is done; `deadline` is of `time.monotonic()`."""
        try:
            code = self.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.sdk} still waits: {self.open_ids()[:20]}\n{self.log_tail()}") from None
        assert code == 0 and self.told("end"), f"{self.sdk} ended with exit code {code}\n{self.log_tail()}"

    def open_ids(self) -> List[str]:
        """Workflows that were acknowledged and have no result."""
        calls = self.calls()
        done = {call.id for call in calls if call.whole}
        return [call.id for call in calls if call.op == "start" and call.error is None and call.id not in done]

    def kill(self) -> None:
        """End it at once, if it runs."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def log_tail(self, lines: int = 30) -> str:
        """The end of what it said of itself."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        said = [line for line in self.out.read_text(errors="replace").splitlines() if not line.startswith('{"op"')]
        return "\n".join([*text.splitlines()[-lines:], *said[-lines:]])


def programs(folder: Path, stack: ExitStack) -> List[Program]:
    """All four, built and not started; killed at the end of the stack."""
    made = [
        Program("go", _go(folder), folder, {}),
        Program("python", _python(), folder, {}),
        Program("typescript", _typescript(stack), folder, {}),
        Program("java", _java(), folder, {}),
    ]
    for program in made:
        stack.callback(program.kill)
    return made


def _go(folder: Path) -> List[str]:
    binary = folder / "soak-go"
    subprocess.run([str(ensure_go()), "build", "-o", str(binary), "./cmd/soak"], cwd=ROOT / "go", check=True)
    return [str(binary)]


def _python() -> List[str]:
    return [str(ensure_venv(ROOT / "python" / "requirements.txt")), str(ROOT / "soak" / "programs" / "program.py")]


def _typescript(stack: ExitStack) -> List[str]:
    sources = stack.enter_context(node_sources(ROOT / "typescript"))
    # As a file URL, for else Node.js looks for it from the directory that the process is in.
    loader = (sources.parent / "node_modules" / "tsx" / "dist" / "loader.mjs").as_uri()
    return [str(ensure_node() / "node"), "--import", loader, str(sources / "src" / "soak" / "program.ts")]


def _java() -> List[str]:
    built = ensure_maven_project(ROOT / "java")
    logging = ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true"]
    return [java(), "-Xmx384m", *logging, "-cp", f"{built / 'scenarios.jar'}:{built / 'libs'}/*", "io.klamm.soak.Program"]
