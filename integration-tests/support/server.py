"""klamm as a process of the tests: start, wait until ready, kill, stop, verify.

Standard library only: the entry script uses it outside the virtual environment.
"""

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

from .ports import free_ports
from .process import cpu_seconds

#: The longest a start may take, replay of a crashed server's log included.
READY_DEADLINE_S = 60.0
#: Where completion callbacks may go: to servers of the tests.
CALLBACK_ADDRESS = "http://127.0.0.1:*"
#: The longest a clean stop may take after SIGTERM.
STOP_DEADLINE_S = 15.0
#: The longest `klamm verify` and other commands that ask the server may take.
COMMAND_DEADLINE_S = 120.0


def klamm_binary() -> Path:
    """The binary under test: KLAMM_BIN, else the release build of this work tree."""
    named = os.environ.get("KLAMM_BIN")
    if named:
        return Path(named)
    root = Path(__file__).resolve().parents[2]
    target = Path(os.environ.get("CARGO_TARGET_DIR", root / "target"))
    return target / "release" / "klamm"


class KlammServer:
    """One `klamm dev`, or with `kafka` set one `klamm serve`, with its data directory; it may be started again after a kill.

    `kafka` holds the broker's addresses; `settings` are keys of klamm's
    configuration beside what stands here, by their full names (`kafka.partitions`).
    `options` are further options of `klamm dev`.
    """

    def __init__(
        self,
        binary: Path,
        data_dir: Path,
        log: Path,
        kafka: Optional[str] = None,
        settings: Optional[Dict[str, str]] = None,
        options: Sequence[str] = (),
    ) -> None:
        self.binary = binary
        self.data_dir = data_dir
        self.log = log
        self.kafka = kafka
        self.settings = settings or {}
        self.options = list(options)
        self.port, self.http_port = free_ports(2)
        self.process: Optional[subprocess.Popen] = None

    @property
    def address(self) -> str:
        """Where gRPC is served."""
        return f"127.0.0.1:{self.port}"

    @property
    def http(self) -> str:
        """Where HTTP is served: health, metrics, schemas."""
        return f"http://127.0.0.1:{self.http_port}"

    def spawn(self) -> None:
        """Start the process and do not wait for it."""
        command = [str(self.binary), *(["serve"] if self.kafka else self._dev_options())]
        environment = {**os.environ, **(self._serve_variables() if self.kafka else {})}
        with self.log.open("ab") as log:
            log.write(f"--- {' '.join(command)}\n".encode())
            log.flush()
            self.process = subprocess.Popen(
                command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=environment
            )

    def _dev_options(self) -> List[str]:
        places = ["--data-dir", str(self.data_dir), "--port", str(self.port), "--http-port", str(self.http_port)]
        return ["dev", *places, "--limit", f"callback_addresses={CALLBACK_ADDRESS}", *self.options]

    def _serve_variables(self) -> Dict[str, str]:
        settings = {
            "kafka.bootstrap_servers": self.kafka,
            "server.ip": "127.0.0.1",
            "server.port": str(self.port),
            "server.http_port": str(self.http_port),
            "server.data_dir": str(self.data_dir),
            "limits.callback_addresses": CALLBACK_ADDRESS,
            **self.settings,
        }
        return {f"KLAMM_{key.replace('.', '__').upper()}": value for key, value in settings.items()}

    def start(self) -> float:
        """Start and wait until /healthz says yes; the seconds that took."""
        begin = time.monotonic()
        self.spawn()
        while not self.healthy():
            if self.process.poll() is not None:
                raise RuntimeError(f"klamm ended at its start with exit code {self.process.returncode}")
            if time.monotonic() - begin > READY_DEADLINE_S:
                raise RuntimeError(f"klamm was not ready after {READY_DEADLINE_S} s")
            time.sleep(0.02)
        return time.monotonic() - begin

    def healthy(self) -> bool:
        """Whether /healthz says yes now."""
        try:
            with urllib.request.urlopen(f"{self.http}/healthz", timeout=1) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def get(self, path: str) -> Tuple[int, str]:
        """Status and text of an answer over HTTP; 0 when there is none."""
        try:
            with urllib.request.urlopen(f"{self.http}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read().decode()
        except (urllib.error.URLError, OSError):
            return 0, ""

    def running(self) -> bool:
        """Whether the process lives."""
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """SIGKILL, and wait until the process is gone."""
        assert self.process is not None, "kill before start"
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM; the exit code. A stop that takes too long is killed and raises."""
        assert self.process is not None, "stop before start"
        if self.running():
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise RuntimeError(f"klamm did not stop within {STOP_DEADLINE_S} s of SIGTERM") from None

    def cpu_seconds(self) -> float:
        """CPU time of the process since its start, user and system."""
        assert self.process is not None, "cpu_seconds before start"
        return cpu_seconds(self.process.pid)

    def verify(self) -> subprocess.CompletedProcess:
        """`klamm verify` against this running server."""
        return self.command("verify")

    def topic_records(self, topic: str) -> List[str]:
        """The records of one topic as `klamm topics cat --json` prints them, with their fields in one order."""
        printed = self.command("topics", "cat", topic, "--json")
        if printed.returncode != 0:
            raise RuntimeError(f"klamm topics cat {topic}: exit code {printed.returncode}\n{printed.stderr}")
        return [json.dumps(json.loads(line), sort_keys=True) for line in printed.stdout.splitlines()]

    def check(self, *options: str) -> subprocess.CompletedProcess:
        """`klamm serve --check` with this server's settings; its output captured."""
        return subprocess.run(
            [str(self.binary), "serve", "--check", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            timeout=COMMAND_DEADLINE_S,
            env={**os.environ, **self._serve_variables()},
        )

    def command(self, *arguments: str) -> subprocess.CompletedProcess:
        """One of klamm's commands that ask the running server; its output captured."""
        return subprocess.run(
            [str(self.binary), *arguments, "--address", self.address],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            timeout=COMMAND_DEADLINE_S,
        )

    def log_tail(self, lines: int = 60) -> str:
        """The end of what the server wrote."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])
