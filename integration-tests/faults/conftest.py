"""One broker for all, a topic prefix and a klamm for each test."""

import uuid
from pathlib import Path
from typing import Callable, Dict, Iterator

import pytest

from support.kafka import shared_broker
from support.server import KlammServer, klamm_binary

Klamm = Callable[..., KlammServer]


@pytest.fixture(scope="session")
def bootstrap() -> Iterator[str]:
    with shared_broker() as address:
        yield address


@pytest.fixture
def prefix() -> str:
    """What the names of this test's topics begin with."""
    return f"faults-{uuid.uuid4().hex[:8]}."


@pytest.fixture
def klamm(bootstrap: str, prefix: str, tmp_path: Path) -> Iterator[Klamm]:
    """Makes a klamm with few partitions; with settings beside, and another broker, where given. All are killed in the end."""
    made = []

    def make(settings: Dict[str, str] = {}, kafka: str = bootstrap) -> KlammServer:
        number = len(made)
        own = {"kafka.topic_prefix": prefix, "kafka.partitions": "2", **settings}
        server = KlammServer(klamm_binary(), tmp_path / f"data-{number}", tmp_path / f"klamm-{number}.log", kafka, own)
        made.append(server)
        return server

    yield make
    for server in made:
        if server.running():
            server.kill()
        print(f"--- the end of {server.log}\n{server.log_tail()}")
