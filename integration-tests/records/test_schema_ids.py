"""Triggers of values whose schema is named elsewhere than in four bytes: by a GUID in a header, by Apicurio's ids; and JSON with a schema."""

import io
import json
import os
import urllib.request
import uuid
from collections import Counter
from pathlib import Path
from typing import Any, Iterator, List, Optional, Tuple

import fastavro
import pytest
from confluent_kafka import Producer
from temporalio.client import Client

from support.awaiting import await_until
from support.registered import APICURIO, Guids, Registered
from topics import Topics

pytestmark = pytest.mark.skipif(os.environ.get("KLAMM_IT_LOG") != "kafka", reason="klamm dev has no registry")

MONEY = 'syntax = "proto3"; package shop; message Money { int64 cents = 1; }'
PROTO = 'syntax = "proto3"; package shop; import "shop/money.proto"; message Ping {} message Order { int64 id = 1; Money total = 2; }'
AVRO = {
    "type": "record",
    "name": "Order",
    "fields": [
        {"name": "id", "type": "long"},
        {"name": "total", "type": {"type": "record", "name": "Money", "fields": [{"name": "cents", "type": "long"}]}},
    ],
}
TRIGGER = """
trigger: {name}
namespace: default
source: {{topic: {topic}, format: {format}, schema_ids: {ids}}}
rules:
  - when: "value.total.cents > 0"
    start: {{type: Order, task_queue: triggered, id: "{name}-${{value.id}}"}}
    args: [{{path: value}}]
"""

Value = Tuple[bytes, List[Tuple[str, bytes]]]


class Orders(Registered):
    """A topic for each trigger, a registry that knows GUIDs, and a klamm."""

    def __init__(self, bootstrap: str, folder: Path) -> None:
        self.prefix = f"ids-{uuid.uuid4().hex[:8]}."
        super().__init__(folder, bootstrap, {"kafka.topic_prefix": self.prefix, "kafka.partitions": "2"})
        self.guids = Guids(self.registry)
        self.server.settings["registry.url"] = self.guids.url
        self.topics = Topics(self.server, self.prefix, f"shop-{self.prefix}")

    def close(self) -> None:
        self.guids.close()
        super().close()

    def topic(self, name: str) -> str:
        return f"shop-{self.prefix}{name}"

    def produce(self, name: str, values: List[Value]) -> None:
        producer = Producer({"bootstrap.servers": self.server.kafka})
        for value, headers in values:
            producer.produce(self.topic(name), value, "key", headers=headers)
        assert producer.flush(60) == 0

    def global_id(self, subject: str) -> int:
        """Apicurio's own id of a subject's newest version."""
        own = self.registry.url.replace(APICURIO, "/apis/registry/v2")
        with urllib.request.urlopen(f"{own}/groups/default/artifacts/{subject}/meta", timeout=30) as answer:
            return json.load(answer)["globalId"]


@pytest.fixture
def orders(bootstrap: str, tmp_path: Path) -> Iterator[Orders]:
    with Orders(bootstrap, tmp_path) as orders:
        yield orders


def in_avro(number: int) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(AVRO), {"id": number, "total": {"cents": 5}})
    return out.getvalue()


def in_proto(number: int) -> bytes:
    return bytes([0x08, number, 0x12, 2, 0x08, 5])


def in_json(number: int) -> bytes:
    return json.dumps({"id": number, "total": {"cents": 5}}).encode()


def eight(number: int) -> bytes:
    return number.to_bytes(8, "big")


async def test_schemas_are_found_by_guids_and_by_apicurios_ids(orders: Orders) -> None:
    orders.register("shop/money.proto", MONEY, "PROTOBUF")
    # Of two subjects, so that the ids of contents and those of versions differ.
    for which in ("first-", ""):
        avro = orders.register(f"{which}avro", json.dumps(AVRO))
        proto = orders.register(f"{which}proto", PROTO, "PROTOBUF", ["shop/money.proto"])
    (avro_guid, proto_guid), nobodys = (uuid.uuid4(), uuid.uuid4()), uuid.uuid4()
    orders.guids.known = {str(avro_guid): avro, str(proto_guid): proto}
    ids = {"avro": orders.global_id("avro"), "proto": orders.global_id("proto")}
    assert ids["avro"] != avro and ids["proto"] != proto

    def guid(of: uuid.UUID, indexes: bytes = b"") -> List[Tuple[str, bytes]]:
        return [("__value_schema_id", b"\1" + of.bytes + indexes)]

    def header(name: str, number: int, type_name: Optional[str] = None) -> List[Tuple[str, bytes]]:
        named = [("apicurio.protobuf.type", type_name.encode())] if type_name else []
        return [(f"apicurio.value.{name}", eight(number)), *named]

    def in_front(number: int, value: bytes) -> Value:
        return b"\0" + number.to_bytes(4, "big") + value, []

    def eight_in_front(number: int, value: bytes) -> Value:
        return b"\0" + eight(number) + value, []

    ref, indexes, unknown = b"\x07\x0a\x05Order", b"\2\2", 99_999
    in_protos_header = header("globalId", ids["proto"], "Order")
    # Of the values of each trigger the first two are orders, and the third is a dead letter.
    cases: List[Tuple[str, str, str, List[Value]]] = [
        ("avro-guid", "avro", "confluent", [(in_avro(1), guid(avro_guid)), in_front(avro, in_avro(2)), (in_avro(3), guid(nobodys))]),
        ("proto-guid", "protobuf", "confluent", [(in_proto(1), guid(proto_guid, indexes)), in_front(proto, indexes + in_proto(2)), (in_proto(3), [])]),
        ("json", "json_schema", "confluent", [in_front(7, in_json(1)), (in_json(2), guid(nobodys)), (in_json(3), [])]),
        (
            "avro-own",
            "avro",
            "apicurio_global",
            [eight_in_front(ids["avro"], in_avro(1)), (in_avro(2), header("contentId", avro)), eight_in_front(unknown, in_avro(3))],
        ),
        (
            "proto-own",
            "protobuf",
            "apicurio_global",
            [eight_in_front(ids["proto"], ref + in_proto(1)), (in_proto(2), in_protos_header), eight_in_front((1 << 64) - 7, in_proto(3))],
        ),
        (
            "content",
            "avro",
            "apicurio_content",
            [eight_in_front(avro, in_avro(1)), (in_avro(2), header("globalId", ids["avro"])), eight_in_front(unknown, in_avro(3))],
        ),
    ]
    for name, format, schema_ids, values in cases:
        orders.topics.create(orders.topic(name), 1)
        file = orders.folder / f"{name}.yaml"
        file.write_text(TRIGGER.format(name=name, topic=orders.topic(name), format=format, ids=schema_ids))
        orders.topics.klamm("apply", "-f", str(file))
        orders.produce(name, values)

    def all_taken() -> bool:
        for name, *_ in cases:
            status = json.loads(orders.topics.klamm("trigger", "describe", name, "--json"))
            assert (status["started"], status["dead_lettered"], status["lag"]) == (2, 1, 0), status
        return True

    await await_until(all_taken, "each trigger starts two workflows", deadline_s=90)
    client = await Client.connect(orders.server.address)
    for name, *_ in cases:
        for number in (1, 2):
            history = await client.get_workflow_handle(f"{name}-{number}").fetch_history()
            argument: Any = json.loads(history.events[0].workflow_execution_started_event_attributes.input.payloads[0].data)
            assert argument == {"id": number, "total": {"cents": 5}}, name

    def dead_letters() -> Counter:
        found = Counter((name, it["headers"]["klamm-dlq-class"]) for name, *_ in cases for it in orders.topics.records(f"dlq.{name}"))
        assert sum(found.values()) == len(cases), found
        return found

    assert await await_until(dead_letters, "the dead letters", deadline_s=60) == {(name, "decode"): 1 for name, *_ in cases}
    # A test of the trigger reads values in the same way.
    tried = [json.loads(line)["effect"] for line in orders.topics.klamm("trigger", "test", "proto-own", "--json").splitlines()]
    assert tried == ["start", "start", "dead_letter"]


async def test_apicurios_ids_need_an_apicurio(orders: Orders) -> None:
    orders.server.kill()
    orders.server.settings["registry.url"] = orders.guids.url_elsewhere
    orders.server.start()
    file = orders.folder / "own.yaml"
    file.write_text(TRIGGER.format(name="own", topic="nothing", format="avro", ids="apicurio_global"))
    assert "the configured registry is no Apicurio" in orders.topics.klamm("apply", "-f", str(file), fails=True)
