"""Carries out the fates, each at a random moment under load, and waits until all is well again."""

import asyncio
import random
import signal
import time
from collections import defaultdict
from typing import Dict, List

from temporalio.client import Client

from cluster import Cluster
from fates import Fate
from histories import Histories
from load import Load
from prober import Prober

#: How long a frozen process stays frozen.
FREEZE_S = 15.0
#: The share of starts after a kill that are killed too, while they start.
EARLY_KILLS = 0.2


class Killer:
    """`silent_s`: kind of fate → for each time and partition, how long it gave no answer."""

    def __init__(
        self,
        cluster: Cluster,
        load: Load,
        histories: Histories,
        prober: Prober,
        probes: Dict[str, Client],
        chance: random.Random,
    ) -> None:
        self.cluster = cluster
        self.load = load
        self.histories = histories
        self.prober = prober
        self.probes = probes
        self.chance = chance
        self.silent_s: Dict[str, List[float]] = defaultdict(list)

    async def meet(self, fate: Fate, place: str) -> None:
        """One fate, between two readings of all open histories."""
        begin = time.monotonic()
        await asyncio.sleep(self.chance.uniform(0.2, 1.2))
        self.load.raise_failure()
        self.cluster.check_alive()
        await self.histories.check_all(self.load.open_runs())
        await asyncio.sleep(self.chance.uniform(0, 0.3))
        carry_out = {
            "take-over": self._take_over,
            "freeze": self._freeze,
            "both": self._both,
            "broker": self._broker,
        }[fate.kind]
        silent = await carry_out(fate)
        self.silent_s[fate.kind] += silent
        await self.histories.check_all(self.load.open_runs())
        await self.load.updates.check_answers()
        done, started = len(self.load.receipts), len(self.load.acknowledged)
        print(
            f"{place} {fate}: all partitions answered after {max(silent):.2f} s, the first after {min(silent):.2f} s; "
            f"{done} of {started} orders done; {time.monotonic() - begin:.0f} s",
            flush=True,
        )

    async def _take_over(self, fate: Fate) -> List[float]:
        owner, standby = await self.cluster.owner_and_standby()
        since = time.monotonic()
        await self.cluster.kill(owner)
        silent = await self.prober.until_answered(self.probes[standby.address], since)
        if fate.without_store:
            self.cluster.delete_store(owner)
        await asyncio.to_thread(owner.start)
        return silent

    async def _freeze(self, _fate: Fate) -> List[float]:
        owner, standby = await self.cluster.owner_and_standby()
        since = time.monotonic()
        owner.process.send_signal(signal.SIGSTOP)
        silent = await self.prober.until_answered(self.probes[standby.address], since)
        await asyncio.sleep(max(0.0, since + FREEZE_S - time.monotonic()))
        owner.process.send_signal(signal.SIGCONT)
        # It goes on as a standby: what it says at once must be right too.
        await self.histories.check_all(self.load.open_runs())
        now_owner, _ = await self.cluster.owner_and_standby()
        assert now_owner is standby, "the one that was frozen owns again"
        return silent

    async def _both(self, fate: Fate) -> List[float]:
        servers = list(self.cluster.servers)
        self.chance.shuffle(servers)
        first, second = servers
        since = time.monotonic()
        await self.cluster.kill(first, second)
        if fate.without_store:
            for server in servers:
                self.cluster.delete_store(server)
        if self.chance.random() < EARLY_KILLS:
            first.spawn()
            await asyncio.sleep(self.chance.uniform(0, 1.0))
            await self.cluster.kill(first)
        first.spawn()
        silent = await self.prober.until_answered(self.probes[first.address], since)
        await asyncio.to_thread(second.start)
        return silent

    async def _broker(self, _fate: Fate) -> List[float]:
        owner, _ = await self.cluster.owner_and_standby()
        await asyncio.to_thread(self.cluster.broker.kill)
        await asyncio.sleep(self.chance.uniform(0, 2.0))
        await asyncio.to_thread(self.cluster.broker.start)
        # Nobody owns anything without a broker: what klamm needs beyond that counts from here on.
        return await self.prober.until_answered(self.probes[owner.address], time.monotonic())
