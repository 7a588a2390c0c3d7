"""Resets: a workflow begins again at a point of its history."""

import asyncio
import time
import uuid

import pytest
from temporalio.api.command.v1 import Command, RecordMarkerCommandAttributes
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import CommandType, ResetReapplyExcludeType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    PollWorkflowTaskQueueRequest,
    ResetWorkflowExecutionRequest,
    RespondWorkflowTaskCompletedRequest,
)
from temporalio.client import WorkflowExecutionStatus, WorkflowUpdateFailedError
from temporalio.service import RPCError

from programs.hello import HelloWorkflow, compose_greeting
from programs.signals import CollectWorkflow
from programs.updates import WORKFLOWS as UPDATED
from programs.updates import LedgerWorkflow, double
from support.awaiting import await_until
from support.env import Env, event_names, events


async def reset(env: Env, finish_event_id: int, run_id: str = "", **fields) -> str:
    """Resets the test's workflow to the events before `finish_event_id`; the new run's id."""
    request = ResetWorkflowExecutionRequest(
        namespace=env.client.namespace,
        workflow_execution=WorkflowExecution(workflow_id=env.id(), run_id=run_id),
        reason="wrong",
        workflow_task_finish_event_id=finish_event_id,
        request_id=fields.pop("request_id", str(uuid.uuid4())),
        **fields,
    )
    return (await env.client.workflow_service.reset_workflow_execution(request)).run_id


async def collecting(env: Env):
    """A CollectWorkflow that has taken the signals b and c."""
    handle = await env.start(CollectWorkflow.run, ["a"])
    assert await handle.query(CollectWorkflow.collected) == ["a"]
    for item in ("b", "c"):
        await handle.signal(CollectWorkflow.add, item)
    assert await handle.query(CollectWorkflow.collected) == ["a", "b", "c"]
    return handle


async def test_the_new_run_gets_the_later_signals_and_goes_on(env: Env):
    async with env.worker([CollectWorkflow]):
        handle = await collecting(env)
        new = env.client.get_workflow_handle(env.id(), run_id=await reset(env, 4))
        old = env.client.get_workflow_handle(env.id(), run_id=handle.result_run_id)
        assert await new.query(CollectWorkflow.collected) == ["a", "b", "c"]
        await new.signal(CollectWorkflow.add, "d")
        await new.signal(CollectWorkflow.finish)
        assert await new.result() == ["a", "b", "c", "d"]
    described = await old.describe()
    assert described.status == WorkflowExecutionStatus.TERMINATED
    assert described.raw_description.workflow_extended_info.reset_run_id == new.run_id
    (terminated,) = await events(old, "workflow_execution_terminated")
    assert (terminated.reason, terminated.identity) == ("wrong", "history-resetter")
    assert (await event_names(new))[3] == "WorkflowTaskFailed"
    (started,) = await events(new, "workflow_execution_started")
    assert started.original_execution_run_id == old.run_id
    info = (await new.describe()).raw_description.workflow_extended_info
    assert info.original_start_time.ToMilliseconds() < info.last_reset_time.ToMilliseconds()


async def test_signals_can_be_left_out(env: Env):
    async with env.worker([CollectWorkflow]):
        await collecting(env)
        excluded = [ResetReapplyExcludeType.RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL]
        new = env.client.get_workflow_handle(env.id(), run_id=await reset(env, 4, reset_reapply_exclude_types=excluded))
        assert await new.query(CollectWorkflow.collected) == ["a"]
        await new.terminate()


async def test_a_completed_workflow_runs_again_and_again(env: Env):
    async with env.worker([HelloWorkflow], [compose_greeting]):
        handle = await env.start(HelloWorkflow.run, "first")
        assert await handle.result() == "Hello, first!"
        run_ids = [handle.result_run_id]
        for _ in range(2):
            run_ids.append(await reset(env, 4, run_id=run_ids[-1]))
            again = env.client.get_workflow_handle(env.id(), run_id=run_ids[-1])
            assert await again.result() == "Hello, first!"
    assert len(set(run_ids)) == 3


async def test_a_point_without_a_task_is_refused(env: Env):
    async with env.worker([HelloWorkflow], [compose_greeting]):
        await env.execute(HelloWorkflow.run, "first")
    with pytest.raises(RPCError, match="Can only reset workflow to event ID in range"):
        await reset(env, 6)
    with pytest.raises(RPCError, match="Workflow task finish ID must be > 1 && <= workflow last event ID."):
        await reset(env, 100)


@pytest.mark.parametrize("rounds", [3])
async def test_a_long_history_is_copied_in_parts(env: Env, rounds: int):
    """`rounds` workflow tasks with 1,000 markers each; the base takes a signal while it is being copied."""
    service = env.client.workflow_service
    handle = await env.start("Long")
    markers = [
        Command(
            command_type=CommandType.COMMAND_TYPE_RECORD_MARKER,
            record_marker_command_attributes=RecordMarkerCommandAttributes(marker_name=f"marker {n}"),
        )
        for n in range(1000)
    ]
    finish = 0
    for n in range(rounds):
        task = await service.poll_workflow_task_queue(
            PollWorkflowTaskQueueRequest(namespace=env.client.namespace, task_queue=TaskQueue(name=env.task_queue), identity="worker")
        )
        finish = task.started_event_id + 1
        completion = RespondWorkflowTaskCompletedRequest(
            namespace=env.client.namespace, task_token=task.task_token, identity="worker", commands=markers
        )
        completion.force_create_new_workflow_task = n + 1 < rounds
        await service.respond_workflow_task_completed(completion)
    begun = time.monotonic()
    resetting = asyncio.create_task(reset(env, finish, request_id="once"))
    await handle.signal("go")
    run_id = await resetting
    print(f"{finish} events: {time.monotonic() - begun:.2f} s")
    assert await reset(env, finish, run_id=run_id, request_id="once") == run_id, "the same request has the same run"
    new = env.client.get_workflow_handle(env.id(), run_id=run_id)
    names = await event_names(new)
    # The signal reached the base while it was being copied, or the new run just after it took its place.
    signaled, scheduled = "WorkflowExecutionSignaled", "WorkflowTaskScheduled"
    assert names[finish - 1 :] in (["WorkflowTaskFailed", signaled, scheduled], ["WorkflowTaskFailed", scheduled, signaled])

    async def terminated():
        old = await env.client.get_workflow_handle(env.id(), run_id=handle.result_run_id).describe()
        return old.status == WorkflowExecutionStatus.TERMINATED

    await await_until(terminated, "the old run is terminated")
    await new.terminate()


async def test_the_new_run_takes_the_accepted_updates_again(env: Env):
    async with env.worker(UPDATED, [double]):
        handle = await env.start(LedgerWorkflow.run)
        assert await handle.execute_update(LedgerWorkflow.add, 1, id="one") == 1
        with pytest.raises(WorkflowUpdateFailedError):
            await handle.execute_update(LedgerWorkflow.add, -1)
        assert await handle.execute_update(LedgerWorkflow.add_doubled, 2, id="two") == 5
        new = env.client.get_workflow_handle_for(LedgerWorkflow.run, env.id(), run_id=await reset(env, 4))

        async def both_are_in() -> bool:
            return await new.query(LedgerWorkflow.total) == 5

        await await_until(both_are_in, "both updates have been taken again")
        assert await new.get_update_handle("two", result_type=int).result() == 5
        assert await new.execute_update(LedgerWorkflow.add, 3) == 8
        await new.signal(LedgerWorkflow.finish)
        assert sorted(await new.result()) == [1, 3, 4]
        without = env.client.get_workflow_handle_for(
            LedgerWorkflow.run,
            env.id(),
            run_id=await reset(
                env,
                4,
                handle.result_run_id or "",
                reset_reapply_exclude_types=[ResetReapplyExcludeType.RESET_REAPPLY_EXCLUDE_TYPE_UPDATE],
            ),
        )
        assert await without.query(LedgerWorkflow.total) == 0
        await without.signal(LedgerWorkflow.finish)
        assert await without.result() == []
    admitted = await events(new, "workflow_execution_update_admitted")
    assert [event.request.meta.update_id for event in admitted] == ["one", "two"]
    accepted = await events(new, "workflow_execution_update_accepted")
    assert not any(event.HasField("accepted_request") for event in accepted[:2])
