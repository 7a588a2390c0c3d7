"""Eager start: a client whose process has a worker gets the first workflow task with the answer of the start."""

from programs.hello import HelloWorkflow, compose_greeting
from support.env import Env, events


async def test_a_client_with_a_worker_gets_the_first_task_at_once(env: Env):
    async with env.worker([HelloWorkflow], [compose_greeting]):
        handle = await env.start(HelloWorkflow.run, "klamm", request_eager_start=True)
        assert await handle.result() == "Hello, klamm!"
    (started,) = await events(handle, "workflow_execution_started")
    assert started.eager_execution_accepted


async def test_a_client_without_a_worker_starts_as_usual(env: Env):
    handle = await env.start(HelloWorkflow.run, "klamm", request_eager_start=True)
    async with env.worker([HelloWorkflow], [compose_greeting]):
        assert await handle.result() == "Hello, klamm!"
