"""`temporal batch` and commands with `--query`: what is done to many workflows at once.

A namespace has one open batch operation at a time, so each test waits for its own to end.
"""

from typing import List

import pytest

from conftest import Cli, CommandFailed
from programs.hello import HelloWorkflow, compose_greeting
from programs.signals import CollectWorkflow
from support.awaiting import await_until
from support.env import Env


async def start(env: Env, count: int) -> str:
    """Start so many workflows that nobody works on; a query that finds them, once it does."""
    for n in range(count):
        await env.start(CollectWorkflow.run, id=env.id(str(n)))
    query = f"TaskQueue = '{env.task_queue}'"

    async def found() -> bool:
        return (await env.client.count_workflows(query)).count == count

    await await_until(found, f"{count} workflows in the list")
    return query


async def begin(cli: Cli, *arguments: str) -> str:
    """Run a command that starts a job; the job's id.

    The list, by which open jobs are counted, may follow behind the end of the job before, and another suite may have a job just now.
    """

    async def begun() -> object:
        try:
            return (await cli(*arguments))["batchJobId"]
        except CommandFailed as error:
            if "Max concurrent batch operations is reached" not in str(error):
                raise
            return None

    return await await_until(begun, f"the start of {arguments}", 60)


async def until_ended(cli: Cli, job_id: str) -> dict:
    """The job as it is described when it has ended."""

    async def ended() -> object:
        job = await cli("batch", "describe", "--job-id", job_id)
        return job if job["state"] != "BATCH_OPERATION_STATE_RUNNING" else None

    return await await_until(ended, f"the end of job {job_id}", 60)


async def statuses(env: Env, count: int) -> List[str]:
    """The status of each workflow."""
    handles = [env.client.get_workflow_handle(env.id(str(n))) for n in range(count)]
    return [(await handle.describe()).status.name for handle in handles]


async def test_terminate_by_query(cli: Cli, env: Env):
    query = await start(env, 3)
    job = await until_ended(cli, await begin(cli, "workflow", "terminate", "--query", query, "--reason", "enough", "-y"))
    assert job["state"] == "BATCH_OPERATION_STATE_COMPLETED"
    # The CLI has no name yet for TERMINATE_WORKFLOW.
    assert job["operationType"] in (13, "BATCH_OPERATION_TYPE_TERMINATE_WORKFLOW")
    assert (job["totalOperationCount"], job["completeOperationCount"]) == ("3", "3")
    assert job["reason"] == "enough"
    assert await statuses(env, 3) == ["TERMINATED"] * 3
    async def listed() -> bool:
        jobs = await cli("batch", "list", "--limit", "100")
        return any(j["jobId"] == job["jobId"] and j["state"] == "BATCH_OPERATION_STATE_COMPLETED" for j in jobs)

    await await_until(listed, "the job in the list")
    with pytest.raises(CommandFailed, match="could not find"):
        await cli("batch", "terminate", "--job-id", job["jobId"], "--reason", "too late")
    assert (await env.client.count_workflows(f"WorkflowId = '{job['jobId']}'")).count == 0, "no list of workflows shows it"


async def test_signal_and_cancel_by_query(cli: Cli, env: Env):
    query = await start(env, 2)
    signal = ["workflow", "signal", "--query", query, "--name", "item", "--input", '"from batch"', "-y"]
    job = await until_ended(cli, await begin(cli, *signal))
    assert (job["state"], job["completeOperationCount"]) == ("BATCH_OPERATION_STATE_COMPLETED", "2")
    job = await until_ended(cli, await begin(cli, "workflow", "cancel", "--query", query, "-y"))
    assert (job["state"], job["completeOperationCount"]) == ("BATCH_OPERATION_STATE_COMPLETED", "2")
    for n in range(2):
        events = (await env.client.get_workflow_handle(env.id(str(n))).fetch_history()).events
        kinds = [event.WhichOneof("attributes").removesuffix("_event_attributes") for event in events]
        assert kinds.count("workflow_execution_signaled") == 1
        assert kinds.count("workflow_execution_cancel_requested") == 1


async def test_a_job_that_is_stopped_has_failed(cli: Cli, env: Env):
    # At 50 a second: longer than the list may follow behind.
    query = await start(env, 400)
    job_id = await begin(cli, "workflow", "terminate", "--query", query, "--reason", "slowly", "-y")
    with pytest.raises(CommandFailed, match="Max concurrent batch operations is reached"):

        # While the list follows behind, such a job begins. It is short, so that it is in nobody's way.
        async def refused() -> bool:
            await cli("workflow", "cancel", "--query", f"WorkflowId = '{env.id('0')}'", "-y")
            return False

        await await_until(refused, "the index knows of the job", 5)
    await cli("batch", "terminate", "--job-id", job_id, "--reason", "enough")
    job = await until_ended(cli, job_id)
    assert job["state"] == "BATCH_OPERATION_STATE_FAILED"
    assert "completeOperationCount" not in job or job["completeOperationCount"] == "0"

    async def stands_still() -> bool:
        before = (await env.client.count_workflows(f"{query} AND ExecutionStatus = 'Running'")).count
        return before > 0

    assert await stands_still()


async def test_a_query_that_is_none_is_refused(cli: Cli, env: Env):
    with pytest.raises(CommandFailed, match="invalid"):
        await cli("workflow", "terminate", "--query", "WorkflowId = ", "--reason", "none", "-y")


async def test_reset_by_query(cli: Cli, env: Env):
    """Closed workflows begin again with their first workflow task."""
    async with env.worker([HelloWorkflow], [compose_greeting]):
        first_runs = {}
        for n in range(2):
            handle = await env.start(HelloWorkflow.run, "again", id=env.id(str(n)))
            first_runs[handle.id] = handle.first_execution_run_id
            assert await handle.result() == "Hello, again!"
        query = f"TaskQueue = '{env.task_queue}'"

        async def found() -> bool:
            return (await env.client.count_workflows(f"{query} AND ExecutionStatus = 'Completed'")).count == 2

        await await_until(found, "both in the list")
        reset = ["workflow", "reset", "--query", query, "--type", "FirstWorkflowTask", "--reason", "wrong", "-y"]
        job = await until_ended(cli, await begin(cli, *reset))
        assert (job["state"], job["completeOperationCount"]) == ("BATCH_OPERATION_STATE_COMPLETED", "2")
        for workflow_id, first_run in first_runs.items():
            handle = env.client.get_workflow_handle(workflow_id)
            assert (await handle.describe()).run_id != first_run
            assert await handle.result() == "Hello, again!"
