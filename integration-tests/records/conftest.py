"""A klamm of its own for each test, with topics of requests and outcomes, on the log that KLAMM_IT_LOG names."""

import os
import uuid
from pathlib import Path
from typing import AsyncIterator, Iterator

import pytest
from temporalio.client import Client

from support.kafka import shared_broker
from support.server import KlammServer, klamm_binary
from topics import Topics
from trigger_shop import Shop

ON_KAFKA = os.environ.get("KLAMM_IT_LOG") == "kafka"


@pytest.fixture(scope="session")
def bootstrap() -> Iterator[str]:
    """Address of the broker; empty on the embedded log."""
    if not ON_KAFKA:
        yield ""
        return
    with shared_broker() as address:
        yield address


@pytest.fixture
def topics(bootstrap: str, tmp_path: Path) -> Iterator[Topics]:
    prefix = f"records-{uuid.uuid4().hex[:8]}." if bootstrap else "klamm."
    # Topics of others need names that no other test has. Nobody makes them before a test does.
    foreign = f"shop-{prefix}" if bootstrap else "shop."
    settings = {
        "kafka.topic_prefix": prefix,
        "kafka.partitions": "4",
        "namespaces.default.requests": "true",
        "namespaces.default.outcomes": "true",
        "namespaces.default.openlineage": "true",
        "namespaces.default.tasks.queues": "shipping,ship-*,typed-*=avro",
        "namespaces.default.publish.topics": f"invoices={foreign}invoices,receipts={foreign}receipts",
    }
    log = tmp_path / "klamm.log"
    options = ["--requests", "--outcomes", "--openlineage", "--stream-queue", "shipping", "--stream-queue", "ship-*", "--stream-queue", "typed-*=avro"]
    options += ["--publish", f"invoices={foreign}invoices", "--publish", f"receipts={foreign}receipts"]
    server = KlammServer(klamm_binary(), tmp_path / "data", log, bootstrap or None, settings if bootstrap else None, options)
    server.start()
    try:
        yield Topics(server, prefix, foreign)
    finally:
        if server.running():
            server.kill()
        print(f"--- the end of {server.log}\n{server.log_tail()}")


@pytest.fixture
def shop(topics: Topics, tmp_path: Path) -> Shop:
    return Shop(topics, tmp_path)


@pytest.fixture
async def client(topics: Topics) -> AsyncIterator[Client]:
    yield await Client.connect(topics.server.address)
