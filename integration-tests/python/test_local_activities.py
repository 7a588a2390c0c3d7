"""Local activities: markers, and workflow tasks kept alive while one runs."""

from datetime import timedelta

from programs.local_activity import (
    LocalActivityWorkflow,
    LongLocalActivityWorkflow,
    double_on_attempt_two,
    take_a_while,
)
from support.env import Env, event_names


async def test_a_local_activity_leaves_a_marker_and_no_activity_events(env: Env):
    async with env.worker([LocalActivityWorkflow], [double_on_attempt_two]):
        handle = await env.start(LocalActivityWorkflow.run, 21)
        assert await handle.result() == 42
    assert await event_names(handle) == [
        "WorkflowExecutionStarted",
        "WorkflowTaskScheduled",
        "WorkflowTaskStarted",
        "WorkflowTaskCompleted",
        "MarkerRecorded",
        "WorkflowExecutionCompleted",
    ]


async def test_a_local_activity_longer_than_the_task_timeout_keeps_its_task_by_heartbeats(env: Env):
    async with env.worker([LongLocalActivityWorkflow], [take_a_while]):
        handle = await env.start(LongLocalActivityWorkflow.run, 4, task_timeout=timedelta(seconds=2))
        assert await handle.result() == "done"
    names = await event_names(handle)
    assert names.count("WorkflowTaskCompleted") >= 3
    assert "WorkflowTaskTimedOut" not in names
    assert names.count("MarkerRecorded") == 1
