"""Chains of runs: workflows with a retry policy, and cron workflows."""

from datetime import timedelta

import pytest
from temporalio.client import WorkflowContinuedAsNewError, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError

from programs.chains import CountingWorkflow, UnluckyWorkflow
from support.env import Env, events

QUICKLY = RetryPolicy(initial_interval=timedelta(milliseconds=100), backoff_coefficient=1)


async def test_a_workflow_is_tried_again_until_it_succeeds(env: Env):
    async with env.worker([UnluckyWorkflow]):
        handle = await env.start(UnluckyWorkflow.run, 3, retry_policy=QUICKLY)
        assert await handle.result() == "attempt 3 after Unlucky: attempt 2"
    first = env.client.get_workflow_handle(handle.id, run_id=handle.result_run_id)
    (failed,) = await events(first, "workflow_execution_failed")
    assert (await first.describe()).status == WorkflowExecutionStatus.FAILED
    second = env.client.get_workflow_handle(handle.id, run_id=failed.new_execution_run_id)
    (started,) = await events(second, "workflow_execution_started")
    assert started.attempt == 2
    assert started.continued_failure.message == "attempt 1"
    assert started.first_execution_run_id == started.continued_execution_run_id == first.run_id


async def test_the_last_attempt_fails_the_chain(env: Env):
    policy = RetryPolicy(initial_interval=timedelta(milliseconds=100), maximum_attempts=2)
    async with env.worker([UnluckyWorkflow]):
        handle = await env.start(UnluckyWorkflow.run, 9, retry_policy=policy)
        with pytest.raises(WorkflowFailureError) as caught:
            await handle.result()
    assert isinstance(caught.value.cause, ApplicationError) and caught.value.cause.message == "attempt 2"


async def test_a_type_that_is_not_to_be_retried_is_not(env: Env):
    policy = RetryPolicy(initial_interval=timedelta(milliseconds=100), non_retryable_error_types=["Unlucky"])
    async with env.worker([UnluckyWorkflow]):
        handle = await env.start(UnluckyWorkflow.run, 9, retry_policy=policy)
        with pytest.raises(WorkflowFailureError) as caught:
            await handle.result()
    assert caught.value.cause.message == "attempt 1"


async def test_cron_runs_are_told_the_last_result_and_the_last_failure(env: Env):
    outcomes = []
    async with env.worker([CountingWorkflow]):
        handle = await env.start(CountingWorkflow.run, cron_schedule="@every 1s")
        run = env.client.get_workflow_handle(handle.id, run_id=handle.result_run_id)
        for _ in range(4):
            # This SDK is told of a run that another one follows as of one that continued as new.
            with pytest.raises(WorkflowContinuedAsNewError) as followed:
                await run.result(follow_runs=False)
            completed, failed = await events(run, "workflow_execution_completed"), await events(run, "workflow_execution_failed")
            outcomes.append(completed[0].result.payloads[0].data if completed else failed[0].failure.message)
            run = env.client.get_workflow_handle(handle.id, run_id=followed.value.new_execution_run_id)
    assert outcomes == [b"1", b"2", "the third run", b"3"]
    await env.client.get_workflow_handle(handle.id).terminate()


async def test_what_waits_for_its_time_can_be_described_signalled_and_terminated(env: Env):
    handle = await env.start(CountingWorkflow.run, cron_schedule="0 0 1 1 *")
    description = await handle.describe()
    assert description.status == WorkflowExecutionStatus.RUNNING
    assert description.execution_time > description.start_time
    await handle.signal("whatever")
    await handle.terminate()
    with pytest.raises(RPCError, match="already completed"):
        await handle.terminate()


@pytest.mark.parametrize("cron", ["every day", "* * * * * *", "0 0 31 2 *"])
async def test_what_is_no_cron_schedule_is_refused(env: Env, cron: str):
    with pytest.raises(RPCError, match="invalid CronSchedule"):
        await env.start(CountingWorkflow.run, cron_schedule=cron)
