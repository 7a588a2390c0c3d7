"""Ordinary programs of four SDKs with default options work at once while klamm is killed and started again.

Environment: KLAMM_BIN; KLAMM_IT_LOG (embedded; kafka: two klamm, one stands
by); KLAMM_IT_SOAK_SECONDS (300), KLAMM_IT_SOAK_KILL_EVERY (45 s),
KLAMM_IT_SOAK_IN_FLIGHT (5 workflows per SDK), KLAMM_IT_SOAK_SLOWEST_MS (2,000),
KLAMM_IT_SEED (random; printed first), KLAMM_IT_KEEP (a directory: all that was
told and logged is copied there).
"""

import asyncio
import os
import random
import shutil
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Iterator, List

import pytest
from temporalio.client import Client

import loud_lines
import outcomes
from failures import counted, unexplained
from kills import Window, moments
from latencies import slow, table
from sdks import Program, programs
from servers import Embedded, Memory, OnKafka, Servers

SECONDS = float(os.environ.get("KLAMM_IT_SOAK_SECONDS", "300"))
KILL_EVERY_S = float(os.environ.get("KLAMM_IT_SOAK_KILL_EVERY", "45"))
IN_FLIGHT = int(os.environ.get("KLAMM_IT_SOAK_IN_FLIGHT", "5"))
SLOWEST_MS = float(os.environ.get("KLAMM_IT_SOAK_SLOWEST_MS", "2000"))
SEED = int(os.environ.get("KLAMM_IT_SEED") or random.SystemRandom().randrange(1 << 32))

#: How long after the last kill the last workflow may take: several timeouts of tasks and activities, one after another.
DRAIN_DEADLINE_S = 90.0
#: The time after the start of all programs that counts as a kill: workers warm up.
WARM_UP_S = 5.0


@pytest.fixture
def servers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Servers]:
    """klamm on the log of KLAMM_IT_LOG; the ends of the logs are shown when the test fails."""
    servers = (OnKafka if os.environ.get("KLAMM_IT_LOG") == "kafka" else Embedded)(tmp_path)
    try:
        yield servers
    finally:
        servers.close(show_logs=getattr(request.node, "failed", True))
        keep = os.environ.get("KLAMM_IT_KEEP")
        if keep:
            for file in [*tmp_path.glob("*.jsonl"), *tmp_path.glob("*.log")]:
                Path(keep).mkdir(parents=True, exist_ok=True)
                shutil.copy(file, keep)


@pytest.mark.timeout(SECONDS + 400)
async def test_default_options_through_kills(servers: Servers, tmp_path: Path):
    print(f"seed {SEED}: {SECONDS:.0f} s, a kill every {KILL_EVERY_S:.0f} s, {IN_FLIGHT} workflows of each SDK in flight", flush=True)
    chance = random.Random(SEED)
    with ExitStack() as stack:
        running = await asyncio.to_thread(programs, tmp_path, stack)
        windows = [await start_all(running, servers)]
        memory = Memory(servers)
        windows += await kill_all_through(servers, running, chance)
        for program in running:
            program.end()
        deadline = time.monotonic() + DRAIN_DEADLINE_S
        await asyncio.gather(*(asyncio.to_thread(program.await_end, deadline) for program in running))
        report(servers, running, windows)
        print(memory.stop(), flush=True)
    client = await Client.connect(servers.addresses[0])
    for program in running:
        count = await outcomes.check(client, queue_of(program), program.calls(), chance)
        print(f"{program.sdk}: {count} workflows acknowledged, each completed once with its own result", flush=True)
    print(f"klamm verify: {await servers.verify()}", flush=True)
    await servers.stop()
    assert_all_is_explained(servers, running, windows)


def queue_of(program: Program) -> str:
    """The task queue of a program, which its workflows' ids begin with."""
    return f"soak-{program.sdk}"


async def start_all(running: List[Program], servers: Servers) -> Window:
    """Start the programs, in turn on the servers; the time that this took is no measure of anything."""
    begin = time.time()
    for number, program in enumerate(running):
        program.start("load", servers.addresses[number % len(servers.addresses)], queue_of(program), IN_FLIGHT)
    await asyncio.gather(*(asyncio.to_thread(program.await_ready) for program in running))
    await asyncio.sleep(WARM_UP_S)
    print(f"all programs work after {time.time() - begin:.1f} s", flush=True)
    return Window(begin, time.time())


async def kill_all_through(servers: Servers, running: List[Program], chance: random.Random) -> List[Window]:
    """All kills; returns when the time is up."""
    windows: List[Window] = []
    begin = time.monotonic()
    for moment in moments(SECONDS, KILL_EVERY_S, chance):
        await asyncio.sleep(max(0.0, begin + moment - time.monotonic()))
        check_alive(servers, running)
        windows.append(await servers.kill())
    await asyncio.sleep(max(0.0, begin + SECONDS - time.monotonic()))
    check_alive(servers, running)
    return windows


def check_alive(servers: Servers, running: List[Program]) -> None:
    """Nobody has died by itself."""
    for server in servers.klamms():
        assert server.running(), f"klamm died by itself: exit code {server.process.returncode}"
    for program in running:
        program.check()


def report(servers: Servers, running: List[Program], windows: List[Window]) -> None:
    """Everything that was measured, also when a check fails afterwards."""
    calls = {program.sdk: program.calls() for program in running}
    print(table(calls, windows))
    print("failed calls:", *(counted(calls, windows) or ["none"]), sep="\n")
    for name, *logs in [
        *((server.log.stem, server.log) for server in servers.klamms()),
        *((program.sdk, program.log, program.out) for program in running),
    ]:
        print(f"{name} at warn and error:", *(loud_lines.counted(*logs) or ["nothing"]), sep="\n")
    print(flush=True)


def assert_all_is_explained(servers: Servers, running: List[Program], windows: List[Window]) -> None:
    """No call failed that no kill explains, none was slow, nothing panicked."""
    calls = {program.sdk: program.calls() for program in running}
    found = unexplained(calls, windows)
    assert not found, f"{len(found)} failed calls that no kill explains, e.g.\n" + "\n".join(found[:20])
    found = slow(calls, windows, SLOWEST_MS)
    assert not found, f"slower than {SLOWEST_MS:.0f} ms, away from kills:\n" + "\n".join(found)
    for server in servers.klamms():
        assert not loud_lines.panics(server.log)
