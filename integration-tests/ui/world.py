"""A worker and what the UI's tests look at: runs of all kinds, schedules, many runs. `world.py ADDRESS [MANY]`.

Says `ready` on standard output when all is there, and works until its standard input ends.
"""

import asyncio
import base64
import dataclasses
import json
import logging
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import List, Optional, Sequence

from temporalio import activity, workflow
from temporalio.api.batch.v1 import BatchOperationSignal
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.workflowservice.v1 import StartBatchOperationRequest
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleBackfill,
    ScheduleCalendarSpec,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleState,
)
from temporalio.common import RetryPolicy
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes, PayloadCodec
from temporalio.exceptions import ApplicationError
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

QUEUE = "orders"
#: Its worker encodes all payloads; ui/e2e/codec-server.ts decodes them.
SECRETS = "secrets"
#: Timers of the long history, two events each, and how many of them stand at once.
LONG = 10_000
AT_ONCE = 250
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
        self.limit = 10

    @workflow.update
    async def set_limit(self, limit: int) -> str:
        before, self.limit = self.limit, limit
        await workflow.sleep(timedelta(milliseconds=200))
        if limit > 500:
            raise ApplicationError(f"nobody has {limit} of them")
        return f"{before} → {limit}"

    @set_limit.validator
    def check_limit(self, limit: int) -> None:
        if limit < 0:
            raise ValueError("a limit is not negative")

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
    """Its history is long: each step is a timer, and many stand at once."""

    @workflow.run
    async def run(self, steps: int) -> int:
        for _ in range(steps // AT_ONCE):
            await asyncio.gather(*(workflow.sleep(timedelta(milliseconds=1)) for _ in range(AT_ONCE)))
        return steps


@workflow.defn(name="Caller")
class Caller:
    """Signals another workflow, one that is not there, and asks for an end."""

    @workflow.run
    async def run(self, other: str) -> str:
        handle = workflow.get_external_workflow_handle(other)
        await handle.signal("approve", workflow.info().workflow_id)
        try:
            await workflow.get_external_workflow_handle("nobody-there").signal("approve", "x")
        except ApplicationError as error:
            return str(error)
        return "both were there"


class MirrorCodec(PayloadCodec):
    """Hides nothing from anyone who looks closely: JSON, its bits turned. It is as hidden from pages as real encryption."""

    async def encode(self, payloads: Sequence[Payload]) -> List[Payload]:
        return [self._encoded(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> List[Payload]:
        return [self._decoded(payload) for payload in payloads]

    @staticmethod
    def _encoded(payload: Payload) -> Payload:
        metadata = {name: base64.b64encode(value).decode() for name, value in payload.metadata.items()}
        text = json.dumps({"metadata": metadata, "data": base64.b64encode(payload.data).decode()})
        return Payload(metadata={"encoding": b"binary/encrypted"}, data=bytes(byte ^ 0xFF for byte in text.encode()))

    @staticmethod
    def _decoded(payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != b"binary/encrypted":
            return payload
        inner = json.loads(bytes(byte ^ 0xFF for byte in payload.data))
        metadata = {name: base64.b64decode(value) for name, value in inner["metadata"].items()}
        return Payload(metadata=metadata, data=base64.b64decode(inner["data"]))


CONVERTER = dataclasses.replace(
    DataConverter.default, payload_codec=MirrorCodec(), failure_converter_class=DefaultFailureConverterWithEncodedAttributes
)

CUSTOMERS = ["Ada", "Barbara", "Edsger", "Grace", "Katherine", "Leslie", "Margaret"]


async def schedule(client: Client, name: str, spec: ScheduleSpec, state: Optional[ScheduleState] = None, **action) -> None:
    started = ScheduleActionStartWorkflow("Greeting", name, id=f"{name}-run", task_queue=QUEUE, **action)
    try:
        await client.create_schedule(name, Schedule(action=started, spec=spec, state=state or ScheduleState()))
    except Exception as error:  # What is there already stays.
        if "already" not in str(error):
            raise


async def many(client: Client, count: int) -> None:
    """Runs that nobody works on: a schedule's backfill starts them, which is quicker than so many calls."""
    started = ScheduleActionStartWorkflow("Import", "row", id="import", task_queue="imports")
    every_second = ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(seconds=1))])
    state = ScheduleState(paused=True, note="For the list of many runs")
    await client.create_schedule("imports", Schedule(action=started, spec=every_second, state=state))
    start = datetime(2026, 1, 1, tzinfo=timezone.utc)
    span = ScheduleBackfill(start, start + timedelta(seconds=count - 1), overlap=ScheduleOverlapPolicy.ALLOW_ALL)
    await client.get_schedule_handle("imports").backfill(span)


async def all_there(client: Client, count: int) -> None:
    """Waits until lists show so many of them."""
    while (await client.count_workflows("WorkflowType = 'Import'")).count < count:
        await asyncio.sleep(0.5)


async def fill(client: Client) -> None:
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
    await client.start_workflow("Restock", "stool", id="restock-of-caller", task_queue=QUEUE)
    await client.start_workflow("Caller", "restock-of-caller", id="caller", task_queue=QUEUE)
    await client.start_workflow("Greeting", "x", id="times-out", task_queue="nobody", execution_timeout=timedelta(seconds=1))
    await cancelled.cancel()
    await terminated.terminate("no longer sold")
    for order in orders:
        await order.result()


async def stock_taking(client: Client) -> None:
    """A batch operation."""
    for index in range(5):
        await client.start_workflow("Restock", "shelf", id=f"shelf-{index}", task_queue=QUEUE)
    query = "WorkflowId STARTS_WITH 'shelf-'"
    while (await client.count_workflows(query)).count < 5:
        await asyncio.sleep(0.1)
    signal = BatchOperationSignal(signal="approve", input=Payloads(payloads=client.data_converter.payload_converter.to_payloads(["Ada"])), identity="ada@shop")
    request = StartBatchOperationRequest(
        namespace="default", job_id="stock-taking", visibility_query=query, reason="The shelves have been counted", signal_operation=signal
    )
    await client.workflow_service.start_batch_operation(request)


async def secrets(client: Client) -> None:
    """Runs whose payloads only the codec makes readable, and one beside them that anyone can read."""
    greeting = await client.start_workflow("Greeting", "Ada of the secret service", id="secret-greeting", task_queue=SECRETS, static_summary="A secret summary")
    await client.start_workflow("CreditCheck", "Bond", id="secret-credit", task_queue=SECRETS, memo={"channel": "the back door"})
    await greeting.result()


async def main(address: str, count: int) -> None:
    # That operators take activities away from their workers is what the pages are for.
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(filter="error"))))
    client = await Client.connect(address)
    hidden = await Client.connect(address, data_converter=CONVERTER)
    with ThreadPoolExecutor(8) as threads:
        keeper = Worker(
            hidden,
            task_queue=SECRETS,
            workflows=[Greeting, CreditCheck],
            activities=[check_credit],
            activity_executor=threads,
            workflow_runner=UnsandboxedWorkflowRunner(),
            identity="keeper@tests",
        )
        worker = Worker(
            client,
            task_queue=QUEUE,
            workflows=[OrderWorkflow, Shipment, CreditCheck, Restock, Greeting, Counter, Caller],
            activities=[reserve_stock, charge_card, send_mail, find_address, ask_supplier, check_credit],
            activity_executor=threads,
            workflow_runner=UnsandboxedWorkflowRunner(),
            identity="world@tests",
        )
        async with worker, keeper:
            if count > 0:
                await many(client, count)
            await secrets(hidden)
            await fill(client)
            await stock_taking(client)
            await client.start_workflow("Counter", LONG, id="long-history", task_queue=QUEUE)
            await all_there(client, count)
            print("ready", flush=True)
            await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0))
