"""Workflow ids: who may reuse one, what a second start of an open one does, and repeated requests."""

import uuid

import pytest
from temporalio.api.common.v1 import WorkflowType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import StartWorkflowExecutionRequest
from temporalio.client import WorkflowExecutionStatus
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from programs.hello import HelloWorkflow, compose_greeting
from support.env import Env, event_names


async def completed(env: Env):
    """A completed run with this test's id."""
    handle = await env.start(HelloWorkflow.run, "klamm")
    await handle.result()
    return handle


async def test_reject_duplicate_refuses_an_id_that_was_ever_used(env: Env):
    async with env.worker([HelloWorkflow], [compose_greeting]):
        first = await completed(env)
        with pytest.raises(WorkflowAlreadyStartedError) as caught:
            await env.start(HelloWorkflow.run, "x", id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE)
    assert (caught.value.workflow_id, caught.value.run_id) == (first.id, first.result_run_id)


async def test_allow_duplicate_failed_only_refuses_after_success_and_allows_after_termination(env: Env):
    policy = WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY
    async with env.worker([HelloWorkflow], [compose_greeting]):
        await completed(env)
        with pytest.raises(WorkflowAlreadyStartedError):
            await env.start(HelloWorkflow.run, "x", id_reuse_policy=policy)
    second = await env.start(HelloWorkflow.run, "x")
    await second.terminate()
    third = await env.start(HelloWorkflow.run, "x", id_reuse_policy=policy)
    assert third.result_run_id != second.result_run_id
    await third.terminate()


async def test_an_id_may_be_reused_after_its_run_closed_by_default(env: Env):
    async with env.worker([HelloWorkflow], [compose_greeting]):
        first, second = await completed(env), await completed(env)
    assert first.result_run_id != second.result_run_id


async def test_a_second_start_of_an_open_id_fails_by_default_and_names_the_open_run(env: Env):
    first = await env.start(HelloWorkflow.run, "klamm")
    with pytest.raises(WorkflowAlreadyStartedError) as caught:
        await env.start(HelloWorkflow.run, "klamm")
    assert caught.value.run_id == first.result_run_id
    await first.terminate()


async def test_use_existing_returns_the_open_run_and_changes_nothing(env: Env):
    first = await env.start(HelloWorkflow.run, "klamm")
    before = await event_names(first)
    second = await env.start(HelloWorkflow.run, "other", id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING)
    assert second.result_run_id == first.result_run_id
    assert await event_names(first) == before
    await first.terminate()


async def test_terminate_existing_ends_the_open_run_and_starts_another(env: Env):
    first = await env.start(HelloWorkflow.run, "klamm")
    second = await env.start(HelloWorkflow.run, "new", id_conflict_policy=WorkflowIDConflictPolicy.TERMINATE_EXISTING)
    assert second.result_run_id != first.result_run_id
    old = env.client.get_workflow_handle(first.id, run_id=first.result_run_id)
    assert (await old.describe()).status == WorkflowExecutionStatus.TERMINATED
    async with env.worker([HelloWorkflow], [compose_greeting]):
        assert await second.result() == "Hello, new!"


async def test_a_start_sent_twice_with_one_request_id_starts_one_run(env: Env):
    request = StartWorkflowExecutionRequest(
        namespace="default",
        workflow_id=env.id(),
        workflow_type=WorkflowType(name="HelloWorkflow"),
        task_queue=TaskQueue(name=env.task_queue),
        request_id=str(uuid.uuid4()),
    )
    first = await env.client.workflow_service.start_workflow_execution(request)
    second = await env.client.workflow_service.start_workflow_execution(request)
    assert first.run_id == second.run_id
    assert first.started and second.started
    handle = env.client.get_workflow_handle(env.id())
    assert await event_names(handle) == ["WorkflowExecutionStarted", "WorkflowTaskScheduled"]
    await handle.terminate()
