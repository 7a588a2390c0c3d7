"""What schedules start: runs that end at once, that wait to be told, that look at the run before, that go on as chains."""

from typing import List, Optional

from temporalio import workflow
from temporalio.exceptions import ApplicationError


@workflow.defn
class ReportWorkflow:
    """Done at once."""

    @workflow.run
    async def run(self, name: str) -> str:
        return f"report of {name}"


@workflow.defn
class HoldWorkflow:
    """Runs until `finish` or a cancellation."""

    def __init__(self) -> None:
        self.finished = False

    @workflow.signal
    def finish(self) -> None:
        self.finished = True

    @workflow.run
    async def run(self) -> str:
        await workflow.wait_condition(lambda: self.finished)
        return "finished"


@workflow.defn
class CountingWorkflow:
    """One more than the run before returned; the runs that would return one of `failing` fail instead."""

    @workflow.run
    async def run(self, failing: List[int]) -> int:
        before = workflow.get_last_completion_result(int) if workflow.has_last_completion_result() else 0
        failure: Optional[BaseException] = workflow.get_last_failure()
        number = (before or 0) + 1
        # A run that knows of the failure before it gets past it.
        if number in failing and failure is None:
            raise ApplicationError(f"number {number} fails")
        return number


@workflow.defn
class RelayWorkflow:
    """A chain of runs: each waits for `hand_over`; the last one is done when it comes."""

    def __init__(self) -> None:
        self.handed_over = False

    @workflow.signal
    def hand_over(self) -> None:
        self.handed_over = True

    @workflow.run
    async def run(self, left: int) -> str:
        await workflow.wait_condition(lambda: self.handed_over)
        if left > 0:
            workflow.continue_as_new(left - 1)
        return "arrived"


SCHEDULED = [ReportWorkflow, HoldWorkflow, CountingWorkflow, RelayWorkflow]
