"""Check that the SDK replays the histories which a test has produced."""

import asyncio
from typing import Iterable, Iterator, List, Set, Tuple

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHistory
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Replayer

#: Workflow id and run id.
Run = Tuple[str, str]
#: So many histories are read at a time.
AT_A_TIME = 10


async def replay(client: Client, ids: Iterable[str], workflows: Iterable[type]) -> None:
    """Replay all runs of these workflows, and those of their children; ids that no workflow has are passed over."""
    known = list(workflows)
    if not known:
        return
    histories = await histories_of(client, ids)
    if histories:
        replayer = Replayer(workflows=known, namespace=client.namespace, data_converter=client.data_converter)
        for history in histories:
            await replayer.replay_workflow(history)


async def histories_of(client: Client, ids: Iterable[str]) -> List[WorkflowHistory]:
    """The histories with a task in them, of the newest runs of these ids and of all runs that they name."""
    gate = asyncio.Semaphore(AT_A_TIME)

    async def read(run: Run) -> WorkflowHistory:
        async with gate:
            return await client.get_workflow_handle(run[0], run_id=run[1]).fetch_history()

    newest = await asyncio.gather(*(newest_run(client, gate, id) for id in ids))
    left = {run for run in newest if run[1]}
    seen: Set[Run] = set()
    found: List[WorkflowHistory] = []
    while left:
        seen |= left
        histories = await asyncio.gather(*(read(run) for run in left))
        found += [history for history in histories if has_a_task(history)]
        left = {run for history in histories for event in history.events for run in runs_in(history.workflow_id, event)} - seen
    return found


async def newest_run(client: Client, gate: asyncio.Semaphore, id: str) -> Run:
    """The newest run of this id; an empty run id when there is no such workflow."""
    async with gate:
        try:
            return id, (await client.get_workflow_handle(id).describe()).run_id
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise
            return id, ""


def has_a_task(history: WorkflowHistory) -> bool:
    """A run whose tasks never began has nothing to replay."""
    return any(event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED for event in history.events)


def runs_in(id: str, event: HistoryEvent) -> Iterator[Run]:
    """The runs that an event names: those before and after its own run, and children."""
    started = event.workflow_execution_started_event_attributes
    named = [
        started.first_execution_run_id,
        started.continued_execution_run_id,
        event.workflow_task_failed_event_attributes.base_run_id,
        event.workflow_execution_completed_event_attributes.new_execution_run_id,
        event.workflow_execution_failed_event_attributes.new_execution_run_id,
        event.workflow_execution_timed_out_event_attributes.new_execution_run_id,
        event.workflow_execution_continued_as_new_event_attributes.new_execution_run_id,
    ]
    yield from ((id, run_id) for run_id in named if run_id)
    child = event.child_workflow_execution_started_event_attributes.workflow_execution
    if child.run_id:
        yield child.workflow_id, child.run_id
