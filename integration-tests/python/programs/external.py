"""Workflows that signal and cancel other workflows."""

import asyncio
from typing import List

from temporalio import workflow
from temporalio.exceptions import ApplicationError


@workflow.defn
class ForwardWorkflow:
    """Signals another workflow with each item in turn, then tells it to finish."""

    @workflow.run
    async def run(self, target: str, items: List[str]) -> str:
        other = workflow.get_external_workflow_handle(target)
        for item in items:
            await other.signal("add", item)
        await other.signal("finish")
        return "forwarded"


@workflow.defn
class FanOutWorkflow:
    """Signals many workflows at once."""

    @workflow.run
    async def run(self, targets: List[str]) -> int:
        handles = [workflow.get_external_workflow_handle(target) for target in targets]
        await asyncio.gather(*(handle.signal("add", "all at once") for handle in handles))
        await asyncio.gather(*(handle.signal("finish") for handle in handles))
        return len(handles)


@workflow.defn
class CancelOtherWorkflow:
    """Cancels another workflow, a certain run of it where one is named."""

    @workflow.run
    async def run(self, target: str, run_id: str) -> str:
        await workflow.get_external_workflow_handle(target, run_id=run_id or None).cancel()
        return "cancelled"


@workflow.defn
class MissingTargetWorkflow:
    """Signals and cancels a workflow that is not there; gives what it was told."""

    @workflow.run
    async def run(self, target: str) -> List[str]:
        told = []
        other = workflow.get_external_workflow_handle(target)
        for attempt in (lambda: other.signal("add", "x"), other.cancel):
            try:
                await attempt()
            except ApplicationError as error:
                told.append(error.message)
        return told


@workflow.defn
class SleepWorkflow:
    """Sleeps until it is cancelled."""

    @workflow.run
    async def run(self) -> str:
        await asyncio.sleep(3600)
        return "slept"
