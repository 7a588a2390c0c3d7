"""A klamm of its own for each test, with topics of requests and outcomes, on the log that KLAMM_IT_LOG names."""

import os
from pathlib import Path
from typing import AsyncIterator, Iterator

import pytest
from temporalio.client import Client

from support.kafka import NEWEST, KafkaBroker, shared_broker
from topics import Topics, a_prefix, foreign_to, running
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


@pytest.fixture(scope="session")
def newest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a broker that has share groups, and soon notices that one of their consumers is gone."""
    soon = {f"group.share.{least}session.timeout.ms": "6000" for least in ("", "min.")}
    often = {f"group.share.{least}heartbeat.interval.ms": "1000" for least in ("", "min.")}
    broker = KafkaBroker(tmp_path_factory.mktemp("newest"), {**soon, **often}, which=NEWEST)
    broker.start()
    yield broker.bootstrap_servers
    broker.kill()


@pytest.fixture
def topics(bootstrap: str, tmp_path: Path) -> Iterator[Topics]:
    prefix = a_prefix(bootstrap)
    foreign = foreign_to(prefix)
    settings = {
        "namespaces.default.requests": "true",
        "namespaces.default.outcomes": "true",
        "namespaces.default.openlineage": "true",
        "namespaces.default.tasks.queues": "shipping,ship-*,typed-*=avro",
        "namespaces.default.publish.topics": f"invoices={foreign}invoices,receipts={foreign}receipts",
    }
    options = ["--requests", "--outcomes", "--openlineage", "--stream-queue", "shipping", "--stream-queue", "ship-*", "--stream-queue", "typed-*=avro"]
    options += ["--publish", f"invoices={foreign}invoices", "--publish", f"receipts={foreign}receipts"]
    with running(bootstrap, tmp_path, settings, prefix, options) as topics:
        yield topics


@pytest.fixture
def shop(topics: Topics, tmp_path: Path) -> Shop:
    return Shop(topics, tmp_path)


@pytest.fixture
async def client(topics: Topics) -> AsyncIterator[Client]:
    yield await Client.connect(topics.server.address)
