"""Queries: on running and closed runs; their failures; nothing of them in the history."""

import time
from typing import List

import pytest
from temporalio.client import WorkflowHandle, WorkflowQueryFailedError, WorkflowQueryRejectedError
from temporalio.common import QueryRejectCondition

from programs.signals import CollectWorkflow
from support.env import Env, event_names


async def test_a_query_sees_every_signal_sent_before_it(env: Env):
    async with env.worker([CollectWorkflow]):
        handle = await env.start(CollectWorkflow.run, ["a"])
        assert await handle.query(CollectWorkflow.collected) == ["a"]
        for item in ("b", "c", "d"):
            await handle.signal(CollectWorkflow.add, item)
            assert (await handle.query(CollectWorkflow.collected))[-1] == item
        await handle.signal(CollectWorkflow.finish)
        await handle.result()


async def test_a_closed_run_answers_queries_from_any_worker(env: Env):
    async with env.worker([CollectWorkflow]):
        handle = await env.start(CollectWorkflow.run, ["a"])
        await handle.signal(CollectWorkflow.add, "b")
        await handle.signal(CollectWorkflow.finish)
        await handle.result()
        before = await event_names(handle)
        assert await handle.query(CollectWorkflow.collected) == ["a", "b"]
    async with env.worker([CollectWorkflow]):
        assert await handle.query(CollectWorkflow.collected) == ["a", "b"]
    assert await event_names(handle) == before


async def test_a_query_may_insist_on_an_open_run(env: Env):
    async with env.worker([CollectWorkflow]):
        handle = await env.start(CollectWorkflow.run, [])
        await handle.signal(CollectWorkflow.finish)
        await handle.result()
        with pytest.raises(WorkflowQueryRejectedError):
            await handle.query(CollectWorkflow.collected, reject_condition=QueryRejectCondition.NOT_OPEN)


async def test_a_failing_and_an_unknown_query_fail_alone(env: Env):
    async with env.worker([CollectWorkflow]):
        handle = await env.start(CollectWorkflow.run, ["a"])
        with pytest.raises(WorkflowQueryFailedError, match="this query always fails"):
            await handle.query(CollectWorkflow.refuse)
        with pytest.raises(WorkflowQueryFailedError, match="no_such_query"):
            await handle.query("no_such_query")
        assert await handle.query(CollectWorkflow.collected) == ["a"]
        await handle.signal(CollectWorkflow.finish)
        assert await handle.result() == ["a"]


async def test_a_query_right_after_a_start_or_a_signal_is_answered_at_once(env: Env):
    """A query that waits for something takes a second, each of them. On a machine that is busy with other suites a single one may be slow; the
    soak measures the slowest on a quiet one."""
    times: List[float] = []

    async def collected(handle: WorkflowHandle) -> List[str]:
        start = time.perf_counter()
        items = await handle.query(CollectWorkflow.collected)
        times.append(time.perf_counter() - start)
        return items

    async with env.worker([CollectWorkflow]):
        for number in range(5):
            handle = await env.start(CollectWorkflow.run, ["first"], id=env.id(str(number)))
            assert await collected(handle) == ["first"]
            for item in range(10):
                await handle.signal(CollectWorkflow.add, str(item))
                assert len(await collected(handle)) == item + 2
            await handle.signal(CollectWorkflow.finish)
    times.sort()
    print(f"{len(times)} queries: p50 {times[len(times) // 2] * 1e3:.1f} ms, slowest {times[-1] * 1e3:.1f} ms")
    assert times[len(times) // 2] <= 0.5
