"""Records that wait: signals for a run that has not begun, and records of a batch for others."""

import asyncio
import random
from collections import Counter
from typing import Any, Dict, List, Tuple

from temporalio.client import Client
from temporalio.worker import Worker

from support.awaiting import await_until
from topics import Batch, Topics
from trigger_shop import QUEUE, Order, Shop, signals, started

PAID = """
trigger: paid
namespace: default
source: {{topic: {topic}, format: json}}
rules:
  - when: "value.kind == 'payment'"
    signal: {{id: "paid-${{value.id}}", name: pay, missing: wait 1h}}
    args: [{{path: value.amount}}]
  - when: "value.kind == 'hurry'"
    signal: {{id: "never", name: pay, missing: wait 1s}}
    args: [{{path: value.amount}}]
"""

REGIONS = """
trigger: regions
namespace: default
source: {{topic: {topic}, format: json}}
rules:
  - when: "value.kind == 'order'"
    start: {{type: Ship, task_queue: nobody, id: "ship-${{value.region}}-${{value.number}}-${{partition}}-${{offset}}"}}
    args: [{{path: value.number}}]
batch: {{max: 5, within: 2s, key: value.region}}
"""

ONE = """
trigger: one
namespace: default
source: {{topic: {topic}, format: json}}
rules:
  - start: {{type: Ship, task_queue: nobody, id: the-one}}
    args: [{{path: value.number}}]
batch: {{max: 2, within: 1h}}
"""


def payment(order: int, amount: Any) -> Tuple[str, Dict[str, Any]]:
    return f"k{order}", {"kind": "payment", "id": order, "amount": amount}


def order(region: str, number: int) -> Tuple[str, Dict[str, Any]]:
    return region, {"kind": "order", "region": region, "number": number}


def waiting(topics: Topics) -> List[str]:
    """Keys of what waits, as the topic `held` says."""
    newest = {record["key"]: record["value"] for record in topics.records("held")}
    return sorted(key for key, value in newest.items() if value is not None)


def inputs(topics: Topics) -> Dict[str, List[Any]]:
    """The first argument of each run that was started, by workflow id."""
    found: Dict[str, List[Any]] = {}
    for record in topics.records("history"):
        event = record["value"].get("event") or {}
        if event.get("event_type") == "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED":
            payload = event["workflow_execution_started_event_attributes"]["input"]["payloads"][0]
            found[record["key"].split("/")[1]] = payload["data"]["json"]
    return found


async def test_signals_wait_for_their_run_and_come_in_their_order(shop: Shop, client: Client) -> None:
    orders, first, later = range(3), [1, 2, 3], [4, "end"]
    shop.apply(PAID)
    shop.produce([payment(order, amount) for amount in first for order in orders])
    shop.produce([("h", {"kind": "hurry", "amount": 1})])

    def held() -> bool:
        status = shop.trigger("paid")
        assert (status["held"], status["dead_lettered"], status["signalled"]) == (len(orders) * len(first) + 1, 1, 0), status
        assert len(waiting(shop.topics)) == len(orders) * len(first)
        return True

    await await_until(held, "payments wait, and one has waited in vain", deadline_s=60)
    [letter] = shop.dead_letters("paid")
    assert letter["headers"]["klamm-dlq-class"] == "rejected" and letter["value"] == {"kind": "hurry", "amount": 1}
    assert letter["headers"]["__dlq.errors.message"] == "workflow not found for ID: never"
    shop.topics.server.kill()
    shop.topics.server.start()
    shop.produce([payment(order, amount) for amount in later for order in orders])
    await await_until(lambda: len(waiting(shop.topics)) == len(orders) * 5, "all payments wait", deadline_s=60)
    async with Worker(client, task_queue=QUEUE, workflows=[Order]):
        handles = [await client.start_workflow("Order", {}, id=f"paid-{order}", task_queue=QUEUE) for order in orders]
        assert await asyncio.gather(*(handle.result() for handle in handles)) == [[*first, *later] for _ in orders]
    assert Counter(signals(shop.topics)) == {(f"paid-{order}", amount): 1 for order in orders for amount in [*first, *later]}

    def none_waits() -> bool:
        assert waiting(shop.topics) == []
        return True

    await await_until(none_waits, "nothing waits", deadline_s=30)
    assert shop.topics.server.verify().returncode == 0


async def test_each_record_is_in_one_batch_although_klamm_is_killed(shop: Shop) -> None:
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    shop.apply(REGIONS)
    batches: List[Batch] = [
        [order(region, number * 4 + part) for part in range(4) for region in ("eu", "us")] + [("x", {"kind": "other"})] for number in range(10)
    ]
    await shop.topics.produce_through_kills(batches, shop.produce, kills=3, chance=random.Random(seed))
    # On the embedded log a batch may have been produced in part, and then again.
    produced = [it["value"] for it in shop.topics.records(shop.topic) if it["value"]["kind"] == "order"]

    def all_shipped() -> Dict[str, List[Any]]:
        found = inputs(shop.topics)
        assert sum(len(numbers) for numbers in found.values()) >= len(produced), found
        return found

    found = await await_until(all_shipped, "all orders are shipped", deadline_s=90)
    for region in ("eu", "us"):
        # One run for each first record of a batch; the batches of a region, in the order in which they began.
        runs = [numbers for workflow_id, numbers in found.items() if workflow_id.startswith(f"ship-{region}-")]
        assert all(1 <= len(numbers) <= 5 for numbers in runs), runs
        first = [id.rsplit("-", 2)[0] for id in found]
        assert all(f"ship-{region}-{numbers[0]}" in first for numbers in runs), "the first record names the run"
        shipped = Counter(number for numbers in runs for number in numbers)
        assert shipped == Counter(it["number"] for it in produced if it["region"] == region)
        if shop.topics.server.kafka:
            assert [number for numbers in sorted(runs) for number in numbers] == sorted(shipped), "in the order of the records"
    assert len(found) < len(produced) and set(started(shop.topics).values()) == {1}
    await await_until(lambda: waiting(shop.topics) == [] or None, "nothing waits", deadline_s=30)
    assert shop.topics.server.verify().returncode == 0


async def test_all_records_of_a_batch_that_is_refused_are_dead_letters(shop: Shop) -> None:
    shop.apply(ONE)
    shop.produce([("k", {"number": number}) for number in range(5)])

    def refused() -> bool:
        status = shop.trigger("one")
        assert (status["held"], status["started"], status["dead_lettered"]) == (5, 1, 2), status
        assert len(shop.dead_letters("one")) == 2
        return True

    await await_until(refused, "the second batch is refused", deadline_s=60)
    assert inputs(shop.topics) == {"the-one": [0, 1]}
    letters = shop.dead_letters("one")
    assert [it["value"]["number"] for it in letters] == [2, 3]
    assert {it["headers"]["klamm-dlq-class"] for it in letters} == {"rejected"}
    await await_until(lambda: len(waiting(shop.topics)) == 1, "one record waits for another", deadline_s=30)
    # A letter that is replayed is a batch of its own.
    shop.apply(ONE.replace("id: the-one", 'id: "other-${{value.number}}"'))
    assert '"started"' in shop.topics.klamm("dlq", "replay", "one", "--json")

    def have_runs() -> bool:
        assert inputs(shop.topics) == {"the-one": [0, 1], "other-2": [2], "other-3": [3]}
        return True

    await await_until(have_runs, "each letter has a run", deadline_s=30)
