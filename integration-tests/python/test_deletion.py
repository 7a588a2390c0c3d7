"""Deletion of runs: open and closed ones go from describe, history and lists; others of the id stay."""

from typing import Optional

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from programs.signals import CollectWorkflow
from support.awaiting import await_until
from support.env import Env


async def delete(env: Env, workflow_id: str, run_id: Optional[str] = None) -> None:
    await env.client.workflow_service.delete_workflow_execution(
        DeleteWorkflowExecutionRequest(
            namespace=env.client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=workflow_id, run_id=run_id or ""),
        )
    )


async def is_gone(handle: WorkflowHandle) -> bool:
    try:
        await handle.describe()
    except RPCError as error:
        return error.status == RPCStatusCode.NOT_FOUND
    return False


async def count(env: Env) -> int:
    return (await env.client.count_workflows(f"WorkflowId = '{env.id()}'")).count


@pytest.mark.parametrize("closed", [False, True])
async def test_a_deleted_run_is_gone_everywhere(env: Env, closed: bool):
    handle = await env.start(CollectWorkflow.run, [])
    if closed:
        await handle.terminate()
    await await_until(lambda: listed(env, 1), "the run is listed")
    await delete(env, handle.id)
    await await_until(lambda: is_gone(handle), "the run is gone")
    await await_until(lambda: listed(env, 0), "the run is not listed any more")
    with pytest.raises(RPCError) as caught:
        await handle.fetch_history()
    assert caught.value.status == RPCStatusCode.NOT_FOUND
    with pytest.raises(RPCError) as caught:
        await delete(env, handle.id)
    assert caught.value.status == RPCStatusCode.NOT_FOUND


async def listed(env: Env, expected: int) -> bool:
    return await count(env) == expected


async def test_without_its_newest_run_an_id_is_free_and_older_runs_stay(env: Env):
    older = await env.start(CollectWorkflow.run, [])
    await older.terminate()
    newer = await env.start(CollectWorkflow.run, [])
    await delete(env, newer.id, newer.first_execution_run_id)
    by_run = env.client.get_workflow_handle(newer.id, run_id=newer.first_execution_run_id)
    await await_until(lambda: is_gone(by_run), "the newer run is gone")
    assert await is_gone(env.client.get_workflow_handle(newer.id))
    described = await env.client.get_workflow_handle(older.id, run_id=older.first_execution_run_id).describe()
    assert described.run_id == older.first_execution_run_id
    async with env.worker([CollectWorkflow]):
        third = await env.start(CollectWorkflow.run, ["a"])
        await third.signal(CollectWorkflow.finish)
        assert await third.result() == ["a"]
