"""`temporal workflow`: what a person does with workflows at the command line."""

import base64
import json

import pytest

from conftest import Cli, CommandFailed
from programs.hello import HelloWorkflow, compose_greeting
from programs.signals import CollectWorkflow
from support.awaiting import await_until
from support.env import Env


def worker(env: Env):
    """A worker for both workflows that this file uses."""
    return env.worker([HelloWorkflow, CollectWorkflow], [compose_greeting])


async def start(cli: Cli, env: Env, workflow: str, *inputs: object) -> dict:
    """`workflow start` with one `--input` per argument."""
    given = [part for value in inputs for part in ("--input", json.dumps(value))]
    return await cli(
        "workflow", "start", "--type", workflow, "--task-queue", env.task_queue, "--workflow-id", env.id(), *given
    )


async def test_start_result_and_describe(cli: Cli, env: Env):
    started = await start(cli, env, "HelloWorkflow", "cli")
    assert started["workflowId"] == env.id()
    assert started["type"] == "HelloWorkflow"
    described = await cli("workflow", "describe", "-w", env.id())
    info = described["workflowExecutionInfo"]
    assert info["execution"] == {"workflowId": env.id(), "runId": started["runId"]}
    assert info["status"] == "WORKFLOW_EXECUTION_STATUS_RUNNING"
    assert described["executionConfig"]["taskQueue"]["name"] == env.task_queue
    async with worker(env):
        result = await cli("workflow", "result", "-w", env.id())
    assert (result["status"], result["result"]) == ("COMPLETED", "Hello, cli!")
    described = await cli("workflow", "describe", "-w", env.id())
    assert described["workflowExecutionInfo"]["status"] == "WORKFLOW_EXECUTION_STATUS_COMPLETED"
    assert described["workflowExecutionInfo"]["historyLength"] == "11"
    assert described["closeEvent"]["eventType"] == "EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED"


async def test_execute_waits_for_the_result_in_json_and_in_text(cli: Cli, env: Env):
    execute = ["workflow", "execute", "--type", "HelloWorkflow", "--task-queue", env.task_queue]
    async with worker(env):
        result = await cli(*execute, "--workflow-id", env.id("json"), "--input", '"json"')
        text = await cli.text(*execute, "--workflow-id", env.id("text"), "--input", '"text"')
    assert (result["workflowId"], result["status"], result["result"]) == (env.id("json"), "COMPLETED", "Hello, json!")
    for line in ("WorkflowExecutionStarted", "ActivityTaskCompleted", "WorkflowExecutionCompleted", "Hello, text!"):
        assert line in text


async def test_a_second_start_of_an_open_id_fails_and_use_existing_attaches(cli: Cli, env: Env):
    started = await start(cli, env, "HelloWorkflow", "cli")
    again = ["workflow", "start", "--type", "HelloWorkflow", "-t", env.task_queue, "-w", env.id()]
    with pytest.raises(CommandFailed, match="already"):
        await cli(*again, "--fail-existing")
    attached = await cli(*again, "--id-conflict-policy", "UseExisting")
    assert attached["runId"] == started["runId"]
    await cli("workflow", "terminate", "-w", env.id())


async def test_signal_and_query(cli: Cli, env: Env):
    async with worker(env):
        await start(cli, env, "CollectWorkflow", ["a"])
        await cli.text("workflow", "signal", "-w", env.id(), "--name", "add", "--input", '"b"')
        answer = await cli("workflow", "query", "-w", env.id(), "--type", "collected")
        assert answer["queryResult"] == [["a", "b"]]
        with pytest.raises(CommandFailed, match="this query always fails"):
            await cli("workflow", "query", "-w", env.id(), "--type", "refuse")
        await cli.text("workflow", "signal", "-w", env.id(), "--name", "finish")
        assert (await cli("workflow", "result", "-w", env.id()))["result"] == ["a", "b"]
        answer = await cli("workflow", "query", "-w", env.id(), "--type", "collected")
        assert answer["queryResult"] == [["a", "b"]]


async def test_cancel(cli: Cli, env: Env):
    async with worker(env):
        await start(cli, env, "CollectWorkflow", [])
        await cli.text("workflow", "cancel", "-w", env.id())
        with pytest.raises(CommandFailed):
            await cli("workflow", "result", "-w", env.id())
    described = await cli("workflow", "describe", "-w", env.id())
    assert described["workflowExecutionInfo"]["status"] == "WORKFLOW_EXECUTION_STATUS_CANCELED"


async def test_terminate(cli: Cli, env: Env):
    await start(cli, env, "CollectWorkflow", [])
    await cli.text("workflow", "terminate", "-w", env.id(), "--reason", "by hand")
    history = await cli("workflow", "show", "-w", env.id())
    last = history["events"][-1]
    assert last["eventType"] == "EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED"
    assert last["workflowExecutionTerminatedEventAttributes"]["reason"] == "by hand"


async def test_show_prints_the_history_that_a_replayer_reads(cli: Cli, env: Env):
    async with worker(env):
        await start(cli, env, "HelloWorkflow", "cli")
        await cli("workflow", "result", "-w", env.id())
    events = (await cli("workflow", "show", "-w", env.id()))["events"]
    assert [event["eventId"] for event in events] == [str(n) for n in range(1, 12)]
    assert events[0]["workflowExecutionStartedEventAttributes"]["workflowType"]["name"] == "HelloWorkflow"
    assert events[-1]["eventType"] == "EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED"
    text = await cli.text("workflow", "show", "-w", env.id())
    assert text.index("WorkflowExecutionStarted") < text.index("WorkflowExecutionCompleted")


async def test_list_and_count_with_filters(cli: Cli, env: Env):
    for suffix in ("one", "two", "three"):
        await cli("workflow", "start", "--type", "CollectWorkflow", "-t", env.task_queue, "-w", env.id(suffix))
    await cli.text("workflow", "terminate", "-w", env.id("three"))
    mine = f"TaskQueue = '{env.task_queue}'"
    running = f"{mine} AND ExecutionStatus = 'Running'"

    async def agree():
        listed = await cli("workflow", "list", "--query", running)
        assert sorted(entry["execution"]["workflowId"] for entry in listed) == sorted([env.id("one"), env.id("two")])
        assert int((await cli("workflow", "count", "--query", running))["count"]) == 2
        assert int((await cli("workflow", "count", "--query", mine))["count"]) == 3
        return True

    await await_until(agree, "list and count see two running workflows of three")
    assert len(await cli("workflow", "list", "--query", mine, "--limit", "2")) == 2
    grouped = await cli("workflow", "count", "--query", f"{mine} GROUP BY ExecutionStatus")
    assert {group["groupValues"][0]: int(group["count"]) for group in grouped["groups"]} == {
        "Running": 2,
        "Terminated": 1,
    }
    text = await cli.text("workflow", "list", "--query", running)
    assert env.id("one") in text
    with pytest.raises(CommandFailed, match="(?i)invalid"):
        await cli("workflow", "list", "--query", "this is no query")
    for suffix in ("one", "two"):
        await cli.text("workflow", "terminate", "-w", env.id(suffix))


async def test_start_with_memo_and_search_attribute(cli: Cli, env: Env):
    await cli.text("operator", "search-attribute", "create", "--name", "KlammItFromCli", "--type", "Keyword")

    async def started():
        try:
            return await cli(
                "workflow", "start", "--type", "CollectWorkflow", "-t", env.task_queue, "-w", env.id(),
                "--search-attribute", f'KlammItFromCli="{env.task_queue}"', "--memo", 'note="kept"',
            )  # fmt: skip
        except CommandFailed as failed:
            assert "no mapping defined" in str(failed)
            return None

    await await_until(started, "the attribute is known to start")
    info = (await cli("workflow", "describe", "-w", env.id()))["workflowExecutionInfo"]
    assert info["memo"]["fields"]["note"] == "kept"
    # The server has added the registered type to the payload.
    payload = info["searchAttributes"]["indexedFields"]["KlammItFromCli"]
    assert base64.b64decode(payload["metadata"]["type"]) == b"Keyword"
    assert json.loads(base64.b64decode(payload["data"])) == env.task_queue

    async def found():
        listed = await cli("workflow", "list", "--query", f"KlammItFromCli = '{env.task_queue}'")
        return [entry["execution"]["workflowId"] for entry in listed] == [env.id()]

    await await_until(found, "the workflow is found by its attribute")
    await cli.text("workflow", "terminate", "-w", env.id())


async def test_delete(cli: Cli, env: Env):
    await start(cli, env, "CollectWorkflow", [])
    await cli.text("workflow", "delete", "-w", env.id())

    async def gone():
        try:
            await cli("workflow", "describe", "-w", env.id())
        except CommandFailed as failed:
            return "not found" in str(failed)
        return False

    await await_until(gone, "the workflow is gone")


async def test_unknown_workflows_are_not_found(cli: Cli, env: Env):
    for command in ("describe", "show", "cancel", "terminate", "delete"):
        with pytest.raises(CommandFailed, match="not found"):
            await cli("workflow", command, "-w", env.id("nobody"))
    with pytest.raises(CommandFailed, match="not found"):
        await cli("workflow", "signal", "-w", env.id("nobody"), "--name", "add")


async def test_reset(cli: Cli, env: Env):
    async with worker(env):
        started = await start(cli, env, "CollectWorkflow", ["a"])
        answer = await cli("workflow", "query", "-w", env.id(), "--type", "collected")
        assert answer["queryResult"] == [["a"]]
        await cli.text("workflow", "signal", "-w", env.id(), "--name", "add", "--input", '"b"')
        answer = await cli("workflow", "query", "-w", env.id(), "--type", "collected")
        assert answer["queryResult"] == [["a", "b"]]
        reset = await cli("workflow", "reset", "-w", env.id(), "--event-id", "4", "--reason", "wrong")
        described = await cli("workflow", "describe", "-w", env.id())
        assert described["workflowExecutionInfo"]["execution"]["runId"] == reset["runId"]
        answer = await cli("workflow", "query", "-w", env.id(), "--type", "collected")
        assert answer["queryResult"] == [["a", "b"]]
        again = ["workflow", "reset", "-w", env.id(), "-r", started["runId"], "--reason", "wrong", "--type", "FirstWorkflowTask"]
        await cli(*again, "--reapply-exclude", "Signal")
        answer = await cli("workflow", "query", "-w", env.id(), "--type", "collected")
        assert answer["queryResult"] == [["a"]]
        await cli("workflow", "reset", "-w", env.id(), "--reason", "wrong", "--type", "LastWorkflowTask")
        await cli.text("workflow", "signal", "-w", env.id(), "--name", "finish")
        assert (await cli("workflow", "result", "-w", env.id()))["result"] == ["a"]
