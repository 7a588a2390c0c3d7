"""Activities completed, failed and cancelled from outside, by id."""

from contextlib import asynccontextmanager

import pytest
from temporalio.client import AsyncActivityCancelledError, WorkflowFailureError
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError
from temporalio.service import RPCError, RPCStatusCode

from programs.async_completion import ACTIVITY_ID, AskWorkflow, ask_a_person
from support.awaiting import await_until
from support.env import Env


@asynccontextmanager
async def asked(env: Env):
    """A workflow whose activity has been started and left open; its handle and the activity's."""
    async with env.worker([AskWorkflow], [ask_a_person]):
        handle = await env.start(AskWorkflow.run, "why?")
        outside = env.client.get_async_activity_handle(
            workflow_id=handle.id, run_id=handle.result_run_id, activity_id=ACTIVITY_ID
        )

        async def heartbeat_is_taken():
            # An activity that no worker has started yet is not found.
            try:
                await outside.heartbeat("asking")
                return True
            except RPCError as error:
                assert error.status == RPCStatusCode.NOT_FOUND
                return False

        await await_until(heartbeat_is_taken, "the activity has been started")
        yield handle, outside


async def test_an_activity_is_completed_by_id(env: Env):
    async with asked(env) as (handle, outside):
        await outside.complete("because")
        assert await handle.result() == "because"


async def test_a_second_completion_by_id_is_not_found(env: Env):
    async with asked(env) as (handle, outside):
        await outside.complete("because")
        with pytest.raises(RPCError) as caught:
            await outside.complete("another")
        assert caught.value.status == RPCStatusCode.NOT_FOUND
        assert await handle.result() == "because"


async def test_an_activity_is_failed_by_id(env: Env):
    async with asked(env) as (handle, outside):
        await outside.fail(ApplicationError("nobody knows", type="NoAnswer"))
        with pytest.raises(WorkflowFailureError) as caught:
            await handle.result()
        assert isinstance(caught.value.cause, ActivityError)
        assert caught.value.cause.cause.type == "NoAnswer"


async def test_an_activity_learns_of_its_cancel_by_heartbeat_and_reports_it_by_id(env: Env):
    async with asked(env) as (handle, outside):
        await handle.cancel()

        async def told():
            try:
                await outside.heartbeat("still asking")
                return False
            except AsyncActivityCancelledError:
                return True

        await await_until(told, "a heartbeat is answered with the cancel request")
        await outside.report_cancellation("enough")
        with pytest.raises(WorkflowFailureError) as caught:
            await handle.result()
        assert isinstance(caught.value.cause, CancelledError)
