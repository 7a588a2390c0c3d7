"""The load: orders of two activities, a timer and two signals, and what each attempt did."""

import asyncio
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Dict, List

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

#: The task queue of all orders.
TASK_QUEUE = "crash"


@dataclass
class Order:
    """What an order is told to do."""

    number: int
    pause_s: float


@dataclass
class Receipt:
    """What a completed order returns: the effects of its activities and the signals, in order."""

    number: int
    effects: List[str] = field(default_factory=list)
    signals: List[str] = field(default_factory=list)


class Effects:
    """The activity, and a record of what every attempt of it did, kept by the workers' process."""

    def __init__(self) -> None:
        #: "run id/activity id/attempt" to the effects it had.
        self.of_attempt: Dict[str, List[str]] = {}

    @activity.defn(name="step")
    async def step(self, name: str) -> str:
        """Has one effect, a fresh id, and returns it."""
        info = activity.info()
        effect = f"{name} {uuid.uuid4().hex}"
        key = f"{info.workflow_run_id}/{info.activity_id}/{info.attempt}"
        self.of_attempt.setdefault(key, []).append(effect)
        await asyncio.sleep(0.02)
        return effect


@workflow.defn
class OrderWorkflow:
    def __init__(self) -> None:
        self.signals: List[str] = []

    @workflow.signal
    def note(self, text: str) -> None:
        self.signals.append(text)

    @workflow.run
    async def run(self, order: Order) -> Receipt:
        first = await self.step("pack")
        await asyncio.sleep(order.pause_s)
        await workflow.wait_condition(lambda: len(self.signals) >= 2)
        second = await self.step("ship")
        return Receipt(order.number, [first, second], self.signals)

    async def step(self, name: str) -> str:
        # A killed server may have handed out a task whose worker never got it:
        # the timeouts are short, because that attempt is only missed by them.
        return await workflow.execute_activity(
            "step",
            name,
            result_type=str,
            start_to_close_timeout=timedelta(seconds=3),
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=50), backoff_coefficient=1.0),
        )


def order_worker(client: Client, effects: Effects) -> Worker:
    """A worker for orders, to be entered with `async with`."""
    return Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[OrderWorkflow],
        activities=[effects.step],
        # The sandbox is the Python suite's concern; here it is only load.
        workflow_runner=UnsandboxedWorkflowRunner(),
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=1),
    )
