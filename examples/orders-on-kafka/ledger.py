"""Joins invoices with what became of their workflows: both are topics, and neither needs klamm to be asked.

python ledger.py localhost:9092 http://localhost:8081 COUNT
"""

import io
import json
import sys
import urllib.request
from typing import Any, Dict

import fastavro
from confluent_kafka import Consumer

INVOICES, OUTCOMES = "shop.invoices", "klamm.outcomes.default"


class Schemas:
    """Schemas by their ids, asked for once."""

    def __init__(self, registry: str) -> None:
        self.registry = registry
        self.known: Dict[int, Any] = {}

    def read(self, framed: bytes) -> Dict[str, Any]:
        """An Avro value in the registry's framing."""
        schema_id = int.from_bytes(framed[1:5], "big")
        if schema_id not in self.known:
            with urllib.request.urlopen(f"{self.registry}/schemas/ids/{schema_id}", timeout=30) as answer:
                self.known[schema_id] = fastavro.parse_schema(json.loads(json.load(answer)["schema"]))
        return fastavro.schemaless_reader(io.BytesIO(framed[5:]), self.known[schema_id])


def main(brokers: str, registry: str, count: int) -> None:
    schemas = Schemas(registry)
    settings = {"bootstrap.servers": brokers, "group.id": "ledger", "auto.offset.reset": "earliest", "isolation.level": "read_committed"}
    consumer = Consumer(settings)
    consumer.subscribe([INVOICES, OUTCOMES])
    invoices: Dict[str, Any] = {}
    ends: Dict[str, str] = {}
    booked = set()
    while len(booked) < count:
        record = consumer.poll(1.0)
        if record is None or record.error():
            continue
        if record.topic() == INVOICES:
            invoice = json.loads(record.value())
            workflow_id = f"order-{invoice['order']}"
            if workflow_id in invoices:
                raise SystemExit(f"a second invoice of {workflow_id}")
            invoices[workflow_id] = invoice
        else:
            outcome = schemas.read(record.value())
            if outcome["kind"] == "RUN_CLOSED":
                ends[outcome["workflow_id"]] = outcome["status"]
        for workflow_id in (invoices.keys() & ends.keys()) - booked:
            booked.add(workflow_id)
            print(f"{workflow_id}: {invoices[workflow_id]['amount']} of {invoices[workflow_id]['customer']}, {ends[workflow_id]}", flush=True)
    consumer.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
