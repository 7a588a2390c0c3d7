"""Activities of a stream task queue: any consumer is a worker, whatever becomes of it or of klamm."""

import asyncio
import base64
import contextlib
import io
import json
import math
import urllib.request
from collections import Counter
from datetime import datetime, timedelta
from typing import Any, Dict, List

import fastavro
from temporalio import activity, workflow
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.client import Client, WorkflowFailureError
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError
from temporalio.service import RPCError
from temporalio.worker import Worker

from support.awaiting import await_until
from stream_workers import spawn, stream_workers
from topics import Record, Topics

#: Kinds of activities that end well, each with the attempt that completes it.
GOOD = {"Plain": 1, "Flaky": 3, "Silent": 2, "Resumed": 2}
#: Workflows of each kind. Silent and resumed ones have an attempt that times out.
EACH = 10
#: Round trips that are measured, one after the other.
ROUND_TRIPS = 200
#: Those before them, which are not.
WARM_UP = 20


@workflow.defn(name="Parcel")
class Parcel:
    """Has one activity that only a consumer of the topic can do, and cancels it when it is told so."""

    def __init__(self) -> None:
        self.stopped = False

    @workflow.run
    async def run(self, kind: str, number: int) -> Any:
        activity = workflow.start_activity(
            kind,
            {"number": number},
            task_queue="shipping",
            start_to_close_timeout=timedelta(seconds=4 if kind == "Silent" else 60),
            heartbeat_timeout={"Resumed": timedelta(seconds=4), "Stoppable": timedelta(seconds=20)}.get(kind),
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=50), maximum_attempts=0),
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        )
        if kind == "Stoppable":
            await workflow.wait_condition(lambda: self.stopped)
            activity.cancel()
        return await activity

    @workflow.signal
    def stop(self) -> None:
        self.stopped = True


@workflow.defn(name="Many")
class Many:
    """One activity after the other."""

    @workflow.run
    async def run(self, count: int) -> int:
        for number in range(count):
            await workflow.execute_activity(
                "Plain", {"number": number}, task_queue="shipping", start_to_close_timeout=timedelta(seconds=60)
            )
        return count


def workflows(client: Client) -> Worker:
    return Worker(client, task_queue="parcels", workflows=[Parcel, Many])


def tasks(topics: Topics) -> List[Record]:
    return topics.records("tasks.default.shipping")


async def start(client: Client, kind: str, number: int) -> Any:
    return await client.start_workflow("Parcel", args=[kind, number], id=f"{kind}-{number}", task_queue="parcels")


def check_result(kind: str, number: int, result: Any) -> None:
    assert result["input"] == [{"number": number}] and result["attempt"] >= GOOD[kind], (kind, number, result)
    assert kind != "Resumed" or result["details"] == ["half"], result


async def test_a_task_has_all_that_a_worker_needs(topics: Topics, client: Client) -> None:
    async with workflows(client):
        handle = await start(client, "Plain", 7)
        record = (await await_until(lambda: tasks(topics), "the task"))[0]
        task = record["value"]
        assert record["key"] == "Plain-7" and record["headers"]["content-type"] == "application/json"
        description = await handle.describe()
        assert record["headers"]["ce_id"].startswith(f"{description.run_id}/")
        told = {name: task[name] for name in ("namespace", "workflow_id", "run_id", "workflow_type", "activity_type", "task_queue", "attempt", "input")}
        assert told == {
            "namespace": "default",
            "workflow_id": "Plain-7",
            "run_id": description.run_id,
            "workflow_type": "Parcel",
            "activity_type": "Plain",
            "task_queue": "shipping",
            "attempt": 1,
            "input": [{"number": 7}],
        }
        assert task["start_to_close_timeout_ms"] == 60_000 and task["deadline"] > task["started_time"] >= task["scheduled_time"]
        pending = description.raw_description.pending_activities[0]
        assert (pending.activity_id, pending.last_worker_identity) == (task["activity_id"], "stream")
        complete = {"complete_activity": {"task_token": task["task_token"], "result": "by hand"}}
        topics.produce("requests.default", [("Plain-7", complete)])
        assert await handle.result() == "by hand"
        topics.produce("requests.default", [("Plain-7", complete)])

        def answers() -> List[str]:
            found = [it["value"]["kind"] for it in topics.records("outcomes.default") if it["value"].get("request")]
            assert len(found) == 2
            return found

        assert sorted(await await_until(answers, "both are answered")) == ["REQUEST_ACCEPTED", "REQUEST_REJECTED"]


async def test_retries_timeouts_heartbeats_cancellations_and_a_worker_that_dies(topics: Topics, client: Client) -> None:
    async with workflows(client):
        with stream_workers(topics, 2) as workers:
            handles: Dict[Any, Any] = {}
            for kind in [*GOOD, "Hopeless"]:
                for number in range(EACH):
                    handles[kind, number] = await start(client, kind, number)
            await await_until(lambda: has_records(topics, "tasks.default.shipping", EACH), "work is under way", deadline_s=60)
            workers[0].kill()
            workers[0].wait()
            workers[0] = spawn(topics)
            stoppable = [await start(client, "Stoppable", number) for number in range(EACH)]

            for handle in stoppable:
                await await_until(lambda: beats(handle), "its heartbeats come", deadline_s=60)
                await handle.signal("stop")
            for handle in stoppable:
                assert isinstance(await cause_of(handle), CancelledError)
            for (kind, number), handle in handles.items():
                if kind == "Hopeless":
                    cause = await cause_of(handle)
                    assert isinstance(cause, ApplicationError) and (cause.message, cause.type) == ("never", "Never"), cause
                else:
                    check_result(kind, number, await handle.result())
    attempts: Dict[str, List[int]] = {}
    for record in tasks(topics):
        attempts.setdefault(record["key"], []).append(record["value"]["attempt"])
    for key, seen in attempts.items():
        assert seen == list(range(1, len(seen) + 1)), f"{key}: each attempt once, in order: {seen}"
    assert len(attempts) == (len(GOOD) + 2) * EACH


@workflow.defn(name="Regions")
class Regions:
    """One activity on each of these task queues, all at once."""

    @workflow.run
    async def run(self, queues: List[str]) -> List[str]:
        timeout = timedelta(seconds=60)
        started = [workflow.start_activity("Ship", queue, task_queue=queue, start_to_close_timeout=timeout) for queue in queues]
        return [await activity for activity in started]


async def test_each_task_queue_of_a_pattern_gets_a_topic_when_it_is_used(topics: Topics, client: Client) -> None:
    streams, others = ["ship-eu", "ship-us_1", "ship-eu"], ["ship-a.b", "parcels-by-hand"]
    async with Worker(client, task_queue="parcels", workflows=[Regions]):
        handle = await client.start_workflow("Regions", [*streams, *others], id="regions", task_queue="parcels")

        def published() -> List[Record]:
            found = [it for queue in set(streams) for it in topics.records(f"tasks.default.{queue}")]
            assert len(found) == len(streams), [(it["headers"]["ce_id"], it["partition"], it["offset"], it["value"]["task_queue"]) for it in found]
            return found

        await await_until(lambda: has_topics(topics, [f"tasks.default.{queue}" for queue in streams]), "the topics are made", deadline_s=60)
        records = await await_until(published, "the tasks are published")
        waiting = (await handle.describe()).raw_description.pending_activities
        states = Counter(pending.state for pending in waiting)
        assert states == {PendingActivityState.PENDING_ACTIVITY_STATE_STARTED: 3, PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED: 2}
        await asyncio.to_thread(topics.server.kill)
        await asyncio.to_thread(topics.server.start)
        for record in records:
            value = record["value"]
            complete = {"complete_activity": {"task_token": value["task_token"], "result": f"by {value['task_queue']}"}}
            topics.produce("requests.default", [("regions", complete)])
        async with contextlib.AsyncExitStack() as stack:
            for queue in others:
                await stack.enter_async_context(Worker(client, task_queue=queue, activities=[ship]))
            assert await handle.result() == [f"by {queue}" for queue in [*streams, *others]]
    assert not has_topics(topics, [f"tasks.default.{queue}" for queue in others[:1]])


async def test_a_task_in_avro_is_decoded_by_the_schema_of_the_registry(topics: Topics, client: Client) -> None:
    async with Worker(client, task_queue="parcels", workflows=[Regions]):
        handle = await client.start_workflow("Regions", ["typed-eu"], id="typed", task_queue="parcels")
        await await_until(lambda: has_topics(topics, ["tasks.default.typed-eu"]), "the topic is made", deadline_s=60)
        (shown,) = await await_until(lambda: topics.records("tasks.default.typed-eu"), "the task is published")
        assert "content-type" not in shown["headers"] and shown["headers"]["ce_type"] == "io.klamm.activity.task"
        facts = {"namespace": "default", "workflow_id": "typed", "workflow_type": "Regions", "activity_type": "Ship", "task_queue": "typed-eu"}
        facts.update(attempt=1, start_to_close_timeout_ms=60_000, heartbeat_timeout_ms=0)
        assert {name: shown["value"][name] for name in facts} == facts
        assert shown["value"]["input"] == [{"json": '"typed-eu"'}]
        answer: Dict[str, Any] = {"activity_id": shown["value"]["activity_id"]}
        if topics.server.kafka:
            (message,) = topics.messages(f"{topics.prefix}tasks.default.typed-eu")
            task = decoded(topics, message.value())
            assert {name: task[name] for name in facts} == facts
            assert task["input"] == [{"json": '"typed-eu"', "text": None, "payload": None}] and task["last_failure"] is None
            assert task["deadline"] - task["started_time"] == timedelta(seconds=60)
            answer = {"task_token": base64.b64encode(task["task_token"]).decode()}
        topics.produce("requests.default", [("typed", {"complete_activity": {**answer, "result": "by Avro"}})])
        assert await handle.result() == ["by Avro"]


def decoded(topics: Topics, value: bytes) -> Dict[str, Any]:
    """A value in the registry's framing, by the schema that klamm's own endpoints give for its id."""
    schema_id = int.from_bytes(value[1:5], "big")
    served = f"{topics.server.http}/subjects/{topics.prefix}tasks.default-value/versions/latest"
    with urllib.request.urlopen(served, timeout=10) as answer:
        assert json.load(answer)["id"] == schema_id
    with urllib.request.urlopen(f"{topics.server.http}/schemas/ids/{schema_id}", timeout=10) as answer:
        schema = fastavro.parse_schema(json.loads(json.load(answer)["schema"]))
    body = io.BytesIO(value[5:])
    record = fastavro.schemaless_reader(body, schema, None)
    assert value[0] == 0 and not body.read(1)
    return record


def has_topics(topics: Topics, names: List[str]) -> bool:
    listed = topics.klamm("topics", "list")
    return all(f"{topics.prefix}{name} " in listed for name in names)


@activity.defn(name="Ship")
async def ship(queue: str) -> str:
    return f"by {queue}"


async def result_of(handle: Any) -> Any:
    """The result, once there is one. Calls may fail while klamm is away."""
    try:
        return await asyncio.wait_for(handle.result(), 5)
    except (asyncio.TimeoutError, RPCError) as error:
        raise LookupError(repr(error)) from error


async def has_records(topics: Topics, topic: str, count: int) -> bool:
    """Whether the topic has so many records. (Reading it must not hold up the workers of this process.)"""
    return len(await asyncio.to_thread(topics.records, topic)) >= count


async def beats(handle: Any) -> bool:
    """Whether the pending activity has sent a heartbeat."""
    pending = (await handle.describe()).raw_description.pending_activities
    return bool(pending) and pending[0].HasField("last_heartbeat_time")


async def cause_of(handle: Any) -> BaseException:
    """Why the workflow's activity failed."""
    try:
        await handle.result()
    except WorkflowFailureError as error:
        cause = error.cause
        return cause.cause if isinstance(cause, ActivityError) and cause.cause else cause
    raise AssertionError("it has not failed")


async def test_every_activity_is_completed_although_klamm_is_killed(topics: Topics, client: Client) -> None:
    count = 40
    async with workflows(client):
        with stream_workers(topics, 2):
            handles = {(kind, number): await start(client, kind, number) for number in range(count // len(GOOD)) for kind in GOOD}
            for _ in range(3):
                await asyncio.sleep(1.0)
                topics.server.kill()
                topics.server.start()
            for (kind, number), handle in handles.items():
                check_result(kind, number, await await_until(lambda: result_of(handle), f"{kind}-{number}", deadline_s=120))
    # A task may be there twice, after a kill. It is the same one then.
    by_id: Dict[str, Any] = {}
    for record in tasks(topics):
        assert by_id.setdefault(record["headers"]["ce_id"], record["value"]) == record["value"]
    attempts = Counter(value["workflow_id"] for value in by_id.values())
    for (kind, number) in handles:
        assert attempts[f"{kind}-{number}"] >= GOOD[kind]


async def test_how_long_a_round_trip_takes(topics: Topics, client: Client) -> None:
    """From the event that schedules the activity to the one that completes it, by klamm's log."""
    async with workflows(client):
        with stream_workers(topics, 1):
            handle = await client.start_workflow("Many", WARM_UP + ROUND_TRIPS, id="many", task_queue="parcels")
            await handle.result()
            scheduled: Dict[int, int] = {}
            completed: List[int] = []
            took: List[float] = []
            async for event in handle.fetch_history_events():
                if event.HasField("activity_task_scheduled_event_attributes"):
                    scheduled[event.event_id] = event.event_time.ToMilliseconds()
                elif event.HasField("activity_task_completed_event_attributes"):
                    of = event.activity_task_completed_event_attributes.scheduled_event_id
                    completed.append(event.event_time.ToMilliseconds())
                    took.append(completed[-1] - scheduled[of])
    answered = [datetime.fromisoformat(it["timestamp"].replace("Z", "+00:00")).timestamp() * 1000 for it in topics.records("requests.default")]
    back = [end - start for start, end in zip(answered, completed)]
    for what, times in (("round trip", took), ("of it, from the worker's answer on", back)):
        times = sorted(times[WARM_UP:])
        assert len(times) == ROUND_TRIPS
        print(f"stream {what}: p50 {middle(times):.0f} ms, p99 {times[math.ceil(len(times) * 0.99) - 1]:.0f} ms, worst {times[-1]:.0f} ms")
    assert middle(took[WARM_UP:]) < 200, "far beyond what it takes: something waits for a transaction"


def middle(times: List[float]) -> float:
    return sorted(times)[len(times) // 2]
