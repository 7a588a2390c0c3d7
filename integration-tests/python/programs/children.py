"""Workflows that start workflows."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import List, Optional

from temporalio import workflow
from temporalio.exceptions import ApplicationError, CancelledError, ChildWorkflowError, TerminatedError, TimeoutError, WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy


@dataclass
class Plan:
    """What a child is told to do: `kind` is `complete`, `fail` or `wait`."""

    kind: str = "complete"
    value: int = 0


@workflow.defn
class ChildWorkflow:
    @workflow.run
    async def run(self, plan: Plan) -> int:
        if plan.kind == "fail":
            raise ApplicationError("boom", type="Boom", non_retryable=True)
        if plan.kind == "wait":
            await workflow.wait_condition(lambda: False)
        return plan.value * 2


@workflow.defn
class ParentWorkflow:
    """Waits for one child and says how it ended."""

    @workflow.run
    async def run(self, plan: Plan, run_timeout_s: Optional[float]) -> str:
        timeout = timedelta(seconds=run_timeout_s) if run_timeout_s else None
        try:
            result = await workflow.execute_child_workflow(
                ChildWorkflow.run, plan, id=f"{workflow.info().workflow_id}-child", run_timeout=timeout
            )
            return f"result {result}"
        except WorkflowAlreadyStartedError as error:
            return f"already started {error.workflow_type}"
        except ChildWorkflowError as error:
            cause = error.cause
            if isinstance(cause, ApplicationError):
                return f"failed {cause.type}: {cause.message}"
            for kind in (CancelledError, TerminatedError, TimeoutError):
                if isinstance(cause, kind):
                    return kind.__name__
            raise


@workflow.defn
class PoliciesWorkflow:
    """Starts a child under each policy, and completes once it is told to."""

    def __init__(self) -> None:
        self.started: List[str] = []
        self.told = False

    @workflow.signal
    def finish(self) -> None:
        self.told = True

    @workflow.query
    def children(self) -> List[str]:
        return self.started

    @workflow.run
    async def run(self) -> None:
        for name, policy in (
            ("terminate", ParentClosePolicy.TERMINATE),
            ("cancel", ParentClosePolicy.REQUEST_CANCEL),
            ("abandon", ParentClosePolicy.ABANDON),
        ):
            child = await workflow.start_child_workflow(
                ChildWorkflow.run, Plan("wait"), id=f"{workflow.info().workflow_id}-{name}", parent_close_policy=policy
            )
            self.started.append(child.id)
        await workflow.wait_condition(lambda: self.told)


@workflow.defn
class ManyChildrenWorkflow:
    """Adds up what its children return, all of them at the same time."""

    @workflow.run
    async def run(self, count: int) -> int:
        own_id = workflow.info().workflow_id
        children = [
            workflow.execute_child_workflow(ChildWorkflow.run, Plan(value=number), id=f"{own_id}-{number}") for number in range(count)
        ]
        return sum(await asyncio.gather(*children))


@workflow.defn
class FollowingWorkflow:
    """Its child goes on as a new run several times before it returns."""

    @workflow.run
    async def run(self, left: int) -> List[str]:
        return await workflow.execute_child_workflow(
            "CountdownWorkflow", args=[left, []], id=f"{workflow.info().workflow_id}-child", result_type=List[str]
        )
