"""While schedules of one second fire, klamm is killed again and again: no action is lost, none is doubled, and the audit knows of each.

Environment: KLAMM_BIN; KLAMM_IT_SCHEDULES (500), KLAMM_IT_SCHEDULE_SECONDS (60),
KLAMM_IT_SCHEDULE_KILLS (6), KLAMM_IT_SEED (random; printed first). On Kafka the
broker is killed with klamm once.
"""

import asyncio
import os
import random
import time
from pathlib import Path
from typing import Iterator, Optional

import pytest

from firing import Firing
from insist import Clients
from support.kafka import KafkaBroker
from support.server import KlammServer, klamm_binary

SCHEDULES = int(os.environ.get("KLAMM_IT_SCHEDULES", "500"))
SECONDS = int(os.environ.get("KLAMM_IT_SCHEDULE_SECONDS", "60"))
KILLS = int(os.environ.get("KLAMM_IT_SCHEDULE_KILLS", "6"))
SEED = int(os.environ.get("KLAMM_IT_SEED") or random.SystemRandom().randrange(1 << 32))

#: How long after their last second the actions of all schedules may take, after the last kill on a slow machine.
CATCH_UP_DEADLINE_S = 120.0


class Servers:
    """klamm, and the broker under it where there is one; started."""

    def __init__(self, directory: Path, broker: Optional[KafkaBroker]) -> None:
        self.broker = broker
        if broker is not None:
            broker.start()
        kafka = broker.bootstrap_servers if broker is not None else None
        self.klamm = KlammServer(klamm_binary(), directory / "data", directory / "klamm.log", kafka)
        self.klamm.start()

    def kill_and_start(self, everything: bool) -> float:
        """SIGKILL klamm, or everything, and start it again; the seconds that took."""
        begin = time.monotonic()
        self.klamm.kill()
        if everything and self.broker is not None:
            self.broker.kill()
            self.broker.start()
        self.klamm.start()
        return time.monotonic() - begin

    def close(self) -> None:
        """Kill what runs."""
        if self.klamm.running():
            self.klamm.kill()
        if self.broker is not None and self.broker.running():
            self.broker.kill()


@pytest.fixture
def servers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Servers]:
    """klamm on the log of KLAMM_IT_LOG; its log's end is shown when the test fails."""
    broker = KafkaBroker(tmp_path / "kafka") if os.environ.get("KLAMM_IT_LOG") == "kafka" else None
    servers = Servers(tmp_path, broker)
    yield servers
    servers.close()
    if getattr(request.node, "failed", True):
        print(f"--- the end of {servers.klamm.log}\n{servers.klamm.log_tail()}")


async def test_every_second_of_every_schedule_has_one_run_or_one_reason(servers: Servers):
    print(f"\nseed {SEED}: {SCHEDULES} schedules, {SECONDS} s, {KILLS} kills", flush=True)
    chance = random.Random(SEED)
    clients = await Clients.connect(servers.klamm.address)
    firing = Firing(clients, SCHEDULES, SECONDS)
    await firing.create()
    await firing.begun()
    kills = sorted(chance.uniform(0, 0.9 * SECONDS) for _ in range(KILLS))
    with_broker = chance.randrange(KILLS) if KILLS else None
    for number, moment in enumerate(kills):
        await asyncio.sleep(max(0.0, firing.first.timestamp() + moment - time.time()))
        assert servers.klamm.running(), f"klamm died by itself: exit code {servers.klamm.process.returncode}"
        everything = number == with_broker
        took = await asyncio.to_thread(servers.kill_and_start, everything)
        what = "klamm and Kafka" if everything and servers.broker is not None else "klamm"
        print(f"kill {number + 1}/{KILLS} of {what} {moment:.1f} s in: up in {took:.2f} s", flush=True)
    await firing.all_taken(CATCH_UP_DEADLINE_S)
    print(f"all taken {time.time() - firing.last.timestamp():.1f} s after the last second", flush=True)
    await firing.check_runs()
    await firing.check_descriptions()
    await firing.check_audits(servers.klamm, chance)
    verified = await asyncio.to_thread(servers.klamm.verify)
    assert verified.returncode == 0, f"klamm verify: exit code {verified.returncode}\n{verified.stdout}{verified.stderr}"
    print(f"klamm verify: {verified.stdout.strip()}", flush=True)
    assert await asyncio.to_thread(servers.klamm.stop) == 0
