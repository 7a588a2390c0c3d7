"""A workflow in steps, and a worker process for it that can be killed.

Run as `python -m programs.takeover ADDRESS TASK_QUEUE`.
"""

import asyncio
import os
import sys
from datetime import timedelta
from typing import List

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.worker import Worker


@activity.defn
async def note(step: str) -> str:
    """Returns the step with the process that did it."""
    return f"{step} by {os.getpid()}"


@activity.defn
async def hang_in_process(doomed_pid: int) -> str:
    """Never ends in the process `doomed_pid`; in another it reports what it was handed."""
    info = activity.info()
    if os.getpid() == doomed_pid:
        activity.heartbeat("half way")
        while True:
            await asyncio.sleep(0.05)
            activity.heartbeat("half way")
    return f"{list(info.heartbeat_details)} by {os.getpid()}"


@workflow.defn
class TwoStepsWorkflow:
    def __init__(self) -> None:
        self.go_on = False

    @workflow.signal
    def proceed(self) -> None:
        self.go_on = True

    @workflow.run
    async def run(self) -> List[str]:
        timeout = timedelta(seconds=20)
        first = await workflow.execute_activity(note, "first", start_to_close_timeout=timeout)
        await workflow.wait_condition(lambda: self.go_on)
        second = await workflow.execute_activity(note, "second", start_to_close_timeout=timeout)
        return [first, second]


@workflow.defn
class HangingActivityWorkflow:
    @workflow.run
    async def run(self, doomed_pid: int) -> str:
        return await workflow.execute_activity(
            hang_in_process,
            doomed_pid,
            start_to_close_timeout=timedelta(seconds=30),
            heartbeat_timeout=timedelta(seconds=1),
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=50)),
        )


WORKFLOWS = [TwoStepsWorkflow, HangingActivityWorkflow]
ACTIVITIES = [note, hang_in_process]


async def main(address: str, task_queue: str) -> None:
    """Work until killed. Tasks stay on this worker's sticky queue for at most 1 s."""
    client = await Client.connect(address)
    await Worker(
        client,
        task_queue=task_queue,
        workflows=WORKFLOWS,
        activities=ACTIVITIES,
        max_heartbeat_throttle_interval=timedelta(milliseconds=50),
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=1),
    ).run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
