"""Workflows that have orders shipped, by workers that are no SDK's, and say what came of each. Alone in a file, which the SDK's sandbox imports."""

import asyncio
from datetime import timedelta
from typing import Any, Dict, List

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

#: Activities that a run has under way at once. (A server takes 2,000 at most.)
WINDOW = 5
#: How long an activity that is to be cancelled goes on before that.
BEFORE_CANCEL_S = 1.5


@workflow.defn(name="Shipments")
class Shipments:
    """Has orders shipped one after the other."""

    @workflow.run
    async def run(self, orders: List[int]) -> List[Any]:
        return [await outcome("Ship", {"id": order}, "shipping", timedelta(seconds=60)) for order in orders]


@workflow.defn(name="ManyShipments")
class ManyShipments:
    """Has many activities done, some at a time: each of a `kind`, with an `input`, on a `queue`, within so many seconds."""

    @workflow.run
    async def run(self, activities: List[Dict[str, Any]]) -> List[Any]:
        room = asyncio.Semaphore(WINDOW)

        async def one(of: Dict[str, Any]) -> Any:
            async with room:
                heartbeat = timedelta(seconds=of["heartbeat_s"]) if "heartbeat_s" in of else None
                return await outcome(of["kind"], of["input"], of["queue"], timedelta(seconds=of["within_s"]), heartbeat)

        return list(await asyncio.gather(*[one(of) for of in activities]))


async def outcome(kind: str, order: Any, queue: str, within: timedelta, heartbeat: Any = None) -> Any:
    """The result of an activity, or why there is none. One that is `Stoppable` is cancelled after a while."""
    started = workflow.start_activity(
        kind,
        order,
        task_queue=queue,
        start_to_close_timeout=within,
        heartbeat_timeout=heartbeat,
        retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=50), maximum_attempts=0),
        cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    )
    try:
        if kind == "Stoppable":
            await asyncio.sleep(BEFORE_CANCEL_S)
            started.cancel()
        return await started
    except ActivityError as error:
        return str(error.cause)
