"""SIGTERM while the broker is silent: the process ends in time, as one that is killed, and nothing is lost."""

import os
import signal
import time
from pathlib import Path

from temporalio.client import Client

from conftest import Klamm
from support.env import Env
from support.kafka import KafkaBroker

#: Docker kills a container so long after it told it to stop.
GRACE_S = 10.0


async def test_klamm_ends_in_time_while_the_broker_is_silent(klamm: Klamm, tmp_path: Path):
    broker = KafkaBroker(tmp_path / "kafka")
    try:
        broker.start()
        server = klamm(kafka=broker.bootstrap_servers)
        server.start()
        env = Env.new(await Client.connect(server.address), "stop")
        ids = [env.id(str(number)) for number in range(20)]
        for workflow_id in ids:
            await env.start("W", id=workflow_id)
        os.kill(broker.pid, signal.SIGSTOP)
        try:
            began = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - began < GRACE_S
        finally:
            os.kill(broker.pid, signal.SIGCONT)
        server.start()
        client = await Client.connect(server.address)
        for workflow_id in ids:
            assert (await client.get_workflow_handle(workflow_id).describe()).status.name == "RUNNING"
    finally:
        broker.kill()
