"""The klamm that suites share, and after each suite: is it whole? Standard library only."""

from contextlib import ExitStack
from pathlib import Path
from typing import List, Optional

from .consumers import problems, read_with_java, read_with_python, summary
from .kafka import KafkaBroker
from .server import KlammServer

#: The topic that consumers read, by the default prefix.
HISTORY = "klamm.history"


class SharedServer:
    """One klamm on one log, with a broker of its own where it needs one; started for the first suite that needs it."""

    def __init__(self, binary: Path, directory: Path, log: str) -> None:
        self.binary = binary
        self.directory = directory
        self.broker: Optional[KafkaBroker] = KafkaBroker(directory / "kafka") if log == "kafka" else None
        self.server: Optional[KlammServer] = None

    def ensure(self) -> str:
        """The address of the running server."""
        if self.server is None:
            kafka = None
            if self.broker is not None:
                print(f"Kafka is ready after {self.broker.start():.1f} s", flush=True)
                kafka = self.broker.bootstrap_servers
            self.server = KlammServer(self.binary, self.directory / "data", self.directory / "klamm.log", kafka)
        if not self.server.running():
            print(f"klamm is ready at {self.server.address} after {self.server.start():.2f} s", flush=True)
        return self.server.address

    def check(self, suite: str) -> bool:
        """After a suite: the server still runs and its histories verify."""
        if not self.server.running():
            print(f"klamm died during {suite}: exit code {self.server.process.returncode}")
            return False
        verified = self.server.verify()
        print(f"klamm verify after {suite}: exit code {verified.returncode}\n{verified.stdout}{verified.stderr}", flush=True)
        return verified.returncode == 0

    def close(self) -> List[str]:
        """What was wrong at the end: with the topic, as consumers read it, and with the stop."""
        failed: List[str] = []
        with ExitStack() as stack:
            if self.broker is not None and self.broker.running():
                stack.callback(self.broker.kill)
            if self.server is None:
                return []
            stack.callback(self._ended)
            if self.server.running():
                if self.broker is not None and not self._consume():
                    failed.append("consumers")
                try:
                    code = self.server.stop()
                except RuntimeError as error:
                    print(error, flush=True)
                    return [*failed, "clean stop"]
                print(f"klamm stopped with exit code {code}", flush=True)
                if code != 0:
                    failed.append("clean stop")
        return failed

    def log_tail(self) -> str:
        """The end of what klamm wrote."""
        return self.server.log_tail() if self.server is not None else ""

    def _consume(self) -> bool:
        """All that the suites have left on the history topic, read by a consumer in Python and one in Java."""
        kafka, registry = self.broker.bootstrap_servers, self.server.http
        try:
            python = read_with_python(kafka, [registry], HISTORY)
            print(f"Python consumer: {summary(python)}", flush=True)
            java = read_with_java(kafka, registry, HISTORY)
            print(f"Java consumer:   {summary(java)}", flush=True)
        except RuntimeError as error:
            print(error, flush=True)
            return False
        found = problems(python, java) + problems(java)
        print("\n".join(found), end="\n" if found else "", flush=True)
        return not found and python["public_events"] > 0

    def _ended(self) -> None:
        if self.server.running():
            self.server.kill()
