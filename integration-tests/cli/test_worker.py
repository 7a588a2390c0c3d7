"""`temporal worker list` and `temporal worker describe`: the workers that have sent heartbeats."""

from typing import Any, Dict

from temporalio.api.enums.v1 import WorkerStatus
from temporalio.api.worker.v1 import WorkerHeartbeat, WorkerHostInfo
from temporalio.api.workflowservice.v1 import RecordWorkerHeartbeatRequest

from conftest import Cli
from support.env import Env


def identity(worker: Dict[str, Any]) -> str:
    """The identity of a worker that the command shows."""
    return worker["workerHeartbeat"]["workerIdentity"]


async def test_workers_are_listed_and_described(cli: Cli, env: Env):
    def heartbeat(name: str) -> WorkerHeartbeat:
        return WorkerHeartbeat(
            worker_instance_key=env.id(name),
            worker_identity=f"identity of {name}",
            task_queue=env.task_queue,
            host_info=WorkerHostInfo(host_name="a-host"),
            status=WorkerStatus.WORKER_STATUS_RUNNING,
            sdk_name="a-sdk",
        )

    request = RecordWorkerHeartbeatRequest(
        namespace=env.client.namespace, worker_heartbeat=[heartbeat("one"), heartbeat("two")]
    )
    await env.client.workflow_service.record_worker_heartbeat(request)
    listed = await cli("worker", "list", "--query", f"TaskQueue = '{env.task_queue}'")
    assert sorted(identity(worker) for worker in listed) == ["identity of one", "identity of two"]
    listed = await cli("worker", "list", "--query", f"WorkerInstanceKey = '{env.id('one')}'")
    assert [identity(worker) for worker in listed] == ["identity of one"]
    described = await cli("worker", "describe", "--worker-instance-key", env.id("two"))
    assert (identity(described), described["workerHeartbeat"]["sdkName"]) == ("identity of two", "a-sdk")
