"""Triggers that begin elsewhere, go slowly, and stop by themselves."""

import json
import os
import time
from collections import Counter
from datetime import datetime, timezone
from typing import Any, Dict, List

import pytest
from confluent_kafka import KafkaException

from support.awaiting import await_until
from trigger_shop import ORDERS, PAYMENTS, Shop, signals, started


def order(number: Any) -> Dict[str, Any]:
    return {"kind": "order", "id": number}


def payment(number: int, amount: int) -> Dict[str, Any]:
    return {"kind": "payment", "id": number, "amount": amount}


async def until_read(shop: Shop, name: str, records: int) -> Dict[str, Any]:
    """Waits until the trigger has dealt with so many records; how it is then."""

    def read() -> Dict[str, Any]:
        described = shop.trigger(name)
        assert described["lag"] == 0 and sum(it["next"] for it in described["partitions"]) >= records, described
        return described

    return await await_until(read, f"{name} has read {records} records", deadline_s=60)


async def test_a_replay_does_what_was_not_done_and_repeats_nothing(shop: Shop) -> None:
    shop.apply(ORDERS, PAYMENTS)
    records = [(f"k{number}", order(number)) for number in range(6)]
    records += [(f"k{number}", payment(number, amount)) for number in range(3) for amount in range(4)]
    records += [("late", {"kind": "late", "id": 77})]
    shop.produce(records)
    before = {name: await until_read(shop, name, len(records)) for name in ("orders", "payments")}

    def taken() -> bool:
        assert len(signals(shop.topics)) == 12 and sum(started(shop.topics).values()) == 9
        return True

    # What has been read is decided, and on the topics, soon after.
    await await_until(taken, "all have had their effect", deadline_s=60)
    paid = signals(shop.topics)
    # Nobody had thought of these.
    shop.apply(ORDERS.replace("value.kind == 'order'", "value.kind in ['order', 'late']"))
    for name in ("orders", "payments"):
        shop.topics.klamm("trigger", "replay", name)

    def read_again() -> bool:
        orders, payments = shop.trigger("orders"), shop.trigger("payments")
        assert orders["generation"] > before["orders"]["generation"] and orders["start_at"] == "earliest"
        assert (orders["started"], orders["suppressed"], orders["filtered"]) == (7, 6, 13 + 12), orders
        assert (payments["started"], payments["signalled"], payments["suppressed"]) == (3, 9, 12), payments
        assert orders["lag"] == payments["lag"] == 0
        return True

    await await_until(read_again, "all records are read again", deadline_s=60)
    expected = Counter([f"order-{number}" for number in [*range(6), 77]] + [f"paid-{number}" for number in range(3)])

    def once() -> bool:
        assert started(shop.topics) == expected and signals(shop.topics) == paid
        return True

    await await_until(once, "nothing is done twice", deadline_s=60)
    # What was rewound stays so when klamm begins anew.
    shop.topics.server.kill()
    shop.topics.server.start()
    shop.produce([("new", order(100))])
    await await_until(lambda: started(shop.topics)["order-100"] == 1, "an order after the restart", deadline_s=60)
    orders = await until_read(shop, "orders", len(records) + 1)
    assert orders["generation"] > before["orders"]["generation"]
    assert sum(started(shop.topics).values()) == 11
    wrong = shop.topics.klamm("trigger", "replay", "orders", "--from", "yesterday", fails=True)
    assert '"yesterday" is no place to begin: it is earliest, latest, or a time' in wrong, wrong
    assert "There is no trigger nobody." in shop.topics.klamm("trigger", "replay", "nobody", fails=True)


async def test_a_trigger_begins_at_a_time_or_passes_over_what_is_there(shop: Shop) -> None:
    shop.apply(ORDERS)
    shop.produce([(f"k{number}", order(number)) for number in range(8)])
    await until_read(shop, "orders", 8)

    def now() -> float:
        assert time.time() > made, "the clock of the records has moved on"
        return time.time()

    made = time.time()
    begin = await await_until(now, "a later millisecond", deadline_s=10)
    shop.topics.klamm("trigger", "pause", "orders")
    shop.produce([(f"k{number}", order(number)) for number in range(8, 12)])
    time_text = datetime.fromtimestamp(begin, timezone.utc).isoformat()
    later = ORDERS.replace("trigger: orders", "trigger: later").replace("order-$", "later-$")
    shop.apply(ORDERS, later.replace("rules:", f'start_at: "{time_text}"\nrules:'))
    later_ids = {f"later-{number}" for number in range(8, 12)}
    await await_until(lambda: later_ids <= set(started(shop.topics)), "what came after the time", deadline_s=60)
    shop.topics.klamm("trigger", "replay", "orders", "--from", "latest")
    shop.topics.klamm("trigger", "resume", "orders")

    def begun() -> bool:
        return len(shop.trigger("orders")["partitions"]) >= 4 and shop.trigger("orders")["lag"] == 0

    await await_until(begun, "the trigger reads at the end of its topic", deadline_s=60)
    shop.produce([("k1", order(12))])
    await await_until(lambda: {"order-12", "later-12"} <= set(started(shop.topics)), "the newest order", deadline_s=60)
    ids = [f"order-{number}" for number in [*range(8), 12]] + [f"later-{number}" for number in range(8, 13)]
    assert started(shop.topics) == Counter(ids)


async def test_a_trigger_stops_before_it_has_made_a_dead_letter_of_everything(shop: Shop) -> None:
    shop.apply(ORDERS + "faults: {{break_at: 50%}}\n")
    count = 60
    # One key, and so one partition: each of them has its own view.
    shop.produce([("k", order(number)) for number in range(10)] + [("k", {"kind": "order"}) for _ in range(count)])

    def stopped() -> Dict[str, Any]:
        described = shop.trigger("orders")
        assert described["paused"], described
        return described

    described = await await_until(stopped, "the trigger stops", deadline_s=60)
    assert described["pause_reason"].startswith("Too many dead letters: 10 of the last 20 records. "), described
    assert described["lag"] == count - 10

    def letters() -> List[int]:
        found = sorted(int(it["headers"]["__dlq.errors.offset"]) for it in shop.dead_letters("orders"))
        assert len(found) >= 10
        return found

    assert await await_until(letters, "its dead letters", deadline_s=60) == list(range(10, 20))
    status, told = shop.topics.server.get("/api/klamm/v1/triggers/orders/dead-letters?class=decode&limit=3")
    assert status == 200 and len(json.loads(told)["deadLetters"]) == 0
    status, told = shop.topics.server.get("/api/klamm/v1/triggers/orders/dead-letters?class=mapping&limit=3")
    found = json.loads(told)["deadLetters"]
    assert status == 200 and len(found) == 3 and {it["value"]["text"] for it in found} == {'{"kind": "order"}'}, told
    # Records that are good with a rule that was mended are no dead letters.
    mended = ORDERS.replace("order-${{value.id}}", "order-${{has(value.id) ? string(value.id) : 'none-' + string(offset)}}")
    shop.apply(mended + "faults: {{break_at: 50%}}\n")
    shop.topics.klamm("trigger", "resume", "orders")
    described = await until_read(shop, "orders", count + 10)
    assert not described["paused"] and described["dead_lettered"] == 10
    await await_until(lambda: sum(started(shop.topics).values()) == count, "those that were good are started", deadline_s=60)


async def test_a_rate_is_kept(shop: Shop) -> None:
    begun = time.monotonic()
    shop.apply(ORDERS.replace("rules:", "flow: {{rate: 40/s}}\nrules:"))
    # One key: the rate is the trigger's, and not that of each partition.
    shop.produce([("k", order(number)) for number in range(80)])
    described = await until_read(shop, "orders", 80)
    # Eight go at once, the others evenly.
    assert time.monotonic() - begun >= (80 - 8) / 40
    assert described["started"] == 80


@pytest.mark.skipif(os.environ.get("KLAMM_IT_LOG") != "kafka", reason="topics of the embedded log keep their partitions")
async def test_partitions_that_are_added_are_read(shop: Shop) -> None:
    shop.apply(ORDERS, PAYMENTS)
    shop.produce([(f"k{number}", order(number)) for number in range(20)])
    await until_read(shop, "orders", 20)
    shop.topics.grow(shop.topic, 9)
    for round_ in range(2):
        numbers = range(20 + 40 * round_, 60 + 40 * round_)
        shop.produce([(f"k{number}", order(number)) for number in numbers])
        await await_until(lambda: len(started(shop.topics)) == numbers[-1] + 1, "the orders of all partitions", deadline_s=60)
    described = await until_read(shop, "orders", 100)
    assert len(described["partitions"]) == 9 and not described["problem"]
    assert set(started(shop.topics).values()) == {1}


@pytest.mark.skipif(os.environ.get("KLAMM_IT_LOG") != "kafka", reason="topics of the embedded log are not deleted")
async def test_a_topic_that_is_made_anew_is_another_topic(shop: Shop) -> None:
    shop.apply(ORDERS)
    shop.produce([(f"k{number}", order(number)) for number in range(12)])
    await until_read(shop, "orders", 12)
    for round_ in (1, 2):
        shop.topics.delete(shop.topic)

        def made() -> bool:
            try:
                shop.topics.create(shop.topic, 4)
            except KafkaException as error:  # the broker may still know the old one
                raise LookupError(str(error)) from error
            return True

        await await_until(made, "the topic is made anew", deadline_s=60)
        if round_ == 2:
            # Also while klamm is away.
            shop.topics.server.kill()
        # More than was read of the old one: positions alone tell nothing.
        shop.produce([(f"k{number % 12}", order(100 * round_ + number)) for number in range(60)])
        if round_ == 2:
            shop.topics.server.start()
        await await_until(lambda: len(started(shop.topics)) == 12 + 60 * round_, "the orders of the new topic", deadline_s=60)
        await until_read(shop, "orders", 60)
    assert set(started(shop.topics).values()) == {1}
    assert not shop.trigger("orders")["problem"] and not shop.dead_letters("orders")
