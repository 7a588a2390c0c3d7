"""How workflows end other than well: failures, timeouts, and defects that are repaired while the run waits."""

from datetime import timedelta

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import ApplicationError, TimeoutError, TimeoutType

from programs.failures import BrokenWorkflow, FailWorkflow, NeverEndsWorkflow, RepairedWorkflow
from support.awaiting import await_until
from support.env import Env, event_names, events


async def test_a_failed_workflow_tells_its_failure_to_the_client(env: Env):
    async with env.worker([FailWorkflow]):
        handle = await env.start(FailWorkflow.run, "so it goes")
        with pytest.raises(WorkflowFailureError) as caught:
            await handle.result()
    cause = caught.value.cause
    assert isinstance(cause, ApplicationError)
    assert (cause.message, cause.type, list(cause.details)) == ("so it goes", "OnPurpose", [{"code": 7}])
    assert (await handle.describe()).status == WorkflowExecutionStatus.FAILED
    assert (await event_names(handle))[-1] == "WorkflowExecutionFailed"


@pytest.mark.parametrize("limit", ["run_timeout", "execution_timeout"])
async def test_a_workflow_without_a_worker_ends_at_its_timeout(env: Env, limit: str):
    handle = await env.start(NeverEndsWorkflow.run, **{limit: timedelta(seconds=1)})
    with pytest.raises(WorkflowFailureError) as caught:
        await handle.result()
    assert isinstance(caught.value.cause, TimeoutError)
    assert caught.value.cause.type == TimeoutType.START_TO_CLOSE
    assert (await handle.describe()).status == WorkflowExecutionStatus.TIMED_OUT
    assert await event_names(handle) == [
        "WorkflowExecutionStarted",
        "WorkflowTaskScheduled",
        "WorkflowExecutionTimedOut",
    ]


async def test_a_start_delay_holds_back_the_first_task(env: Env):
    async with env.worker([RepairedWorkflow]):
        handle = await env.start("Repaired", start_delay=timedelta(seconds=1))
        assert await event_names(handle) == ["WorkflowExecutionStarted"]
        assert await handle.result() == "repaired"
    history = await handle.fetch_history()
    waited = history.events[1].event_time.ToNanoseconds() - history.events[0].event_time.ToNanoseconds()
    assert waited >= 1_000_000_000


async def test_a_defect_fails_the_task_and_not_the_workflow_until_it_is_repaired(env: Env):
    handle = await env.start("Repaired", task_timeout=timedelta(seconds=2))
    async with env.worker([BrokenWorkflow]):

        async def failed_once():
            return "WorkflowTaskFailed" in await event_names(handle)

        await await_until(failed_once, "the workflow task has failed")
        assert (await handle.describe()).status == WorkflowExecutionStatus.RUNNING
    async with env.worker([RepairedWorkflow]):
        assert await handle.result() == "repaired"
    # Further attempts leave no events until one of them completes.
    assert len(await events(handle, "workflow_task_failed")) == 1
