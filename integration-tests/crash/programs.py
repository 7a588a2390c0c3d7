"""The load: orders of two activities, a timer, two signals, two updates, two parts and a word to a neighbour; and what each attempt did."""

import asyncio
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Dict, List

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

#: The task queue of all orders.
TASK_QUEUE = "crash"
#: The workflow task timeout of an order and of its parts: a task lost with the server's answer
#: is missed after this long.
TASK_TIMEOUT = timedelta(seconds=2)
#: What an order says to updates that it does not take.
REFUSED = "refused"


@dataclass
class Order:
    """What an order is told to do."""

    number: int
    pause_s: float
    #: The workflow id of another order, which tells this one something and is told something.
    neighbour: str = ""


@dataclass
class Receipt:
    """What a completed order returns: the effects of its activities and of its parts, the signals, what it has heard, and its updates."""

    number: int
    effects: List[str] = field(default_factory=list)
    parts: List[str] = field(default_factory=list)
    signals: List[str] = field(default_factory=list)
    heard: List[str] = field(default_factory=list)
    updates: List[str] = field(default_factory=list)


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


async def step(name: str) -> str:
    """Has the effect of the activity."""
    # A killed server may have handed out a task whose worker never got it:
    # the timeouts are short, because that attempt is only missed by them.
    return await workflow.execute_activity(
        "step",
        name,
        result_type=str,
        start_to_close_timeout=timedelta(seconds=3),
        retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=50), backoff_coefficient=1.0),
    )


@workflow.defn
class PartWorkflow:
    """A part of an order: the child of the order's run."""

    @workflow.run
    async def run(self, name: str) -> str:
        return await step(name)


@workflow.defn
class OrderWorkflow:
    def __init__(self) -> None:
        self.signals: List[str] = []
        self.heard: List[str] = []
        self.updates: List[str] = []

    @workflow.update
    async def amend(self, name: str) -> str:
        """Is answered at once."""
        self.updates.append(name)
        return f"{name} {workflow.uuid4().hex}"

    @amend.validator
    def check_amend(self, name: str) -> None:
        if REFUSED in name:
            raise ApplicationError(REFUSED)

    @workflow.update
    async def revise(self, name: str) -> str:
        """Is answered with the effect of an activity."""
        effect = await step(name)
        self.updates.append(name)
        return effect

    @workflow.signal
    def note(self, text: str) -> None:
        self.signals.append(text)

    @workflow.signal
    def hear(self, text: str) -> None:
        self.heard.append(text)

    @workflow.run
    async def run(self, order: Order) -> Receipt:
        parts = [asyncio.create_task(self.part(f"part {number}")) for number in (1, 2)]
        first = await step("pack")
        await asyncio.sleep(order.pause_s)
        # Both neighbours have been started when the first signal comes, and neither ends before it has heard the other.
        await workflow.wait_condition(lambda: len(self.signals) >= 1)
        await self.tell(order.neighbour)
        await workflow.wait_condition(lambda: len(self.signals) >= 2 and len(self.heard) >= 1 and len(self.updates) >= 2)
        made = [await part for part in parts]
        second = await step("ship")
        return Receipt(order.number, [first, second], made, self.signals, self.heard, self.updates)

    async def part(self, name: str) -> str:
        # A run that begins again after a reset has parts of its own, because its random numbers are others.
        id = f"{workflow.info().workflow_id}-{name[-1]}-{workflow.uuid4().hex[:12]}"
        return await workflow.execute_child_workflow(PartWorkflow.run, name, id=id, task_timeout=TASK_TIMEOUT)

    async def tell(self, neighbour: str) -> None:
        """Tells the neighbour something that no other run says. After a reset the neighbour may have ended long ago."""
        # The run id, and no random number: the SDK draws those of a run that a reset has made from its base's seed until the first signals
        # after the reset are handled, and then both runs would say the same.
        try:
            await workflow.get_external_workflow_handle(neighbour).signal("hear", workflow.info().run_id)
        except ApplicationError:
            pass


def order_worker(client: Client, effects: Effects) -> Worker:
    """A worker for orders, to be entered with `async with`."""
    return Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[OrderWorkflow, PartWorkflow],
        activities=[effects.step],
        # The sandbox is the Python suite's concern; here it is only load.
        workflow_runner=UnsandboxedWorkflowRunner(),
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=1),
    )
