"""`temporal schedule`: what a person does with schedules at the command line."""

import re
from typing import Any, AsyncIterator, List

import pytest
import pytest_asyncio

from conftest import Cli, CommandFailed
from programs.hello import HelloWorkflow, compose_greeting
from support.awaiting import await_until
from support.env import Env
from support.schedules import RUN_DEADLINE_S

#: What the server says of a schedule that is not there, or not any more.
GONE = re.compile("not found|already completed")


@pytest_asyncio.fixture(loop_scope="session")
async def schedule(cli: Cli, env: Env) -> AsyncIterator[str]:
    """A schedule id of this test; what is made under it is deleted in the end."""
    yield env.id("schedule")
    try:
        await cli.text("schedule", "delete", "-s", env.id("schedule"))
    except CommandFailed as failed:
        assert GONE.search(str(failed)), failed


async def create(cli: Cli, env: Env, schedule: str, *options: str) -> None:
    """`schedule create` of a greeting."""
    await cli.text(
        "schedule", "create", "-s", schedule, "--type", "HelloWorkflow", "-t", env.task_queue, "-w", env.id("run"),
        "--input", '"schedule"', *options,
    )  # fmt: skip


async def recent(cli: Cli, schedule: str, count: int) -> List[Any]:
    """The recent actions once there are so many."""

    async def enough():
        actions = (await cli("schedule", "describe", "-s", schedule))["info"].get("recentActions", [])
        return actions if len(actions) >= count else None

    return await await_until(enough, f"{count} actions are taken", RUN_DEADLINE_S)


async def test_create_and_describe(cli: Cli, env: Env, schedule: str):
    await create(
        cli, env, schedule, "--interval", "1h/5m", "--cron", "0 9 * * MON-FRI", "--calendar", '{"hour":"5","dayOfWeek":"Fri"}',
        "--jitter", "5s", "--time-zone", "America/New_York", "--notes", "as made", "--remaining-actions", "3",
        "--overlap-policy", "BufferOne", "--catchup-window", "1m", "--pause-on-failure", "--memo", 'of="the run"',
        "--schedule-memo", 'of="the schedule"',
    )  # fmt: skip
    described = await cli("schedule", "describe", "-s", schedule)
    spec = described["schedule"]["spec"]
    assert spec["interval"] == [{"interval": "3600s", "phase": "300s"}]
    assert [calendar["hour"] for calendar in spec["structuredCalendar"]] == [
        [{"start": 9, "end": 9, "step": 1}],
        [{"start": 5, "end": 5, "step": 1}],
    ]
    assert spec["structuredCalendar"][0]["dayOfWeek"] == [{"start": 1, "end": 5, "step": 1}]
    assert spec["structuredCalendar"][1]["dayOfWeek"] == [{"start": 5, "end": 5, "step": 1}]
    assert (spec["jitter"], spec["timezoneName"]) == ("5s", "America/New_York")
    assert "cronString" not in spec and "calendar" not in spec
    action = described["schedule"]["action"]["startWorkflow"]
    assert (action["workflowId"], action["workflowType"]["name"]) == (env.id("run"), "HelloWorkflow")
    assert action["taskQueue"]["name"] == env.task_queue
    assert described["schedule"]["policies"] == {
        "overlapPolicy": "SCHEDULE_OVERLAP_POLICY_BUFFER_ONE",
        "catchupWindow": "60s",
        "pauseOnFailure": True,
    }
    assert described["schedule"]["state"] == {"notes": "as made", "limitedActions": True, "remainingActions": "3"}
    # As many as actions are left.
    assert len(described["info"]["futureActionTimes"]) == 3
    text = await cli.text("schedule", "describe", "-s", schedule)
    for line in ("BufferOne", "as made", "America/New_York", "5s"):
        assert line in text


async def test_runs_come_and_are_shown(cli: Cli, env: Env, schedule: str):
    async with env.worker([HelloWorkflow], [compose_greeting]):
        await create(cli, env, schedule, "--interval", "1s")
        for action in (await recent(cli, schedule, 2))[:2]:
            run = action["startWorkflowResult"]
            assert run["workflowId"].startswith(env.id("run-20"))
            result = await cli("workflow", "result", "-w", run["workflowId"])
            assert result["result"] == "Hello, schedule!"
            info = (await cli("workflow", "describe", "-w", run["workflowId"]))["workflowExecutionInfo"]
            assert "TemporalScheduledById" in info["searchAttributes"]["indexedFields"]
            assert "TemporalScheduledStartTime" in info["searchAttributes"]["indexedFields"]


async def test_toggle_pauses_and_unpauses_with_a_reason(cli: Cli, env: Env, schedule: str):
    await create(cli, env, schedule, "--interval", "1h")
    await cli.text("schedule", "toggle", "-s", schedule, "--pause", "--reason", "a rest")
    state = (await cli("schedule", "describe", "-s", schedule))["schedule"]["state"]
    assert state == {"notes": "a rest", "paused": True}
    await cli.text("schedule", "toggle", "-s", schedule, "--unpause", "--reason", "rested")
    state = (await cli("schedule", "describe", "-s", schedule))["schedule"]["state"]
    assert state == {"notes": "rested"}


async def test_trigger_and_backfill(cli: Cli, env: Env, schedule: str):
    await create(cli, env, schedule, "--interval", "1h", "--paused")
    await cli.text("schedule", "trigger", "-s", schedule)
    info = (await cli("schedule", "describe", "-s", schedule))["info"]
    assert info["actionCount"] == "1"
    assert len(info["runningWorkflows"]) == 1
    await cli.text(
        "schedule", "backfill", "-s", schedule, "--overlap-policy", "AllowAll",
        "--start-time", "2024-01-01T00:00:00Z", "--end-time", "2024-01-01T02:00:00Z",
    )  # fmt: skip
    ids = [action["startWorkflowResult"]["workflowId"] for action in await recent(cli, schedule, 4)]
    assert ids[1:] == [env.id(f"run-2024-01-01T0{hour}:00:00Z") for hour in range(3)]


async def test_update_replaces_the_schedule(cli: Cli, env: Env, schedule: str):
    await create(cli, env, schedule, "--interval", "1h", "--notes", "before")
    await cli.text(
        "schedule", "update", "-s", schedule, "--type", "HelloWorkflow", "-t", env.task_queue, "-w", env.id("other"),
        "--cron", "30 6 * * *", "--overlap-policy", "AllowAll", "--notes", "after", "--input", '"update"',
    )  # fmt: skip
    described = (await cli("schedule", "describe", "-s", schedule))["schedule"]
    assert "interval" not in described["spec"]
    assert described["spec"]["structuredCalendar"][0]["minute"] == [{"start": 30, "end": 30, "step": 1}]
    assert described["action"]["startWorkflow"]["workflowId"] == env.id("other")
    assert described["policies"]["overlapPolicy"] == "SCHEDULE_OVERLAP_POLICY_ALLOW_ALL"
    assert described["state"] == {"notes": "after"}


async def test_list_and_its_filter(cli: Cli, env: Env, schedule: str):
    await create(cli, env, schedule, "--interval", "1h", "--schedule-memo", 'of="the schedule"', "--paused")

    async def listed(query: str):
        found = await cli("schedule", "list", "--query", query)
        return [entry for entry in found or [] if entry["scheduleId"] == schedule]

    only = f"ScheduleId = '{schedule}'"
    (entry,) = await await_until(lambda: listed(f"{only} AND TemporalSchedulePaused = true"), "the schedule is listed")
    assert entry["info"]["workflowType"]["name"] == "HelloWorkflow"
    assert entry["info"]["paused"] is True
    assert entry["info"]["spec"]["interval"] == [{"interval": "3600s", "phase": "0s"}]
    assert "of" in entry["memo"]["fields"]
    assert await listed(f"{only} AND TemporalSchedulePaused = false") == []
    assert schedule in await cli.text("schedule", "list", "--query", only)
    with pytest.raises(CommandFailed, match="cannot filter on"):
        await cli("schedule", "list", "--query", "ExecutionStatus = 'Running'")


async def test_delete_and_what_is_not_there(cli: Cli, env: Env, schedule: str):
    await create(cli, env, schedule, "--interval", "1h")
    with pytest.raises(CommandFailed, match="already"):
        await create(cli, env, schedule, "--interval", "1h")
    await cli.text("schedule", "delete", "-s", schedule)
    for command in (["describe"], ["delete"], ["trigger"], ["toggle", "--pause"]):
        with pytest.raises(CommandFailed, match=GONE):
            await cli.text("schedule", command[0], "-s", schedule, *command[1:])


async def test_a_schedule_that_cannot_be_is_refused(cli: Cli, env: Env, schedule: str):
    with pytest.raises(CommandFailed, match="CronString does not have 5-7 fields"):
        await create(cli, env, schedule, "--cron", "0 9 *")
    with pytest.raises(CommandFailed, match="(?i)unknown time zone"):
        await create(cli, env, schedule, "--cron", "0 9 * * *", "--time-zone", "Mars/Olympus_Mons")
