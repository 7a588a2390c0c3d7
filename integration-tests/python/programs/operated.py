"""A workflow with one activity that operators hold back, reset and give other options."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import List

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError


@dataclass
class Patient:
    """What the activity saw, and what it does in its first run: `fails` or `waits` until it is told to stop."""

    first: str
    attempts: List[int] = field(default_factory=list)
    told: List[str] = field(default_factory=list)

    @activity.defn(name="patient")
    async def run(self) -> str:
        """Works in its second run only."""
        self.attempts.append(activity.info().attempt)
        if len(self.attempts) > 1:
            return f"attempt {activity.info().attempt}"
        if self.first == "fails":
            raise ApplicationError("not yet")
        try:
            while True:
                activity.heartbeat("tick")
                await asyncio.sleep(0.05)
        except asyncio.CancelledError:
            details = activity.cancellation_details()
            self.told = [name for name in ("paused", "reset", "cancel_requested") if details and getattr(details, name)]
            raise ApplicationError("told to stop")


@workflow.defn
class OperatedWorkflow:
    """Runs the activity; after a failure the next attempt comes in `interval` seconds."""

    @workflow.run
    async def run(self, interval: float) -> str:
        return await workflow.execute_activity(
            "patient",
            result_type=str,
            start_to_close_timeout=timedelta(seconds=30),
            retry_policy=RetryPolicy(initial_interval=timedelta(seconds=interval), backoff_coefficient=1),
        )
