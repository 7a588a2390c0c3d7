"""A countdown in which each number is a run of its own."""

from typing import List

from temporalio import workflow


@workflow.defn
class CountdownWorkflow:
    @workflow.run
    async def run(self, left: int, runs: List[str]) -> List[str]:
        """Returns the run ids of the whole chain, in order."""
        runs = [*runs, workflow.info().run_id]
        if left > 0:
            workflow.continue_as_new(args=[left - 1, runs])
        return runs
