"""Signals: awaited with a limit, in order, buffered, refused on closed runs; signal-with-start."""

import pytest
from temporalio.service import RPCError, RPCStatusCode

from programs.signals import ApprovalWorkflow, CollectWorkflow
from support.env import Env, event_names, events


async def test_a_signal_in_time_ends_the_wait_and_cancels_its_timer(env: Env):
    async with env.worker([ApprovalWorkflow]):
        handle = await env.start(ApprovalWorkflow.run, 600)
        await handle.signal(ApprovalWorkflow.approve, "Frieda")
        assert await handle.result() == "approved by Frieda"
    names = await event_names(handle)
    assert names.count("WorkflowExecutionSignaled") == 1
    assert "TimerFired" not in names


async def test_a_wait_without_a_signal_ends_at_its_limit(env: Env):
    async with env.worker([ApprovalWorkflow]):
        handle = await env.start(ApprovalWorkflow.run, 0.3)
        assert await handle.result() == "gave up"
    names = await event_names(handle)
    assert names.count("TimerStarted") == names.count("TimerFired") == 1


async def test_signals_arrive_in_the_order_sent_with_and_without_a_worker(env: Env):
    handle = await env.start(CollectWorkflow.run, [])
    expected = [f"item-{n}" for n in range(20)]
    for item in expected[:10]:
        await handle.signal(CollectWorkflow.add, item)
    async with env.worker([CollectWorkflow]):
        for item in expected[10:]:
            await handle.signal(CollectWorkflow.add, item)
        await handle.signal(CollectWorkflow.finish)
        assert await handle.result() == expected
    signaled = await events(handle, "workflow_execution_signaled")
    assert [event.signal_name for event in signaled] == ["add"] * 20 + ["finish"]


async def test_a_signal_to_a_closed_run_is_not_found(env: Env):
    async with env.worker([CollectWorkflow]):
        handle = await env.start(CollectWorkflow.run, [])
        await handle.signal(CollectWorkflow.finish)
        await handle.result()
        with pytest.raises(RPCError) as caught:
            await handle.signal(CollectWorkflow.add, "late")
    assert caught.value.status == RPCStatusCode.NOT_FOUND
    assert caught.value.message == "workflow execution already completed"


async def test_a_signal_to_an_unknown_workflow_is_not_found(env: Env):
    with pytest.raises(RPCError) as caught:
        await env.client.get_workflow_handle(env.id("nobody")).signal("add", "x")
    assert caught.value.status == RPCStatusCode.NOT_FOUND


async def test_signal_with_start_starts_once_and_signals_each_time(env: Env):
    async def signal_with_start(item: str):
        return await env.start(CollectWorkflow.run, ["seed"], start_signal="add", start_signal_args=[item])

    first = await signal_with_start("one")
    second = await signal_with_start("two")
    assert second.result_run_id == first.result_run_id
    async with env.worker([CollectWorkflow]):
        third = await signal_with_start("three")
        assert third.result_run_id == first.result_run_id
        await third.signal(CollectWorkflow.finish)
        assert await first.result() == ["seed", "one", "two", "three"]
        names = await event_names(first)
        assert names[:3] == ["WorkflowExecutionStarted", "WorkflowExecutionSignaled", "WorkflowTaskScheduled"]

        again = await signal_with_start("four")
        assert again.result_run_id != first.result_run_id
        await again.signal(CollectWorkflow.finish)
        assert await again.result() == ["seed", "four"]
