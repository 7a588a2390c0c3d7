"""Workflows that meet a cancel request, with an activity that learns of it by heartbeat."""

import asyncio
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.workflow import ActivityCancellationType


@activity.defn
async def run_until_cancelled() -> None:
    """Heartbeats until it is told to stop, and then confirms the cancel."""
    while True:
        activity.heartbeat()
        await asyncio.sleep(0.05)


@activity.defn
async def clean_up() -> str:
    return "cleaned up"


@workflow.defn
class CancelledWithItsActivityWorkflow:
    @workflow.run
    async def run(self) -> None:
        await workflow.execute_activity(
            run_until_cancelled,
            start_to_close_timeout=timedelta(seconds=30),
            heartbeat_timeout=timedelta(seconds=5),
            cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        )


@workflow.defn
class CleanUpOnCancelWorkflow:
    @workflow.run
    async def run(self) -> str:
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            return await workflow.execute_activity(clean_up, start_to_close_timeout=timedelta(seconds=10))
        return "was never cancelled"
