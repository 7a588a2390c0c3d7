"""Workflows publish records on topics of other programs: each record is there once, and only if its activity is completed."""

import asyncio
import json
import random
from collections import defaultdict
from datetime import timedelta
from typing import Any, AsyncIterator, Dict, List

import pytest
from temporalio import workflow
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from support.awaiting import await_until
from topics import Record, Topics

QUEUE = "publishing"
#: Records that each workflow publishes on each destination.
EACH = 3


def publish(argument: Any, attempts: int = 0) -> Any:
    return workflow.execute_activity(
        "klamm.publish",
        argument,
        task_queue="klamm",
        start_to_close_timeout=timedelta(seconds=30),
        retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=1), maximum_attempts=attempts),
    )


@workflow.defn(name="Publish")
class Publish:
    """Publishes what it is given."""

    @workflow.run
    async def run(self, arguments: List[Any]) -> List[Any]:
        return [await publish(argument) for argument in arguments]


@workflow.defn(name="Bill")
class Bill:
    """Publishes numbered invoices and receipts in turn, all with one key."""

    @workflow.run
    async def run(self, customer: str) -> int:
        for number in range(EACH):
            record = {"key": customer, "value": {"customer": customer, "number": number}}
            await publish({"destination": "invoices", **record})
            await publish({"destination": "receipts", **record})
        return EACH


@pytest.fixture
async def worker(client: Client) -> AsyncIterator[None]:
    async with Worker(client, task_queue=QUEUE, workflows=[Publish, Bill], workflow_runner=UnsandboxedWorkflowRunner()):
        yield


@pytest.fixture
def shop(topics: Topics) -> Topics:
    """The topics of the two destinations. klamm is running already: it finds them."""
    if topics.server.kafka:
        topics.create(f"{topics.foreign}invoices", 3)
        topics.create(f"{topics.foreign}receipts", 2)
    return topics


async def start(client: Client, kind: str, id: str, argument: Any) -> WorkflowHandle:
    return await client.start_workflow(kind, argument, id=id, task_queue=QUEUE)


def decoded(record: Record) -> Any:
    """The value of a record that is JSON, or JSON's text; `klamm topics cat` has decoded it already."""
    value = record["value"]
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def invoices(topics: Topics) -> List[Record]:
    return topics.committed(f"{topics.foreign}invoices")


async def test_a_workflow_publishes(shop: Topics, client: Client, worker: None) -> None:
    arguments = [
        {"destination": "invoices", "key": "c-1", "value": {"total": 1.5}, "headers": {"kind": "invoice"}},
        {"destination": "invoices", "key": "c-1", "text": '"plain"'},
        {"destination": "invoices", "key": "c-1", "tombstone": True},
        {"destination": "invoices", "base64": "e30="},
    ]
    handle = await start(client, "Publish", "publish-1", arguments)
    results = await handle.result()
    assert [it["destination"] for it in results] == ["invoices"] * 4 and results[0]["topic"] == f"{shop.foreign}invoices"

    def all_there() -> List[Record]:
        found = invoices(shop)
        assert len(found) == 4
        return found

    found = await await_until(all_there, "all are published")
    keyed = [record for record in found if record["key"] == "c-1"]
    assert [decoded(record) for record in keyed] == [{"total": 1.5}, "plain", None]
    assert {record["partition"] for record in keyed} == {results[0]["partition"]}
    run_id = (await handle.describe()).run_id
    expected = {"kind": "invoice", "klamm-namespace": "default", "klamm-workflow-id": "publish-1", "klamm-run-id": run_id, "klamm-activity-id": "1"}
    assert keyed[0]["headers"] == expected
    # No worker has done it: it is begun, and ends, with the task that schedules it.
    history = [event.event_type for event in (await handle.fetch_history()).events]
    assert history[4:8] == [10, 11, 12, 5], history


async def test_what_cannot_be_published_fails_with_a_reason(shop: Topics, client: Client, worker: None) -> None:
    long = {"destination": "invoices", "text": "x" * 1_100_000}
    for number, (argument, kind) in enumerate(
        [
            ({"destination": "nowhere", "text": "a"}, "UnknownDestination"),
            ({"destination": "invoices", "avro": {}}, "InvalidInput"),
            ({"destination": "invoices"}, "InvalidInput"),
            (long, "RecordTooLarge"),
        ]
    ):
        handle = await start(client, "Publish", f"publish-{number}", [argument])
        with pytest.raises(WorkflowFailureError) as failed:
            await handle.result()
        activity = failed.value.cause
        assert isinstance(activity, ActivityError) and isinstance(activity.cause, ApplicationError)
        assert activity.cause.type == kind, activity.cause
    assert invoices(shop) == []


async def test_a_request_is_answered_where_it_asks_for_it(shop: Topics, client: Client, worker: None) -> None:
    """On a declared destination, beside the topic of outcomes; not on any other topic."""
    await (await start(client, "Publish", "first", [{"destination": "invoices", "key": "first", "text": "klamm knows the topic"}])).result()
    bill = {"start": {"workflow_type": "Publish", "task_queue": QUEUE, "args": [[]]}}
    shop.produce("requests.default", [("asked-1", bill)], {"reply-to": "invoices", "correlation-id": "c-7"})
    shop.produce("requests.default", [("asked-2", {"signal": {"name": "none"}})], {"reply-to": "invoices"})
    shop.produce("requests.default", [("asked-3", bill)], {"reply-to": f"{shop.foreign}receipts"})

    def all_there() -> List[Record]:
        outcomes = [record for record in shop.records("outcomes.default") if record["value"].get("request")]
        assert len(outcomes) == 3
        found = [record for record in invoices(shop) if record["key"] != "first"]
        assert len(found) == 2
        return found

    replies = {record["key"]: record for record in await await_until(all_there, "all are answered", deadline_s=60)}
    started, refused = decoded(replies["asked-1"]), decoded(replies["asked-2"])
    assert (started["kind"], started["request"]["kind"], started["workflow_id"]) == ("REQUEST_ACCEPTED", "start", "asked-1")
    assert started["run_id"] == (await client.get_workflow_handle("asked-1").describe()).run_id
    assert replies["asked-1"]["headers"] == {"correlation-id": "c-7", "content-type": "application/json"}
    assert (refused["kind"], refused["request"]["code"]) == ("REQUEST_REJECTED", 5)
    assert shop.committed(f"{shop.foreign}receipts") == []


async def test_each_record_is_published_once_although_klamm_is_killed(shop: Topics, client: Client, worker: None) -> None:
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    chance = random.Random(seed)
    customers = [f"c-{number}" for number in range(60)]
    handles = []
    for kill in range(4):
        some = customers[kill * 15 : (kill + 1) * 15]
        handles += [await start(client, "Bill", customer, customer) for customer in some]
        await asyncio.sleep(chance.uniform(0, 1.0))
        shop.server.kill()
        shop.server.start()
    for handle in handles:
        assert await await_until(lambda: result_of(handle), f"{handle.id} is done", deadline_s=120) == EACH
    for destination in ("invoices", "receipts"):

        def all_there() -> bool:
            numbers: Dict[str, List[int]] = defaultdict(list)
            for record in shop.committed(f"{shop.foreign}{destination}"):
                value = decoded(record)
                assert record["key"] == value["customer"]
                numbers[value["customer"]].append(value["number"])
            assert all(found == sorted(set(found)) for found in numbers.values()), "twice, or out of order"
            assert numbers == {customer: list(range(EACH)) for customer in customers}
            return True

        await await_until(all_there, f"all {destination} are there, once and in order", deadline_s=60)
    assert shop.server.verify().returncode == 0


async def test_a_destination_that_breaks_holds_up_nothing(shop: Topics, client: Client, worker: None) -> None:
    """Its records become dead letters in the transactions that they belong to, until it takes records again."""
    if not shop.server.kafka:
        pytest.skip("nobody can delete a topic of the embedded log")
    assert await (await start(client, "Bill", "before", "before")).result() == EACH
    invoices_topic = f"{shop.foreign}invoices"
    shop.delete(invoices_topic)
    # klamm may have seen by now that it is gone; then the activity waits for it. Else the record is a dead letter.
    gone = await start(client, "Publish", "gone", [{"destination": "invoices", "key": "k", "text": "lost", "headers": {"a": "b"}}])
    other = await start(client, "Publish", "other", [{"destination": "receipts", "key": "k", "text": "fine"}])
    await await_until(lambda: result_of(other), "others go on", deadline_s=90)

    def others() -> bool:
        assert "fine" in [record["value"] for record in shop.committed(f"{shop.foreign}receipts")]
        return True

    await await_until(others, "records for other topics are committed", deadline_s=90)
    shop.create(invoices_topic, 3)
    await await_until(lambda: result_of(gone), "it is published, or a dead letter", deadline_s=90)

    def accounted_for() -> bool:
        # What the first workflow published may have been on its way, too, when the topic was deleted.
        letters = [record for record in shop.records("dlq.publish") if record["key"] == "k"]
        here = [record for record in invoices(shop) if record["value"] == "lost"]
        assert len(letters) + len(here) == 1, (letters, here)
        for letter in letters:
            assert letter["headers"]["klamm-dlq-class"] == "destination" and letter["headers"]["a"] == "b", letter
            assert letter["headers"]["__dlq.errors.topic"] == invoices_topic
            assert letter["headers"]["__dlq.errors.message"]
        return True

    await await_until(accounted_for, "the record is in one place", deadline_s=90)

    async def works_again() -> bool:
        id = f"again-{random.randrange(1 << 30)}"
        await (await start(client, "Publish", id, [{"destination": "invoices", "key": "k", "text": id}])).result()
        assert id in [record["value"] for record in invoices(shop)]
        return True

    await await_until(works_again, "the destination takes records again", deadline_s=120, interval_s=2)


async def result_of(handle: WorkflowHandle) -> Any:
    try:
        return await asyncio.wait_for(handle.result(), 10)
    except asyncio.TimeoutError as error:
        raise LookupError("it is not done") from error
