"""Under load klamm and Kafka are killed again and again, with a standby that takes over and without; nothing is lost or doubled.

Consumers of the history topic, of outcomes and of two topics on which workflows publish read along through all of it. Environment:
KLAMM_BIN; KLAMM_IT_KILLS (20), KLAMM_IT_BROKER_KILLS (3), KLAMM_IT_IN_FLIGHT
(50), KLAMM_IT_SEED (random; printed first, and enough to repeat the choice of
moments), KLAMM_IT_KEEP (a directory: all data and logs are copied there).
"""

import asyncio
import os
import random
import statistics
import time
from contextlib import AsyncExitStack
from typing import Iterator, List

import pytest
from temporalio.client import Client, RetryConfig

from bills import Bills, bill_worker
from bystanders import Bystanders
from cluster import Cluster
from fates import Fate, draw
from histories import Histories
from insist import Clients
from killer import Killer
from load import Load
from outcomes import await_parts, check_outcomes, check_visibility
from prober import Prober
from programs import TASK_QUEUE, Effects, order_worker
from published import check_runs
from support.consumers import PythonConsumer, problems, read_with_java, summary
from support.latencies import mark

KILLS = int(os.environ.get("KLAMM_IT_KILLS", "20"))
BROKER_KILLS = int(os.environ.get("KLAMM_IT_BROKER_KILLS", "3"))
IN_FLIGHT = int(os.environ.get("KLAMM_IT_IN_FLIGHT", "50"))
SEED = int(os.environ.get("KLAMM_IT_SEED") or random.SystemRandom().randrange(1 << 32))

TOPIC = "klamm.history"
OUTCOMES = "klamm.outcomes.default"
#: klamm's default.
PARTITIONS = 8
#: How long after the last kill the last order may take: several task and
#: activity timeouts, one after another, on a slow machine.
DRAIN_DEADLINE_S = 90.0

#: What was measured with each kind of fate.
NAMES = {
    "take-over": "standby, from the kill of the owner",
    "freeze": "standby, from the owner's SIGSTOP",
    "both": "no standby, from the kill of both, start and all",
    "broker": "Kafka killed, from when it is ready again",
}


@pytest.fixture
def consumer(cluster: Cluster) -> Iterator[PythonConsumer]:
    """The Python consumer, reading along."""
    consumer = PythonConsumer(cluster.broker.bootstrap_servers, [server.http for server in cluster.servers], TOPIC)
    yield consumer
    consumer.kill()


@pytest.fixture
def outcomes(cluster: Cluster) -> Iterator[PythonConsumer]:
    """A reader of outcomes, reading along."""
    registries = [server.http for server in cluster.servers]
    consumer = PythonConsumer(cluster.broker.bootstrap_servers, registries, OUTCOMES, outcomes=True)
    yield consumer
    consumer.kill()


@pytest.mark.timeout(900)
async def test_every_acknowledged_order_completes_exactly_once(
    cluster: Cluster, consumer: PythonConsumer, outcomes: PythonConsumer
):
    print(f"seed {SEED}: {KILLS} kills of klamm, {BROKER_KILLS} of Kafka, {IN_FLIGHT} orders in flight", flush=True)
    chance = random.Random(SEED)
    fates: List[Fate] = draw(KILLS, BROKER_KILLS, chance)
    addresses = [server.address for server in cluster.servers]
    clients = await Clients.connect(*addresses)
    # Those that probe ask once and tell at once.
    once = RetryConfig(max_retries=0, max_elapsed_time_millis=1)
    probes = {address: await Client.connect(address, retry_config=once) for address in addresses}
    prober = await Prober.start(clients.any, PARTITIONS)
    effects, histories = Effects(), Histories(clients)
    bystanders = Bystanders(clients)
    await bystanders.start()
    # A worker on each server: tasks come through whichever lives.
    workers = [worker for client in clients.all for worker in (order_worker(client, effects), bill_worker(client))]
    async with AsyncExitStack() as working:
        for worker in workers:
            await working.enter_async_context(worker)
        load = Load(clients, TASK_QUEUE, IN_FLIGHT, chance)
        bills = Bills(clients, cluster.broker.bootstrap_servers)
        killer = Killer(cluster, load, histories, prober, probes, chance)
        begin = time.monotonic()
        for number, fate in enumerate(fates, 1):
            await killer.meet(fate, f"{number}/{len(fates)}")
        last_kill = time.monotonic()
        await load.drain(DRAIN_DEADLINE_S)
        await bills.drain(DRAIN_DEADLINE_S)
        await await_parts(clients.any)
    print(
        f"{len(load.receipts)} orders done in {time.monotonic() - begin:.0f} s, "
        f"the last {time.monotonic() - last_kill:.1f} s after the last kill",
        flush=True,
    )
    assert len(load.receipts) >= IN_FLIGHT
    assert load.receipts.keys() == load.acknowledged.keys()
    await check_outcomes(clients, load, effects, histories)
    await check_visibility(clients.any, load)
    await bystanders.check()
    await bills.check()
    await check_verify(cluster)
    await check_consumers(cluster, consumer, load, histories)
    await check_published(clients.any, outcomes, load)
    await check_clean_restart(cluster, load, histories)
    print(f"{histories.reads} histories read, each began with what had been read of it before", flush=True)
    for what, seconds in killer.silent_s.items():
        tell(what, seconds)


def tell(what: str, seconds: List[float]) -> None:
    """One line about times without an answer."""
    if seconds:
        half, worst = statistics.median(seconds), max(seconds)
        print(
            f"{NAMES[what]}: a partition gave no answer for {half:.2f} s p50, {worst:.2f} s worst{mark(half, worst)} "
            f"({len(seconds)} times measured)",
            flush=True,
        )


async def check_verify(cluster: Cluster) -> None:
    """`klamm verify` passes at the owner."""
    owner, _ = await cluster.owner_and_standby()
    verified = await asyncio.to_thread(owner.verify)
    assert verified.returncode == 0, f"klamm verify: exit code {verified.returncode}\n{verified.stdout}{verified.stderr}"
    print(f"klamm verify: {verified.stdout.strip()}", flush=True)


async def check_consumers(cluster: Cluster, consumer: PythonConsumer, load: Load, histories: Histories) -> None:
    """The consumer that read along saw each event of each order once, in order; one in Java, reading now, saw the same."""
    # What is applied and answered is committed to the topic soon after.
    await asyncio.sleep(3)
    python = await asyncio.to_thread(consumer.finish)
    print(f"Python consumer, through all kills: {summary(python)}", flush=True)
    assert problems(python) == []
    for workflow_id, run_id in load.acknowledged.items():
        newest = python["newest_events"].get(f"default/{workflow_id}/{run_id}")
        assert newest == len(histories.seen[run_id]), f"{workflow_id}: the consumer saw {newest} events"
    owner, _ = await cluster.owner_and_standby()
    java = await asyncio.to_thread(read_with_java, cluster.broker.bootstrap_servers, owner.http, TOPIC)
    print(f"Java consumer, at the end:          {summary(java)}", flush=True)
    # `~partition` records may have come between the two.
    for report in (python, java):
        report["records"] -= report["kinds"].pop("~partition")
    assert problems(java, python) == []


async def check_published(client: Client, consumer: PythonConsumer, load: Load) -> None:
    """The reader of outcomes saw each closed run once, and every order as completed."""
    report = await asyncio.to_thread(consumer.finish)
    runs = report.pop("runs")
    print(f"Outcomes, through all kills: {report}", flush=True)
    assert problems(report) == []
    await check_runs(client, runs, load)


async def check_clean_restart(cluster: Cluster, load: Load, histories: Histories) -> None:
    """After a clean stop and start of both every history is still the same."""
    codes = await asyncio.gather(*(asyncio.to_thread(server.stop) for server in cluster.servers))
    assert codes == [0, 0], f"klamm stopped with exit codes {codes}"
    await asyncio.gather(*(asyncio.to_thread(server.start) for server in cluster.servers))
    await histories.check_all(load.acknowledged)
