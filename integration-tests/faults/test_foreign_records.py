"""Records that are not klamm's, on each of its topics: said with topic, partition and offset, and skipped; klamm goes on."""

import shutil
from typing import Dict, List

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from temporalio.client import Client

from conftest import Klamm
from programs.hello import HelloWorkflow, compose_greeting
from support.env import Env
from support.log_lines import await_message
from support.server import KlammServer

PARTITIONS = {"commands": 2, "history": 2, "visibility": 2, "held": 2, "cluster": 1, "members": 1}
COMPACTED = ("history", "visibility", "held", "cluster")

#: Name → key and value. The last has the frame of the history's schema and a broken body.
FOREIGN = {
    "text": (b"someone", b"hello"),
    "nothing": (None, b""),
    "unknown schema": (b"default/wf/run/1", b"\x00\x00\x00\x00\x07abc"),
    "broken body": (b"default/wf/run/2", b"\x00\x7f\xff\x00\x01\xff\xff\xff"),
    "not text as key": (b"\xff\xfe/\x80", b"\x00\x7f\xff\x00\x00\x02"),
}


def spoil(bootstrap: str, prefix: str, topic: str) -> List[int]:
    """Write the foreign records to each partition of a topic; the partitions."""
    producer = Producer({"bootstrap.servers": bootstrap})
    failures: List[object] = []
    for partition in range(PARTITIONS[topic]):
        for key, value in FOREIGN.values():
            if key is None and topic in COMPACTED:
                continue  # The broker refuses it.
            producer.produce(
                prefix + topic, value, key, partition, on_delivery=lambda error, _: error and failures.append(error)
            )
    assert producer.flush(30) == 0
    assert not failures
    return list(range(PARTITIONS[topic]))


async def hello(server: KlammServer, name: str) -> None:
    """Workflows run, enough of them to meet every partition."""
    env = Env.new(await Client.connect(server.address), f"foreign-{name}")
    async with env.worker([HelloWorkflow], [compose_greeting]):
        for number in range(6):
            assert await env.execute(HelloWorkflow.run, name, id=env.id(str(number))) == f"Hello, {name}!"


def first_record(bootstrap: str, topic: str) -> Dict[str, object]:
    """The first record of a topic: value and headers."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "unused"})
    try:
        for partition in consumer.list_topics(topic, timeout=10).topics[topic].partitions:
            consumer.assign([TopicPartition(topic, partition, 0)])
            message = consumer.poll(10)
            if message is not None and message.error() is None:
                return {"value": message.value(), **{name: value for name, value in message.headers() or []}}
        return {}
    finally:
        consumer.close()


@pytest.mark.parametrize("topic", PARTITIONS)
async def test_foreign_records_are_named_and_skipped(bootstrap: str, prefix: str, klamm: Klamm, topic: str):
    server = klamm()
    server.start()
    await hello(server, "before")
    spoil(bootstrap, prefix, topic)
    await hello(server, "after")
    read_as_they_come = topic in ("commands", "members")
    if read_as_they_come:
        await_message(server, topic, "offset")

    # Also who begins with them goes on: a killed server without its store.
    server.kill()
    shutil.rmtree(server.data_dir)
    server.start()
    if not read_as_they_come:
        await_message(server, topic, "partition", "offset")
    await hello(server, "again")
    verified = server.verify()
    assert verified.returncode == 0, f"{verified.stdout}{verified.stderr}"
    assert server.running() and server.healthy()


async def test_a_foreign_command_goes_to_the_dead_letter_topic_as_it_was(bootstrap: str, prefix: str, klamm: Klamm):
    server = klamm()
    server.start()
    spoil(bootstrap, prefix, "commands")
    await hello(server, "after")
    dead = first_record(bootstrap, f"{prefix}commands.klamm-dlq")
    assert dead["value"] == b"hello"
    told = " ".join(str(name) for name in dead)
    assert "topic" in told and "partition" in told and "offset" in told and "error" in told, told
