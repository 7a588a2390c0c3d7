"""Pause, unpause, trigger and backfill: done at once, and seen by the next description."""

from datetime import timedelta

from temporalio.client import (
    ScheduleBackfill,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleState,
)

from programs.scheduled import HoldWorkflow, ReportWorkflow
from support.env import Env
from support.schedules import Schedules, described, every, nominal_time, recent, second_after, utc


async def test_pausing_and_unpausing_keep_the_newest_note(schedules: Schedules):
    handle = await schedules.create(ReportWorkflow.run, "x", state=ScheduleState(note="at first"))
    await handle.pause(note="for the night")
    state = (await handle.describe()).schedule.state
    assert (state.paused, state.note) == (True, "for the night")
    await handle.unpause(note="good morning")
    state = (await handle.describe()).schedule.state
    assert (state.paused, state.note) == (False, "good morning")
    await handle.pause()
    state = (await handle.describe()).schedule.state
    assert (state.paused, state.note) == (True, "Paused via Python SDK")


async def test_a_paused_schedule_says_when_it_would_be_due_and_takes_no_action(schedules: Schedules):
    paused = await schedules.create(ReportWorkflow.run, "x", spec=every(1), state=ScheduleState(paused=True))
    beside = await schedules.create(
        ReportWorkflow.run,
        "x",
        spec=every(1),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.ALLOW_ALL),
        action={"id": schedules.env.id("beside")},
        suffix="beside",
    )
    # While another takes three, this one takes none.
    await recent(beside, 3)
    info = (await paused.describe()).info
    assert len(info.next_action_times) == 10
    assert (info.num_actions, info.num_actions_skipped_overlap, info.num_actions_missed_catchup_window) == (0, 0, 0)
    await paused.unpause()
    unpaused = await described(paused, lambda d: d.info.num_actions >= 1, "it goes on when it is unpaused")
    # What passed meanwhile is neither made up for nor counted as missed.
    assert unpaused.info.num_actions < 3
    assert unpaused.info.num_actions_missed_catchup_window == 0


async def test_a_trigger_takes_an_action_that_the_next_description_shows(schedules: Schedules):
    handle = await schedules.create(ReportWorkflow.run, "x", state=ScheduleState(paused=True))
    for number in (1, 2):
        # A name holds a whole second: triggers of the same second would be one name.
        await handle.trigger(overlap=ScheduleOverlapPolicy.ALLOW_ALL)
        info = (await handle.describe()).info
        assert info.num_actions == number
        assert len(info.recent_actions) == number
        action = info.recent_actions[-1]
        assert action.started_at >= action.scheduled_at
        at = nominal_time(action.action.workflow_id, schedules.env.id("run"))
        assert timedelta(0) <= action.scheduled_at - at < timedelta(seconds=1)
        await second_after(at)


async def test_a_trigger_obeys_the_overlap_policy_unless_it_brings_its_own(env: Env, schedules: Schedules):
    handle = await schedules.create(HoldWorkflow.run, trigger_immediately=True)
    (first,) = await recent(handle, 1)
    await handle.trigger()
    skipped = await described(handle, lambda d: d.info.num_actions_skipped_overlap == 1, "the trigger is skipped")
    assert skipped.info.num_actions == 1
    await second_after(nominal_time(first.action.workflow_id, env.id("run")))
    await handle.trigger(overlap=ScheduleOverlapPolicy.ALLOW_ALL)
    both = await described(handle, lambda d: d.info.num_actions == 2, "a second one runs beside the first")
    # Only what other actions have to wait for counts as running.
    assert [running.workflow_id for running in both.info.running_actions] == [first.action.workflow_id]


async def test_a_backfill_in_parallel_takes_every_time_of_its_range(env: Env, schedules: Schedules):
    spec = ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(hours=1))])
    handle = await schedules.create(HoldWorkflow.run, spec=spec, state=ScheduleState(paused=True))
    start, end = utc(2024, 2, 28, 22), utc(2024, 2, 29, 2)
    await handle.backfill(ScheduleBackfill(start, end, ScheduleOverlapPolicy.ALLOW_ALL))
    actions = await recent(handle, 5)
    # Both ends belong to it.
    assert [action.scheduled_at for action in actions] == [start + timedelta(hours=n) for n in range(5)]
    assert [action.action.workflow_id for action in actions] == [
        env.id(f"run-2024-02-{day}T{hour:02}:00:00Z") for day, hour in [(28, 22), (28, 23), (29, 0), (29, 1), (29, 2)]
    ]
    info = (await handle.describe()).info
    assert (info.num_actions, info.num_actions_missed_catchup_window) == (5, 0)


async def test_a_backfill_one_after_another_waits_for_each(env: Env, schedules: Schedules):
    spec = ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(days=1))])
    handle = await schedules.create(ReportWorkflow.run, "x", spec=spec)
    await handle.backfill(
        ScheduleBackfill(utc(2024, 1, 1), utc(2024, 1, 2), ScheduleOverlapPolicy.BUFFER_ALL),
        ScheduleBackfill(utc(2025, 1, 1), utc(2025, 1, 2), ScheduleOverlapPolicy.BUFFER_ALL),
    )
    (first,) = await recent(handle, 1)
    assert first.action.workflow_id == env.id("run-2024-01-01T00:00:00Z")
    async with env.worker([ReportWorkflow]):
        actions = await recent(handle, 4)
    days = [action.scheduled_at for action in actions]
    assert days == [utc(2024, 1, 1), utc(2024, 1, 2), utc(2025, 1, 1), utc(2025, 1, 2)]
    runs = [env.client.get_workflow_handle(action.action.workflow_id) for action in actions]
    described_runs = [await run.describe() for run in runs]
    for before, after in zip(described_runs, described_runs[1:]):
        assert before.close_time is not None
        assert after.start_time >= before.close_time


async def test_a_schedule_may_be_made_with_a_trigger_and_a_backfill(env: Env, schedules: Schedules):
    spec = ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(days=1))])
    handle = await schedules.create(
        ReportWorkflow.run,
        "x",
        spec=spec,
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.ALLOW_ALL),
        trigger_immediately=True,
        backfill=[ScheduleBackfill(utc(2024, 1, 1), utc(2024, 1, 3))],
    )
    actions = await recent(handle, 4)
    past = [action.scheduled_at for action in actions if action.scheduled_at < utc(2025, 1, 1)]
    assert past == [utc(2024, 1, 1), utc(2024, 1, 2), utc(2024, 1, 3)]


async def test_triggers_and_backfills_are_no_limited_actions(schedules: Schedules):
    handle = await schedules.create(
        ReportWorkflow.run,
        "x",
        spec=every(3600),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.ALLOW_ALL),
        state=ScheduleState(limited_actions=True, remaining_actions=2),
    )
    await handle.trigger()
    await handle.backfill(ScheduleBackfill(utc(2024, 1, 1), utc(2024, 1, 1, 3)))
    description = await described(handle, lambda d: d.info.num_actions == 5, "all five are taken")
    assert description.schedule.state.remaining_actions == 2
