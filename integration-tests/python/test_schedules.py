"""Schedules as records: create, describe, update, delete, and what is refused."""

from datetime import timedelta

import pytest
from temporalio.client import (
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from programs.scheduled import HoldWorkflow, ReportWorkflow
from support.env import Env
from support.schedules import Schedules, described, every, recent


async def test_a_schedule_is_described_as_it_was_made(schedules: Schedules):
    handle = await schedules.create(
        ReportWorkflow.run,
        "all",
        spec=every(3600),
        action={"run_timeout": timedelta(seconds=30), "memo": {"of": "the run"}, "static_summary": "a summary"},
        policy=SchedulePolicy(
            overlap=ScheduleOverlapPolicy.BUFFER_ONE, catchup_window=timedelta(minutes=5), pause_on_failure=True
        ),
        state=ScheduleState(note="as made", paused=True),
        memo={"of": "the schedule"},
    )
    description = await handle.describe()
    assert description.id == handle.id
    action = description.schedule.action
    assert isinstance(action, ScheduleActionStartWorkflow)
    assert (action.workflow, action.task_queue) == ("ReportWorkflow", schedules.env.task_queue)
    assert action.id == schedules.env.id("run")
    assert action.run_timeout == timedelta(seconds=30)
    assert [payload.data for payload in action.args] == [b'"all"']
    assert action.memo["of"].data == b'"the run"'
    assert description.schedule.policy == SchedulePolicy(
        overlap=ScheduleOverlapPolicy.BUFFER_ONE, catchup_window=timedelta(minutes=5), pause_on_failure=True
    )
    assert description.schedule.state == ScheduleState(note="as made", paused=True)
    assert await description.memo() == {"of": "the schedule"}
    info = description.info
    assert (info.num_actions, info.num_actions_skipped_overlap, info.num_actions_missed_catchup_window) == (0, 0, 0)
    assert (list(info.running_actions), list(info.recent_actions), info.last_updated_at) == ([], [], None)
    assert len(info.next_action_times) == 10
    assert {b - a for a, b in zip(info.next_action_times, info.next_action_times[1:])} == {timedelta(hours=1)}
    assert all(time.timestamp() % 3600 == 0 and time > info.created_at for time in info.next_action_times)


async def test_what_is_not_set_is_described_with_its_default(schedules: Schedules):
    handle = await schedules.create(ReportWorkflow.run, "all")
    description = await handle.describe()
    policy = description.schedule.policy
    assert policy.overlap == ScheduleOverlapPolicy.SKIP
    assert policy.catchup_window == timedelta(days=365)
    assert not policy.pause_on_failure
    assert description.schedule.state == ScheduleState()


async def test_a_second_schedule_of_the_same_id_is_refused(schedules: Schedules):
    await schedules.create(ReportWorkflow.run, "one")
    with pytest.raises(ScheduleAlreadyRunningError):
        await schedules.create(ReportWorkflow.run, "two")


async def test_an_id_is_free_again_after_its_schedule_was_deleted(schedules: Schedules):
    handle = await schedules.create(ReportWorkflow.run, "one", memo={"number": 1})
    await handle.delete()
    handle = await schedules.create(ReportWorkflow.run, "two", memo={"number": 2})
    assert await (await handle.describe()).memo() == {"number": 2}


async def test_an_unknown_or_deleted_schedule_is_not_found(schedules: Schedules):
    deleted = await schedules.create(ReportWorkflow.run, "one")
    await deleted.delete()
    for handle in (deleted, schedules.env.client.get_schedule_handle(schedules.id("nobody"))):
        for call in (
            handle.describe,
            handle.pause,
            handle.unpause,
            handle.trigger,
            handle.delete,
            lambda handle=handle: handle.update(lambda given: ScheduleUpdate(given.description.schedule)),
        ):
            with pytest.raises(RPCError) as raised:
                await call()
            assert raised.value.status == RPCStatusCode.NOT_FOUND


async def test_an_update_replaces_the_whole_schedule(schedules: Schedules):
    handle = await schedules.create(ReportWorkflow.run, "one", spec=every(3600), state=ScheduleState(note="first", paused=True))

    def change(given: ScheduleUpdateInput) -> ScheduleUpdate:
        schedule = given.description.schedule
        schedule.spec = every(60)
        schedule.policy.overlap = ScheduleOverlapPolicy.ALLOW_ALL
        schedule.state.note = "second"
        schedule.state.paused = False
        return ScheduleUpdate(schedule)

    await handle.update(change)
    description = await handle.describe()
    assert description.schedule.spec.intervals == [ScheduleIntervalSpec(every=timedelta(seconds=60))]
    assert description.schedule.policy.overlap == ScheduleOverlapPolicy.ALLOW_ALL
    assert description.schedule.state == ScheduleState(note="second")
    assert description.info.last_updated_at is not None
    assert description.info.last_updated_at >= description.info.created_at
    times = description.info.next_action_times
    assert times[1] - times[0] == timedelta(seconds=60)


async def test_an_updater_that_returns_nothing_changes_nothing(schedules: Schedules):
    handle = await schedules.create(ReportWorkflow.run, "one")
    await handle.update(lambda given: None)
    assert (await handle.describe()).info.last_updated_at is None


async def test_an_update_takes_effect_at_once_and_keeps_running_actions(env: Env, schedules: Schedules):
    handle = await schedules.create(HoldWorkflow.run, trigger_immediately=True)
    (first,) = await recent(handle, 1)
    await handle.update(lambda given: ScheduleUpdate(replaced(given.description.schedule, spec=every(1))))
    await described(handle, lambda d: d.info.num_actions_skipped_overlap >= 1, "a second is skipped: the first run is open")
    description = await handle.describe()
    assert [running.workflow_id for running in description.info.running_actions] == [first.action.workflow_id]
    async with env.worker([HoldWorkflow]):
        await env.client.get_workflow_handle(first.action.workflow_id).signal(HoldWorkflow.finish)
        await described(handle, lambda d: d.info.num_actions >= 2, "the next run comes")
        await handle.delete()


async def test_running_workflows_outlive_their_schedule(env: Env, schedules: Schedules):
    handle = await schedules.create(HoldWorkflow.run, trigger_immediately=True)
    (action,) = await recent(handle, 1)
    await handle.delete()
    async with env.worker([HoldWorkflow]):
        run = env.client.get_workflow_handle(action.action.workflow_id)
        await run.signal(HoldWorkflow.finish)
        assert await run.result() == "finished"


def replaced(schedule: Schedule, spec: ScheduleSpec) -> Schedule:
    """The same with another spec."""
    schedule.spec = spec
    return schedule
