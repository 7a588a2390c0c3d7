"""200 workflows at once."""

import asyncio

from programs.many import OneOfManyWorkflow, square
from support.env import Env, event_names

COUNT = 200


async def test_200_concurrent_workflows_each_return_their_own_result(env: Env):
    async def one(number: int) -> int:
        handle = await env.start(OneOfManyWorkflow.run, number, id=env.id(str(number)))
        await handle.signal(OneOfManyWorkflow.add, number)
        return await handle.result()

    async with env.worker([OneOfManyWorkflow], [square]):
        results = await asyncio.gather(*(one(number) for number in range(COUNT)))
    assert results == [number * number + number for number in range(COUNT)]
    for number in range(0, COUNT, 20):
        names = await event_names(env.client.get_workflow_handle(env.id(str(number))))
        for once in ("ActivityTaskCompleted", "TimerFired", "WorkflowExecutionSignaled", "WorkflowExecutionCompleted"):
            assert names.count(once) == 1
