"""The health check: does something answer at an address?"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError


@dataclass
class Target:
    """What is checked: a TCP address, and how often it is asked before it counts as down."""

    address: str
    attempts: int = 4


@activity.defn
async def check_address(address: str) -> int:
    """Open a connection and close it. Returns the attempt that succeeded; raises when nobody answers."""
    host, _, port = address.rpartition(":")
    _, writer = await asyncio.wait_for(asyncio.open_connection(host, int(port)), timeout=2)
    writer.close()
    return activity.info().attempt


@workflow.defn
class HealthCheck:
    """Says `up`, or `down` once all attempts have failed. A target that is down is a result, no failure of the check."""

    @workflow.run
    async def run(self, target: Target) -> str:
        try:
            attempt = await workflow.execute_activity(
                check_address,
                target.address,
                start_to_close_timeout=timedelta(seconds=5),
                retry_policy=RetryPolicy(
                    initial_interval=timedelta(milliseconds=500), backoff_coefficient=2, maximum_attempts=target.attempts
                ),
            )
        except ActivityError:
            return "down"
        return "up" if attempt == 1 else f"up, at attempt {attempt}"
