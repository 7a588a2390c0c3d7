"""An activity in steps whose progress travels in heartbeats."""

import asyncio
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy


@activity.defn
async def climb(how_it_stops: str) -> dict:
    """Three steps in attempt 1, then it stops; attempt 2 reports what it was handed.

    `how_it_stops`: `fails` raises, `goes silent` sends no more heartbeats.
    """
    info = activity.info()
    if info.attempt > 1:
        return {"attempt": info.attempt, "resumed_from": list(info.heartbeat_details)}
    for step in (1, 2, 3):
        activity.heartbeat("step", step)
        await asyncio.sleep(0.1)
    if how_it_stops == "fails":
        raise RuntimeError("lost the grip")
    await asyncio.sleep(30)
    return {}


@workflow.defn
class ClimbWorkflow:
    @workflow.run
    async def run(self, how_it_stops: str) -> dict:
        return await workflow.execute_activity(
            climb,
            how_it_stops,
            start_to_close_timeout=timedelta(seconds=20),
            heartbeat_timeout=timedelta(seconds=1),
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=50), maximum_attempts=2),
        )
