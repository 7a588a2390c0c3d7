"""A small workflow to be run in great number: an activity, a timer, a signal."""

import asyncio
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def square(number: int) -> int:
    return number * number


@workflow.defn
class OneOfManyWorkflow:
    def __init__(self) -> None:
        self.offset = None

    @workflow.signal
    def add(self, offset: int) -> None:
        self.offset = offset

    @workflow.run
    async def run(self, number: int) -> int:
        squared = await workflow.execute_activity(square, number, start_to_close_timeout=timedelta(seconds=30))
        await asyncio.sleep(0.1)
        await workflow.wait_condition(lambda: self.offset is not None)
        return squared + self.offset
