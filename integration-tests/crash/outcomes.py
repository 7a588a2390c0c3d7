"""What must hold of all orders when the killing is over."""

import base64
import json
from collections import Counter
from typing import Any, Dict, Iterator, List

from temporalio.client import Client, WorkflowExecutionStatus

from histories import Histories
from insist import Clients
from load import Load
from programs import Effects
from support.awaiting import await_until
from updates import refused_id


async def check_outcomes(clients: Clients, load: Load, effects: Effects, histories: Histories) -> None:
    """Each order has one end, and in it the effects that its attempts and those of its parts really had."""
    await histories.check_all(load.acknowledged)
    await histories.check_all(load.reset_from)
    parts = {id: run for run_id in load.acknowledged.values() for id, run in parts_of(histories.seen[run_id]).items()}
    await histories.check_all(parts)
    for workflow_id, run_id in load.acknowledged.items():
        check_order(workflow_id, run_id, load, effects, histories)
        check_told(workflow_id, load, histories)
        check_updates(workflow_id, load, effects, histories)
        latest = await clients.insist(lambda client: client.get_workflow_handle(workflow_id).describe())
        assert (latest.run_id, latest.status) == (run_id, WorkflowExecutionStatus.COMPLETED)
    for workflow_id, run_id in parts.items():
        check_counts(
            workflow_id,
            histories.seen[run_id],
            {"WORKFLOW_EXECUTION_STARTED": 1, "ACTIVITY_TASK_COMPLETED": 1, "WORKFLOW_EXECUTION_COMPLETED": 1},
        )
    doubled = {key: had for key, had in effects.of_attempt.items() if len(had) > 1}
    assert not doubled, f"attempts that ran more than once: {doubled}"
    updates = load.updates
    await updates.check_answers(list(updates.answers.values()))
    print(f"{len(parts)} parts were made once each, {len(load.reset_from)} orders were reset", flush=True)
    print(
        f"{len(updates.answers)} updates were answered and {updates.refused} refused, by {updates.calls} calls; resets cut "
        f"{updates.cut_off} off; {updates.polls} outcomes were asked for again",
        flush=True,
    )


def check_order(workflow_id: str, run_id: str, load: Load, effects: Effects, histories: Histories) -> None:
    """The run's history has each thing once, and its receipt says the same."""
    receipt, events = load.receipts[workflow_id], histories.seen[run_id]
    assert workflow_id.endswith(f"-{receipt.number}")
    assert receipt.signals == ["first", "second"], workflow_id
    check_counts(
        workflow_id,
        events,
        {
            "WORKFLOW_EXECUTION_STARTED": 1,
            "WORKFLOW_EXECUTION_SIGNALED": 2 + len(receipt.heard),
            "TIMER_FIRED": 1,
            "ACTIVITY_TASK_COMPLETED": 3,
            "WORKFLOW_EXECUTION_UPDATE_ACCEPTED": 2,
            "WORKFLOW_EXECUTION_UPDATE_COMPLETED": 2,
            "START_CHILD_WORKFLOW_EXECUTION_INITIATED": 2,
            "CHILD_WORKFLOW_EXECUTION_STARTED": 2,
            "CHILD_WORKFLOW_EXECUTION_COMPLETED": 2,
            "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED": 1,
            "WORKFLOW_EXECUTION_COMPLETED": 1,
        },
    )
    assert kind_of(events[-1]) == "WORKFLOW_EXECUTION_COMPLETED"
    # What was done before a reset was done by the run that was reset.
    runs = {run_id, load.reset_from.get(workflow_id, run_id)}
    assert [effect.split()[0] for effect in receipt.effects] == ["pack", "ship"]
    assert set(receipt.effects) <= set(effects_of(effects, runs)), f"{workflow_id} has effects that no attempt had"
    made = effects_of(effects, parts_of(events).values())
    assert len(receipt.parts) == 2 and set(receipt.parts) <= set(made), f"{workflow_id} has parts that nobody made"


def check_updates(workflow_id: str, load: Load, effects: Effects, histories: Histories) -> None:
    """Each update was accepted and completed once, and its caller got what the run that answered has in its history."""
    run_id, base = load.acknowledged[workflow_id], load.reset_from.get(workflow_id)
    assert sorted(load.receipts[workflow_id].updates) == ["amend", "revise"], load.receipts[workflow_id].updates
    ids = sorted(f"{workflow_id}-{name}" for name in ("amend", "revise"))
    accepted = of_kind(histories.seen[run_id], "WORKFLOW_EXECUTION_UPDATE_ACCEPTED")
    assert sorted(event["workflowExecutionUpdateAcceptedEventAttributes"]["protocolInstanceId"] for event in accepted) == ids
    assert sorted(outcomes_of(histories.seen[run_id])) == ids
    for name in ("amend", "revise"):
        answer = load.updates.answers[workflow_id, name]
        assert answer.run_id in (run_id, base), f"{answer} is of another run"
        assert outcomes_of(histories.seen[answer.run_id])[answer.update_id] == answer.text, f"{answer} is not what happened"
    revised = load.updates.answers[workflow_id, "revise"].text
    assert revised in set(effects_of(effects, {run_id, base})), f"{workflow_id} was revised by what no attempt did"
    traces = [event for run in (run_id, base) if run for event in histories.seen[run] if refused_id(workflow_id) in event]
    assert not traces, f"{workflow_id} has traces of a refused update: {traces}"


def outcomes_of(events: List[str]) -> Dict[str, str]:
    """The ids of the updates that a run has answered, and what each was answered with."""
    completed = of_kind(events, "WORKFLOW_EXECUTION_UPDATE_COMPLETED")
    updates = (event["workflowExecutionUpdateCompletedEventAttributes"] for event in completed)
    return {update["meta"]["updateId"]: text({"input": update["outcome"]["success"]}) for update in updates}


def check_told(workflow_id: str, load: Load, histories: Histories) -> None:
    """What an order was told has come once, and everything that was told has come."""
    teller, receipt = load.neighbours[workflow_id], load.receipts[workflow_id]
    heard = receipt.heard
    assert heard and len(set(heard)) == len(heard), (
        f"{workflow_id}, reset from {load.reset_from.get(workflow_id)}, has heard {heard} from {teller}, reset from {load.reset_from.get(teller)}"
    )
    told = list(told_by(histories.seen[load.acknowledged[teller]]))
    earlier = list(told_by(histories.seen[load.reset_from[teller]])) if teller in load.reset_from else []
    assert set(heard) <= {text for text, _ in told + earlier}, f"{workflow_id} has heard what {teller} never said"
    missed = {text for text, arrived in told + earlier if arrived} - set(texts_heard(histories.seen[load.acknowledged[workflow_id]]))
    assert not missed, f"{workflow_id} has not heard {missed}"
    if teller not in load.reset_from:
        assert [arrived for _, arrived in told] == [True], f"{teller} has told {told}"


def check_counts(workflow_id: str, events: List[str], expected: Dict[str, int]) -> None:
    """So many events of these kinds."""
    kinds = Counter(kind_of(event) for event in events)
    for kind, count in expected.items():
        assert kinds[kind] == count, f"{workflow_id} has {kinds[kind]} × {kind}, not {count}"


def effects_of(effects: Effects, run_ids: Any) -> Iterator[str]:
    """The effects that attempts of these runs had."""
    run_ids = set(run_ids)
    return (effect for key, had in effects.of_attempt.items() if key.split("/")[0] in run_ids for effect in had)


def parts_of(events: List[str]) -> Dict[str, str]:
    """Workflow id and run id of the children that have ended."""
    ended = (event["childWorkflowExecutionCompletedEventAttributes"] for event in of_kind(events, "CHILD_WORKFLOW_EXECUTION_COMPLETED"))
    return {end["workflowExecution"]["workflowId"]: end["workflowExecution"]["runId"] for end in ended}


def told_by(events: List[str]) -> Iterator[Any]:
    """What a run has told its neighbour, and whether it knows that it has arrived."""
    signaled = of_kind(events, "EXTERNAL_WORKFLOW_EXECUTION_SIGNALED")
    arrived = {event["externalWorkflowExecutionSignaledEventAttributes"]["initiatedEventId"] for event in signaled}
    for event in of_kind(events, "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED"):
        attributes = event["signalExternalWorkflowExecutionInitiatedEventAttributes"]
        yield text(attributes), event["eventId"] in arrived


def texts_heard(events: List[str]) -> Iterator[str]:
    """What a run has heard from its neighbour."""
    signals = (event["workflowExecutionSignaledEventAttributes"] for event in of_kind(events, "WORKFLOW_EXECUTION_SIGNALED"))
    return (text(signal) for signal in signals if signal["signalName"] == "hear")


def text(attributes: Dict[str, Any]) -> str:
    """The text that is the input of a signal."""
    return json.loads(base64.b64decode(attributes["input"]["payloads"][0]["data"]))


def of_kind(events: List[str], kind: str) -> List[Dict[str, Any]]:
    """The events of one kind."""
    return [json.loads(event) for event in events if kind_of(event) == kind]


def kind_of(event_json: str) -> str:
    """The event type in an event's JSON text."""
    return json.loads(event_json)["eventType"].removeprefix("EVENT_TYPE_")


async def await_parts(client: Client) -> None:
    """All parts have ended, also those of runs that were reset: their parents wait for them no longer."""

    async def ended() -> bool:
        left = [run.id async for run in client.list_workflows("TaskQueue = 'crash' AND ExecutionStatus = 'Running'")]
        assert not left, left
        return True

    await await_until(ended, "all parts have ended", 30)


async def check_visibility(client: Client, load: Load) -> None:
    """The index comes to know every order as completed, once; a run that was reset has been terminated, or had completed before."""
    statuses = [(await client.get_workflow_handle(id, run_id=run).describe()).status for id, run in load.reset_from.items()]
    had_completed = statuses.count(WorkflowExecutionStatus.COMPLETED)
    assert set(statuses) <= {WorkflowExecutionStatus.COMPLETED, WorkflowExecutionStatus.TERMINATED}

    async def agrees() -> bool:
        counts: Dict[str, int] = {}
        orders = "TaskQueue = 'crash' AND WorkflowType = 'OrderWorkflow'"
        for status in ("Completed", "Terminated"):
            counts[status] = (await client.count_workflows(f"{orders} AND ExecutionStatus = '{status}'")).count
        expected = {"Completed": len(load.acknowledged) + had_completed, "Terminated": len(statuses) - had_completed}
        assert counts == expected
        return True

    await await_until(agrees, "the index shows every order as completed")
