"""What must hold of all orders when the killing is over."""

import json
from collections import Counter
from typing import Dict

from temporalio.client import Client, WorkflowExecutionStatus

from histories import Histories
from insist import Clients
from load import Load
from programs import Effects
from support.awaiting import await_until


async def check_outcomes(clients: Clients, load: Load, effects: Effects, histories: Histories) -> None:
    """Each order has one run, one end, and in it the effects that its attempts really had."""
    await histories.check_all(load.acknowledged)
    for workflow_id, run_id in load.acknowledged.items():
        receipt = load.receipts[workflow_id]
        assert workflow_id.endswith(f"-{receipt.number}")
        assert receipt.signals == ["first", "second"], workflow_id
        kinds = Counter(kind_of(event) for event in histories.seen[run_id])
        for kind, expected in {
            "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED": 1,
            "EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED": 2,
            "EVENT_TYPE_TIMER_FIRED": 1,
            "EVENT_TYPE_ACTIVITY_TASK_COMPLETED": 2,
            "EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED": 1,
        }.items():
            assert kinds[kind] == expected, f"{workflow_id} has {kinds[kind]} × {kind}"
        assert kind_of(histories.seen[run_id][-1]) == "EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED"
        latest = await clients.insist(lambda client: client.get_workflow_handle(workflow_id).describe())
        assert (latest.run_id, latest.status) == (run_id, WorkflowExecutionStatus.COMPLETED)
        had = [effect for key, list_ in effects.of_attempt.items() if key.startswith(run_id) for effect in list_]
        assert [effect.split()[0] for effect in receipt.effects] == ["pack", "ship"]
        assert set(receipt.effects) <= set(had), f"{workflow_id} has effects that no attempt had"
    doubled = {key: had for key, had in effects.of_attempt.items() if len(had) > 1}
    assert not doubled, f"attempts that ran more than once: {doubled}"


def kind_of(event_json: str) -> str:
    """The event type in an event's JSON text."""
    return json.loads(event_json)["eventType"]


async def check_visibility(client: Client, load: Load) -> None:
    """The index comes to know every order as completed, once."""

    async def agrees() -> bool:
        counts: Dict[str, int] = {}
        for status in ("Completed", "Running"):
            query = f"TaskQueue = 'crash' AND ExecutionStatus = '{status}'"
            counts[status] = (await client.count_workflows(query)).count
        assert counts == {"Completed": len(load.acknowledged), "Running": 0}
        return True

    await await_until(agrees, "the index shows every order as completed")
