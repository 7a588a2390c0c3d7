"""What the soak runs against and kills: one klamm on its embedded log, or two on Kafka, of which one owns all and the other stands by."""

import asyncio
import time
from pathlib import Path
from typing import Dict, List, Protocol

from cluster import Cluster
from kills import Window
from support.process import resident_mib
from support.server import KlammServer, klamm_binary


class Servers(Protocol):
    """Both kinds."""

    #: Where programs connect, each to the next one.
    addresses: List[str]

    async def kill(self) -> Window:
        """Kill the one that owns the partitions, start it again, and wait until all is there again."""

    async def verify(self) -> str:
        """`klamm verify` must find nothing; what it said."""

    async def stop(self) -> None:
        """Stop everything cleanly."""

    def klamms(self) -> List[KlammServer]:
        """The processes."""

    def close(self, show_logs: bool) -> None:
        """End everything."""


class Embedded:
    """`klamm dev` with a data directory."""

    def __init__(self, directory: Path) -> None:
        self._server = KlammServer(klamm_binary(), directory / "data", directory / "klamm.log")
        print(f"\nklamm is ready after {self._server.start():.2f} s", flush=True)
        self.addresses = [self._server.address]

    async def kill(self) -> Window:
        begin = time.time()
        await asyncio.to_thread(self._server.kill)
        took = await asyncio.to_thread(self._server.start)
        print(f"killed, and up again after {took:.2f} s", flush=True)
        return Window(begin, time.time())

    async def verify(self) -> str:
        return await _verified(self._server)

    async def stop(self) -> None:
        assert await asyncio.to_thread(self._server.stop) == 0

    def klamms(self) -> List[KlammServer]:
        return [self._server]

    def close(self, show_logs: bool) -> None:
        if self._server.running():
            self._server.kill()
        if show_logs:
            print(f"--- the end of {self._server.log}\n{self._server.log_tail()}")


class OnKafka:
    """`klamm serve` twice on one broker."""

    def __init__(self, directory: Path) -> None:
        self._cluster = Cluster(directory)
        self._cluster.start()
        self.addresses = [server.address for server in self._cluster.servers]

    async def kill(self) -> Window:
        owner, standby = await self._cluster.owner_and_standby()
        begin = time.time()
        await self._cluster.kill(owner)
        took = await asyncio.to_thread(owner.start)
        now_owner, _ = await self._cluster.owner_and_standby()
        who = "the standby has taken over" if now_owner is standby else "it owns all again"
        print(f"owner killed, and up again after {took:.2f} s; {who} {time.time() - begin:.2f} s after the kill", flush=True)
        return Window(begin, time.time())

    async def verify(self) -> str:
        owner, _ = await self._cluster.owner_and_standby()
        return await _verified(owner)

    async def stop(self) -> None:
        codes = await asyncio.gather(*(asyncio.to_thread(server.stop) for server in self.klamms()))
        assert codes == [0, 0], f"klamm stopped with exit codes {codes}"

    def klamms(self) -> List[KlammServer]:
        return self._cluster.servers

    def close(self, show_logs: bool) -> None:
        self._cluster.close(show_logs)


async def _verified(server: KlammServer) -> str:
    verified = await asyncio.to_thread(server.verify)
    assert verified.returncode == 0, f"klamm verify: exit code {verified.returncode}\n{verified.stdout}{verified.stderr}"
    return verified.stdout.strip()


class Memory:
    """Resident memory of each process over its life, looked at every second until cancelled."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        #: Process id to what was seen, in MiB.
        self._seen: Dict[int, List[float]] = {}
        self._task = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while True:
            for server in self._servers.klamms():
                if server.running():
                    resident = resident_mib(server.process.pid)
                    if resident is not None:
                        self._seen.setdefault(server.process.pid, []).append(resident)
            await asyncio.sleep(1)

    def stop(self) -> str:
        """A line per process."""
        self._task.cancel()
        lines = [
            f"resident memory of process {number}: {seen[0]:.0f} MiB at first, {max(seen):.0f} at most, {seen[-1]:.0f} at the end of its {len(seen)} s"
            for number, seen in enumerate(self._seen.values(), 1)
        ]
        return "\n".join(lines)
