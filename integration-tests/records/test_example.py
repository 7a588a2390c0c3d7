"""examples/orders-on-kafka, as its README says: a table's rows in Avro, payments, a worker without SDK, invoices, outcomes; and klamm is killed."""

import asyncio
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List

import fastavro
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic
from temporalio.client import Client

from support.awaiting import await_until
from support.kafka import KafkaBroker
from support.registered import Registered

EXAMPLES = Path(__file__).parents[2] / "examples"
ORDERS = EXAMPLES / "orders-on-kafka"
sys.path.insert(0, str(ORDERS))
from shop import ENVELOPE, ROW, register  # noqa: E402

COUNT = 60

pytestmark = pytest.mark.skipif(os.environ.get("KLAMM_IT_LOG") != "kafka", reason="the example needs a broker")


class Shop(Registered):
    """The broker, the registry, klamm, and the programs of the example."""

    def __init__(self, directory: Path) -> None:
        self.programs: List[subprocess.Popen] = []
        self.broker = KafkaBroker(directory / "kafka")
        self.broker.start()
        settings = {
            "namespaces.default.outcomes": "true",
            "namespaces.default.tasks.queues": "shipping,typed-*=avro",
            "namespaces.default.publish.topics": "invoices=shop.invoices",
        }
        super().__init__(directory, self.brokers, settings)

    def start(self) -> None:
        admin = AdminClient({"bootstrap.servers": self.brokers})
        topics = [NewTopic(name, 4, 1) for name in ("shop.orders", "shop.payments", "shop.invoices")]
        for future in admin.create_topics(topics).values():
            future.result(60)
        super().start()

    @property
    def brokers(self) -> str:
        return self.broker.bootstrap_servers

    def run(self, name: str, script: Path, *arguments: str) -> subprocess.Popen:
        with (self.folder / f"{name}.log").open("wb") as log:
            program = subprocess.Popen([sys.executable, "-u", str(script), *arguments], stdout=log, stderr=subprocess.STDOUT)
        self.programs.append(program)
        return program

    def said(self, name: str) -> List[str]:
        return (self.folder / f"{name}.log").read_text().splitlines()

    def close(self) -> None:
        for program in self.programs:
            program.kill()
            program.wait()
        super().close()
        self.broker.kill()
        for log in sorted(self.folder.glob("*.log")):
            print(f"--- the end of {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-25:]))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with Shop(tmp_path) as shop:
        yield shop


async def test_each_order_is_shipped_and_invoiced_once_although_klamm_is_killed(shop: Shop) -> None:
    applied = shop.server.command("apply", "-f", str(ORDERS / "orders.yaml"), "-f", str(ORDERS / "payments.yaml"))
    assert applied.returncode == 0, applied.stderr
    shop.run("workflow", ORDERS / "workflow.py", shop.server.address)
    shop.run("worker", EXAMPLES / "stream-workers" / "worker.py", shop.brokers, "klamm.", "default", "shipping")
    ledger = shop.run("ledger", ORDERS / "ledger.py", shop.brokers, shop.registry.url, str(COUNT))
    half = COUNT // 2
    for first, last in ((1, half), (half + 1, COUNT)):
        shopping = shop.run("shop", ORDERS / "shop.py", shop.brokers, shop.registry.url, str(first), str(last))
        await await_until(lambda: shopping.poll() is not None, "the shop has written its records", deadline_s=60)
        assert shopping.returncode == 0
        if first == 1:
            shop.server.kill()
            shop.server.start()
    await await_until(lambda: ledger.poll() is not None, "each order is in the ledger", deadline_s=180)
    assert ledger.returncode == 0, shop.said("ledger")
    booked = [line for line in shop.said("ledger") if line.startswith("order-")]
    expected = [f"order-{number}: {number + 0.5} of customer-{number % 7}, COMPLETED" for number in range(1, COUNT + 1)]
    assert sorted(booked) == sorted(expected)
    assert [(await described(shop, trigger))["dead_lettered"] for trigger in ("orders", "payments")] == [0, 0]
    # klamm's own schemas are the registry's, too.
    subjects = await asyncio.to_thread(shop.registry.ask, "subjects")
    assert {"klamm.history-value", "klamm.outcomes.default-value", "klamm.tasks.default-value", "shop.orders-value"} <= set(subjects), subjects
    verified = await asyncio.to_thread(shop.server.verify)
    assert verified.returncode == 0, verified.stdout


async def test_schemas_evolve_and_one_that_nobody_knows_is_a_dead_letter(shop: Shop) -> None:
    applied = shop.server.command("apply", "-f", str(ORDERS / "orders.yaml"))
    assert applied.returncode == 0, applied.stderr
    row = {**ROW, "fields": [*ROW["fields"], {"name": "note", "type": ["null", "string"], "default": None}]}
    before, after, *others = ENVELOPE["fields"]
    evolved = {**ENVELOPE, "fields": [{**before, "type": ["null", row]}, after, *others]}
    producer = Producer({"bootstrap.servers": shop.brokers})
    for number, schema in ((1, ENVELOPE), (2, evolved)):
        schema_id = register(shop.registry.url, "shop.orders-value", schema)
        value = io.BytesIO(b"\0" + schema_id.to_bytes(4, "big"))
        value.seek(5)
        placed = {"id": number, "customer": "c", "status": "PLACED", "note": "in haste"}
        fastavro.schemaless_writer(value, fastavro.parse_schema(schema), {"before": None, "after": placed, "op": "c", "ts_ms": None})
        producer.produce("shop.orders", value.getvalue(), str(number))
    producer.produce("shop.orders", b"\0" + (123_456).to_bytes(4, "big") + b"x", "3")
    assert producer.flush(60) == 0

    async def all_taken() -> bool:
        trigger = await described(shop, "orders")
        # Each signal came with its start.
        assert (trigger["started"], trigger["signalled"], trigger["dead_lettered"], trigger["lag"]) == (2, 0, 1, 0), trigger
        return True

    await await_until(all_taken, "two orders are started, and one is a dead letter", deadline_s=60)
    client = await Client.connect(shop.server.address)
    notes = {}
    for number in (1, 2):
        history = await client.get_workflow_handle(f"order-{number}").fetch_history()
        signals = [event for event in history.events if event.HasField("workflow_execution_signaled_event_attributes")]
        placed = json.loads(signals[0].workflow_execution_signaled_event_attributes.input.payloads[0].data)
        notes[number] = placed.get("note")
    assert notes == {1: None, 2: "in haste"}


    def dead_letters() -> List[Any]:
        return [json.loads(line) for line in shop.server.command("topics", "cat", "dlq.orders", "--json").stdout.splitlines()]

    (letter,) = await await_until(dead_letters, "the dead letter is committed")
    assert letter["headers"]["klamm-dlq-class"] == "decode" and "123456" in letter["headers"]["__dlq.errors.message"], letter


async def described(shop: Shop, trigger: str) -> Dict[str, Any]:
    """What `klamm trigger describe` says."""
    answer = await asyncio.to_thread(shop.server.command, "trigger", "describe", trigger, "--json")
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)
