"""Under load klamm is killed again and again, once losing its store, and nothing that it acknowledged is lost or doubled.

Environment: KLAMM_BIN; KLAMM_IT_KILLS (20), KLAMM_IT_IN_FLIGHT (50),
KLAMM_IT_SEED (random; printed first, and enough to repeat the choice of moments).
"""

import asyncio
import os
import random
import shutil
import time
from typing import List

from bystanders import Bystanders
from histories import Histories
from insist import Clients
from load import Load
from outcomes import await_parts, check_outcomes, check_visibility
from programs import Effects, order_worker
from published import check_printed
from support.server import KlammServer

KILLS = int(os.environ.get("KLAMM_IT_KILLS", "20"))
IN_FLIGHT = int(os.environ.get("KLAMM_IT_IN_FLIGHT", "50"))
SEED = int(os.environ.get("KLAMM_IT_SEED") or random.SystemRandom().randrange(1 << 32))

#: How long after the last kill the last order may take: several task and
#: activity timeouts, one after another, on a slow machine.
DRAIN_DEADLINE_S = 60.0
#: The share of kills that hit a server that is still starting.
EARLY_KILLS = 0.2


class Killer:
    """Kills the server at random moments and starts it again; once it deletes the store between the two."""

    def __init__(self, server: KlammServer, load: Load, histories: Histories, chance: random.Random) -> None:
        self.server = server
        self.load = load
        self.histories = histories
        self.chance = chance
        self.without_store = chance.randrange(KILLS)
        self.restarts_s: List[float] = []

    async def run(self) -> None:
        """All kills, each followed by a start."""
        for kill in range(KILLS):
            await asyncio.sleep(self.chance.uniform(0.2, 1.2))
            self.load.raise_failure()
            assert self.server.running(), f"klamm died by itself: exit code {self.server.process.returncode}"
            await self.histories.check_all(self.load.open_runs())
            records = await self._records() if kill == self.without_store else []
            await asyncio.sleep(self.chance.uniform(0, 0.3))
            await asyncio.to_thread(self.server.kill)
            if kill == self.without_store:
                self._delete_store()
            early = self.chance.random() < EARLY_KILLS
            if early:
                self.server.spawn()
                await asyncio.sleep(self.chance.uniform(0, 0.5))
                await asyncio.to_thread(self.server.kill)
            self.restarts_s.append(await asyncio.to_thread(self.server.start))
            self._tell(kill, early)
            await self.histories.check_all(self.load.open_runs())
            await self.load.updates.check_answers()
            if kill == self.without_store:
                lost = set(records) - set(await self._records())
                assert not lost, f"{len(lost)} of {len(records)} history records changed, e.g. {sorted(lost)[0]}"

    async def _records(self) -> List[str]:
        records = await asyncio.to_thread(self.server.topic_records, "history")
        assert records, "the history topic is empty under load"
        return records

    def _delete_store(self) -> None:
        store = self.server.data_dir / "store"
        assert store.is_dir(), f"no store at {store}"
        shutil.rmtree(store)

    def _tell(self, kill: int, early: bool) -> None:
        how = " without its store" if kill == self.without_store else ""
        how += ", and again while it started" if early else ""
        done, started = len(self.load.receipts), len(self.load.acknowledged)
        print(
            f"kill {kill + 1}/{KILLS}{how}: up in {self.restarts_s[-1]:.2f} s; {done} of {started} orders done",
            flush=True,
        )


async def test_every_acknowledged_order_completes_exactly_once(server: KlammServer):
    print(f"\nseed {SEED}: {KILLS} kills, {IN_FLIGHT} orders in flight", flush=True)
    chance = random.Random(SEED)
    clients = await Clients.connect(server.address)
    effects, histories = Effects(), Histories(clients)
    bystanders = Bystanders(clients)
    await bystanders.start()
    async with order_worker(clients.any, effects):
        load = Load(clients, "crash", IN_FLIGHT, chance)
        killer = Killer(server, load, histories, chance)
        await killer.run()
        last_kill = time.monotonic()
        await load.drain(DRAIN_DEADLINE_S)
        await await_parts(clients.any)
    print(
        f"{len(load.receipts)} orders done, the last {time.monotonic() - last_kill:.1f} s after the last kill; "
        f"slowest start {max(killer.restarts_s):.2f} s",
        flush=True,
    )
    assert len(load.receipts) >= IN_FLIGHT
    assert load.receipts.keys() == load.acknowledged.keys()
    await check_outcomes(clients, load, effects, histories)
    await check_visibility(clients.any, load)
    await check_printed(server, clients.any, load)
    await bystanders.check()
    await check_verify_and_clean_restart(server, load, histories)
    print(f"{histories.reads} histories read, each began with what had been read of it before", flush=True)


async def check_verify_and_clean_restart(server: KlammServer, load: Load, histories: Histories) -> None:
    """`klamm verify` passes; after a clean stop and start every history is still the same."""
    verified = await asyncio.to_thread(server.verify)
    assert verified.returncode == 0, f"klamm verify: exit code {verified.returncode}\n{verified.stdout}{verified.stderr}"
    assert await asyncio.to_thread(server.stop) == 0
    await asyncio.to_thread(server.start)
    await histories.check_all(load.acknowledged)
    assert await asyncio.to_thread(server.stop) == 0
