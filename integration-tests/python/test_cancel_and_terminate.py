"""Cancel asks, terminate does not; both on open, closed and unknown workflows."""

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import CancelledError, TerminatedError
from temporalio.service import RPCError, RPCStatusCode

from programs.cancellation import (
    CancelledWithItsActivityWorkflow,
    CleanUpOnCancelWorkflow,
    clean_up,
    run_until_cancelled,
)
from support.awaiting import await_until
from support.env import Env, event_names, events


async def test_cancel_reaches_the_workflow_and_through_it_the_running_activity(env: Env):
    async with env.worker([CancelledWithItsActivityWorkflow], [run_until_cancelled]):
        handle = await env.start(CancelledWithItsActivityWorkflow.run)

        async def activity_runs():
            pending = (await handle.describe()).raw_description.pending_activities
            return any(activity.HasField("last_heartbeat_time") for activity in pending)

        await await_until(activity_runs, "the activity has sent a heartbeat")
        await handle.cancel()
        with pytest.raises(WorkflowFailureError) as caught:
            await handle.result()
    assert isinstance(caught.value.cause, CancelledError)
    assert (await handle.describe()).status == WorkflowExecutionStatus.CANCELED
    names = await event_names(handle)
    assert [n for n in names if "Cancel" in n] == [
        "WorkflowExecutionCancelRequested",
        "ActivityTaskCancelRequested",
        "ActivityTaskCanceled",
        "WorkflowExecutionCanceled",
    ]


async def test_a_workflow_may_clean_up_after_cancel_and_complete(env: Env):
    async with env.worker([CleanUpOnCancelWorkflow], [clean_up]):
        handle = await env.start(CleanUpOnCancelWorkflow.run)
        await await_until(lambda: events(handle, "timer_started"), "the workflow sleeps")
        await handle.cancel()
        assert await handle.result() == "cleaned up"
    names = await event_names(handle)
    assert names.count("WorkflowExecutionCancelRequested") == names.count("TimerCanceled") == 1
    assert names[-1] == "WorkflowExecutionCompleted"


async def test_cancelling_an_unknown_workflow_is_not_found(env: Env):
    with pytest.raises(RPCError) as caught:
        await env.client.get_workflow_handle(env.id("nobody")).cancel()
    assert caught.value.status == RPCStatusCode.NOT_FOUND


async def test_terminate_ends_a_run_at_once_with_reason_and_details(env: Env):
    handle = await env.start(CleanUpOnCancelWorkflow.run)
    await handle.terminate("x", 7, reason="no longer wanted")
    with pytest.raises(WorkflowFailureError) as caught:
        await handle.result()
    assert isinstance(caught.value.cause, TerminatedError)
    assert caught.value.cause.message == "no longer wanted"
    assert (await handle.describe()).status == WorkflowExecutionStatus.TERMINATED
    names = await event_names(handle)
    assert names == ["WorkflowExecutionStarted", "WorkflowTaskScheduled", "WorkflowExecutionTerminated"]
    (terminated,) = await events(handle, "workflow_execution_terminated")
    assert [payload.data for payload in terminated.details.payloads] == [b'"x"', b"7"]


async def test_a_terminated_run_cannot_be_terminated_again_and_its_cancel_does_nothing(env: Env):
    handle = await env.start(CleanUpOnCancelWorkflow.run)
    await handle.terminate()
    with pytest.raises(RPCError) as caught:
        await handle.terminate()
    assert caught.value.status == RPCStatusCode.NOT_FOUND
    assert caught.value.message == "workflow execution already completed"
    before = await event_names(handle)
    await handle.cancel()
    assert await event_names(handle) == before


async def test_terminate_of_a_run_with_a_running_activity_makes_its_next_heartbeat_not_found(env: Env):
    async with env.worker([CancelledWithItsActivityWorkflow], [run_until_cancelled]):
        handle = await env.start(CancelledWithItsActivityWorkflow.run)

        async def token():
            pending = (await handle.describe()).raw_description.pending_activities
            return pending and pending[0].activity_id

        activity_id = await await_until(token, "the activity is pending")
        await handle.terminate()
        late = env.client.get_async_activity_handle(
            workflow_id=handle.id, run_id=handle.result_run_id, activity_id=activity_id
        )
        with pytest.raises(RPCError) as caught:
            await late.heartbeat()
        assert caught.value.status == RPCStatusCode.NOT_FOUND
