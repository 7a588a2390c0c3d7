"""The workflow of the soak's Python program."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity, workflow


@dataclass
class Plan:
    """What one workflow does beside its activity."""

    number: int
    signals: bool = False
    pause_ms: int = 0


@activity.defn
async def square(number: int) -> int:
    return number * number


@workflow.defn
class SoakWorkflow:
    """An activity, then a pause, then signals until `finish`; the result is the square."""

    def __init__(self) -> None:
        self._notes = 0
        self._finished = False

    @workflow.signal
    def note(self) -> None:
        self._notes += 1

    @workflow.signal
    def finish(self) -> None:
        self._finished = True

    @workflow.query
    def notes(self) -> int:
        return self._notes

    @workflow.run
    async def run(self, plan: Plan) -> int:
        squared = await workflow.execute_activity(square, plan.number, start_to_close_timeout=timedelta(seconds=10))
        if plan.pause_ms:
            await asyncio.sleep(plan.pause_ms / 1000)
        if plan.signals:
            await workflow.wait_condition(lambda: self._finished)
        return squared
