"""Triggers: records of any topic start and signal workflows, each once, and what cannot be used becomes a dead letter, once."""

import json
import random
from collections import Counter
from typing import Any, List

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.worker import Worker

from support.awaiting import await_until
from topics import Batch, Record
from trigger_shop import ORDERS, PAYMENTS, QUEUE, Order, Shop, signals, started


async def test_records_start_and_signal_and_what_cannot_be_used_is_a_dead_letter(shop: Shop, client: Client) -> None:
    assert shop.apply(ORDERS, PAYMENTS, options=("--dry-run",)).split("\n")[:2] == [
        "trigger orders would be created",
        "trigger payments would be created",
    ]
    assert shop.topics.klamm("trigger", "list", "--json") == ""
    assert "trigger orders created" in shop.apply(ORDERS, PAYMENTS)
    assert shop.apply(ORDERS, PAYMENTS).split("\n")[:2] == ["trigger orders unchanged", "trigger payments unchanged"]
    shop.produce([("a", {"kind": "order", "id": 1}), ("a", {"kind": "order", "id": 1}), ("a", {"kind": "other"})])
    shop.produce([("b", {"kind": "payment", "id": 7, "amount": 12.50}), ("b", {"kind": "payment", "id": 7, "amount": "end"})])
    shop.produce([("bad", "no json"), ("bad", {"id": 3})])
    async with Worker(client, task_queue=QUEUE, workflows=[Order]):
        handle = client.get_workflow_handle("paid-7")

        async def paid() -> Any:
            try:
                description = await handle.describe()
            except Exception as error:  # the record has not been taken yet
                raise LookupError(str(error)) from error
            assert description.status == WorkflowExecutionStatus.COMPLETED
            return await handle.result()

        assert await await_until(paid, "the payments", deadline_s=60) == [12.5, "end"]

    def dead() -> List[Record]:
        letters = [letter for name in ("orders", "payments") for letter in shop.dead_letters(name)]
        assert len(letters) == 4, letters
        return letters

    letters = await await_until(dead, "four dead letters", deadline_s=60)
    assert {letter["key"] for letter in letters} == {"bad"}
    headers = [letter["headers"] for letter in letters]
    assert Counter((it["klamm-dlq-trigger"], it["klamm-dlq-class"]) for it in headers) == {
        (trigger, fault): 1 for trigger in ("orders", "payments") for fault in ("decode", "expression")
    }
    assert {it["__dlq.errors.topic"] for it in headers} == {shop.topic}
    assert any("No such key: kind" in it["__dlq.errors.message"] for it in headers)
    assert any(letter["value"] == {"id": 3} for letter in letters)

    def counted() -> bool:
        orders, payments = shop.trigger("orders"), shop.trigger("payments")
        assert (orders["started"], orders["suppressed"], orders["filtered"], orders["dead_lettered"]) == (1, 1, 3, 2), orders
        assert (payments["started"], payments["signalled"], payments["dead_lettered"]) == (1, 1, 2), payments
        assert orders["lag"] == payments["lag"] == 0 and not orders["problem"]
        return True

    await await_until(counted, "the status of both", deadline_s=60)
    tried = [json.loads(line) for line in shop.topics.klamm("trigger", "test", "orders", "--json").splitlines()]
    assert Counter(it["effect"] for it in tried) == {"start": 2, "filtered": 3, "dead_letter": 2}


async def test_a_trigger_is_paused_changed_and_deleted(shop: Shop, client: Client) -> None:
    shop.apply(ORDERS)
    shop.produce([("a", {"kind": "order", "id": 1})])
    await await_until(lambda: started(shop.topics)["order-1"] == 1, "the first order", deadline_s=60)
    shop.topics.klamm("trigger", "pause", "orders", "--reason", "holidays")
    described = shop.trigger("orders")
    assert described["paused"] and described["pause_reason"] == "holidays"
    shop.produce([("a", {"kind": "order", "id": 2})])
    # What is declared while it is paused counts once it goes on; what was read before is not read again.
    changed = ORDERS.replace("order-$", "again-$")
    told = shop.apply(changed)
    assert "trigger orders changed" in told and "+     start: " in told, told
    shop.topics.klamm("trigger", "resume", "orders")
    await await_until(lambda: started(shop.topics)["again-2"] == 1, "the order that waited", deadline_s=60)
    shop.topics.server.kill()
    shop.topics.server.start()
    shop.produce([("a", {"kind": "order", "id": 3})])
    await await_until(lambda: started(shop.topics)["again-3"] == 1, "an order after the restart", deadline_s=60)
    assert started(shop.topics) == {"order-1": 1, "again-2": 1, "again-3": 1}
    assert "trigger orders deleted" in shop.apply(PAYMENTS, options=("--prune",))
    assert "There is no trigger orders." in shop.topics.klamm("trigger", "describe", "orders", fails=True)
    wrong = shop.apply(ORDERS.replace("json", "xml"), fails=True)
    assert "line 4" in wrong and '"xml" is not known' in wrong, wrong


async def test_each_record_takes_effect_once_although_klamm_is_killed(shop: Shop, client: Client) -> None:
    """Orders and payments of some keys, filtered and bad records among them, through two triggers while klamm is killed."""
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    chance = random.Random(seed)
    keys, each = 10, 20
    shop.apply(ORDERS, PAYMENTS)
    batches: List[Batch] = []
    for amount in range(each):
        batch: Batch = [(f"k{key}", {"kind": "payment", "id": key, "amount": amount}) for key in range(keys)]
        batch += [(f"k{key}", {"kind": "order", "id": f"{key}-{amount}"}) for key in range(keys)]
        batch += [(f"k{key}", {"kind": "other", "number": amount}) for key in range(keys)]
        batch.append((f"bad-{amount}", "{" * chance.randrange(1, 5)))
        batches.append(batch)

    await shop.topics.produce_through_kills(batches, shop.produce, kills=5, chance=chance)

    # On the embedded log a batch may have been produced in part, and then again.
    produced = shop.topics.records(shop.topic)
    payments = [it["value"] for it in produced if isinstance(it["value"], dict) and it["value"].get("kind") == "payment"]
    orders = {it["value"]["id"] for it in produced if isinstance(it["value"], dict) and it["value"].get("kind") == "order"}
    bad = Counter((it["partition"], it["offset"]) for it in produced if it["key"].startswith("bad-"))

    def all_taken() -> bool:
        assert shop.trigger("orders")["lag"] == shop.trigger("payments")["lag"] == 0
        assert len(shop.trigger("payments")["partitions"]) >= 4
        for name in ("orders", "payments"):
            assert len(shop.dead_letters(name)) >= len(bad)
        assert len(signals(shop.topics)) >= len(payments)
        return True

    await await_until(all_taken, "all records are dealt with", deadline_s=120, interval_s=0.5)
    assert Counter(signals(shop.topics)) == Counter((f"paid-{it['id']}", it["amount"]) for it in payments)
    for key in range(keys):
        amounts = [amount for workflow_id, amount in signals(shop.topics) if workflow_id == f"paid-{key}"]
        assert amounts == [it["amount"] for it in payments if it["id"] == key], "in the order of the records"
    runs = started(shop.topics)
    assert {it: count for it, count in runs.items() if it.startswith("order-")} == {f"order-{order}": 1 for order in orders}
    assert {it: count for it, count in runs.items() if it.startswith("paid-")} == {f"paid-{key}": 1 for key in range(keys)}
    for name in ("orders", "payments"):
        places = Counter(
            (int(it["headers"]["__dlq.errors.partition"]), int(it["headers"]["__dlq.errors.offset"])) for it in shop.dead_letters(name)
        )
        assert places == bad, name
    assert shop.topics.server.verify().returncode == 0
