"""Overlap policies, as they show from outside while a run stays open."""

from typing import List

from temporalio.client import ScheduleHandle, ScheduleOverlapPolicy, SchedulePolicy, WorkflowExecutionStatus

from programs.scheduled import HoldWorkflow
from support.awaiting import await_until
from support.env import Env, events
from support.schedules import RUN_DEADLINE_S, Schedules, described, every, nominal_time, recent


async def holding(schedules: Schedules, overlap: ScheduleOverlapPolicy, **options) -> ScheduleHandle:
    """A schedule of one second whose runs end when they are told to."""
    return await schedules.create(HoldWorkflow.run, spec=every(1), policy=SchedulePolicy(overlap=overlap), **options)


async def finish(env: Env, workflow_id: str) -> None:
    """Let a run end."""
    run = env.client.get_workflow_handle(workflow_id)
    await run.signal(HoldWorkflow.finish)
    await run.result()


def running_ids(description) -> List[str]:
    return [running.workflow_id for running in description.info.running_actions]


async def test_skip_leaves_out_what_comes_while_one_runs(env: Env, schedules: Schedules):
    handle = await holding(schedules, ScheduleOverlapPolicy.SKIP)
    async with env.worker([HoldWorkflow]):
        skipped = await described(handle, lambda d: d.info.num_actions_skipped_overlap >= 2, "two are skipped")
        assert skipped.info.num_actions == 1
        (first,) = skipped.info.recent_actions
        assert running_ids(skipped) == [first.action.workflow_id]
        await finish(env, first.action.workflow_id)
        second = (await recent(handle, 2))[1]
        # A skipped time is gone: the next run is for a time after the first one ended.
        base = env.id("run")
        gap = nominal_time(second.action.workflow_id, base) - nominal_time(first.action.workflow_id, base)
        assert gap.total_seconds() >= 3


async def test_buffer_one_starts_the_first_that_waits_and_skips_the_rest(env: Env, schedules: Schedules):
    handle = await holding(schedules, ScheduleOverlapPolicy.BUFFER_ONE)
    async with env.worker([HoldWorkflow]):
        skipped = await described(handle, lambda d: d.info.num_actions_skipped_overlap >= 1, "one is skipped")
        assert skipped.info.num_actions == 1
        (first,) = skipped.info.recent_actions
        await finish(env, first.action.workflow_id)
        second = (await recent(handle, 2))[1]
        base = env.id("run")
        gap = nominal_time(second.action.workflow_id, base) - nominal_time(first.action.workflow_id, base)
        assert gap.total_seconds() == 1


async def test_buffer_all_starts_everything_in_order(env: Env, schedules: Schedules):
    handle = await holding(schedules, ScheduleOverlapPolicy.BUFFER_ALL)
    (first,) = await recent(handle, 1)

    async def two_wait():
        return (await handle.describe()).raw_description.info.buffer_size >= 2

    await await_until(two_wait, "two wait in the buffer", RUN_DEADLINE_S)
    async with env.worker([HoldWorkflow]):
        for number in range(3):
            actions = await recent(handle, number + 1)
            await finish(env, actions[number].action.workflow_id)
    base = env.id("run")
    times = [nominal_time(action.action.workflow_id, base) for action in actions]
    assert actions[0].action == first.action
    assert [(after - before).total_seconds() for before, after in zip(times, times[1:])] == [1, 1]
    assert (await handle.describe()).info.num_actions_skipped_overlap == 0


async def test_cancel_other_asks_the_running_one_to_cancel_and_then_starts(env: Env, schedules: Schedules):
    handle = await holding(schedules, ScheduleOverlapPolicy.CANCEL_OTHER)
    async with env.worker([HoldWorkflow]):
        actions = await recent(handle, 3)
        await handle.pause()
        for action in actions[:2]:
            run = env.client.get_workflow_handle(action.action.workflow_id)
            assert (await run.describe()).status == WorkflowExecutionStatus.CANCELED
            requested = await events(run, "workflow_execution_cancel_requested")
            assert [event.cause for event in requested] == ["cancelled by schedule overlap policy"]


async def test_terminate_other_terminates_the_running_one(env: Env, schedules: Schedules):
    handle = await holding(schedules, ScheduleOverlapPolicy.TERMINATE_OTHER)
    actions = await recent(handle, 3)
    await handle.pause()
    for action in actions[:2]:
        run = env.client.get_workflow_handle(action.action.workflow_id)
        assert (await run.describe()).status == WorkflowExecutionStatus.TERMINATED
        (terminated,) = await events(run, "workflow_execution_terminated")
        assert terminated.reason == "terminated by schedule overlap policy"


async def test_allow_all_starts_one_beside_another_and_counts_none_as_running(env: Env, schedules: Schedules):
    handle = await holding(schedules, ScheduleOverlapPolicy.ALLOW_ALL)
    actions = await recent(handle, 3)
    await handle.pause()
    for action in actions:
        run = env.client.get_workflow_handle(action.action.workflow_id)
        assert (await run.describe()).status == WorkflowExecutionStatus.RUNNING
    info = (await handle.describe()).info
    assert (list(info.running_actions), info.num_actions_skipped_overlap) == ([], 0)
