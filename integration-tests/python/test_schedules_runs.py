"""What a scheduled run is: its id, what it carries, what it learns of the run before, and what its end does to the schedule."""

from datetime import timedelta

import pytest
from temporalio.client import (
    ScheduleBackfill,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleState,
    WorkflowExecutionStatus,
)
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from programs.scheduled import SCHEDULED, CountingWorkflow, HoldWorkflow, RelayWorkflow, ReportWorkflow
from programs.search_attributes import CUSTOMER
from support.awaiting import await_until
from support.env import Env, events
from support.schedules import RUN_DEADLINE_S, Schedules, described, every, nominal_time, recent, second_after, utc
from test_search_attributes import registered_attributes  # noqa: F401  # a fixture for the whole file

SCHEDULED_START = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")
SCHEDULED_BY = SearchAttributeKey.for_keyword("TemporalScheduledById")


async def test_a_run_is_named_for_its_time_and_carries_what_the_action_says(env: Env, schedules: Schedules):
    handle = await schedules.create(
        ReportWorkflow.run,
        "sales",
        spec=every(1),
        state=ScheduleState(limited_actions=True, remaining_actions=1),
        action={
            "memo": {"asked by": "a test"},
            "run_timeout": timedelta(seconds=40),
            "typed_search_attributes": TypedSearchAttributes([SearchAttributePair(CUSTOMER, env.task_queue)]),
            "static_summary": "the summary",
        },
    )
    async with env.worker(SCHEDULED):
        (action,) = await recent(handle, 1)
        run = env.client.get_workflow_handle(action.action.workflow_id)
        assert await run.result() == "report of sales"
    at = nominal_time(run.id, env.id("run"))
    assert action.scheduled_at == at
    assert action.started_at >= at
    description = await run.describe()
    assert description.run_id == action.action.first_execution_run_id
    assert description.workflow_type == "ReportWorkflow"
    assert description.typed_search_attributes[SCHEDULED_START] == at
    assert description.typed_search_attributes[SCHEDULED_BY] == handle.id
    assert description.typed_search_attributes[CUSTOMER] == env.task_queue
    assert await description.memo() == {"asked by": "a test"}
    assert await description.static_summary() == "the summary"
    (started,) = await events(run, "workflow_execution_started")
    assert started.identity == f"temporal-scheduler-default-{handle.id}"
    assert started.workflow_run_timeout.ToTimedelta() == timedelta(seconds=40)
    assert not started.HasField("parent_workflow_execution")


async def test_the_runs_of_a_schedule_are_found_by_its_id_and_their_times(env: Env, schedules: Schedules):
    spec = every(86400)
    policy = SchedulePolicy(overlap=ScheduleOverlapPolicy.ALLOW_ALL)
    handle = await schedules.create(
        ReportWorkflow.run, "x", spec=spec, policy=policy, backfill=[ScheduleBackfill(utc(2024, 1, 1), utc(2024, 1, 4))]
    )
    mine = f"TemporalScheduledById = '{handle.id}'"
    for rest, days in [
        ("", [1, 2, 3, 4]),
        (" AND TemporalScheduledStartTime > '2024-01-02T12:00:00Z'", [3, 4]),
        (" AND TemporalScheduledStartTime BETWEEN '2024-01-01T12:00:00Z' AND '2024-01-03T12:00:00Z'", [2, 3]),
        (" AND ExecutionStatus != 'Running'", []),
    ]:

        async def found(query=mine + rest, days=days):
            ids = sorted([run.id async for run in env.client.list_workflows(query)])
            return ids == [env.id(f"run-2024-01-0{day}T00:00:00Z") for day in days]

        await await_until(found, f"`{mine}{rest}` finds the days {days}")


async def test_limited_actions_are_counted_down_and_then_no_more_comes(env: Env, schedules: Schedules):
    handle = await schedules.create(
        ReportWorkflow.run, "x", spec=every(1), state=ScheduleState(limited_actions=True, remaining_actions=2)
    )
    async with env.worker(SCHEDULED):
        done = await described(handle, lambda d: d.schedule.state.remaining_actions == 0, "both actions are used up")
        assert done.schedule.state.limited_actions
        assert list(done.info.next_action_times) == []
        actions = await recent(handle, 2)
        assert len(actions) == 2
        # A trigger is still possible. Its name must be free, and the second run may still be open.
        await second_after(nominal_time(actions[1].action.workflow_id, env.id("run")))
        await handle.trigger(overlap=ScheduleOverlapPolicy.ALLOW_ALL)
        triggered = await described(handle, lambda d: d.info.num_actions == 3, "a triggered run comes")
        assert triggered.schedule.state.remaining_actions == 0


async def test_the_result_of_a_run_is_given_to_the_next(env: Env, schedules: Schedules):
    handle = await schedules.create(CountingWorkflow.run, [], spec=every(1))
    async with env.worker(SCHEDULED):
        actions = await recent(handle, 3)
        results = [await env.client.get_workflow_handle(action.action.workflow_id).result() for action in actions[:3]]
    assert results == [1, 2, 3]


async def test_a_failed_run_leaves_the_result_and_tells_its_failure_to_the_next(env: Env, schedules: Schedules):
    handle = await schedules.create(CountingWorkflow.run, [2], spec=every(1))
    async with env.worker(SCHEDULED):
        actions = (await recent(handle, 4))[:4]
        runs = [env.client.get_workflow_handle(action.action.workflow_id) for action in actions]
        assert await runs[0].result() == 1
        assert await runs[2].result() == 2
        assert await runs[3].result() == 3
    assert (await runs[1].describe()).status == WorkflowExecutionStatus.FAILED
    started = [(await events(run, "workflow_execution_started"))[0] for run in runs]
    assert started[2].continued_failure.message == "number 2 fails"
    assert [payload.data for payload in started[2].last_completion_result.payloads] == [b"1"]
    # Success makes the failure forgotten.
    assert not started[3].HasField("continued_failure")


async def test_a_failure_pauses_the_schedule_that_asks_for_it(env: Env, schedules: Schedules):
    handle = await schedules.create(
        CountingWorkflow.run, [2], spec=every(1), policy=SchedulePolicy(pause_on_failure=True)
    )
    async with env.worker(SCHEDULED):
        paused = await described(handle, lambda d: d.schedule.state.paused, "the failure has paused it")
        assert paused.info.num_actions == 2
        failed = paused.info.recent_actions[1].action.workflow_id
        assert paused.schedule.state.note == f"paused due to workflow failure: {failed}: number 2 fails"
        await handle.unpause()
        # The next run knows of the failure and gets past it.
        third = (await recent(handle, 3))[2]
        assert await env.client.get_workflow_handle(third.action.workflow_id).result() == 2


async def test_a_time_out_pauses_the_schedule_that_asks_for_it(schedules: Schedules):
    handle = await schedules.create(
        HoldWorkflow.run,
        spec=every(1),
        action={"run_timeout": timedelta(seconds=1)},
        policy=SchedulePolicy(pause_on_failure=True),
    )
    paused = await described(handle, lambda d: d.schedule.state.paused, "the time-out has paused it")
    timed_out = paused.info.recent_actions[0].action.workflow_id
    assert paused.schedule.state.note == f"paused due to workflow timeout: {timed_out}"


@pytest.mark.parametrize("how", ["cancel", "terminate"])
async def test_an_end_that_was_asked_for_pauses_nothing(env: Env, schedules: Schedules, how: str):
    handle = await schedules.create(HoldWorkflow.run, spec=every(1), policy=SchedulePolicy(pause_on_failure=True))
    async with env.worker(SCHEDULED):
        (first,) = await recent(handle, 1)
        await getattr(env.client.get_workflow_handle(first.action.workflow_id), how)()
        await recent(handle, 2)
        assert not (await handle.describe()).schedule.state.paused


async def test_a_chain_of_runs_counts_as_running_until_its_end(env: Env, schedules: Schedules):
    handle = await schedules.create(RelayWorkflow.run, 1, spec=every(1))
    async with env.worker(SCHEDULED):
        (action,) = await recent(handle, 1)
        run = env.client.get_workflow_handle(action.action.workflow_id)
        first = action.action.first_execution_run_id
        await run.signal(RelayWorkflow.hand_over)

        async def continued():
            return (await run.describe()).run_id != first

        await await_until(continued, "the chain has gone on", RUN_DEADLINE_S)
        before = (await handle.describe()).info
        after = await described(
            handle,
            lambda d: d.info.num_actions_skipped_overlap > before.num_actions_skipped_overlap,
            "another is skipped while the second run of the chain is open",
        )
        assert after.info.num_actions == 1
        (running,) = after.info.running_actions
        # Known by the first run of the chain.
        assert (running.workflow_id, running.first_execution_run_id) == (run.id, first)
        await run.signal(RelayWorkflow.hand_over)
        await recent(handle, 2)
    description = await env.client.get_workflow_handle(run.id).describe()
    assert description.typed_search_attributes[SCHEDULED_BY] == handle.id


async def test_the_result_of_a_chain_is_that_of_its_last_run(env: Env, schedules: Schedules):
    handle = await schedules.create(RelayWorkflow.run, 1, spec=every(1))
    async with env.worker(SCHEDULED):
        (action,) = await recent(handle, 1)
        run = env.client.get_workflow_handle(action.action.workflow_id)
        first = action.action.first_execution_run_id
        await run.signal(RelayWorkflow.hand_over)

        async def continued():
            return (await run.describe()).run_id != first

        await await_until(continued, "the chain has gone on", RUN_DEADLINE_S)
        await run.signal(RelayWorkflow.hand_over)
        second = (await recent(handle, 2))[1]
    (started,) = await events(env.client.get_workflow_handle(second.action.workflow_id), "workflow_execution_started")
    assert [payload.data for payload in started.last_completion_result.payloads] == [b'"arrived"']


async def test_a_run_that_ends_leaves_the_running_ones(env: Env, schedules: Schedules):
    handle = await schedules.create(HoldWorkflow.run, trigger_immediately=True)
    async with env.worker(SCHEDULED):
        (action,) = await recent(handle, 1)
        assert len((await handle.describe()).info.running_actions) == 1
        await env.client.get_workflow_handle(action.action.workflow_id).terminate()
        await described(handle, lambda d: not d.info.running_actions, "nothing runs any more")
