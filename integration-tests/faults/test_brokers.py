"""A broker that is not there: at another address, not yet, no longer."""

from pathlib import Path

from temporalio.client import Client

from conftest import Klamm
from programs.hello import HelloWorkflow, compose_greeting
from support.awaiting import await_until
from support.env import Env
from support.kafka import KafkaBroker
from support.log_lines import assert_does_not_loop, await_message
from support.ports import free_ports


def test_a_wrong_address_is_named_and_tried_again(klamm: Klamm):
    (port,) = free_ports(1)
    server = klamm(kafka=f"127.0.0.1:{port}")
    server.spawn()
    await_message(server, f"127.0.0.1:{port}")
    await_message(server, "kafka.bootstrap_servers")
    assert_does_not_loop(server)
    assert server.running() and not server.healthy()


async def test_klamm_waits_for_its_broker_and_recovers_when_it_comes_back(klamm: Klamm, tmp_path: Path):
    broker = KafkaBroker(tmp_path / "kafka")
    try:
        broker.start()
        broker.kill()
        server = klamm(kafka=broker.bootstrap_servers)
        server.spawn()
        await_message(server, broker.bootstrap_servers)
        assert not server.healthy()
        broker.start()
        await await_until(server.healthy, "klamm is ready once Kafka is", 60)
        env = Env.new(await Client.connect(server.address), "waiting")
        async with env.worker([HelloWorkflow], [compose_greeting]):
            assert await env.execute(HelloWorkflow.run, "one") == "Hello, one!"
            broker.kill()
            await await_until(lambda: not server.healthy(), "/healthz tells that Kafka is away", 30)
            assert_does_not_loop(server)
            assert server.running()
            broker.start()
            await await_until(server.healthy, "klamm is ready again", 60)
            assert await env.execute(HelloWorkflow.run, "two", id=env.id("two")) == "Hello, two!"
        assert server.stop() == 0
    finally:
        broker.kill()
