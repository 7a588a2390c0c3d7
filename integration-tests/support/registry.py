"""Apicurio's schema registry as a process of the tests: with Confluent's API, in memory. It comes from Maven Central. Standard library only."""

import json
import shutil
import subprocess
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Optional

from .kafka import java
from .ports import free_ports
from .toolchain import cache_dir

VERSION = "2.6.13.Final"
#: The longest a start may take, on a busy machine.
READY_DEADLINE_S = 120.0


def ensure_registry() -> Path:
    """The jar to run, beside its libraries; Maven fetches them when missing."""
    directory = cache_dir() / f"apicurio-{VERSION}"
    jar = directory / f"apicurio-registry-app-{VERSION}-runner.jar"
    if not jar.exists():
        print(f"fetching Apicurio Registry {VERSION} into {directory}", flush=True)
        directory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory.parent, prefix="apicurio-") as fetched:
            artifact = f"io.apicurio:apicurio-registry-app:{VERSION}:tar.gz:all"
            command = ["mvn", "-q", "-B", "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy", f"-Dartifact={artifact}"]
            subprocess.run([*command, f"-DoutputDirectory={fetched}"], check=True, stdin=subprocess.DEVNULL)
            (archive,) = Path(fetched).glob("*.tar.gz")
            unpacked = Path(fetched) / "unpacked"
            with tarfile.open(archive) as files:
                files.extractall(unpacked, filter="data")
            shutil.rmtree(directory, ignore_errors=True)
            unpacked.rename(directory)
    return jar


class Registry:
    """A registry that forgets everything when it ends; `url` has Confluent's API."""

    def __init__(self, log: Path) -> None:
        self.log = log
        (self.port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}/apis/ccompat/v7"
        self.process: Optional[subprocess.Popen] = None

    def start(self) -> float:
        """Start and wait until it answers; the seconds that took."""
        settings = {"quarkus.http.port": self.port, "quarkus.http.host": "127.0.0.1", "quarkus.log.level": "WARN"}
        options = ["-Xmx256m", "-XX:TieredStopAtLevel=1", *(f"-D{key}={value}" for key, value in settings.items())]
        begin = time.monotonic()
        with self.log.open("ab") as log:
            command = [java(), *options, "-jar", str(ensure_registry())]
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() - begin > READY_DEADLINE_S:
                raise RuntimeError(f"the registry does not answer\n{self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.1)
        return time.monotonic() - begin

    def answers(self) -> bool:
        try:
            return isinstance(self.ask("subjects"), list)
        except (urllib.error.URLError, OSError, ValueError):
            return False

    def ask(self, path: str, body: Any = None, method: Optional[str] = None) -> Any:
        """What the registry answers to a call."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/vnd.schemaregistry.v1+json"}
        request = urllib.request.Request(f"{self.url}/{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
