"""What must hold of all workflows when the killing is over, as the server tells it."""

import asyncio
import random
from collections import Counter
from typing import Dict, List

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecutionStatus

from calls import Call
from support.awaiting import await_until

#: Of how many workflows of each SDK the history is read.
READ = 50

#: What each history holds exactly once.
ONCE = (
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
    EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
)


async def check(client: Client, queue: str, calls: List[Call], chance: random.Random) -> int:
    """Each workflow that was acknowledged has one run, which has completed, and there are no others; how many there are.

    That each returned its own result the program has checked: it tells a
    workflow as done only then.
    """
    acknowledged = {call.id for call in calls if call.op == "start" and call.error is None}
    done = Counter(call.id for call in calls if call.whole)
    assert done.keys() == acknowledged, f"{queue}: acknowledged and not done: {sorted(acknowledged - done.keys())[:10]}"
    assert set(done.values()) <= {1}

    async def listed() -> bool:
        runs: Dict[str, List[WorkflowExecutionStatus]] = {}
        async for run in client.list_workflows(f"TaskQueue = '{queue}'", page_size=1000):
            runs.setdefault(run.id, []).append(run.status)
        more = {id: statuses for id, statuses in runs.items() if len(statuses) > 1}
        assert not more, f"{queue}: ids with more than one run: {list(more)[:10]}"
        assert runs.keys() == acknowledged, f"{queue}: listed or acknowledged only: {sorted(runs.keys() ^ acknowledged)[:10]}"
        open_ids = [id for id, (status,) in runs.items() if status != WorkflowExecutionStatus.COMPLETED]
        assert not open_ids, f"{queue}: not completed: {open_ids[:10]}"
        return True

    await await_until(listed, f"the list shows every workflow of {queue} as completed, once")
    ids = chance.sample(sorted(acknowledged), min(READ, len(acknowledged)))
    await asyncio.gather(*(_check_history(client, id) for id in ids))
    return len(acknowledged)


async def _check_history(client: Client, id: str) -> None:
    kinds: Counter = Counter()
    last = None
    async for event in client.get_workflow_handle(id).fetch_history_events():
        kinds[event.event_type] += 1
        last = event
    for kind in ONCE:
        assert kinds[kind] == 1, f"{id} has {kinds[kind]} × {EventType.Name(kind)}"
    assert last.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED
