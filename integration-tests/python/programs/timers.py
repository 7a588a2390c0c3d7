"""Timers: one that fires, one that is cancelled by the workflow."""

import asyncio

from temporalio import workflow


@workflow.defn
class SleepWorkflow:
    @workflow.run
    async def run(self, seconds: float) -> float:
        """Sleeps; returns the time that passed by the workflow's own clock."""
        begin = workflow.time()
        await asyncio.sleep(seconds)
        return workflow.time() - begin


@workflow.defn
class FirstTimerWinsWorkflow:
    @workflow.run
    async def run(self) -> str:
        tasks = {asyncio.create_task(asyncio.sleep(seconds, name)) for seconds, name in ((0.2, "short"), (600, "long"))}
        done, pending = await workflow.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        return done.pop().result()
