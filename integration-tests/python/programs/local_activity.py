"""Activities that run inside the workflow's worker and leave a marker."""

import asyncio
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError


@activity.defn
async def double_on_attempt_two(number: int) -> int:
    if activity.info().attempt < 2:
        raise ApplicationError("once more")
    return number * 2


@activity.defn
async def take_a_while(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "done"


@workflow.defn
class LocalActivityWorkflow:
    @workflow.run
    async def run(self, number: int) -> int:
        return await workflow.execute_local_activity(
            double_on_attempt_two,
            number,
            start_to_close_timeout=timedelta(seconds=5),
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=20)),
        )


@workflow.defn
class LongLocalActivityWorkflow:
    @workflow.run
    async def run(self, seconds: float) -> str:
        return await workflow.execute_local_activity(
            take_a_while, seconds, start_to_close_timeout=timedelta(seconds=20)
        )
