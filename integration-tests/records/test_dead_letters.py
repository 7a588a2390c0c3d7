"""Dead letters: they say what is wrong, and once the declaration is mended, a replay has each of them take effect, once."""

import json
import random
import subprocess
from collections import Counter
from typing import Any, Dict, List

from temporalio.client import Client
from temporalio.worker import Worker

from support.awaiting import await_until
from topics import COMMAND_S
from trigger_shop import QUEUE, Order, Shop, signals, started

#: A rule that does not see that some orders have a type instead of a kind.
CARELESS = """
trigger: orders
namespace: default
source: {{topic: {topic}, format: json}}
rules:
  - when: "value.kind == 'order'"
    start: {{type: Order, task_queue: triggered, id: "order-${{value.id}}"}}
    args: [{{path: value}}]
  - when: "value.kind == 'payment'"
    signal: {{id: "order-${{value.id}}", name: pay, missing: dead_letter}}
    args: [{{path: value.amount}}]
"""
MENDED = CARELESS.replace("value.kind == 'order'", "(has(value.kind) ? value.kind : value.type) == 'order'") + "    idempotency: value.amount\n"


def dlq(shop: Shop, *arguments: str, code: int = 0) -> List[Dict[str, Any]]:
    """What `klamm dlq` prints, by line. `code`: how it ends."""
    server = shop.topics.server
    command = [str(server.binary), "dlq", *arguments, "--json", "--address", server.address]
    ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=COMMAND_S, text=True)
    assert ended.returncode == code, f"{command}: {ended.returncode}: {ended.stdout}{ended.stderr}"
    return [json.loads(line) for line in ended.stdout.splitlines()]


def replay(shop: Shop, *options: str, code: int = 0) -> Dict[str, int]:
    """What came of the letters: how many of each. The lines say the same as the summary."""
    *lines, summary = dlq(shop, "replay", "orders", *options, code=code)
    counts = Counter(line["came"] for line in lines)
    assert counts == summary["summary"]
    return dict(counts)


async def letters(shop: Shop, count: int) -> List[Dict[str, Any]]:
    """The dead letters, once there are so many."""

    def found() -> List[Dict[str, Any]]:
        listed = dlq(shop, "list", "orders", "--limit", "1000")
        assert len(listed) == count, listed
        return listed

    return await await_until(found, f"{count} dead letters", deadline_s=60)


async def test_dead_letters_take_effect_once_when_the_declaration_is_mended(shop: Shop, client: Client) -> None:
    shop.apply(CARELESS)
    shop.produce([("a", {"kind": "order", "id": 1}), ("b", {"type": "order", "id": 2}), ("c", "no json")])
    # The shop has sent a payment twice.
    shop.produce([("d", {"kind": "payment", "id": 7, "amount": 3})] * 2)
    listed = {letter["class"]: letter for letter in await letters(shop, 4)}
    assert {(it["class"], it["rule"], it["stage"], it["key"]) for it in listed.values()} == {
        ("expression", 1, "record", "b"),
        ("decode", 0, "record", "c"),
        ("rejected", 2, "effect", "d"),
    }
    assert "No such key: kind" in listed["expression"]["message"]
    assert {it["source"]["topic"] for it in listed.values()} == {shop.topic} and not any(it["replayed"] for it in listed.values())
    assert [it["records"] >= 4 for it in dlq(shop, "list") if it["trigger"] == "orders"] == [True]
    assert [it["class"] for it in dlq(shop, "list", "orders", "--class", "decode")] == ["decode"]
    assert [it["class"] for it in dlq(shop, "list", "orders", "--rule", "2", "--since", "1h")] == ["rejected"] * 2
    assert dlq(shop, "list", "orders", "--since", "2100-01-01T00:00:00Z") == []
    assert len(dlq(shop, "list", "orders", "--limit", "2")) == 2
    lines = shop.topics.klamm("dlq", "list", "orders", "--limit", "2").splitlines()
    assert len(lines) == 3 and "and more" in lines[-1], lines

    place = (str(listed["decode"]["partition"]), str(listed["decode"]["offset"]))
    (shown,) = dlq(shop, "show", "orders", *place)
    assert (shown["value"], shown["value_form"], shown["key"], shown["headers"]) == ("no json", "text", "c", [])
    said = shop.topics.klamm("dlq", "show", "orders", *place)
    assert "no json" in said and "decode (record)" in said and listed["decode"]["message"] in said
    assert "There is no dead letter at 0/999 " in shop.topics.klamm("dlq", "show", "orders", "0", "999", fails=True)
    assert "There is no trigger payments." in shop.topics.klamm("dlq", "replay", "payments", fails=True)

    # As it is declared, only the payments could be used, and they have no run.
    assert replay(shop, "--dry-run", code=1) == {"wrong": 2, "signal": 2}
    assert replay(shop, code=1) == {"wrong": 4}
    assert len(await letters(shop, 4)) == 4, "no second dead letters"

    shop.apply(MENDED)
    shop.produce([("d", {"kind": "order", "id": 7})])
    await await_until(lambda: started(shop.topics)["order-7"] == 1, "the order that is paid", deadline_s=60)
    one = ("--partition", str(listed["expression"]["partition"]), "--offset", str(listed["expression"]["offset"]))
    assert replay(shop, *one, "--dry-run") == {"start": 1}
    assert replay(shop, *one) == {"started": 1}
    *paid, _ = dlq(shop, "replay", "orders", "--class", "rejected")
    assert [(it["came"], it["detail"]) for it in paid] == [("signalled", ""), ("suppressed", "it has taken effect before")]
    assert replay(shop, "--class", "rejected", "--dry-run") == {"suppressed": 2}
    *again, _ = dlq(shop, "replay", "orders", code=1)
    assert Counter(it["came"] for it in again) == {"suppressed": 3, "wrong": 1}
    before = {f"it was replayed before: {came}" for came in ("started", "signalled", "suppressed")}
    assert {it["detail"] for it in again if it["came"] == "suppressed"} == before
    (bad,) = [it for it in again if it["came"] == "wrong"]
    assert bad["class"] == "decode" and "not JSON" in bad["detail"], bad
    assert {(it["class"], it["replayed"]) for it in await letters(shop, 4)} == {
        ("expression", "started"),
        ("rejected", "signalled"),
        ("rejected", "suppressed"),
        ("decode", None),
    }
    assert [it["class"] for it in dlq(shop, "list", "orders", "--open")] == ["decode"]

    # Neither a closed run nor another klamm makes a letter new.
    async with Worker(client, task_queue=QUEUE, workflows=[Order]):
        handle = client.get_workflow_handle("order-7")
        await handle.signal(Order.pay, "end")
        assert await handle.result() == [3, "end"]
        await client.get_workflow_handle("order-2").terminate()
    shop.topics.server.kill()
    shop.topics.server.start()
    assert replay(shop, code=1) == {"suppressed": 3, "wrong": 1}

    def all_there() -> bool:
        assert started(shop.topics) == {"order-1": 1, "order-2": 1, "order-7": 1}
        assert Counter(signals(shop.topics)) == {("order-7", 3): 1, ("order-7", "end"): 1}
        return True

    # What is answered is on the topic a moment later.
    await await_until(all_there, "each letter has had its effect once", deadline_s=60)
    assert shop.topics.server.verify().returncode == 0


async def test_dead_letters_take_effect_once_although_klamm_is_killed_while_they_are_replayed(shop: Shop, client: Client) -> None:
    """Payments without runs, more for each run than a run remembers requests. Then the runs are there, and klamm is killed again and again."""
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    chance = random.Random(seed)
    shop.apply(CARELESS)
    orders, each = 3, 60
    shop.produce([(f"k{order}", {"kind": "payment", "id": order, "amount": amount}) for amount in range(each) for order in range(orders)])
    await letters(shop, orders * each)
    shop.produce([(f"k{order}", {"kind": "order", "id": order}) for order in range(orders)])
    await await_until(lambda: len(started(shop.topics)) == orders, "the orders", deadline_s=60)

    server = shop.topics.server
    for _ in range(4):
        command = [str(server.binary), "dlq", "replay", "orders", "--open", "--json", "--address", server.address]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as replaying:
            # Some are replayed, and klamm may be anywhere in the next ones.
            for _ in range(chance.randrange(1, each // 2)):
                line = replaying.stdout.readline()
                if '"summary"' in line:
                    break
                assert '"signalled"' in line or '"suppressed"' in line, line
            server.kill()
        server.start()
    left = replay(shop, "--open")
    print(f"left for the last replay: {left}")
    assert set(left) <= {"signalled", "suppressed"}, left
    assert replay(shop) == {"suppressed": orders * each}

    def all_there() -> bool:
        assert Counter(signals(shop.topics)) == {(f"order-{order}", amount): 1 for amount in range(each) for order in range(orders)}
        return True

    # What is answered is on the topic a moment later.
    await await_until(all_there, "each letter has signalled once", deadline_s=60)
    for order in range(orders):
        amounts = [amount for workflow_id, amount in signals(shop.topics) if workflow_id == f"order-{order}"]
        assert amounts == list(range(each)), "in the order of the letters"
    assert server.verify().returncode == 0
