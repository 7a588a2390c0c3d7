"""Triggers: how many records are on their way, in which order they take effect, and where `latest` begins."""

import json
import os
import time
from typing import Any, List

import pytest
from confluent_kafka import KafkaError, Producer

from support.awaiting import await_until
from topics import Topics
from trigger_shop import ORDERS, Shop, started

FLOW = "flow: {{order: partition, max_in_flight: 7}}\nrules:"


def begun(topics: Topics) -> dict:
    """When each workflow id was started."""
    found = {}
    for record in topics.records("history"):
        event = record["value"].get("event") or {}
        if event.get("event_type") == "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED":
            found[record["key"].split("/")[1]] = event["event_time"]
    return found


async def test_all_records_of_a_partition_take_effect_in_their_order(shop: Shop) -> None:
    count = 60
    shop.apply(ORDERS.replace("rules:", FLOW))
    # Of one key, so of one partition; the workflows are of many of klamm's.
    shop.produce([("key", {"kind": "order", "id": number}) for number in range(count)])

    def all_started() -> dict:
        found = begun(shop.topics)
        assert len(found) == count, len(found)
        return found

    times = await await_until(all_started, "all orders are started", deadline_s=90)
    in_order = [times[f"order-{number}"] for number in range(count)]
    assert in_order == sorted(in_order)
    assert set(started(shop.topics).values()) == {1}
    wrong = shop.apply(ORDERS.replace("rules:", "flow: {{max_in_flight: 0}}\nrules:"), fails=True)
    assert 'flow.max_in_flight: "0" is no number of records' in wrong


@pytest.mark.skipif(os.environ.get("KLAMM_IT_LOG") != "kafka", reason="partitions are added to a topic of a broker")
async def test_latest_passes_over_nothing_of_what_comes_after_the_declaration(shop: Shop) -> None:
    topics = shop.topics

    def produce(number: int, partition: int) -> None:
        failed: List[Any] = [None]
        for _ in range(60):
            # A new producer each time: the broker may not have told the last one of a partition that is new.
            producer = Producer({"bootstrap.servers": topics.server.kafka})
            failed.clear()
            told = {"on_delivery": lambda error, _: failed.append(error) if error else None}
            producer.produce(shop.topic, json.dumps({"kind": "order", "id": number}), "key", partition=partition, **told)
            assert producer.flush(60) == 0
            if not failed:
                return
            assert failed[0].code() == KafkaError._UNKNOWN_PARTITION, failed
            time.sleep(0.5)
        raise AssertionError(failed)

    async def are_started(*numbers: int) -> None:
        def look() -> bool:
            assert set(started(topics)) == {f"order-{number}" for number in numbers}
            return True

        await await_until(look, f"orders {numbers}", deadline_s=90)

    produce(1, 0)
    shop.apply(ORDERS.replace("rules:", "start_at: latest\nrules:"))
    # At once: klamm may begin to read later, but where the topic ended at the declaration.
    produce(2, 0)
    await are_started(2)
    # klamm sees the new partition some seconds later, and what stands there by then came after the declaration.
    topics.grow(shop.topic, 6)
    produce(3, 5)
    await are_started(2, 3)
    topics.delete(shop.topic)

    def made_anew() -> bool:
        try:
            topics.create(shop.topic, 2)
        except Exception as error:  # its deletion is not done yet
            raise LookupError(str(error)) from error
        return True

    await await_until(made_anew, "the topic is made anew", deadline_s=60)
    produce(4, 1)
    await are_started(2, 3, 4)
    # Another generation begins at the end, by the topic as it is now.
    topics.klamm("trigger", "replay", "orders", "--from", "latest")
    topics.grow(shop.topic, 3)
    produce(5, 2)
    await are_started(2, 3, 4, 5)
