"""Records through two triggers, while klamm is killed with a standby and without, Kafka is killed, and the topic is cut off and made anew.

Each record takes effect once, each bad one is a dead letter once, the order of each key is kept, and the offsets that lag tools see are
the truth. Environment: KLAMM_IT_RECORDS (50,000), KLAMM_IT_RECORD_KILLS (10), KLAMM_IT_RECORD_BROKER_KILLS (3), KLAMM_IT_SEED.
"""

import asyncio
import json
import os
import random
import signal
import time
from collections import Counter
from typing import Dict

import pytest
from confluent_kafka import Consumer, KafkaException, TopicPartition
from temporalio.client import Client

from cluster import Cluster
from fates import Fate, draw
from source import PARTITIONS, Source
from support.awaiting import await_until
from support.reading import committed

RECORDS = int(os.environ.get("KLAMM_IT_RECORDS", "50000"))
KILLS = int(os.environ.get("KLAMM_IT_RECORD_KILLS", "10"))
BROKER_KILLS = int(os.environ.get("KLAMM_IT_RECORD_BROKER_KILLS", "3"))
SEED = int(os.environ.get("KLAMM_IT_SEED") or random.SystemRandom().randrange(1 << 32))

TOPIC = "shop.records"
TRIGGERS = ("orders", "payments")
#: How long after the last kill the last record may take.
DRAIN_DEADLINE_S = 120.0
#: The longest that a process stays frozen after another has taken over.
FROZEN_S = 3.0
#: The longest that a broker or a registry may take to answer the test itself.
ANSWER_S = 60.0

ORDERS = f"""
trigger: orders
namespace: default
source: {{topic: {TOPIC}, format: json}}
rules:
  - when: "value.kind == 'order'"
    start: {{type: Order, task_queue: nobody, id: "order-${{value.id}}", on_conflict: skip}}
    args: [{{path: value}}]
"""

PAYMENTS = f"""
trigger: payments
namespace: default
source: {{topic: {TOPIC}, format: json, tombstone: dead_letter}}
rules:
  - when: "value.kind == 'payment'"
    start: {{type: Account, task_queue: nobody, id: "account-${{value.id}}"}}
    signal: {{name: pay, missing: start, args: [{{path: value.amount}}]}}
"""


class Killing:
    """Carries out fates while records are produced and taken."""

    def __init__(self, cluster: Cluster, chance: random.Random) -> None:
        self.cluster = cluster
        self.chance = chance

    async def meet(self, fate: Fate) -> None:
        await asyncio.sleep(self.chance.uniform(0, 1.0))
        self.cluster.check_alive()
        await {"take-over": self._take_over, "freeze": self._freeze, "both": self._both, "broker": self._broker}[fate.kind](fate)

    async def _owns(self, address: str) -> None:
        await await_until(lambda: self.cluster.members.owner() == address, f"{address} owns all partitions", ANSWER_S)

    async def _take_over(self, fate: Fate) -> None:
        owner, standby = await self.cluster.owner_and_standby()
        await self.cluster.kill(owner)
        await self._owns(standby.address)
        if fate.without_store:
            self.cluster.delete_store(owner)
        await asyncio.to_thread(owner.start)

    async def _freeze(self, _fate: Fate) -> None:
        owner, standby = await self.cluster.owner_and_standby()
        owner.process.send_signal(signal.SIGSTOP)
        await self._owns(standby.address)
        await asyncio.sleep(self.chance.uniform(0, FROZEN_S))
        owner.process.send_signal(signal.SIGCONT)

    async def _both(self, fate: Fate) -> None:
        await self.cluster.owner_and_standby()
        await self.cluster.kill(*self.cluster.servers)
        for server in self.cluster.servers:
            if fate.without_store:
                self.cluster.delete_store(server)
            await asyncio.to_thread(server.start)

    async def _broker(self, _fate: Fate) -> None:
        await asyncio.to_thread(self.cluster.broker.kill)
        await asyncio.sleep(self.chance.uniform(0, 2.0))
        await asyncio.to_thread(self.cluster.broker.start)


async def ask(cluster: Cluster, *arguments: str) -> str:
    """A command of klamm's, asked of the owner."""
    owner, _ = await cluster.owner_and_standby()
    ended = await asyncio.to_thread(owner.command, *arguments)
    assert ended.returncode == 0, f"{arguments}: {ended.stdout}{ended.stderr}"
    return ended.stdout


async def until_read(cluster: Cluster) -> Dict[str, Dict[int, int]]:
    """Waits until both triggers have read all; by trigger and partition the offset that comes next."""

    async def read() -> Dict[str, Dict[int, int]]:
        found = {}
        for name in TRIGGERS:
            described = json.loads(await ask(cluster, "trigger", "describe", name, "--json"))
            assert not described["problem"] and described["lag"] == 0, described
            assert len(described["partitions"]) == PARTITIONS, described
            found[name] = {it["partition"]: it["next"] for it in described["partitions"]}
        return found

    return await await_until(read, "both triggers have read everything", DRAIN_DEADLINE_S, interval_s=0.5)


@pytest.mark.timeout(900)
async def test_each_record_takes_effect_once_through_kills_and_other_topics_of_its_name(cluster: Cluster) -> None:
    print(f"seed {SEED}: {RECORDS} records, {KILLS} kills of klamm, {BROKER_KILLS} of Kafka", flush=True)
    chance = random.Random(SEED)
    bootstrap = cluster.broker.bootstrap_servers
    source, killing = Source(bootstrap, TOPIC, chance), Killing(cluster, random.Random(SEED + 1))
    source.create()
    files = []
    for name, text in (("orders", ORDERS), ("payments", PAYMENTS)):
        file = cluster.directory / f"{name}.yaml"
        file.write_text(text)
        files += ["-f", str(file)]
    await ask(cluster, "apply", *files)

    fates = draw(KILLS, BROKER_KILLS, chance)
    phases, begun = 3, time.monotonic()
    for phase in range(phases):
        if phase == 1:
            # Somebody needs the room. What was read is not missed.
            assert source.truncate() > 0
        elif phase == 2:
            source.delete()

            def made() -> bool:
                try:
                    source.create()
                except KafkaException as error:  # the broker may still know the old one
                    raise LookupError(str(error)) from error
                return True

            await await_until(made, "the topic is made anew", ANSWER_S)
        some = fates[len(fates) * phase // phases : len(fates) * (phase + 1) // phases]
        for number in range(max(1, len(some))):
            count = RECORDS // phases // max(1, len(some))
            producing = asyncio.create_task(asyncio.to_thread(source.produce, count))
            if number < len(some):
                await killing.meet(some[number])
                print(f"phase {phase + 1}: {some[number]}, {source.expected.records} records, {time.monotonic() - begun:.0f} s", flush=True)
            await producing
        positions = await until_read(cluster)
    expected = source.expected
    print(f"{expected.records} records read after {time.monotonic() - begun:.0f} s", flush=True)

    await check_dead_letters(bootstrap, source)
    await check_positions(bootstrap, positions)
    owner, _ = await cluster.owner_and_standby()
    client = await Client.connect(owner.address)
    await check_runs(client, source)
    verified = await asyncio.to_thread(owner.verify)
    assert verified.returncode == 0, f"klamm verify: {verified.stdout}{verified.stderr}"
    print(f"{len(expected.orders)} orders, {sum(map(len, expected.payments.values()))} payments, all once and in order", flush=True)


async def check_dead_letters(bootstrap: str, source: Source) -> None:
    """Each bad record is one dead letter of each trigger that it is bad for."""
    for name in TRIGGERS:
        expected = source.expected.dead[name]

        async def found() -> Counter:
            letters = await asyncio.to_thread(committed, bootstrap, f"klamm.dlq.{name}")
            assert len(letters) >= expected.total()
            return Counter((letter.value() or b"").decode() for letter in letters)

        # What has been read is decided soon after.
        values = await await_until(found, f"{expected.total()} dead letters of {name}", ANSWER_S, interval_s=0.5)
        assert values == expected, (name, values - expected, expected - values)


async def check_positions(bootstrap: str, positions: Dict[str, Dict[int, int]]) -> None:
    """What lag tools see is what klamm has read."""
    for name in TRIGGERS:
        consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": f"klamm.trigger.{name}"})
        try:

            def shown() -> bool:
                found = consumer.committed([TopicPartition(TOPIC, partition) for partition in range(PARTITIONS)], ANSWER_S)
                assert {it.partition: it.offset for it in found} == positions[name]
                return True

            await await_until(shown, f"the offsets of klamm.trigger.{name}", ANSWER_S)
        finally:
            consumer.close()


async def check_runs(client: Client, source: Source) -> None:
    """Each order was started once, and each account has its payments once, in their order."""

    async def counted() -> bool:
        orders = (await client.count_workflows("WorkflowType = 'Order'")).count
        assert orders == len(source.expected.orders), f"{orders} orders of {len(source.expected.orders)}"
        accounts = (await client.count_workflows("WorkflowType = 'Account'")).count
        assert accounts == len(source.expected.payments)
        return True

    await await_until(counted, "the index knows all runs", ANSWER_S)
    for account, amounts in source.expected.payments.items():
        history = await client.get_workflow_handle(f"account-{account}").fetch_history()
        paid = [
            json.loads(event.workflow_execution_signaled_event_attributes.input.payloads[0].data)
            for event in history.events
            if event.HasField("workflow_execution_signaled_event_attributes")
        ]
        assert paid == amounts, f"account-{account}"
