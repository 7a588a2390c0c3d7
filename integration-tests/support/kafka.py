"""A real Apache Kafka as a process of the tests: one node, broker and controller in one (KRaft).

The jars come from Maven Central, as `kafka-broker/pom.xml` pins them, into the
cache directory. A broker lives in a directory of its own, which also says
where it listens and which process it is: so another process may kill it and
start it again. Standard library only.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

from .ports import free_ports
from .process import cpu_seconds
from .toolchain import cache_dir

#: The longest a start may take, on a busy machine and after a kill.
READY_DEADLINE_S = 90.0
#: The longest a clean stop may take.
STOP_DEADLINE_S = 30.0
#: What the broker writes when it takes requests.
READY_LINE = b"Kafka Server started"
#: The broker's address for programs that the tests run.
ADDRESS_VARIABLE = "KAFKA_BOOTSTRAP_SERVERS"

PROJECT = Path(__file__).resolve().parent / "kafka-broker"

#: Settings of a small broker that forgets nothing by itself and makes nobody wait.
SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "auto.create.topics.enable": "false",
    "group.initial.rebalance.delay.ms": "0",
    "offsets.topic.num.partitions": "4",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "log.cleaner.dedupe.buffer.size": str(16 << 20),
}


#: The version that tests run against, and the newest one, for what the other does not have (share groups): properties of `pom.xml`.
USUAL, NEWEST = "kafka.version", "kafka.newest.version"


def ensure_kafka(which: str = USUAL) -> Path:
    """The directory of the broker's jars; Maven fetches them when missing."""
    pom = PROJECT / "pom.xml"
    version = re.search(f"<{re.escape(which)}>(.+)</", pom.read_text()).group(1)
    directory = cache_dir() / f"kafka-{version}"
    done = directory / ".complete"
    if not done.exists():
        if shutil.which("mvn") is None:
            raise SystemExit("Kafka is fetched by Maven, which is not installed\nhint: make setup-test")
        print(f"fetching Apache Kafka {version} into {directory}", flush=True)
        directory.parent.mkdir(parents=True, exist_ok=True)
        # Into a directory of this process first: two suites may come here at once.
        with tempfile.TemporaryDirectory(dir=directory.parent, prefix="kafka-") as fetched:
            command = ["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", "-DincludeScope=runtime", f"-D{USUAL}={version}"]
            subprocess.run([*command, f"-DoutputDirectory={fetched}"], check=True, stdin=subprocess.DEVNULL)
            directory.mkdir(exist_ok=True)
            for jar in Path(fetched).iterdir():
                jar.replace(directory / jar.name)
        done.touch()
    return directory


class KafkaBroker:
    """One broker. Its directory is made at the first start; a later one serves the same data on the same ports.

    `settings` are broker properties beside or instead of SETTINGS, used when
    the directory is made, as is `security` (see kafka_security.py). `which`
    is its version: USUAL or NEWEST.
    """

    def __init__(self, directory: Path, settings: Optional[Dict[str, str]] = None, security: Any = None, which: str = USUAL) -> None:
        self.directory = Path(directory).resolve()
        self.log = self.directory / "kafka.log"
        self.settings = settings or {}
        self.security = security
        self.which = which
        self._state = self.directory / "broker.json"
        self._process: Optional[subprocess.Popen] = None

    @property
    def bootstrap_servers(self) -> str:
        """Where clients connect; with security, by SASL and TLS."""
        return f"127.0.0.1:{self._read()['port']}"

    @property
    def plain_bootstrap_servers(self) -> str:
        """Where a client that is allowed everything connects without TLS; differs only with security."""
        return f"127.0.0.1:{self._read()['plain_port']}"

    @property
    def pid(self) -> Optional[int]:
        """The running process, also one that another program has started."""
        pid = self._read().get("pid") if self._state.exists() else None
        return pid if pid and self._is_ours(pid) else None

    def running(self) -> bool:
        """Whether the process lives."""
        return self.pid is not None

    def spawn(self) -> None:
        """Start the process and do not wait until it is ready."""
        if self.running():
            raise RuntimeError(f"a broker runs already in {self.directory}")
        if not self._state.exists():
            self._make()
        with self.log.open("ab") as log:
            self._ready_from = log.tell()
            # A session of its own: Ctrl-C at a terminal is for the tests, which stop the broker last.
            self._process = subprocess.Popen(
                [*self._java("-Xms256m", "-Xmx512m"), "kafka.Kafka", str(self.directory / "server.properties")],
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._write({**self._read(), "pid": self._process.pid})

    def start(self) -> float:
        """Start and wait until requests are taken; the seconds that took."""
        begin = time.monotonic()
        self.spawn()
        while not self._ready():
            if not self.running():
                raise RuntimeError(f"Kafka ended at its start\n{self.log_tail()}")
            if time.monotonic() - begin > READY_DEADLINE_S:
                raise RuntimeError(f"Kafka was not ready after {READY_DEADLINE_S} s\n{self.log_tail()}")
            time.sleep(0.05)
        return time.monotonic() - begin

    def kill(self) -> None:
        """SIGKILL, and wait until the process is gone."""
        self._signal(signal.SIGKILL, STOP_DEADLINE_S)

    def stop(self) -> None:
        """SIGTERM; a stop that takes too long is ended by SIGKILL."""
        if not self._signal(signal.SIGTERM, STOP_DEADLINE_S):
            self.kill()

    def restart(self) -> float:
        """A clean stop and a start; the seconds that the start took."""
        self.stop()
        return self.start()

    def cpu_seconds(self) -> float:
        """CPU time of the process since its start, user and system."""
        pid = self.pid
        if pid is None:
            raise RuntimeError("Kafka does not run")
        return cpu_seconds(pid)

    def log_tail(self, lines: int = 40) -> str:
        """The end of what the broker wrote."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def _make(self) -> None:
        """Settings, formatted storage, and the state that other processes read."""
        self.directory.mkdir(parents=True, exist_ok=True)
        port, controller, plain = free_ports(3)
        listeners = {"PLAINTEXT": port} if self.security is None else {"SASL_SSL": port, "PLAINTEXT": plain}
        addresses = ",".join(f"{name}://127.0.0.1:{number}" for name, number in listeners.items())
        properties = {
            **SETTINGS,
            "listeners": f"{addresses},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": addresses,
            "inter.broker.listener.name": "PLAINTEXT",
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "log.dirs": str(self.directory / "data"),
        }
        format_options: List[str] = []
        if self.security is not None:
            properties.update(self.security.properties(self.directory))
            format_options = self.security.format_options()
        properties.update(self.settings)
        file = self.directory / "server.properties"
        file.write_text("".join(f"{key}={value}\n" for key, value in properties.items()))
        storage = ["kafka.tools.StorageTool", "format", "--cluster-id", "klammtestsAAAAAAAAAAAA", "--config", str(file)]
        formatted = subprocess.run(
            [*self._java("-Xmx128m", "-XX:TieredStopAtLevel=1"), *storage, *format_options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        if formatted.returncode != 0:
            raise RuntimeError(f"formatting Kafka's storage failed\n{formatted.stdout}")
        self._write({"port": port, "plain_port": listeners["PLAINTEXT"]})

    def _java(self, *options: str) -> List[str]:
        jars = ensure_kafka(self.which) / "*"
        return [java(), *options, f"-Dlog4j2.configurationFile={PROJECT / 'log4j2.properties'}", "-cp", str(jars)]

    def _ready(self) -> bool:
        with self.log.open("rb") as log:
            log.seek(self._ready_from)
            return READY_LINE in log.read()

    def _signal(self, number: int, deadline_s: float) -> bool:
        """Send a signal to the process, if there is one; whether it ended in time."""
        pid = self.pid
        if pid is None:
            return True
        os.kill(pid, number)
        end = time.monotonic() + deadline_s
        while self._is_ours(pid):
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return True

    def _is_ours(self, pid: int) -> bool:
        """Whether this process lives and is the broker of this directory, not another one of the same id."""
        if self._process is not None and self._process.pid == pid:
            return self._process.poll() is None
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False
        return str(self.directory / "server.properties").encode() in command

    def _read(self) -> Dict[str, Any]:
        return json.loads(self._state.read_text())

    def _write(self, state: Dict[str, Any]) -> None:
        fresh = self._state.with_suffix(".new")
        fresh.write_text(json.dumps(state))
        fresh.replace(self._state)


def java() -> str:
    """The Java runtime: of JAVA_HOME, else of the path."""
    home = os.environ.get("JAVA_HOME")
    found = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if not found:
        raise SystemExit("Kafka needs Java 17 or newer, which is not installed\nhint: make setup-test")
    return found


@contextmanager
def shared_broker() -> Iterator[str]:
    """The addresses of the broker that KAFKA_BOOTSTRAP_SERVERS names, else of one that lives as long as the block."""
    named = os.environ.get(ADDRESS_VARIABLE)
    if named:
        yield named
        return
    with tempfile.TemporaryDirectory(prefix="klamm-kafka-") as directory:
        broker = KafkaBroker(Path(directory))
        try:
            broker.start()
            yield broker.bootstrap_servers
        finally:
            broker.kill()
