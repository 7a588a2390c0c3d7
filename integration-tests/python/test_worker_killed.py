"""A worker process dies by SIGKILL in the middle of a workflow; another takes over."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Iterator

import pytest

from programs.takeover import ACTIVITIES, WORKFLOWS, HangingActivityWorkflow, TwoStepsWorkflow
from support.awaiting import await_until
from support.env import Env, event_names, server_address


@pytest.fixture
def doomed(env: Env) -> Iterator[subprocess.Popen]:
    """A worker in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "programs.takeover", server_address(), env.task_queue],
        cwd=Path(__file__).parent,
    )
    yield process
    process.kill()
    process.wait()


async def test_a_worker_killed_between_steps_is_replaced_and_no_step_is_repeated(env: Env, doomed: subprocess.Popen):
    handle = await env.start(TwoStepsWorkflow.run, task_timeout=timedelta(seconds=2))

    async def first_step_is_over():
        names = await event_names(handle)
        return "ActivityTaskCompleted" in names and names[-1] == "WorkflowTaskCompleted"

    await await_until(first_step_is_over, "the first step is done and the workflow waits")
    doomed.kill()
    doomed.wait()
    await handle.signal(TwoStepsWorkflow.proceed)
    async with env.worker(WORKFLOWS, ACTIVITIES):
        assert await handle.result() == [f"first by {doomed.pid}", f"second by {os.getpid()}"]
    assert (await event_names(handle)).count("ActivityTaskCompleted") == 2


async def test_a_worker_killed_in_an_activity_is_replaced_and_the_heartbeat_handed_on(
    env: Env, doomed: subprocess.Popen
):
    handle = await env.start(HangingActivityWorkflow.run, doomed.pid, task_timeout=timedelta(seconds=2))

    async def heartbeat_arrived():
        pending = (await handle.describe()).raw_description.pending_activities
        return any(activity.heartbeat_details.payloads for activity in pending)

    await await_until(heartbeat_arrived, "the doomed worker's heartbeat has arrived")
    doomed.kill()
    doomed.wait()
    async with env.worker(WORKFLOWS, ACTIVITIES):
        assert await handle.result() == f"['half way'] by {os.getpid()}"
