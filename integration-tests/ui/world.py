"""A worker and what the UI's tests look at: runs of all kinds, schedules, many runs. `world.py ADDRESS [MANY]`.

Says `ready` on standard output when all is there, and works until its standard input ends.
"""

import asyncio
import logging
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import List, Optional

from temporalio import activity, workflow
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleCalendarSpec,
    ScheduleIntervalSpec,
    ScheduleRange,
    ScheduleSpec,
    ScheduleState,
)
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

QUEUE = "orders"
# Failures are meant to be.
logging.disable(logging.WARNING)


@dataclass
class Order:
    order_id: str
    customer: str
    items: List[str]
    amount: float


@activity.defn(name="ReserveStock")
def reserve_stock(order: Order) -> dict:
    return {"warehouse": "Rotterdam", "reserved": order.items}


@activity.defn(name="ChargeCard")
def charge_card(order: Order) -> dict:
    if activity.info().attempt < 3:
        raise ApplicationError(f"card of {order.customer} was declined, attempt {activity.info().attempt}", type="CardDeclined")
    return {"receipt": f"R-{order.order_id}", "amount": order.amount, "currency": "EUR"}


@activity.defn(name="SendMail")
def send_mail(to: str, text: str) -> None:
    pass


@activity.defn(name="FindAddress")
def find_address(customer: str) -> str:
    return f"{customer}, Keizersgracht 12, Amsterdam"


@activity.defn(name="AskSupplier")
def ask_supplier(item: str) -> str:
    try:
        raise ConnectionError("connection refused: supplier.example:443")
    except ConnectionError as error:
        raise ApplicationError(f"the supplier of {item} does not answer", type="SupplierDown") from error


@activity.defn(name="CheckCredit")
def check_credit(customer: str) -> None:
    try:
        raise ValueError("score 12 is below 300")
    except ValueError as error:
        raise ApplicationError(f"{customer} gets no credit", {"score": 12}, type="NoCredit", non_retryable=True) from error


SHORT = timedelta(seconds=20)
QUICK_RETRIES = RetryPolicy(initial_interval=timedelta(milliseconds=120), backoff_coefficient=2)


@workflow.defn(name="Shipment")
class Shipment:
    @workflow.run
    async def run(self, order: Order) -> str:
        await workflow.sleep(timedelta(milliseconds=150))
        return f"T-{order.order_id}"


@workflow.defn(name="Order")
class OrderWorkflow:
    def __init__(self) -> None:
        self.note: Optional[str] = None

    @workflow.signal
    def add_note(self, note: str) -> None:
        self.note = note

    @workflow.run
    async def run(self, order: Order) -> dict:
        address = await workflow.execute_local_activity(find_address, order.customer, start_to_close_timeout=SHORT)
        stock, charge = await asyncio.gather(
            workflow.execute_activity(reserve_stock, order, start_to_close_timeout=SHORT),
            workflow.execute_activity(charge_card, order, start_to_close_timeout=SHORT, retry_policy=QUICK_RETRIES),
        )
        await workflow.sleep(timedelta(seconds=3), summary="Time to change one's mind")
        parcel = await workflow.execute_child_workflow(Shipment.run, order, id=f"{workflow.info().workflow_id}-shipment")
        await workflow.execute_activity(send_mail, args=[order.customer, f"Parcel {parcel}"], start_to_close_timeout=SHORT)
        return {"stock": stock, "charge": charge, "parcel": parcel, "address": address, "note": self.note}


@workflow.defn(name="CreditCheck")
class CreditCheck:
    @workflow.run
    async def run(self, customer: str) -> None:
        await workflow.execute_activity(check_credit, customer, start_to_close_timeout=SHORT)


@workflow.defn(name="Restock")
class Restock:
    """Waits for an approval while an activity fails again and again."""

    def __init__(self) -> None:
        self.approved_by: Optional[str] = None

    @workflow.signal
    def approve(self, who: str) -> None:
        self.approved_by = who

    @workflow.query
    def progress(self) -> dict:
        return {"approved_by": self.approved_by, "waiting": self.approved_by is None}

    @workflow.run
    async def run(self, item: str) -> str:
        retries = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30))
        asking = workflow.start_activity(ask_supplier, item, start_to_close_timeout=SHORT, retry_policy=retries)
        await workflow.wait_condition(lambda: self.approved_by is not None)
        asking.cancel()
        return f"{item}, approved by {self.approved_by}"


@workflow.defn(name="Greeting")
class Greeting:
    @workflow.run
    async def run(self, name: str) -> str:
        return f"Hello, {name}!"


@workflow.defn(name="Counter")
class Counter:
    """Its history is long: each step is a timer."""

    @workflow.run
    async def run(self, steps: int) -> int:
        for _ in range(steps // 50):
            await asyncio.gather(*(workflow.sleep(timedelta(milliseconds=1)) for _ in range(50)))
        return steps


CUSTOMERS = ["Ada", "Barbara", "Edsger", "Grace", "Katherine", "Leslie", "Margaret"]


async def schedule(client: Client, name: str, spec: ScheduleSpec, state: Optional[ScheduleState] = None, **action) -> None:
    started = ScheduleActionStartWorkflow("Greeting", name, id=f"{name}-run", task_queue=QUEUE, **action)
    try:
        await client.create_schedule(name, Schedule(action=started, spec=spec, state=state or ScheduleState()))
    except Exception as error:  # What is there already stays.
        if "already" not in str(error):
            raise


async def many(client: Client, count: int) -> None:
    """Runs that nobody works on."""
    gate = asyncio.Semaphore(200)

    async def one(index: int) -> None:
        async with gate:
            try:
                await client.start_workflow("Import", f"row {index}", id=f"import-{index:06}", task_queue="imports")
            except RPCError as error:
                print(f"start {index}: {error}", file=sys.stderr)

    await asyncio.gather(*(one(index) for index in range(count)))


async def fill(client: Client, count: int) -> None:
    await schedule(client, "every-ten-seconds", ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(seconds=10))]))
    nightly = ScheduleCalendarSpec(hour=[ScheduleRange(2)], minute=[ScheduleRange(30)], comment="Nightly report")
    await schedule(client, "nightly-report", ScheduleSpec(calendars=[nightly], time_zone_name="Europe/Amsterdam"))
    weekdays = ScheduleSpec(cron_expressions=["0 9-17 * * MON-FRI"], time_zone_name="America/New_York")
    await schedule(client, "office-hours", weekdays, ScheduleState(paused=True, note="Paused until the audit is over"))
    orders = []
    for index, customer in enumerate(CUSTOMERS):
        order = Order(f"{1042 + index}", customer, ["lamp", "desk"][: 1 + index % 2], 129.5 + index)
        orders.append(await client.start_workflow("Order", order, id=f"order-{order.order_id}", task_queue=QUEUE, memo={"channel": "web"}))
    await orders[0].signal("add_note", "leave it with the neighbours")
    for customer in CUSTOMERS[:3]:
        await client.start_workflow("CreditCheck", customer, id=f"credit-{customer.lower()}", task_queue=QUEUE)
    for item in ("lamp", "desk", "chair"):
        await client.start_workflow("Restock", item, id=f"restock-{item}", task_queue=QUEUE, static_summary=f"More of: {item}")
    cancelled = await client.start_workflow("Restock", "sofa", id="restock-sofa", task_queue=QUEUE)
    terminated = await client.start_workflow("Restock", "bed", id="restock-bed", task_queue=QUEUE)
    markup = "<img src=x onerror=alert(1)><b>bold</b>"
    await client.start_workflow("Greeting", markup, id="greeting <i>markup</i>", task_queue=QUEUE)
    await client.start_workflow("Greeting", "x", id="times-out", task_queue="nobody", execution_timeout=timedelta(seconds=1))
    await cancelled.cancel()
    await terminated.terminate("no longer sold")
    await many(client, count)
    for order in orders:
        await order.result()


async def main(address: str, count: int) -> None:
    client = await Client.connect(address)
    with ThreadPoolExecutor(8) as threads:
        worker = Worker(
            client,
            task_queue=QUEUE,
            workflows=[OrderWorkflow, Shipment, CreditCheck, Restock, Greeting, Counter],
            activities=[reserve_stock, charge_card, send_mail, find_address, ask_supplier, check_credit],
            activity_executor=threads,
            workflow_runner=UnsandboxedWorkflowRunner(),
            identity="world@tests",
        )
        async with worker:
            await fill(client, count)
            print("ready", flush=True)
            await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0))
