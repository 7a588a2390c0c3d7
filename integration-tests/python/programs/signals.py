"""Waiting for signals, with and without a limit."""

import asyncio
from datetime import timedelta
from typing import List

from temporalio import workflow


@workflow.defn
class ApprovalWorkflow:
    """Waits for `approve`; gives up after the given time."""

    def __init__(self) -> None:
        self.approver = ""

    @workflow.signal
    def approve(self, approver: str) -> None:
        self.approver = approver

    @workflow.run
    async def run(self, limit_seconds: float) -> str:
        try:
            await workflow.wait_condition(lambda: self.approver != "", timeout=timedelta(seconds=limit_seconds))
        except asyncio.TimeoutError:
            return "gave up"
        return f"approved by {self.approver}"


@workflow.defn
class CollectWorkflow:
    """Collects `add` signals until `finish`; returns them in the order received."""

    def __init__(self) -> None:
        self.items: List[str] = []
        self.finished = False

    @workflow.signal
    def add(self, item: str) -> None:
        self.items.append(item)

    @workflow.signal
    def finish(self) -> None:
        self.finished = True

    @workflow.query
    def collected(self) -> List[str]:
        return self.items

    @workflow.query
    def refuse(self) -> str:
        raise ValueError("this query always fails")

    @workflow.run
    async def run(self, first: List[str]) -> List[str]:
        self.items = [*first, *self.items]
        await workflow.wait_condition(lambda: self.finished)
        return self.items
