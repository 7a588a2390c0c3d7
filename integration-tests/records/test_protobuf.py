"""Triggers of Protobuf: schemas of a registry, with what they import; they evolve, and what cannot be read is a dead letter."""

import asyncio
import json
import os
import signal
import uuid
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

import pytest
from confluent_kafka import Producer
from temporalio.client import Client

from support.awaiting import await_until
from support.registered import Registered
from topics import Topics
from trigger_shop import started

pytestmark = pytest.mark.skipif(os.environ.get("KLAMM_IT_LOG") != "kafka", reason="records in Protobuf are produced to a broker")

MONEY = 'syntax = "proto3"; package shop; message Money { int64 cents = 1; string currency = 2; }'
ORDER = """syntax = "proto3"; package shop;
import "shop/money.proto";
import "google/protobuf/timestamp.proto";
message Ping {{}}
message Order {{
  enum Status {{ UNKNOWN = 0; PLACED = 1; }}
  int64 order_id = 1;
  Status status = 2;
  {total_type} total = 3;
  google.protobuf.Timestamp placed_at = 4;
  {more}
}}
"""
TRIGGER = """
trigger: orders
namespace: default
source: {{topic: {topic}, format: protobuf}}
rules:
  - when: "value.status == 'PLACED' && value.total.cents > 0"
    start: {{type: Order, task_queue: triggered, id: "order-${{value.order_id}}"}}
    args: [{{path: value}}]
"""


def varint(number: int) -> bytes:
    data = b""
    while number > 0x7F:
        data, number = data + bytes([number & 0x7F | 0x80]), number >> 7
    return data + bytes([number])


def field(number: int, value: Any) -> bytes:
    """A field as it stands in a message: a number, or a text or message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value if isinstance(value, bytes) else value.encode()
    return varint(number << 3 | 2) + varint(len(data)) + data


def order(number: int, note: Optional[str] = None) -> bytes:
    money = field(1, 1250) + field(2, "EUR")
    placed_at = field(1, 1_767_323_045)
    return field(1, number) + field(2, 1) + field(3, money) + field(4, placed_at) + (field(5, note) if note else b"")


def framed(schema_id: int, message: bytes, indexes: bytes = b"\x02\x02") -> bytes:
    """In Confluent's framing. The indexes of Order, the second type of its file, are [1]: count and index as zigzag varints."""
    return b"\0" + schema_id.to_bytes(4, "big") + indexes + message


class Orders(Registered):
    """A topic of orders, a registry, and a klamm that uses it."""

    def __init__(self, bootstrap: str, folder: Path) -> None:
        prefix = f"protobuf-{uuid.uuid4().hex[:8]}."
        self.topic = f"shop-{prefix}orders"
        self.subject = f"{self.topic}-value"
        super().__init__(folder, bootstrap, {"kafka.topic_prefix": prefix, "kafka.partitions": "2"})
        self.topics = Topics(self.server, prefix, f"shop-{prefix}")

    def start(self) -> None:
        super().start()
        self.topics.create(self.topic, 1)

    def register_order(self, schema: str) -> int:
        return self.register(self.subject, schema, "PROTOBUF", ["shop/money.proto"])

    def produce(self, *values: bytes) -> None:
        producer = Producer({"bootstrap.servers": self.server.kafka})
        for value in values:
            producer.produce(self.topic, value, "key")
        assert producer.flush(60) == 0

    def status(self) -> Dict[str, Any]:
        return json.loads(self.topics.klamm("trigger", "describe", "orders", "--json"))


@pytest.fixture
def orders(bootstrap: str, tmp_path: Path) -> Iterator[Orders]:
    with Orders(bootstrap, tmp_path) as orders:
        yield orders


async def argument(client: Client, workflow_id: str) -> Any:
    history = await client.get_workflow_handle(workflow_id).fetch_history()
    return json.loads(history.events[0].workflow_execution_started_event_attributes.input.payloads[0].data)


async def test_orders_in_protobuf_start_workflows_and_schemas_evolve(orders: Orders) -> None:
    orders.register("shop/money.proto", MONEY, "PROTOBUF")
    first = orders.register_order(ORDER.format(total_type="Money", more=""))
    orders.registry.ask(f"config/{orders.subject}", {"compatibility": "BACKWARD"}, method="PUT")
    second = orders.register_order(ORDER.format(total_type="Money", more="string note = 5;"))
    assert second != first
    with pytest.raises(Exception, match="409"):
        orders.register_order(ORDER.format(total_type="string", more=""))
    file = orders.folder / "orders.yaml"
    file.write_text(TRIGGER.format(topic=orders.topic))
    orders.topics.klamm("apply", "-f", str(file))

    unread: List[bytes] = [
        framed(123_456, order(3)),
        framed(first, order(4), b"\x02\x08"),
        framed(first, order(5)[:-1]),
        b'{"order_id": 6}',
    ]
    orders.produce(framed(first, order(1)), *unread, framed(second, order(2, "in haste")), framed(second, field(1, 7)), framed(second, b"", b"\0"))

    def all_taken() -> bool:
        status = orders.status()
        # A Ping, the first type of the file, has no status: its record is a dead letter, too.
        assert (status["started"], status["filtered"], status["dead_lettered"], status["lag"]) == (2, 1, 5, 0), status
        return True

    await await_until(all_taken, "two orders are started", deadline_s=60)
    client = await Client.connect(orders.server.address)
    expected = {"order_id": 1, "status": "PLACED", "total": {"cents": 1250, "currency": "EUR"}, "placed_at": "2026-01-02T03:04:05Z"}
    assert await argument(client, "order-1") == expected
    assert await argument(client, "order-2") == {**expected, "order_id": 2, "note": "in haste"}

    def dead_letters() -> List[Any]:
        letters = orders.topics.records("dlq.orders")
        assert len(letters) == 5
        return letters

    letters = await await_until(dead_letters, "the dead letters are committed", deadline_s=60)
    said = sorted((it["headers"]["__dlq.errors.offset"], it["headers"]["klamm-dlq-class"], it["headers"]["__dlq.errors.message"]) for it in letters)
    assert [(offset, kind) for offset, kind, _ in said] == [(at, "decode") for at in "1234"] + [("7", "expression")], said
    for (_, _, message), part in zip(said, ("id 123456 is known", "indexes [4]", "not of its schema", "not in the framing")):
        assert part in message, said
    # What a record would do is said without doing it.
    tried = [json.loads(line)["effect"] for line in orders.topics.klamm("trigger", "test", "orders", "--json").splitlines()]
    assert tried == ["start", *["dead_letter"] * 4, "start", "filtered", "dead_letter"]


async def test_records_wait_for_a_registry_that_does_not_answer(orders: Orders) -> None:
    orders.register("shop/money.proto", MONEY, "PROTOBUF")
    schema = orders.register_order(ORDER.format(total_type="Money", more=""))
    file = orders.folder / "orders.yaml"
    file.write_text(TRIGGER.format(topic=orders.topic))
    orders.topics.klamm("apply", "-f", str(file))
    assert orders.registry.process is not None
    orders.registry.process.send_signal(signal.SIGSTOP)
    try:
        await asyncio.to_thread(orders.produce, framed(schema, order(1)))

        def says_so() -> bool:
            return "schema registry" in json.dumps(orders.status())

        await await_until(says_so, "the status says what the trigger waits for", deadline_s=60)
        assert not started(orders.topics)
    finally:
        orders.registry.process.send_signal(signal.SIGCONT)
    await await_until(lambda: started(orders.topics)["order-1"] == 1, "the order that waited", deadline_s=60)
    await await_until(lambda: "schema registry" not in json.dumps(orders.status()), "the status is clear again", deadline_s=60)
    assert orders.status()["dead_lettered"] == 0
