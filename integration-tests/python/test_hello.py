"""Hello world: one workflow, one activity, its history and its description."""

import pytest
from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from programs.hello import HelloWorkflow, compose_greeting
from support.awaiting import await_until
from support.env import Env, event_names, events


async def test_a_workflow_runs_an_activity_and_returns_its_result(env: Env):
    async with env.worker([HelloWorkflow], [compose_greeting]):
        assert await env.execute(HelloWorkflow.run, "klamm") == "Hello, klamm!"


async def test_the_history_tells_each_step_once_and_in_order(env: Env):
    async with env.worker([HelloWorkflow], [compose_greeting]):
        handle = await env.start(HelloWorkflow.run, "klamm")
        await handle.result()
    assert await event_names(handle) == [
        "WorkflowExecutionStarted",
        "WorkflowTaskScheduled",
        "WorkflowTaskStarted",
        "WorkflowTaskCompleted",
        "ActivityTaskScheduled",
        "ActivityTaskStarted",
        "ActivityTaskCompleted",
        "WorkflowTaskScheduled",
        "WorkflowTaskStarted",
        "WorkflowTaskCompleted",
        "WorkflowExecutionCompleted",
    ]
    (started,) = await events(handle, "activity_task_started")
    assert (started.scheduled_event_id, started.attempt) == (5, 1)
    (completed,) = await events(handle, "workflow_execution_completed")
    assert completed.workflow_task_completed_event_id == 10


async def test_a_workflow_started_before_its_worker_waits_for_it(env: Env):
    handle = await env.start(HelloWorkflow.run, "early")
    description = await handle.describe()
    assert description.status == WorkflowExecutionStatus.RUNNING
    assert description.task_queue == env.task_queue
    assert description.workflow_type == "HelloWorkflow"
    async with env.worker([HelloWorkflow], [compose_greeting]):
        assert await handle.result() == "Hello, early!"
    description = await handle.describe()
    assert description.status == WorkflowExecutionStatus.COMPLETED
    assert description.history_length == 11
    assert description.start_time <= description.execution_time <= description.close_time


async def test_an_activity_that_waits_for_a_worker_is_shown_as_pending(env: Env):
    async with env.worker([HelloWorkflow]):
        handle = await env.start(HelloWorkflow.run, "klamm")

        async def pending():
            description = await handle.describe()
            return list(description.raw_description.pending_activities)

        (shown,) = await await_until(pending, "the activity is pending")
        assert shown.activity_type.name == "compose_greeting"
        assert shown.attempt == 1
        await handle.terminate()


async def test_a_run_that_does_not_exist_is_not_found(env: Env):
    with pytest.raises(RPCError) as caught:
        await env.client.get_workflow_handle(env.id("nobody")).describe()
    assert caught.value.status == RPCStatusCode.NOT_FOUND
