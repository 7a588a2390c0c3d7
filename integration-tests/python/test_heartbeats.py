"""Heartbeats: their last details are what the next attempt resumes from."""

from temporalio.api.enums.v1 import TimeoutType

from programs.heartbeat import ClimbWorkflow, climb
from support.awaiting import await_until
from support.env import Env, events


async def test_an_attempt_after_a_failure_is_handed_the_last_heartbeat(env: Env):
    async with env.worker([ClimbWorkflow], [climb]):
        result = await env.execute(ClimbWorkflow.run, "fails")
    assert result == {"attempt": 2, "resumed_from": ["step", 3]}


async def test_an_attempt_after_a_heartbeat_timeout_is_handed_the_last_heartbeat(env: Env):
    async with env.worker([ClimbWorkflow], [climb]):
        handle = await env.start(ClimbWorkflow.run, "goes silent")

        async def heartbeat_shown():
            pending = (await handle.describe()).raw_description.pending_activities
            return len(pending) == 1 and [p.data for p in pending[0].heartbeat_details.payloads] == [b'"step"', b"3"]

        await await_until(heartbeat_shown, "describe shows the last heartbeat's details")
        assert await handle.result() == {"attempt": 2, "resumed_from": ["step", 3]}
    (started,) = await events(handle, "activity_task_started")
    assert started.attempt == 2
    assert started.last_failure.timeout_failure_info.timeout_type == TimeoutType.TIMEOUT_TYPE_HEARTBEAT
