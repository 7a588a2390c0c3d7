"""Servers that a test makes for itself."""

from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Dict, Iterator, List

from .server import KlammServer, klamm_binary


@contextmanager
def klamms(folder: Path) -> Iterator[Callable[[str, Dict[str, str]], KlammServer]]:
    """Makes a klamm on the broker at this address with these settings, as often as asked. In the end all are killed and their logs' ends shown."""
    made: List[KlammServer] = []

    def make(kafka: str, settings: Dict[str, str]) -> KlammServer:
        number = len(made)
        server = KlammServer(klamm_binary(), folder / f"data-{number}", folder / f"klamm-{number}.log", kafka, settings)
        made.append(server)
        return server

    try:
        yield make
    finally:
        for server in made:
            if server.running():
                server.kill()
            print(f"--- the end of {server.log}\n{server.log_tail()}")
