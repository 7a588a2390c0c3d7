"""Workflows whose runs follow each other by themselves: attempts of a retry policy, runs of a cron schedule."""

from typing import Optional

from temporalio import workflow
from temporalio.exceptions import ApplicationError


@workflow.defn
class UnluckyWorkflow:
    """Fails until its attempt has the given number."""

    @workflow.run
    async def run(self, lucky: int) -> str:
        info = workflow.info()
        if info.attempt < lucky:
            raise ApplicationError(f"attempt {info.attempt}", type="Unlucky")
        failure = workflow.get_last_failure()
        return f"attempt {info.attempt} after {failure}"


@workflow.defn
class CountingWorkflow:
    """Counts the runs of its chain. The third fails, so that the fourth is told the second's result and a failure."""

    @workflow.run
    async def run(self) -> int:
        last: Optional[int] = workflow.get_last_completion_result(type_hint=int) if workflow.has_last_completion_result() else None
        if last == 2 and workflow.get_last_failure() is None:
            raise ApplicationError("the third run")
        return (last or 0) + 1
