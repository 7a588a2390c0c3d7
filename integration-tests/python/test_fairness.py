"""Tasks with fairness keys take turns."""

from datetime import timedelta
from typing import List

from temporalio import activity, workflow
from temporalio.common import Priority

from support.env import Env

#: Keys in the order in which their activities ran.
ran: List[str] = []


@activity.defn
async def note(key: str) -> None:
    ran.append(key)


@workflow.defn
class Tenants:
    """Starts many activities of one tenant, then a few of another."""

    @workflow.run
    async def run(self, queue: str) -> None:
        started = [
            workflow.start_activity(
                note,
                key,
                task_queue=queue,
                start_to_close_timeout=timedelta(seconds=30),
                priority=Priority(fairness_key=key, fairness_weight=1.0),
            )
            for key in ["big"] * 30 + ["small"] * 3
        ]
        for one in started:
            await one


async def test_a_small_tenant_does_not_wait_behind_a_big_one(env: Env):
    ran.clear()
    activities = f"{env.task_queue}-activities"
    async with env.worker([Tenants]):
        handle = await env.start(Tenants.run, activities)
        # The worker for the activities comes when all of them wait.
        async with env.worker([], [note], task_queue=activities, max_concurrent_activities=1):
            await handle.result()
    assert len(ran) == 33
    # The first few may have been handed out before the others waited.
    assert max(place for place, key in enumerate(ran) if key == "small") < 20, ran
