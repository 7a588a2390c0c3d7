"""200 workflows at once."""

import asyncio

import pytest
from temporalio.client import WorkflowHandle

from programs.many import OneOfManyWorkflow, square
from support.env import Env, event_names

COUNT = 200


# Seconds on an idle machine; the limit is for two busy cores.
@pytest.mark.timeout(150)
async def test_200_concurrent_workflows_each_return_their_own_result(env: Env):
    gate = asyncio.Semaphore(20)

    async def start(number: int) -> WorkflowHandle:
        async with gate:
            return await env.start(OneOfManyWorkflow.run, number, id=env.id(str(number)))

    async def signal(number: int, handle: WorkflowHandle) -> None:
        async with gate:
            await handle.signal(OneOfManyWorkflow.add, number)

    async with env.worker([OneOfManyWorkflow], [square]):
        handles = await asyncio.gather(*(start(number) for number in range(COUNT)))
        # None can end before its signal: all are open at once here.
        await asyncio.gather(*(signal(number, handle) for number, handle in enumerate(handles)))
        results = await asyncio.gather(*(handle.result() for handle in handles))
    assert results == [number * number + number for number in range(COUNT)]
    for number in range(0, COUNT, 20):
        names = await event_names(env.client.get_workflow_handle(env.id(str(number))))
        for once in ("ActivityTaskCompleted", "TimerFired", "WorkflowExecutionSignaled", "WorkflowExecutionCompleted"):
            assert names.count(once) == 1
