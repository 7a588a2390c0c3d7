"""Updates: accepted, rejected without a trace, answered once, over workers that go and runs that close."""

import asyncio

import pytest
from temporalio.api.workflowservice.v1 import (
    PollWorkflowExecutionUpdateRequest,
    UpdateWorkflowExecutionRequest,
)
from temporalio.client import WorkflowUpdateFailedError, WorkflowUpdateStage
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from programs.updates import ACTIVITIES, WORKFLOWS, LedgerWorkflow
from support.awaiting import await_until
from support.env import Env, event_names, events


async def test_an_update_is_accepted_and_answered(env: Env):
    async with env.worker(WORKFLOWS, ACTIVITIES):
        handle = await env.start(LedgerWorkflow.run)
        assert await handle.execute_update(LedgerWorkflow.add, 3) == 3
        assert await handle.execute_update(LedgerWorkflow.add, 4) == 7
        await handle.signal(LedgerWorkflow.finish)
        assert await handle.result() == [3, 4]
    names = await event_names(handle)
    assert names.count("WorkflowExecutionUpdateAccepted") == names.count("WorkflowExecutionUpdateCompleted") == 2
    accepted = await events(handle, "workflow_execution_update_accepted")
    assert [event.accepted_request.input.name for event in accepted] == ["add", "add"]
    assert all(event.accepted_request_message_id == f"{event.protocol_instance_id}/request" for event in accepted)


async def test_a_rejected_update_leaves_no_trace(env: Env):
    async with env.worker(WORKFLOWS, ACTIVITIES):
        handle = await env.start(LedgerWorkflow.run)
        assert await handle.execute_update(LedgerWorkflow.add, 1) == 1
        before = await event_names(handle)
        for _ in range(3):
            with pytest.raises(WorkflowUpdateFailedError) as caught:
                await handle.execute_update(LedgerWorkflow.add, -1)
            assert isinstance(caught.value.cause, ApplicationError)
            assert (caught.value.cause.type, caught.value.cause.message) == ("Negative", "no negative numbers")
        assert await event_names(handle) == before
        assert await handle.query(LedgerWorkflow.total) == 1
        assert await handle.execute_update(LedgerWorkflow.add, 2) == 3
        await handle.signal(LedgerWorkflow.finish)
        assert await handle.result() == [1, 2]
    names = await event_names(handle)
    assert names.count("WorkflowExecutionUpdateAccepted") == 2


async def test_a_rejected_update_leaves_no_trace_without_a_cache(env: Env):
    async with env.worker(WORKFLOWS, ACTIVITIES, max_cached_workflows=0):
        handle = await env.start(LedgerWorkflow.run)
        assert await handle.execute_update(LedgerWorkflow.add, 1) == 1
        before = await event_names(handle)
        with pytest.raises(WorkflowUpdateFailedError):
            await handle.execute_update(LedgerWorkflow.add, -1)
        assert await event_names(handle) == before
        assert await handle.execute_update(LedgerWorkflow.add, 2) == 3
        await handle.signal(LedgerWorkflow.finish)
        assert await handle.result() == [1, 2]


async def test_an_update_that_nobody_knows_is_rejected(env: Env):
    async with env.worker(WORKFLOWS, ACTIVITIES):
        handle = await env.start(LedgerWorkflow.run)
        with pytest.raises(WorkflowUpdateFailedError) as caught:
            await handle.execute_update("nobody")
        assert "nobody" in str(caught.value.cause)


async def test_an_update_may_fail_after_it_was_accepted(env: Env):
    async with env.worker(WORKFLOWS, ACTIVITIES):
        handle = await env.start(LedgerWorkflow.run)
        with pytest.raises(WorkflowUpdateFailedError) as caught:
            await handle.execute_update(LedgerWorkflow.fail, "as wanted")
        assert (caught.value.cause.type, caught.value.cause.message) == ("Wanted", "as wanted")
        names = await event_names(handle)
        assert names.count("WorkflowExecutionUpdateAccepted") == names.count("WorkflowExecutionUpdateCompleted") == 1


async def test_an_update_waits_for_an_activity(env: Env):
    async with env.worker(WORKFLOWS, ACTIVITIES):
        handle = await env.start(LedgerWorkflow.run)
        assert await handle.execute_update(LedgerWorkflow.add_doubled, 21) == 42


async def test_a_handle_of_an_accepted_update_tells_the_outcome(env: Env):
    async with env.worker(WORKFLOWS, ACTIVITIES):
        handle = await env.start(LedgerWorkflow.run)
        update = await handle.start_update(
            LedgerWorkflow.add_when_released, 5, wait_for_stage=WorkflowUpdateStage.ACCEPTED, id="u1"
        )
        assert (update.id, update.workflow_run_id) == ("u1", handle.first_execution_run_id)
        other = handle.get_update_handle("u1", result_type=int)
        await handle.signal(LedgerWorkflow.release)
        assert await update.result() == await other.result() == 5
        with pytest.raises(RPCError) as caught:
            await handle.get_update_handle("another").result()
        assert (caught.value.status, caught.value.message) == (RPCStatusCode.NOT_FOUND, 'update "another" not found')


async def test_the_same_id_is_the_same_update(env: Env):
    async with env.worker(WORKFLOWS, ACTIVITIES):
        handle = await env.start(LedgerWorkflow.run)
        same = [handle.execute_update(LedgerWorkflow.add, 3, id="once") for _ in range(5)]
        assert await asyncio.gather(*same) == [3] * 5
        assert await handle.execute_update(LedgerWorkflow.add, 9, id="once") == 3
        await handle.signal(LedgerWorkflow.finish)
        assert await handle.result() == [3]
        # Also once the run has closed.
        assert await handle.execute_update(LedgerWorkflow.add, 9, id="once") == 3


async def test_a_closed_run_takes_no_update(env: Env):
    async with env.worker(WORKFLOWS, ACTIVITIES):
        handle = await env.start(LedgerWorkflow.run)
        await handle.signal(LedgerWorkflow.finish)
        await handle.result()
        with pytest.raises(RPCError) as caught:
            await handle.execute_update(LedgerWorkflow.add, 1)
        assert (caught.value.status, caught.value.message) == (
            RPCStatusCode.NOT_FOUND,
            "workflow execution already completed",
        )
        with pytest.raises(RPCError) as caught:
            await env.client.get_workflow_handle(env.id("nobody")).execute_update("add", 1)
        assert caught.value.status == RPCStatusCode.NOT_FOUND


async def test_an_accepted_update_fails_when_its_run_closes(env: Env):
    async with env.worker(WORKFLOWS, ACTIVITIES):
        handle = await env.start(LedgerWorkflow.run)
        update = await handle.start_update(
            LedgerWorkflow.add_when_released, 5, wait_for_stage=WorkflowUpdateStage.ACCEPTED
        )
        waiting = asyncio.create_task(update.result())
        await asyncio.sleep(0.2)
        await handle.terminate()
        with pytest.raises(WorkflowUpdateFailedError) as caught:
            await waiting
        assert caught.value.cause.type == "AcceptedUpdateCompletedWorkflow"


async def test_an_update_without_a_worker_waits_for_one(env: Env):
    handle = await env.start(LedgerWorkflow.run)
    waiting = asyncio.create_task(handle.execute_update(LedgerWorkflow.add, 3))
    await asyncio.sleep(0.3)
    async with env.worker(WORKFLOWS, ACTIVITIES):
        assert await waiting == 3


async def test_an_update_on_an_idle_run_waits_for_the_next_worker(env: Env):
    async with env.worker(WORKFLOWS, ACTIVITIES):
        handle = await env.start(LedgerWorkflow.run)
        assert await handle.execute_update(LedgerWorkflow.add, 1) == 1
    # The worker is gone, and with it its sticky queue.
    waiting = asyncio.create_task(handle.execute_update(LedgerWorkflow.add, 3))
    await asyncio.sleep(0.3)
    async with env.worker(WORKFLOWS, ACTIVITIES):
        assert await waiting == 4


async def test_another_worker_goes_on_with_an_accepted_update(env: Env):
    async with env.worker(WORKFLOWS, ACTIVITIES):
        handle = await env.start(LedgerWorkflow.run)
        update = await handle.start_update(
            LedgerWorkflow.add_when_released, 5, wait_for_stage=WorkflowUpdateStage.ACCEPTED
        )
    async with env.worker(WORKFLOWS, ACTIVITIES):
        await handle.signal(LedgerWorkflow.release)
        assert await update.result() == 5


async def test_many_updates_at_once_are_all_answered(env: Env):
    async with env.worker(WORKFLOWS, ACTIVITIES):
        handle = await env.start(LedgerWorkflow.run)
        room = asyncio.Semaphore(8)

        async def add(number: int) -> int:
            async with room:
                try:
                    return await handle.execute_update(LedgerWorkflow.add, number)
                except WorkflowUpdateFailedError:
                    return -1

        results = await asyncio.gather(*(add(number if number % 5 else -number) for number in range(1, 101)))
        assert results.count(-1) == 20
        expected = sorted(number for number in range(1, 101) if number % 5)
        await handle.signal(LedgerWorkflow.finish)
        assert sorted(await handle.result()) == expected
        assert max(results) == sum(expected)


async def is_admitted(env: Env, workflow_id: str, update_id: str) -> bool:
    """Whether the run has the update, without waiting for anything."""
    request = PollWorkflowExecutionUpdateRequest(namespace="default")
    request.update_ref.workflow_execution.workflow_id = workflow_id
    request.update_ref.update_id = update_id
    try:
        await env.client.workflow_service.poll_workflow_execution_update(request)
    except RPCError as error:
        assert error.status == RPCStatusCode.NOT_FOUND
        return False
    return True


async def test_no_more_than_ten_updates_are_pending(env: Env):
    handle = await env.start(LedgerWorkflow.run)
    waiting = [asyncio.create_task(handle.execute_update(LedgerWorkflow.add, 1, id=f"u{n}")) for n in range(10)]

    async def all_are_admitted() -> bool:
        return all([await is_admitted(env, handle.id, f"u{n}") for n in range(10)])

    await await_until(all_are_admitted, "ten updates are pending")
    request = UpdateWorkflowExecutionRequest(namespace="default", workflow_execution={"workflow_id": handle.id})
    request.request.meta.update_id = "one more"
    request.request.input.name = "add"
    with pytest.raises(RPCError) as caught:
        await env.client.workflow_service.update_workflow_execution(request)
    assert caught.value.status == RPCStatusCode.RESOURCE_EXHAUSTED
    assert caught.value.message == "limit on number of concurrent in-flight updates has been reached (10)"
    async with env.worker(WORKFLOWS, ACTIVITIES):
        assert sorted(await asyncio.gather(*waiting)) == list(range(1, 11))


async def test_an_update_during_a_continue_as_new_is_taken_by_one_of_the_runs(env: Env):
    async with env.worker(WORKFLOWS, ACTIVITIES):
        handle = await env.start(LedgerWorkflow.run)
        newest = env.client.get_workflow_handle_for(LedgerWorkflow.run, handle.id)
        for _ in range(3):
            await handle.signal(LedgerWorkflow.go_on)
            assert await newest.execute_update(LedgerWorkflow.add, 1) == 1
        await newest.signal(LedgerWorkflow.finish)
        await newest.result()


async def test_updates_signals_and_queries_side_by_side(env: Env):
    async with env.worker(WORKFLOWS, ACTIVITIES):
        handle = await env.start(LedgerWorkflow.run)

        async def reject() -> None:
            for _ in range(10):
                with pytest.raises(WorkflowUpdateFailedError):
                    await handle.execute_update(LedgerWorkflow.add, -1)

        async def signal() -> None:
            for _ in range(10):
                await handle.signal(LedgerWorkflow.release)

        async def query() -> None:
            for _ in range(10):
                assert await handle.query(LedgerWorkflow.total) >= 0

        async def add() -> None:
            for _ in range(10):
                await handle.execute_update(LedgerWorkflow.add_doubled, 1)

        await asyncio.gather(reject(), signal(), query(), add())
        await handle.signal(LedgerWorkflow.finish)
        assert await handle.result() == [2] * 10
    # A worker without a cache replays it.
    names = await event_names(handle)
    assert names.count("WorkflowExecutionUpdateCompleted") == 10
