"""The list of workers: SDKs tell the server by heartbeats which workers there are."""

import asyncio
from datetime import timedelta
from typing import AsyncIterator, List

import pytest_asyncio
from temporalio.api.enums.v1 import WorkerStatus
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.worker.v1 import WorkerListInfo
from temporalio.api.workflowservice.v1 import (
    CountWorkersRequest,
    DescribeTaskQueueRequest,
    DescribeWorkerRequest,
    ListWorkersRequest,
    PollWorkflowTaskQueueRequest,
    ShutdownWorkerRequest,
)
from temporalio.client import Client
from temporalio.runtime import Runtime, TelemetryConfig

from programs.hello import HelloWorkflow, compose_greeting
from support.awaiting import await_until
from support.env import Env, server_address


@pytest_asyncio.fixture(loop_scope="session")
async def beating(env: Env) -> AsyncIterator[Env]:
    """A client whose workers send a heartbeat every second, with this test's queue."""
    runtime = Runtime(telemetry=TelemetryConfig(), worker_heartbeat_interval=timedelta(seconds=1))
    client = await Client.connect(server_address(), runtime=runtime, identity="a-beating-worker")
    yield Env(client, env.task_queue)


async def workers_of(env: Env, condition: str = "") -> List[WorkerListInfo]:
    """The workers of this test's queue."""
    query = f"TaskQueue = '{env.task_queue}'" + (f" AND {condition}" if condition else "")
    request = ListWorkersRequest(namespace=env.client.namespace, query=query, page_size=10)
    answer = await env.client.workflow_service.list_workers(request)
    assert len(answer.workers_info) == len(answer.workers)
    counted = await env.client.workflow_service.count_workers(CountWorkersRequest(namespace=env.client.namespace, query=query))
    assert counted.count == len(answer.workers)
    return list(answer.workers)


async def test_a_worker_is_listed_from_its_first_heartbeat_to_its_end(beating: Env):
    env = beating
    assert await workers_of(env) == []
    async with env.worker([HelloWorkflow], [compose_greeting]):

        async def listed() -> bool:
            return len(await workers_of(env)) == 1

        await await_until(listed, "the worker is listed")
        assert await env.execute(HelloWorkflow.run, "heartbeats") == "Hello, heartbeats!"
        (worker,) = await workers_of(env, "WorkerStatus = 'Running' AND SdkName STARTS_WITH 'temporal'")
        assert (worker.worker_identity, worker.status) == ("a-beating-worker", WorkerStatus.WORKER_STATUS_RUNNING)
        assert await workers_of(env, "WorkerIdentity = 'somebody'") == []
        key = DescribeWorkerRequest(namespace=env.client.namespace, worker_instance_key=worker.worker_instance_key)

        async def has_worked() -> bool:
            described = await env.client.workflow_service.describe_worker(key)
            return described.worker_info.worker_heartbeat.workflow_task_slots_info.total_processed_tasks > 0

        await await_until(has_worked, "a heartbeat tells of the work that was done")

    async def left() -> bool:
        return await workers_of(env, "WorkerStatus = 'Running'") == []

    await await_until(left, "the worker has said goodbye")


async def test_a_worker_that_says_goodbye_gets_no_task_with_a_late_poll(env: Env):
    """The polls of its instance end empty, and those that come late get nothing; another worker gets the task."""
    service, namespace = env.client.workflow_service, env.client.namespace
    poll = PollWorkflowTaskQueueRequest(
        namespace=namespace,
        task_queue=TaskQueue(name=env.task_queue),
        identity="leaving",
        worker_instance_key=env.id("instance"),
    )
    goodbye = ShutdownWorkerRequest(
        namespace=namespace,
        identity="leaving",
        worker_instance_key=env.id("instance"),
        task_queue=env.task_queue,
    )
    description = DescribeTaskQueueRequest(namespace=namespace, task_queue=TaskQueue(name=env.task_queue))
    parked = asyncio.ensure_future(service.poll_workflow_task_queue(poll, timeout=timedelta(seconds=30)))

    async def polls() -> bool:
        described = await service.describe_task_queue(description)
        return [poller.identity for poller in described.pollers] == ["leaving"]

    await await_until(polls, "the poll waits")
    await service.shutdown_worker(goodbye)
    assert (await asyncio.wait_for(parked, 5)).task_token == b""
    assert list((await service.describe_task_queue(description)).pollers) == []
    handle = await env.start(HelloWorkflow.run, "for another")
    assert (await service.poll_workflow_task_queue(poll, timeout=timedelta(seconds=30))).task_token == b""
    async with env.worker([HelloWorkflow], [compose_greeting]):
        assert await handle.result() == "Hello, for another!"
