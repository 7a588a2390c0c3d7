"""A broker that is silent for longer than an append waits: nobody knows what stands, and nothing of it may be lost."""

import asyncio
import os
import signal
from datetime import timedelta
from pathlib import Path

from google.protobuf.duration_pb2 import Duration
from temporalio.api.command.v1 import Command, ScheduleActivityTaskCommandAttributes
from temporalio.api.common.v1 import ActivityType
from temporalio.api.enums.v1 import CommandType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    PollActivityTaskQueueRequest,
    PollWorkflowTaskQueueRequest,
    RespondWorkflowTaskCompletedRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from conftest import Klamm
from support.env import Env
from support.kafka import KafkaBroker

#: Longer than any wait in here: only a lost task would take that long to come again.
START_TO_CLOSE_S = 600
POLL = timedelta(seconds=70)


def schedule_activity(queue: str) -> Command:
    """The command that schedules activity `a` on this queue."""
    return Command(
        command_type=CommandType.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK,
        schedule_activity_task_command_attributes=ScheduleActivityTaskCommandAttributes(
            activity_id="a",
            activity_type=ActivityType(name="A"),
            task_queue=TaskQueue(name=queue),
            start_to_close_timeout=Duration(seconds=START_TO_CLOSE_S),
        ),
    )


async def test_activities_scheduled_while_the_broker_was_silent_reach_the_polls_that_waited_for_them(klamm: Klamm, tmp_path: Path):
    broker = KafkaBroker(tmp_path / "kafka")
    try:
        broker.start()
        server = klamm(kafka=broker.bootstrap_servers)
        server.start()
        env = Env.new(await Client.connect(server.address), "doubt")
        service = env.client.workflow_service
        count = 4
        for number in range(count):
            await env.start("W", id=env.id(str(number)))
        tasks = []
        for number in range(count):
            request = PollWorkflowTaskQueueRequest(namespace="default", task_queue=TaskQueue(name=env.task_queue), identity="w")
            tasks.append(await service.poll_workflow_task_queue(request, timeout=POLL))
        # They wait before the broker falls silent, and each rides in a completion.
        request = PollActivityTaskQueueRequest(namespace="default", task_queue=TaskQueue(name=env.task_queue), identity="w")
        polls = [asyncio.create_task(service.poll_activity_task_queue(request, timeout=POLL)) for _ in range(count)]
        await asyncio.sleep(1)
        os.kill(broker.pid, signal.SIGSTOP)
        try:
            completions = [
                service.respond_workflow_task_completed(
                    RespondWorkflowTaskCompletedRequest(
                        namespace="default", task_token=task.task_token, identity="w", commands=[schedule_activity(env.task_queue)]
                    ),
                    timeout=timedelta(seconds=40),
                )
                for task in tasks
            ]
            outcomes = await asyncio.gather(*completions, return_exceptions=True)
        finally:
            os.kill(broker.pid, signal.SIGCONT)
        for outcome in outcomes:
            assert isinstance(outcome, RPCError) and outcome.status == RPCStatusCode.UNAVAILABLE, outcome
            assert "outcome unknown" in str(outcome)
        # All of them came to stand, and nobody polls again.
        activities = await asyncio.wait_for(asyncio.gather(*polls), 30)
        assert {activity.workflow_execution.workflow_id for activity in activities} == {env.id(str(n)) for n in range(count)}
        assert all(activity.attempt == 1 for activity in activities)
        assert server.stop() == 0
    finally:
        broker.kill()
