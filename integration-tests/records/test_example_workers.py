"""Stream workers in three languages do many activities together: retries, time-outs, heartbeats, cancellations, and a worker that is killed."""

import asyncio
import math
import os
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest
from example_workers import example_workers
from shipments import ManyShipments, Shipments
from stream_workers import stream_workers
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client
from temporalio.worker import Worker
from topics import Topics, running

from support.awaiting import await_until

pytestmark = pytest.mark.skipif(os.environ.get("KLAMM_IT_LOG") != "kafka", reason="the examples need a broker")

#: Runs, and activities of each.
RUNS, EACH = 100, 100
#: The same with share consumers.
SHARED_RUNS, SHARED_EACH = 10, 100
#: A worker is killed when so many requests were made: of the two of most activities (a heartbeat and a result) a third.
KILLED_AFTER = RUNS * EACH * 2 // 3
SHARED_KILLED_AFTER = SHARED_RUNS * SHARED_EACH * 2 // 3
#: Every so many runs has an activity whose first attempt takes a worker too long.
SLOW_EVERY = 10
#: The longest that all of it may take, on a busy machine with other suites beside it.
DEADLINE_S = 1200

#: What a worker of the examples is asked for, and what is to come of it: a share of each, of a hundred. The others are done at once.
ORDERS = {
    "busy": (10, lambda number: {"id": number, "busy": 1}, lambda number: {"parcel": number}),
    "unknown": (2, lambda number: {"id": -number}, lambda number: f"NoSuchOrder: there is no order -{number}"),
}
#: Kinds of activities that stream_worker.py knows, how many a run has of each, and the attempt that completes one.
BY_HAND = {"Plain": (2, 1), "Flaky": (1, 3), "Silent": (1, 2), "Resumed": (1, 2), "Stoppable": (1, 1)}
#: An attempt of these times out, for the worker does not answer.
TIMED_OUT = ("Silent", "Resumed")

Activity = Dict[str, Any]


def activities(run: int, count: int, by_hand: bool) -> List[Tuple[Activity, Any]]:
    """What a run asks for, in an order of its own, each with what is to come of it."""
    asked: List[Tuple[Activity, Any]] = []
    if by_hand:
        for kind, (how_many, attempt) in BY_HAND.items():
            for _ in range(how_many):
                order = {"number": run * count + len(asked)}
                result: Any = {"input": [order], "attempt": attempt, "details": ["half"] if kind == "Resumed" else None}
                # What has to time out does so soon; the others have time on any machine.
                activity: Activity = {"kind": kind, "input": order, "queue": "by-hand", "within_s": 3 if kind == "Silent" else 300}
                if kind in ("Resumed", "Stoppable"):
                    activity["heartbeat_s"] = 3 if kind == "Resumed" else 200
                asked.append((activity, "stopped" if kind == "Stoppable" else result))

    def ships(order: Any, within_s: int) -> Activity:
        return {"kind": "Ship", "input": order, "queue": "shipping", "within_s": within_s}

    if run % SLOW_EVERY == 0:
        # The first attempt that gets a worker is answered too late. The next one goes on where its heartbeat was.
        number = run * count + len(asked)
        asked.append((ships({"id": number, "packing_s": 4}, 3), {"parcel": number}))
    kinds = [kind for kind, (share, _, _) in ORDERS.items() for _ in range(share * count // 100)]
    while len(asked) < count:
        number = run * count + len(asked) + 1
        if kinds:
            _, order, result = ORDERS[kinds.pop()]
            asked.append((ships(order(number), 300), result(number)))
        else:
            asked.append((ships({"id": number}, 300), {"parcel": number}))
    random.Random(run).shuffle(asked)
    return asked


@pytest.mark.parametrize("language", ["python", "java", "rust"])
async def test_the_example_is_a_worker(topics: Topics, client: Client, language: str) -> None:
    with example_workers(topics, [language]):
        ship = {"task_queue": "parcels", "workflow_type": "Shipments"}
        async with Worker(client, task_queue="parcels", workflows=[Shipments]):
            topics.produce("requests.default", [("shipments", {"start": {**ship, "args": [[1, -1]]}})])
            await await_until(lambda: describes(client, "shipments"), "it is started", deadline_s=60)
            assert await client.get_workflow_handle("shipments").result() == [{"parcel": 1}, "NoSuchOrder: there is no order -1"]


async def describes(client: Client, workflow_id: str) -> bool:
    try:
        await client.get_workflow_handle(workflow_id).describe()
    except Exception as error:  # the record has not been taken yet
        raise LookupError(str(error)) from error
    return True


class Checked:
    """The outcomes and histories of runs, compared with what was asked."""

    def __init__(self) -> None:
        self.activities = 0
        self.retried = 0
        #: Who has completed how many.
        self.by: Counter = Counter()
        #: How long activities took, milliseconds: those that were completed at the first attempt.
        self.took: List[float] = []

    async def run(self, handle: Any, asked: List[Tuple[Activity, Any]]) -> None:
        results = await handle.result()
        assert len(results) == len(asked)
        for (activity, expected), result in zip(asked, results):
            if isinstance(expected, dict) and "attempt" in expected:
                # A killed worker, or a busy machine, may cost further attempts.
                assert result["attempt"] >= expected["attempt"], (activity, result)
                expected = {**expected, "attempt": result["attempt"]}
            assert (result == expected) if expected != "stopped" else isinstance(result, str) and "ancel" in result, (activity, result)
        await self._history(handle, asked)

    async def _history(self, handle: Any, asked: List[Tuple[Activity, Any]]) -> None:
        """Each activity is scheduled once, and ends once."""
        scheduled: Dict[int, Tuple[str, float]] = {}
        attempts: Dict[int, int] = {}
        ended: Counter = Counter()
        kinds: Counter = Counter()
        async for event in handle.fetch_history_events():
            at, kind = event.event_time.ToMilliseconds(), event.event_type
            if kind == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
                of = event.activity_task_scheduled_event_attributes
                scheduled[event.event_id] = (of.activity_type.name, at)
            elif kind == EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED:
                of = event.activity_task_started_event_attributes
                attempts[of.scheduled_event_id] = of.attempt
            elif kind == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
                which = event.activity_task_completed_event_attributes.scheduled_event_id
                self.by[event.activity_task_completed_event_attributes.identity] += 1
                ended[which] += 1
                kinds["completed"] += 1
                if attempts[which] == 1:
                    self.took.append(at - scheduled[which][1])
            elif kind == EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED:
                ended[event.activity_task_failed_event_attributes.scheduled_event_id] += 1
                kinds["failed"] += 1
            elif kind == EventType.EVENT_TYPE_ACTIVITY_TASK_CANCELED:
                ended[event.activity_task_canceled_event_attributes.scheduled_event_id] += 1
                kinds["cancelled"] += 1
            else:
                assert kind != EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT, event
        assert Counter(kind for kind, _ in scheduled.values()) == Counter(activity["kind"] for activity, _ in asked)
        assert ended == Counter(dict.fromkeys(scheduled, 1)), "each ends, and ends once"
        expected = Counter("cancelled" if it == "stopped" else "failed" if isinstance(it, str) else "completed" for _, it in asked)
        assert kinds == expected
        self.activities += len(scheduled)
        self.retried += sum(attempt > 1 for attempt in attempts.values())

    def told(self, what: str, seconds: float) -> str:
        took = sorted(self.took)
        p50, p99 = (took[math.ceil(len(took) * part) - 1] for part in (0.5, 0.99))
        speed = f"{self.activities} activities in {seconds:.0f} s, {self.activities / seconds:.0f}/s, by {dict(self.by)}"
        return f"{what}: {speed}; {self.retried} retried; from scheduled to completed p50 {p50:.0f} ms, p99 {p99:.0f} ms"


async def ship(topics: Topics, client: Client, what: str, runs: int, each: int, by_hand: bool, kill: Any) -> Checked:
    """Have all of it done, and one worker killed midway."""
    asked = [activities(run, each, by_hand) for run in range(runs)]
    begin = time.monotonic()
    async with Worker(client, task_queue="orders", workflows=[ManyShipments], max_cached_workflows=runs):
        handles = [
            await client.start_workflow("ManyShipments", [activity for activity, _ in of_run], id=f"many-{run}", task_queue="orders")
            for run, of_run in enumerate(asked)
        ]
        killing = asyncio.create_task(kill())
        await asyncio.wait_for(asyncio.gather(*[handle.result() for handle in handles]), DEADLINE_S)
        took = time.monotonic() - begin
        assert killing.done(), "a worker is killed midway"
        await killing
        checked = Checked()
        for handle, of_run in zip(handles, asked):
            await checked.run(handle, of_run)
    print(checked.told(what, took))
    assert checked.activities == runs * each
    return checked


@pytest.mark.timeout(2 * DEADLINE_S)
async def test_workers_in_three_languages_do_ten_thousand_activities(bootstrap: str, tmp_path: Path) -> None:
    settings = {"namespaces.default.tasks.queues": "shipping,by-hand", "namespaces.default.tasks.partitions": "12"}
    with running(bootstrap, tmp_path, settings) as topics:
        client = await Client.connect(topics.server.address)
        with example_workers(topics, ["java", "rust", "python"] * 2) as workers, stream_workers(topics, 2, "by-hand"):

            async def kill() -> None:
                await await_until(lambda: asked_for(topics, KILLED_AFTER), "a third is done", deadline_s=DEADLINE_S, interval_s=0.2)
                workers[0].kill()

            checked = await ship(topics, client, "workers in three languages", RUNS, EACH, True, kill)
        of_each = sum(how_many for _, (how_many, attempt) in BY_HAND.items() if attempt > 1)
        assert set(checked.by) == {"Worker.java", "worker.rs", "worker.py", "stream-worker"}
        assert checked.retried >= RUNS * (of_each + ORDERS["busy"][0] * EACH // 100) + RUNS // SLOW_EVERY
        check_failures(topics)


async def asked_for(topics: Topics, count: int) -> bool:
    """Whether so many requests were made."""
    return await asyncio.to_thread(topics.end, "requests.default") >= count


def check_failures(topics: Topics) -> None:
    """Attempts that were not answered have timed out: the next one says so."""
    timed_out = Counter(
        task["value"]["activity_type"]
        for task in topics.records("tasks.default.by-hand")
        if "last_failure" in task["value"] and "imeout" in str(task["value"]["last_failure"])
    )
    for kind in TIMED_OUT:
        assert timed_out[kind] >= RUNS * BY_HAND[kind][0], (kind, timed_out)


@pytest.mark.timeout(2 * DEADLINE_S)
async def test_share_consumers_do_a_thousand_activities(newest: str, tmp_path: Path) -> None:
    settings = {"namespaces.default.tasks.queues": "shipping", "namespaces.default.tasks.share": "shipping"}
    with running(newest, tmp_path, settings) as topics:
        client = await Client.connect(topics.server.address)
        with example_workers(topics, ["share", "share"]) as workers:

            async def kill() -> None:
                await await_until(lambda: asked_for(topics, SHARED_KILLED_AFTER), "a third is done", deadline_s=DEADLINE_S, interval_s=0.2)
                workers[0].kill()

            checked = await ship(topics, client, "share consumers", SHARED_RUNS, SHARED_EACH, False, kill)
        assert checked.retried >= SHARED_RUNS * ORDERS["busy"][0] * SHARED_EACH // 100
