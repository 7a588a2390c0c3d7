"""Work that is asked for by records: each request takes effect once, and is answered once on the topic of outcomes."""

import base64
import random
from collections import Counter
from datetime import timedelta
from typing import Any, Dict, List

from temporalio import activity, workflow
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.worker import Worker

from support.awaiting import await_until
from topics import Batch, Record, Topics

QUEUE = "records"


@workflow.defn(name="Order")
class Order:
    """Waits for its payment. It may be asked for a discount meanwhile."""

    def __init__(self) -> None:
        self.paid: List[Any] = []
        self.discount = 0

    @workflow.run
    async def run(self, order: Dict[str, Any]) -> Dict[str, Any]:
        await workflow.wait_condition(lambda: bool(self.paid))
        return {"id": order["id"], "paid": self.paid, "discount": self.discount}

    @workflow.signal
    def pay(self, amount: Any) -> None:
        self.paid.append(amount)

    @workflow.update
    def give(self, percent: int) -> int:
        self.discount = percent
        return percent


@workflow.defn(name="Shipment")
class Shipment:
    """Has one activity, which somebody else completes."""

    @workflow.run
    async def run(self) -> Any:
        return await workflow.execute_activity(ship, start_to_close_timeout=timedelta(seconds=60), heartbeat_timeout=timedelta(seconds=30))


TOKENS: Dict[str, bytes] = {}


@activity.defn
async def ship() -> Any:
    TOKENS[activity.info().workflow_id] = activity.info().task_token
    activity.raise_complete_async()


def worker(client: Client) -> Worker:
    return Worker(client, task_queue=QUEUE, workflows=[Order, Shipment], activities=[ship])


def start(order: int, **options: Any) -> Dict[str, Any]:
    return {"start": {"workflow_type": "Order", "task_queue": QUEUE, "args": [{"id": order}], **options}}


def answers(topics: Topics) -> List[Record]:
    """The answers to requests, in order."""
    return [record for record in topics.records("outcomes.default") if record["value"].get("request")]


async def answered(topics: Topics, count: int) -> List[Record]:
    def enough() -> List[Record]:
        found = answers(topics)
        assert len(found) >= count, found
        return found

    found = await await_until(enough, f"{count} answers", deadline_s=60)
    assert len(found) == count, found
    return found


async def test_an_order_is_started_changed_and_paid_by_records(topics: Topics, client: Client) -> None:
    async with worker(client):
        topics.produce("requests.default", [("order-1", start(1, memo={"by": "a record"}))], {"correlation-id": "c-1"})
        topics.produce("requests.default", [("order-1", {"update": {"name": "give", "args": [10]}})])
        topics.produce("requests.default", [("order-1", {"signal": {"name": "pay", "args": [12.5]}})])
        handle = client.get_workflow_handle("order-1")
        assert await await_until(lambda: result_of(handle), "the order's end", deadline_s=60) == {"id": 1, "paid": [12.5], "discount": 10}
        assert (await (await handle.describe()).memo())["by"] == "a record"
        found = await answered(topics, 3)
    assert [(it["value"]["kind"], it["value"]["request"]["kind"]) for it in found] == [
        ("REQUEST_ACCEPTED", kind) for kind in ("start", "update", "signal")
    ]
    assert found[0]["value"]["request"]["correlation_id"] == "c-1" and found[0]["headers"]["correlation-id"] == "c-1"
    assert {it["key"] for it in found} == {"order-1"}
    run_id = (await handle.describe()).run_id
    assert {it["value"]["run_id"] for it in found} == {run_id}


async def result_of(handle: Any) -> Any:
    description = None
    try:
        description = await handle.describe()
    except Exception as error:  # the record has not been taken yet
        raise LookupError(str(error)) from error
    if description.status != WorkflowExecutionStatus.COMPLETED:
        raise LookupError(description.status)
    return await handle.result()


async def test_signal_with_start_cancel_and_terminate(topics: Topics, client: Client) -> None:
    with_signal = {**start(2), "signal": {"name": "pay", "args_json": ["1"]}}
    topics.produce("requests.default", [("order-2", with_signal), ("order-3", start(3)), ("order-4", start(4))])
    topics.produce("requests.default", [("order-3", {"cancel": {"reason": "changed my mind"}}), ("order-4", {"terminate": {"reason": "fraud"}})])
    async with worker(client):
        assert await await_until(lambda: result_of(client.get_workflow_handle("order-2")), "paid at its start", deadline_s=60)
        for workflow_id, status in (("order-3", WorkflowExecutionStatus.CANCELED), ("order-4", WorkflowExecutionStatus.TERMINATED)):

            async def closed(workflow_id: str = workflow_id, status: WorkflowExecutionStatus = status) -> bool:
                return (await client.get_workflow_handle(workflow_id).describe()).status == status

            await await_until(closed, f"{workflow_id} {status}", deadline_s=60)
    await answered(topics, 5)


async def test_activities_are_completed_failed_and_kept_alive_by_records(topics: Topics, client: Client) -> None:
    async with worker(client):
        handles = {name: await client.start_workflow("Shipment", id=name, task_queue=QUEUE) for name in ("by-token", "by-id", "fails")}
        await await_until(lambda: len(TOKENS) == 3, "all activities run")
        token = base64.b64encode(TOKENS["by-token"]).decode()
        description = await handles["by-id"].describe()
        activity_id = description.raw_description.pending_activities[0].activity_id
        topics.produce("requests.default", [("by-token", {"heartbeat_activity": {"task_token": token, "details": ["half"]}})])
        topics.produce("requests.default", [("by-token", {"complete_activity": {"task_token": token, "result": {"parcel": 7}}})])
        topics.produce("requests.default", [("by-id", {"complete_activity": {"activity_id": activity_id, "result": None}})])
        failed = {"fail_activity": {"task_token": base64.b64encode(TOKENS["fails"]).decode(), "message": "lost", "type": "Lost", "non_retryable": True}}
        topics.produce("requests.default", [("fails", failed)])
        assert await handles["by-token"].result() == {"parcel": 7}
        assert await handles["by-id"].result() is None

        async def has_failed() -> bool:
            return (await handles["fails"].describe()).status == WorkflowExecutionStatus.FAILED

        await await_until(has_failed, "the failure reaches the workflow")
    assert Counter(it["value"]["kind"] for it in await answered(topics, 4)) == {"REQUEST_ACCEPTED": 4}


async def test_what_cannot_be_done_is_answered_with_temporals_code_and_words(topics: Topics, client: Client) -> None:
    cases = [
        ({"signal": {"name": "pay"}}, 5, "workflow not found for ID: missing-0"),
        ({"start": {"task_queue": QUEUE}}, 3, "WorkflowType is not set on request."),
        ({"start": {"workflow_typ": "Order"}}, 3, "unknown field"),
        ({}, 3, "asks for nothing"),
        ("no json", 3, "The value is no request"),
        ("[" * 100_000, 3, "The value is no request"),
    ]
    for number, (value, _, _) in enumerate(cases):
        topics.produce("requests.default", [(f"missing-{number}", value)], {"correlation-id": str(number)})
    # What comes after them is taken.
    topics.produce("requests.default", [("order-9", start(9))])
    topics.produce("requests.default", [("order-9", start(9))])
    found = await answered(topics, len(cases) + 2)
    by_correlation = {it["value"]["request"]["correlation_id"]: it["value"] for it in found}
    for number, (_, code, message) in enumerate(cases):
        answer = by_correlation[str(number)]
        assert answer["kind"] == "REQUEST_REJECTED", answer
        assert answer["request"]["code"] == code and message in answer["request"]["message"], answer
        assert answer["request"]["topic"].endswith("requests.default") and answer["request"]["offset"] >= 0
    again = [it["value"] for it in found if it["key"] == "order-9"]
    assert [it["kind"] for it in again] == ["REQUEST_ACCEPTED", "REQUEST_REJECTED"]
    assert again[1]["request"]["code"] == 6 and "already" in again[1]["request"]["message"]


async def test_a_request_with_a_name_takes_effect_once_however_often_it_is_produced(topics: Topics, client: Client) -> None:
    topics.produce("requests.default", [("order-5", start(5))], {"idempotency-key": "start-5"})
    for _ in range(3):
        topics.produce("requests.default", [("order-5", start(5))], {"idempotency-key": "start-5"})
        topics.produce("requests.default", [("order-5", {"signal": {"name": "pay", "args": [5]}})], {"ce_id": "1", "ce_source": "/bank"})
    topics.produce("requests.default", [("order-5", {"signal": {"name": "pay", "args": [6]}})], {"ce_id": "1", "ce_source": "/other"})
    found = await answered(topics, 8)
    assert Counter(it["value"]["kind"] for it in found) == {"REQUEST_ACCEPTED": 8}
    async with worker(client):
        result = await await_until(lambda: result_of(client.get_workflow_handle("order-5")), "paid", deadline_s=60)
    assert result["paid"] == [5, 6]


async def test_every_request_takes_effect_once_although_klamm_is_killed(topics: Topics, client: Client) -> None:
    """Each signal is one event: a request that took effect twice or never shows in the counts."""
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    chance = random.Random(seed)
    orders, each = 40, 25
    topics.produce("requests.default", [(f"order-{number}", start(number)) for number in range(orders)])

    batches: List[Batch] = [
        [(f"order-{number}", {"signal": {"name": "pay", "args": [amount]}}) for number in range(orders)] for amount in range(each)
    ]
    await topics.produce_through_kills(batches, lambda batch: topics.produce("requests.default", batch), kills=4, chance=chance)

    def signals(record: Record) -> bool:
        return (record["value"].get("event") or {}).get("event_type") == "EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED"

    def all_taken() -> bool:
        taken = Counter(record["value"]["request"]["offset"] for record in answers(topics))
        return sum(taken.values()) >= produced(topics)

    await await_until(all_taken, "all requests are answered", deadline_s=120, interval_s=0.5)
    places = Counter((it["value"]["request"]["partition"], it["value"]["request"]["offset"]) for it in answers(topics))
    assert set(places.values()) == {1} and len(places) == produced(topics)
    signalled = Counter(record["key"].split("/")[1] for record in topics.records("history") if signals(record))
    asked = Counter(record["key"] for record in topics.records("requests.default") if "signal" in str(record))
    assert signalled == asked
    order = {number: [] for number in range(orders)}
    for record in topics.records("history"):
        if signals(record):
            payload = record["value"]["event"]["workflow_execution_signaled_event_attributes"]["input"]["payloads"][0]
            order[int(record["key"].split("/")[1].removeprefix("order-"))].append(payload["data"]["json"])
    if topics.server.kafka:
        assert all(amounts == list(range(each)) for amounts in order.values()), "in the order of the records"


def produced(topics: Topics) -> int:
    return len(topics.records("requests.default"))
