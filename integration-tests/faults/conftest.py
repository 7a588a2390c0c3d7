"""One broker for all, a topic prefix and a klamm for each test."""

import uuid
from pathlib import Path
from typing import Callable, Dict, Iterator

import pytest

from support.kafka import shared_broker
from support.made import klamms
from support.server import KlammServer

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
    own = {"kafka.topic_prefix": prefix, "kafka.partitions": "2"}
    with klamms(tmp_path) as make:
        yield lambda settings={}, kafka=bootstrap: make(kafka, {**own, **settings})
