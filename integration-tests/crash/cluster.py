"""Two klamm on one Kafka: one owns all partitions, the other stands by; and the broker under them."""

import asyncio
import os
import shutil
import signal
from pathlib import Path
from typing import List, Tuple

import bills
from members import Members
from support.awaiting import await_until
from support.kafka import KafkaBroker
from support.server import KlammServer, klamm_binary

#: How long an owner may take to appear, after anything.
OWNER_DEADLINE_S = 60.0
#: The namespace has a topic of outcomes, whose number of partitions is not that of the commands, and destinations.
SETTINGS = {"namespaces.default.outcomes.partitions": "3", "namespaces.default.publish.topics": bills.PUBLISH}


class Cluster:
    """The processes; made stopped."""

    def __init__(self, directory: Path) -> None:
        self.broker = KafkaBroker(directory / "kafka")
        self.directory = directory
        self.servers: List[KlammServer] = []
        self.members: Members

    def start(self) -> None:
        """Broker, then the owner, then the standby."""
        print(f"\nKafka is ready after {self.broker.start():.1f} s", flush=True)
        bills.create_topics(self.broker.bootstrap_servers)
        for name in ("a", "b"):
            server = KlammServer(
                klamm_binary(),
                self.directory / f"data-{name}",
                self.directory / f"klamm-{name}.log",
                self.broker.bootstrap_servers,
                SETTINGS,
            )
            self.servers.append(server)
            print(f"klamm {name} is ready after {server.start():.1f} s", flush=True)
        self.members = Members(self.broker.bootstrap_servers, [server.http for server in self.servers])

    def close(self, show_logs: bool) -> None:
        """Kill everything."""
        if hasattr(self, "members"):
            self.members.close()
        for server in self.servers:
            if server.running():
                server.process.send_signal(signal.SIGCONT)
                server.kill()
        self.broker.kill()
        if show_logs:
            for server in self.servers:
                print(f"--- the end of {server.log}\n{server.log_tail()}")
            print(f"--- the end of {self.broker.log}\n{self.broker.log_tail(20)}")
        keep = os.environ.get("KLAMM_IT_KEEP")
        if keep:
            shutil.copytree(self.directory, keep, dirs_exist_ok=True)

    def check_alive(self) -> None:
        """Nobody has died by itself."""
        for server in self.servers:
            assert server.running(), f"klamm died by itself: exit code {server.process.returncode}"
        assert self.broker.running(), "Kafka died by itself"

    async def owner_and_standby(self) -> Tuple[KlammServer, KlammServer]:
        """Who is who, once one owns all partitions and the other is heard."""

        def known() -> object:
            owner = self.members.owner()
            heard = all(self.members.beating(server.address) for server in self.servers)
            return heard and [server for server in self.servers if server.address == owner]

        (owner,) = await await_until(known, "one member owns all partitions and both are heard", OWNER_DEADLINE_S)
        (standby,) = [server for server in self.servers if server is not owner]
        return owner, standby

    @staticmethod
    def delete_store(server: KlammServer) -> None:
        """The disk is lost: store and index."""
        assert server.data_dir.is_dir(), f"no data at {server.data_dir}"
        shutil.rmtree(server.data_dir)

    async def kill(self, *servers: KlammServer) -> None:
        """SIGKILL, all at once."""
        for server in servers:
            server.process.kill()
        await asyncio.gather(*(asyncio.to_thread(server.process.wait) for server in servers))
