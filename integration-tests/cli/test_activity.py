"""`temporal activity`: what a person does with the activities of a workflow at the command line."""

import pytest

from conftest import Cli, CommandFailed
from programs.operated import OperatedWorkflow, Patient
from support.awaiting import await_until
from support.env import Env


async def shown(cli: Cli, env: Env) -> dict:
    """The one pending activity as `workflow describe` shows it; empty when there is none."""
    return ((await cli("workflow", "describe", "-w", env.id())).get("pendingActivities") or [{}])[0]


async def test_pause_update_options_reset_and_unpause(cli: Cli, env: Env):
    async with env.worker([OperatedWorkflow], [Patient("fails").run]):
        handle = await env.start(OperatedWorkflow.run, 100.0)

        async def has_failed():
            return (await shown(cli, env)).get("attempt") == 2

        await await_until(has_failed, "the first attempt has failed")
        activity = ["-w", env.id(), "--activity-id", (await shown(cli, env))["activityId"]]
        await cli.text("activity", "pause", *activity, "--identity", "me")
        paused = await shown(cli, env)
        assert (paused["state"], paused["paused"]) == ("PENDING_ACTIVITY_STATE_PAUSED", True)
        await cli.text("activity", "update-options", *activity, "--heartbeat-timeout", "7s", "--retry-maximum-attempts", "9")
        options = (await shown(cli, env))["activityOptions"]
        assert (options["heartbeatTimeout"], options["retryPolicy"]["maximumAttempts"]) == ("7s", 9)
        await cli.text("activity", "reset", *activity, "--keep-paused")
        assert (await shown(cli, env))["state"] == "PENDING_ACTIVITY_STATE_PAUSED"
        await cli.text("activity", "unpause", *activity)
        assert await handle.result() == "attempt 1"


async def test_an_activity_that_is_not_there_is_said(cli: Cli, env: Env):
    handle = await env.start(OperatedWorkflow.run, 1.0)
    with pytest.raises(CommandFailed, match="Can't find pending activity with such ID"):
        await cli.text("activity", "pause", "-w", env.id(), "--activity-id", "nobody")
    await handle.terminate()
