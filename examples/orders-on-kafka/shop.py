"""A shop that knows nothing of klamm: rows of its orders come by Debezium, in Avro, and payments as JSON from somebody else.

python shop.py localhost:9092 http://localhost:8081 FIRST LAST
"""

import io
import json
import random
import sys
import time
import urllib.request

import fastavro
from confluent_kafka import Producer

ROW = {
    "type": "record",
    "name": "Value",
    "namespace": "shop.orders",
    "fields": [{"name": "id", "type": "long"}, {"name": "customer", "type": "string"}, {"name": "status", "type": "string"}],
}
ENVELOPE = {
    "type": "record",
    "name": "Envelope",
    "namespace": "shop.orders",
    "fields": [
        {"name": "before", "type": ["null", ROW], "default": None},
        {"name": "after", "type": ["null", "shop.orders.Value"], "default": None},
        {"name": "op", "type": "string"},
        {"name": "ts_ms", "type": ["null", "long"], "default": None},
    ],
}


def register(registry: str, subject: str, schema: dict) -> int:
    """The schema's id at the registry."""
    request = urllib.request.Request(
        f"{registry}/subjects/{subject}/versions",
        json.dumps({"schema": json.dumps(schema)}).encode(),
        {"content-type": "application/vnd.schemaregistry.v1+json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["id"]


def main(brokers: str, registry: str, first: int, last: int) -> None:
    schema, schema_id = fastavro.parse_schema(ENVELOPE), register(registry, "shop.orders-value", ENVELOPE)
    producer = Producer({"bootstrap.servers": brokers, "enable.idempotence": True})

    def place(number: int) -> None:
        framed = io.BytesIO()
        framed.write(b"\0" + schema_id.to_bytes(4, "big"))
        row = {"id": number, "customer": f"customer-{number % 7}", "status": "PLACED"}
        fastavro.schemaless_writer(framed, schema, {"before": None, "after": row, "op": "c", "ts_ms": int(time.time() * 1000)})
        producer.produce("shop.orders", framed.getvalue(), str(number))

    def pay(number: int) -> None:
        payment = {"payment": f"p-{number}", "order": number, "amount": number + 0.5, "status": "SETTLED"}
        # The bank tells everything twice, and also of what has not been settled.
        for record in ({**payment, "status": "PENDING"}, payment, payment):
            producer.produce("shop.payments", json.dumps(record), str(number))

    events = [(step, number) for number in range(first, last + 1) for step in (place, pay)]
    random.shuffle(events)
    for step, number in events:
        step(number)
        producer.poll(0)
    if producer.flush(60) != 0:
        raise SystemExit("the broker has not taken all records")
    print(f"orders {first} to {last} are placed and paid")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
