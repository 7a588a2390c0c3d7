"""Workflows that are updated: with validators, activities, and others that close or continue meanwhile."""

import asyncio
from datetime import timedelta
from typing import List

from temporalio import activity, workflow
from temporalio.exceptions import ApplicationError


@activity.defn
async def double(number: int) -> int:
    return number * 2


@workflow.defn
class LedgerWorkflow:
    """Adds what updates bring, until it is told to finish."""

    def __init__(self) -> None:
        self.entries: List[int] = []
        self.finished = False
        self.released = False
        self.next_run = False

    @workflow.update
    async def add(self, number: int) -> int:
        self.entries.append(number)
        return sum(self.entries)

    @add.validator
    def check_add(self, number: int) -> None:
        if number < 0:
            raise ApplicationError("no negative numbers", type="Negative")

    @workflow.update
    async def add_doubled(self, number: int) -> int:
        doubled = await workflow.execute_activity(double, number, start_to_close_timeout=timedelta(seconds=20))
        self.entries.append(doubled)
        return sum(self.entries)

    @workflow.update
    async def add_when_released(self, number: int) -> int:
        await workflow.wait_condition(lambda: self.released)
        self.entries.append(number)
        return sum(self.entries)

    @workflow.update
    async def fail(self, text: str) -> None:
        await asyncio.sleep(0)
        raise ApplicationError(text, type="Wanted")

    @workflow.signal
    def release(self) -> None:
        self.released = True

    @workflow.signal
    def finish(self) -> None:
        self.finished = True

    @workflow.signal
    def go_on(self) -> None:
        self.next_run = True

    @workflow.query
    def total(self) -> int:
        return sum(self.entries)

    @workflow.run
    async def run(self) -> List[int]:
        await workflow.wait_condition(lambda: self.finished or self.next_run)
        if self.next_run:
            workflow.continue_as_new()
        return self.entries


WORKFLOWS = [LedgerWorkflow]
ACTIVITIES = [double]
