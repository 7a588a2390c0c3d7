"""Update-with-start: an update of the open run, or of one that begins for it."""

import asyncio

import pytest
from temporalio.client import WithStartWorkflowOperation, WorkflowUpdateFailedError, WorkflowUpdateStage
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from programs.updates import ACTIVITIES, WORKFLOWS, LedgerWorkflow
from support.env import Env, event_names


def start(env: Env, conflict: WorkflowIDConflictPolicy, **options) -> WithStartWorkflowOperation:
    """The start of an update-with-start."""
    return WithStartWorkflowOperation(
        LedgerWorkflow.run, id=env.id(), task_queue=env.task_queue, id_conflict_policy=conflict, **options
    )


async def test_an_update_starts_its_workflow_once(env: Env):
    async with env.worker(WORKFLOWS, ACTIVITIES):
        for number, total in [(1, 1), (2, 3), (3, 6)]:
            operation = start(env, WorkflowIDConflictPolicy.USE_EXISTING)
            result = await env.client.execute_update_with_start_workflow(
                LedgerWorkflow.add, number, start_workflow_operation=operation
            )
            assert result == total
        handle = await operation.workflow_handle()
        await handle.signal(LedgerWorkflow.finish)
        assert await handle.result() == [1, 2, 3]
    names = await event_names(handle)
    assert names[:5] == [
        "WorkflowExecutionStarted",
        "WorkflowTaskScheduled",
        "WorkflowTaskStarted",
        "WorkflowTaskCompleted",
        "WorkflowExecutionUpdateAccepted",
    ]


async def test_an_open_run_is_in_the_way_of_another(env: Env):
    async with env.worker(WORKFLOWS, ACTIVITIES):
        handle = await env.start(LedgerWorkflow.run)
        operation = start(env, WorkflowIDConflictPolicy.FAIL)
        with pytest.raises(WorkflowAlreadyStartedError):
            await env.client.execute_update_with_start_workflow(
                LedgerWorkflow.add, 1, start_workflow_operation=operation
            )
        with pytest.raises(WorkflowAlreadyStartedError):
            await operation.workflow_handle()
        assert await handle.query(LedgerWorkflow.total) == 0


async def test_a_known_update_is_answered_whatever_the_policies_say(env: Env):
    async with env.worker(WORKFLOWS, ACTIVITIES):

        async def add(number: int, conflict: WorkflowIDConflictPolicy, **options) -> int:
            return await env.client.execute_update_with_start_workflow(
                LedgerWorkflow.add, number, id="once", start_workflow_operation=start(env, conflict, **options)
            )

        assert await add(1, WorkflowIDConflictPolicy.FAIL) == 1
        assert await add(2, WorkflowIDConflictPolicy.FAIL) == 1
        handle = env.client.get_workflow_handle_for(LedgerWorkflow.run, env.id())
        await handle.signal(LedgerWorkflow.finish)
        assert await handle.result() == [1]
        refusing = WorkflowIDReusePolicy.REJECT_DUPLICATE
        assert await add(3, WorkflowIDConflictPolicy.FAIL, id_reuse_policy=refusing) == 1
        with pytest.raises(WorkflowAlreadyStartedError):
            await env.client.execute_update_with_start_workflow(
                LedgerWorkflow.add,
                1,
                id="another",
                start_workflow_operation=start(env, WorkflowIDConflictPolicy.FAIL, id_reuse_policy=refusing),
            )


async def test_a_rejected_update_leaves_the_run_that_it_started(env: Env):
    async with env.worker(WORKFLOWS, ACTIVITIES):
        operation = start(env, WorkflowIDConflictPolicy.FAIL)
        with pytest.raises(WorkflowUpdateFailedError) as caught:
            await env.client.execute_update_with_start_workflow(
                LedgerWorkflow.add, -1, start_workflow_operation=operation
            )
        assert caught.value.cause.type == "Negative"
        handle = await operation.workflow_handle()
        assert await handle.query(LedgerWorkflow.total) == 0
        await handle.signal(LedgerWorkflow.finish)
        assert await handle.result() == []


async def test_a_closed_run_is_followed_by_another(env: Env):
    async with env.worker(WORKFLOWS, ACTIVITIES):
        first = await env.start(LedgerWorkflow.run)
        await first.signal(LedgerWorkflow.finish)
        await first.result()
        operation = start(env, WorkflowIDConflictPolicy.USE_EXISTING)
        assert (
            await env.client.execute_update_with_start_workflow(
                LedgerWorkflow.add, 4, start_workflow_operation=operation
            )
            == 4
        )
        assert (await operation.workflow_handle()).first_execution_run_id != first.first_execution_run_id


async def test_many_callers_start_one_run(env: Env):
    async with env.worker(WORKFLOWS, ACTIVITIES):

        async def add() -> str:
            operation = start(env, WorkflowIDConflictPolicy.USE_EXISTING)
            handle = await env.client.start_update_with_start_workflow(
                LedgerWorkflow.add,
                1,
                start_workflow_operation=operation,
                wait_for_stage=WorkflowUpdateStage.ACCEPTED,
            )
            await handle.result()
            return handle.workflow_run_id or ""

        assert len(set(await asyncio.gather(*(add() for _ in range(8))))) == 1
        assert await env.client.get_workflow_handle(env.id()).query("total") == 8


async def test_what_does_not_go_together_is_refused(env: Env):
    operation = start(env, WorkflowIDConflictPolicy.FAIL, cron_schedule="* * * * *")
    with pytest.raises(RPCError) as caught:
        await env.client.execute_update_with_start_workflow(LedgerWorkflow.add, 1, start_workflow_operation=operation)
    assert (caught.value.status, caught.value.message) == (
        RPCStatusCode.INVALID_ARGUMENT,
        "CronSchedule is not allowed.",
    )
