"""Workflows publish in Avro, by the newest schema of a registry's subject; a consumer reads it by the schema that the record names."""

import io
import json
import os
import uuid
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, AsyncIterator, Dict, Iterator, List, Optional

import fastavro
import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from temporalio.client import Client, WorkflowFailureError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from support.awaiting import await_until
from support.registered import Registered
from test_publish import QUEUE, Publish
from topics import Topics

pytestmark = pytest.mark.skipif(os.environ.get("KLAMM_IT_LOG") != "kafka", reason="klamm dev has no registry")

INVOICE: Dict[str, Any] = {
    "type": "record",
    "name": "Invoice",
    "namespace": "shop",
    "fields": [
        {"name": "order", "type": "long"},
        {"name": "total", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "lines", "type": {"type": "array", "items": {"type": "record", "name": "Line", "fields": [{"name": "sku", "type": "string"}]}}},
        {"name": "tags", "type": {"type": "map", "values": "string"}, "default": {}},
    ],
}
EVOLVED = {**INVOICE, "fields": [*INVOICE["fields"], {"name": "note", "type": ["null", "string"], "default": None}]}
VALUE = {"order": 7, "total": "99.50", "at": "2026-01-02T03:04:05.678Z", "lines": [{"sku": "a"}, {"sku": "b"}], "tags": {"z": "1", "a": "2"}}


class Invoices(Registered):
    """A topic of invoices, a registry, and a klamm that publishes there."""

    def __init__(self, bootstrap: str, folder: Path) -> None:
        prefix = f"avro-{uuid.uuid4().hex[:8]}."
        self.topic = f"shop-{prefix}invoices"
        self.subject = f"{self.topic}-value"
        settings = {
            "kafka.topic_prefix": prefix,
            "kafka.partitions": "2",
            "namespaces.default.publish.topics": f"invoices={self.topic}",
            "namespaces.default.publish.avro": "invoices",
        }
        super().__init__(folder, bootstrap, settings)
        self.topics = Topics(self.server, prefix, f"shop-{prefix}")

    def start(self) -> None:
        self.topics.create(self.topic, 1)
        super().start()

    def register_invoice(self, schema: Dict[str, Any]) -> int:
        return self.register(self.subject, json.dumps(schema))

    def published(self) -> List[Any]:
        """The committed records: id of the schema, and the value by it."""
        settings = {"bootstrap.servers": self.server.kafka, "group.id": "nobody", "enable.auto.commit": False, "isolation.level": "read_committed"}
        consumer = Consumer({**settings, "enable.partition.eof": True})
        try:
            consumer.assign([TopicPartition(self.topic, 0, OFFSET_BEGINNING)])
            found = []
            while True:
                message = consumer.poll(60)
                assert message is not None, "the topic is read to its end"
                if message.error() is not None:
                    return found
                value = message.value()
                assert value is not None and value[0] == 0
                schema_id = int.from_bytes(value[1:5], "big")
                schema = json.loads(self.registry.ask(f"schemas/ids/{schema_id}")["schema"])
                rest = io.BytesIO(value[5:])
                found.append((schema_id, fastavro.schemaless_reader(rest, fastavro.parse_schema(schema))))
                assert rest.read() == b""
        finally:
            consumer.close()


@pytest.fixture
def invoices(bootstrap: str, tmp_path: Path) -> Iterator[Invoices]:
    with Invoices(bootstrap, tmp_path) as invoices:
        yield invoices


@pytest.fixture
async def publisher(invoices: Invoices) -> AsyncIterator[Client]:
    client = await Client.connect(invoices.server.address)
    async with Worker(client, task_queue=QUEUE, workflows=[Publish], workflow_runner=UnsandboxedWorkflowRunner()):
        yield client


async def publish(client: Client, id: str, value: Any, key: Optional[str] = None) -> Any:
    argument = {"destination": "invoices", "key": key, "avro": value}
    return await client.execute_workflow("Publish", [argument], id=id, task_queue=QUEUE)


async def test_values_are_published_in_avro_and_schemas_evolve(invoices: Invoices, publisher: Client) -> None:
    # The subject is not there yet, so the activity is tried again until it is.
    handle = await publisher.start_workflow("Publish", [{"destination": "invoices", "key": "k", "avro": VALUE}], id="first", task_queue=QUEUE)

    async def is_tried_again() -> bool:
        pending = (await handle.describe()).raw_description.pending_activities
        assert ["no such subject" in it.last_failure.message for it in pending] == [True], pending
        return True

    await await_until(is_tried_again, "the activity waits for the schema", deadline_s=60)
    first = invoices.register_invoice(INVOICE)
    await handle.result()
    expected = {**VALUE, "total": Decimal("99.50"), "at": datetime(2026, 1, 2, 3, 4, 5, 678000, timezone.utc)}

    def published(count: int) -> Any:
        def look() -> List[Any]:
            found = invoices.published()
            assert len(found) == count, found
            return found

        return look

    assert await await_until(published(1), "the first is published", deadline_s=60) == [(first, expected)]
    with pytest.raises(WorkflowFailureError) as failed:
        await publish(publisher, "bad", {**VALUE, "lines": [{"sku": "a"}, {"sku": 5}]})
    cause: Any = failed.value.cause
    assert cause.cause.type == "SchemaMismatch" and "lines[1].sku: a text is needed, and 5 is none" in str(cause.cause), cause.cause

    second = invoices.register_invoice(EVOLVED)
    assert second != first

    async def knows_the_second() -> bool:
        # A field that only the newer schema has is refused until klamm knows it.
        try:
            await publish(publisher, f"noted-{uuid.uuid4().hex}", {**VALUE, "note": "in haste"})
        except WorkflowFailureError as error:
            raise LookupError(str(error.cause)) from error
        return True

    await await_until(knows_the_second, "klamm knows the newer schema", deadline_s=60)
    found = await await_until(published(2), "the second is published", deadline_s=60)
    assert found[1] == (second, {**expected, "note": "in haste"})

    # klamm is killed, and decides again what it had not committed.
    await publish(publisher, "before-the-kill", {**VALUE, "note": "late"}, "k")
    invoices.server.kill()
    invoices.server.start()
    found = await await_until(published(3), "each is published once", deadline_s=60)
    assert found[2] == (second, {**expected, "note": "late"})
    assert invoices.server.verify().returncode == 0
