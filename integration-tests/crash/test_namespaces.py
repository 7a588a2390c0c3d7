"""A namespace is deleted while klamm is killed again and again, and nothing of it is left."""

import asyncio
import uuid

from google.protobuf.duration_pb2 import Duration
from support.awaiting import await_until
from support.server import KlammServer
from temporalio.api.operatorservice.v1 import DeleteNamespaceRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, RegisterNamespaceRequest
from temporalio.client import Client, Schedule, ScheduleActionStartWorkflow, ScheduleSpec
from temporalio.service import RPCError, RPCStatusCode

RUNS = 400
KILLS = 4


async def register(client: Client, name: str) -> None:
    retention = Duration(seconds=86_400)
    request = RegisterNamespaceRequest(namespace=name, workflow_execution_retention_period=retention)
    await client.workflow_service.register_namespace(request)


async def is_gone(client: Client, namespace: str) -> bool:
    try:
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=namespace))
    except RPCError as error:
        return error.status == RPCStatusCode.NOT_FOUND
    return False


async def test_a_deletion_survives_kills_and_leaves_nothing(server: KlammServer):
    name = f"doomed-{uuid.uuid4().hex[:8]}"
    client = await Client.connect(server.address)
    await register(client, name)
    doomed = await Client.connect(server.address, namespace=name)
    start = [doomed.start_workflow("W", id=f"w{number}", task_queue="q") for number in range(RUNS)]
    await asyncio.gather(*start)
    action = ScheduleActionStartWorkflow("W", id="by-schedule", task_queue="q")
    await doomed.create_schedule("s", Schedule(action=action, spec=ScheduleSpec(cron_expressions=["* * * * *"])))
    answer = await client.operator_service.delete_namespace(DeleteNamespaceRequest(namespace=name))
    assert answer.deleted_namespace.startswith(f"{name}-deleted-")
    for kill in range(KILLS):
        await asyncio.sleep(0.2 * kill)
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
        client = await Client.connect(server.address)
        assert await is_gone(client, name), "the old name is unknown at once, and after every start"
    await await_until(lambda: is_gone(client, answer.deleted_namespace), "the namespace is gone", 60)
    verified = await asyncio.to_thread(server.verify)
    assert verified.returncode == 0, f"{verified.stdout}{verified.stderr}"

    await register(client, name)
    again = await Client.connect(server.address, namespace=name)
    assert (await again.count_workflows()).count == 0
    assert [schedule async for schedule in await again.list_schedules()] == []
    handle = await again.start_workflow("W", id="w0", task_queue="q")
    assert (await handle.describe()).run_id == handle.first_execution_run_id
    assert await asyncio.to_thread(server.stop) == 0
