"""Workflows that fail, run out of time, or whose code breaks for a while."""

import asyncio

from temporalio import workflow
from temporalio.exceptions import ApplicationError


@workflow.defn
class FailWorkflow:
    @workflow.run
    async def run(self, message: str) -> None:
        raise ApplicationError(message, {"code": 7}, type="OnPurpose")


@workflow.defn
class NeverEndsWorkflow:
    @workflow.run
    async def run(self) -> None:
        await asyncio.sleep(600)


@workflow.defn(name="Repaired")
class BrokenWorkflow:
    """A defect: any exception that is no failure fails the workflow task, not the workflow."""

    @workflow.run
    async def run(self) -> str:
        raise ValueError("a defect in the code")


@workflow.defn(name="Repaired")
class RepairedWorkflow:
    """The same workflow after its defect was repaired."""

    @workflow.run
    async def run(self) -> str:
        return "repaired"
