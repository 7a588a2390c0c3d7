"""OpenLineage: runs tell of their beginnings and ends, of what they read and write, once, whatever dies in between."""

import asyncio
import json
import random
import uuid
from collections import Counter
from datetime import datetime, timedelta
from typing import Any, AsyncIterator, Dict, List

import pytest
from temporalio import workflow
from temporalio.client import Client, WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from support.awaiting import await_until
from topics import Topics
from trigger_shop import Shop

TRIGGER = """
trigger: lineage
namespace: default
source: {{topic: {topic}, format: json}}
rules:
  - start: {{type: Ship, task_queue: lineage, id: "ship-${{value.id}}"}}
    args: [{{path: value}}]
"""


@workflow.defn(name="Ship")
class Ship:
    """Has a child, publishes an invoice, and fails where it is told to."""

    @workflow.run
    async def run(self, order: Dict[str, Any]) -> str:
        if order.get("fails"):
            raise ApplicationError("no such address", non_retryable=True)
        await workflow.execute_child_workflow("Pack", order, id=f"{workflow.info().workflow_id}-pack")
        await workflow.execute_activity(
            "klamm.publish",
            {"destination": "invoices", "key": str(order["id"]), "value": order},
            task_queue="klamm",
            start_to_close_timeout=timedelta(seconds=30),
        )
        return "shipped"


@workflow.defn(name="Pack")
class Pack:
    @workflow.run
    async def run(self, order: Dict[str, Any]) -> None:
        return None


@workflow.defn(name="Wait")
class Wait:
    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: False)


@pytest.fixture
async def worker(client: Client) -> AsyncIterator[None]:
    async with Worker(client, task_queue="lineage", workflows=[Ship, Pack, Wait], workflow_runner=UnsandboxedWorkflowRunner()):
        yield


@pytest.fixture
def destinations(topics: Topics) -> None:
    if topics.server.kafka:
        topics.create(f"{topics.foreign}invoices", 2)
        topics.create(f"{topics.foreign}receipts", 2)


def checked(event: Dict[str, Any]) -> Dict[str, Any]:
    """The event, which has all that the specification requires of a run event and of its facets."""
    assert event["eventType"] in ("START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER")
    assert datetime.fromisoformat(event["eventTime"].replace("Z", "+00:00")).tzinfo is not None
    assert event["producer"].startswith("urn:") and event["schemaURL"].endswith("/spec/2-0-2/OpenLineage.json#/$defs/RunEvent")
    assert str(uuid.UUID(event["run"]["runId"])) == event["run"]["runId"]
    assert event["job"]["namespace"] and event["job"]["name"]
    for dataset in event["inputs"] + event["outputs"]:
        assert dataset["namespace"].startswith(("kafka://", "klamm://")) and dataset["name"], dataset
    for facet in [*event["run"]["facets"].values(), *event["job"]["facets"].values()]:
        assert facet["_producer"] and facet["_schemaURL"].startswith("https://openlineage.io/spec/"), facet
    parent = event["run"]["facets"].get("parent")
    assert parent is None or (uuid.UUID(parent["run"]["runId"]) and parent["job"]["namespace"] and parent["job"]["name"])
    error = event["run"]["facets"].get("errorMessage")
    assert error is None or (isinstance(error["message"], str) and error["programmingLanguage"])
    return event


def events(topics: Topics) -> List[Dict[str, Any]]:
    records = topics.records("openlineage.default")
    for record in records:
        assert record["key"] == value_of(record)["run"]["facets"]["klamm_workflow"]["workflowId"]
        assert record["headers"]["content-type"] == "application/json"
    return [checked(value_of(record)) for record in records]


def value_of(record: Dict[str, Any]) -> Dict[str, Any]:
    return json.loads(record["value"]) if isinstance(record["value"], str) else record["value"]


async def test_runs_tell_what_they_read_and_write(shop: Shop, destinations: None, client: Client, worker: None) -> None:
    shop.apply(TRIGGER)
    shop.produce([("a", {"id": 1}), ("a", {"id": 2, "fails": True})])
    waiting = await client.start_workflow("Wait", id="waits", task_queue="lineage")
    await waiting.terminate()

    def all_there() -> List[Dict[str, Any]]:
        found = events(shop.topics)
        assert Counter((it["job"]["name"], it["eventType"]) for it in found) == {
            ("Ship", "START"): 2,
            ("Ship", "COMPLETE"): 1,
            ("Ship", "FAIL"): 1,
            ("Pack", "START"): 1,
            ("Pack", "COMPLETE"): 1,
            ("Wait", "START"): 1,
            ("Wait", "ABORT"): 1,
        }
        return found

    found = await await_until(all_there, "all events are there", deadline_s=60)
    ships = {(it["run"]["facets"]["klamm_workflow"]["workflowId"], it["eventType"]): it for it in found if it["job"]["name"] == "Ship"}
    shipped = ships["ship-1", "START"]
    assert shipped["job"]["namespace"] == f"{shop.topics.prefix}default"
    assert [it["name"] for it in shipped["inputs"]] == [shop.topic] and shipped["outputs"] == []
    assert [it["name"] for it in ships["ship-1", "COMPLETE"]["outputs"]] == [f"{shop.topics.foreign}invoices"]
    assert ships["ship-1", "COMPLETE"]["run"]["runId"] == shipped["run"]["runId"]
    assert ships["ship-2", "FAIL"]["run"]["facets"]["errorMessage"]["message"] == "no such address"
    for packed in (it for it in found if it["job"]["name"] == "Pack"):
        parent = packed["run"]["facets"]["parent"]
        assert (parent["run"]["runId"], parent["job"]["name"]) == (shipped["run"]["runId"], "Ship")


async def test_each_event_is_there_once_although_klamm_is_killed(topics: Topics, destinations: None, client: Client, worker: None) -> None:
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    chance = random.Random(seed)
    handles = []
    for kill in range(3):
        for number in range(10):
            order = {"id": f"{kill}-{number}", "fails": number == 0}
            handles.append(await client.start_workflow("Ship", order, id=f"order-{kill}-{number}", task_queue="lineage"))
        await asyncio.sleep(chance.uniform(0, 0.8))
        topics.server.kill()
        topics.server.start()

    async def ended(handle: Any) -> bool:
        try:
            await asyncio.wait_for(handle.result(), 10)
        except asyncio.TimeoutError as error:
            raise LookupError("it has not ended") from error
        except WorkflowFailureError:
            pass
        return True

    for handle in handles:
        await await_until(lambda: ended(handle), f"{handle.id} has ended", deadline_s=120)

    def each_once() -> bool:
        found = Counter((it["job"]["name"], it["eventType"], it["run"]["runId"]) for it in events(topics))
        assert set(found.values()) == {1}, "twice"
        kinds = Counter((name, kind) for name, kind, _ in found)
        assert kinds == {
            ("Ship", "START"): 30,
            ("Ship", "COMPLETE"): 27,
            ("Ship", "FAIL"): 3,
            ("Pack", "START"): 27,
            ("Pack", "COMPLETE"): 27,
        }, kinds
        return True

    await await_until(each_once, "each event is there, once", deadline_s=60)
    assert topics.server.verify().returncode == 0
