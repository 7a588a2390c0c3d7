"""Topics that are there already, but not as klamm needs them: said at the start, with the remedy, and nothing is written to them."""

from datetime import timedelta
from typing import Dict

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from temporalio.client import Client, RetryConfig
from temporalio.service import RPCError, RPCStatusCode

from conftest import Klamm
from support.awaiting import await_until
from support.log_lines import assert_does_not_loop, await_message
from support.process import resident_bytes

#: A topic, its partitions and settings, and what the message must hold.
WRONG = {
    "partitions": ("history", 4, {"cleanup.policy": "compact"}, ["4 partitions", "kafka.partitions"]),
    "cleanup": ("history", 2, {"cleanup.policy": "delete"}, ["cleanup.policy", "compact", "kafka-configs"]),
    "size": ("commands", 2, {"max.message.bytes": "1000000"}, ["max.message.bytes", "6291456", "kafka-configs"]),
    "timestamps": ("commands", 2, {"message.timestamp.type": "CreateTime"}, ["message.timestamp.type", "LogAppendTime"]),
    "retention": ("commands", 2, {"retention.ms": "86400000"}, ["retention.ms", "-1", "kafka-configs"]),
}

#: The other settings as klamm makes them, so that only one is wrong.
RIGHT = {
    "commands": {"message.timestamp.type": "LogAppendTime", "retention.ms": "-1", "max.message.bytes": "6291456"},
    "history": {
        "cleanup.policy": "compact",
        "min.compaction.lag.ms": "86400000",
        "delete.retention.ms": "604800000",
        "max.message.bytes": "6291456",
    },
}


@pytest.mark.parametrize("case", WRONG)
def test_a_topic_that_does_not_fit_is_named_with_the_remedy(bootstrap: str, prefix: str, klamm: Klamm, case: str):
    topic, partitions, configs, words = WRONG[case]
    name = prefix + topic
    admin = AdminClient({"bootstrap.servers": bootstrap})
    made = NewTopic(name, partitions, 1, config={**RIGHT[topic], **configs})
    admin.create_topics([made])[name].result()
    server = klamm()
    server.spawn()
    await_message(server, name, *words)
    assert_does_not_loop(server)
    assert not server.healthy()
    assert ends(bootstrap, name, partitions) == {partition: 0 for partition in range(partitions)}


def test_with_verify_nothing_is_made_and_what_is_missing_is_named(bootstrap: str, prefix: str, klamm: Klamm):
    server = klamm({"kafka.topics": "verify"})
    server.spawn()
    await_message(server, prefix, "missing", "kafka-topics")
    assert_does_not_loop(server)
    # All of them at once, each with the whole command.
    told = server.log.read_text()
    for topic in ("commands", "history", "visibility", "schedules", "held", "cluster", "members", "commands.klamm-dlq"):
        assert any(
            f"--create --topic {prefix}{topic} --partitions " in line and " --replication-factor 1 " in line for line in told.splitlines()
        ), f"{topic}: {told}"
    admin = AdminClient({"bootstrap.servers": bootstrap})
    assert [name for name in admin.list_topics(timeout=10).topics if name.startswith(prefix)] == []


def ends(bootstrap: str, topic: str, partitions: int) -> Dict[int, int]:
    """Where each partition ends."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "unused"})
    try:
        return {
            partition: consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)[1]
            for partition in range(partitions)
        }
    finally:
        consumer.close()


async def test_a_topic_that_is_deleted_is_told_and_what_waits_takes_no_memory(bootstrap: str, prefix: str, klamm: Klamm):
    server = klamm({"processor.uncommitted_bytes_max": str(64 << 20)})
    server.start()
    status, text = server.get("/readyz")
    assert (status, text.splitlines()[0]) == (200, "role: owner")
    client = await Client.connect(server.address, retry_config=RetryConfig(max_retries=1))
    await client.start_workflow("Idle", id="before", task_queue="nobody")
    before = resident_bytes(server.process.pid)
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.delete_topics([f"{prefix}history"])[f"{prefix}history"].result()

    refused = ""
    argument = "x" * 1_000_000
    for number in range(400):
        try:
            await client.start_workflow(
                "Idle", argument, id=f"large-{number}", task_queue="nobody", rpc_timeout=timedelta(seconds=5)
            )
        except RPCError as error:
            refused = f"{error.status.name}: {error.message}"
            if error.status == RPCStatusCode.RESOURCE_EXHAUSTED:
                break
    assert refused.startswith("RESOURCE_EXHAUSTED"), refused
    grown = resident_bytes(server.process.pid) - before
    assert grown < 600 << 20, f"{grown >> 20} MiB for 64 MiB that may wait"

    await await_until(lambda: "Topics are missing: " + prefix in server.get("/readyz")[1], "/readyz names the topic", 30)
    await await_until(lambda: "could not be written for more than 30 s" in server.get("/readyz")[1], "/readyz tells", 90)
    status, text = server.get("/readyz")
    assert (status, text.splitlines()[0]) == (503, "not ready; role: owner")
    assert server.get("/healthz")[0] == 503 and server.get("/livez")[0] == 200
    assert server.running()
