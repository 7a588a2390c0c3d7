"""Histories as read over time: what was read once must stand for ever."""

import asyncio
from typing import Dict, List

from google.protobuf.json_format import MessageToJson
from temporalio.api.enums.v1 import EventType

from insist import CALL_TIMEOUT, Clients


async def read(clients: Clients, workflow_id: str, run_id: str) -> List[str]:
    """A run's events as JSON texts, without a workflow task that has not ended.

    A workflow task after a failed or timed out one, and one that brings updates,
    are shown at the end of a history before they are part of it, and may be gone
    at the next read.
    """
    history = await clients.insist(
        lambda client: client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history(rpc_timeout=CALL_TIMEOUT)
    )
    events = list(history.events)
    for of_a_task in (EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED, EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED):
        if events and events[-1].event_type == of_a_task:
            events.pop()
    return [MessageToJson(event, indent=None, sort_keys=True) for event in events]


class Histories:
    """The longest history seen of every run; each later read must begin with it."""

    def __init__(self, clients: Clients) -> None:
        self.clients = clients
        self.seen: Dict[str, List[str]] = {}
        self.reads = 0

    async def check(self, workflow_id: str, run_id: str) -> List[str]:
        """Read a run's history and compare it with what was seen of it before."""
        before = self.seen.get(run_id, [])
        now = await read(self.clients, workflow_id, run_id)
        # Another read of the same run may have gone further meanwhile; what
        # was seen when this read began is the prefix it owes.
        for position, event in enumerate(before):
            found = now[position] if position < len(now) else "nothing"
            assert event == found, f"run {run_id} changed: event {position + 1} was {event}, is {found}"
        if len(now) > len(self.seen.get(run_id, [])):
            self.seen[run_id] = now
        self.reads += 1
        return now

    async def check_all(self, runs: Dict[str, str]) -> None:
        """Check the runs given as workflow id → run id, a few at a time."""
        gate = asyncio.Semaphore(20)

        async def one(workflow_id: str, run_id: str) -> None:
            async with gate:
                await self.check(workflow_id, run_id)

        await asyncio.gather(*(one(*run) for run in runs.items()))
