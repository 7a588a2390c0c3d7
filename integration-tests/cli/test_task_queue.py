"""`temporal task-queue describe`: who polls, and what waits."""

from conftest import Cli
from programs.hello import HelloWorkflow, compose_greeting
from support.awaiting import await_until
from support.env import Env


async def test_describe_shows_the_pollers_of_both_kinds(cli: Cli, env: Env):
    async with env.worker([HelloWorkflow], [compose_greeting], identity="a-poller"):

        async def both():
            described = await cli("task-queue", "describe", "--task-queue", env.task_queue)
            pollers = described["pollers"] or []
            return {p["taskQueueType"] for p in pollers if p["identity"] == "a-poller"} == {"workflow", "activity"}

        await await_until(both, "a workflow and an activity poller are shown")


async def test_describe_counts_the_backlog_of_a_queue_without_workers(cli: Cli, env: Env):
    for n in range(3):
        await env.start(HelloWorkflow.run, "waiting", id=env.id(str(n)))

    async def three_wait():
        described = await cli("task-queue", "describe", "--task-queue", env.task_queue)
        backlog = {s["taskQueueType"]: int(s["approximateBacklogCount"]) for s in described["stats"]}
        return backlog.get("workflow") == 3

    await await_until(three_wait, "three workflow tasks wait")
    async with env.worker([HelloWorkflow], [compose_greeting]):
        for n in range(3):
            assert await env.client.get_workflow_handle(env.id(str(n))).result() == "Hello, waiting!"


async def test_describe_in_legacy_mode(cli: Cli, env: Env):
    async with env.worker([HelloWorkflow], [compose_greeting], identity="a-poller"):

        async def shown():
            described = await cli("task-queue", "describe", "--task-queue", env.task_queue, "--legacy-mode")
            assert [status["partition"] for status in described["taskQueues"]] == [0]
            return any(poller["identity"] == "a-poller" for poller in described["pollers"] or [])

        await await_until(shown, "the poller is shown")


async def test_a_queue_can_be_stopped_and_let_go(cli: Cli, env: Env):
    async def config(verb: str, *arguments: str):
        return await cli("task-queue", "config", verb, "--task-queue", env.task_queue, "--task-queue-type", "activity", *arguments)

    await config("set", "--queue-rps-limit", "0", "--queue-rps-limit-reason", "stop")
    shown = await config("get")
    assert "stop" in str(shown)
    # An activity that rides in the answer to its worker passes no queue.
    async with env.worker([HelloWorkflow], [compose_greeting], disable_eager_activity_execution=True):
        handle = await env.start(HelloWorkflow.run, "held back")

        async def one_waits():
            described = await cli("task-queue", "describe", "--task-queue", env.task_queue)
            backlog = {s["taskQueueType"]: int(s["approximateBacklogCount"]) for s in described["stats"]}
            return backlog.get("activity") == 1

        await await_until(one_waits, "the activity waits, although a worker polls")
        await config("set", "--queue-rps-limit", "default")
        assert await handle.result() == "Hello, held back!"
