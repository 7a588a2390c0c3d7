"""Topics that are there already, but not as klamm needs them: said at the start, with the remedy, and nothing is written to them."""

from typing import Dict

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from conftest import Klamm
from support.log_lines import assert_does_not_loop, await_message

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
