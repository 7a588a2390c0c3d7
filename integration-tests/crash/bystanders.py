"""Workflows that wait for nothing but one batch operation, which goes on through the kills."""

from typing import List

from temporalio.api.batch.v1 import BatchOperationSignal
from temporalio.api.enums.v1 import BatchOperationState
from temporalio.api.workflowservice.v1 import DescribeBatchOperationRequest, StartBatchOperationRequest
from temporalio.client import Client

from histories import read
from insist import CALL_TIMEOUT, Clients
from programs import OrderWorkflow
from support.awaiting import await_until

#: The queue on which they wait. No worker polls it.
TASK_QUEUE = "bystanders"
#: So many: four seconds' work, so that kills come in the middle.
COUNT = 200
JOB = "signal-the-bystanders"
#: How long after the last kill the operation may take: it begins its page again when its heartbeats are missed.
DEADLINE_S = 60.0


class Bystanders:
    """Workflows that a batch operation signals."""

    def __init__(self, clients: Clients) -> None:
        self.clients = clients
        self.run_ids: List[str] = []

    async def start(self) -> None:
        """Start them, wait until the list knows them, and start the operation."""
        client = self.clients.any
        for number in range(COUNT):
            handle = await client.start_workflow(OrderWorkflow.run, args=[], id=f"bystander-{number}", task_queue=TASK_QUEUE)
            self.run_ids.append(handle.first_execution_run_id or "")

        async def known() -> bool:
            return (await client.count_workflows(f"TaskQueue = '{TASK_QUEUE}'")).count == COUNT

        await await_until(known, "the list knows the bystanders")
        await client.workflow_service.start_batch_operation(
            StartBatchOperationRequest(
                namespace=client.namespace,
                job_id=JOB,
                reason="kills",
                visibility_query=f"TaskQueue = '{TASK_QUEUE}'",
                signal_operation=BatchOperationSignal(signal="hear"),
            )
        )

    async def check(self) -> None:
        """The operation ends by itself, and each of them has got one signal."""
        request = DescribeBatchOperationRequest(namespace=self.clients.any.namespace, job_id=JOB)

        async def ended(client: Client) -> bool:
            job = await client.workflow_service.describe_batch_operation(request, timeout=CALL_TIMEOUT)
            if job.state == BatchOperationState.BATCH_OPERATION_STATE_RUNNING:
                return False
            assert job.state == BatchOperationState.BATCH_OPERATION_STATE_COMPLETED, job
            assert (job.complete_operation_count, job.failure_operation_count) == (COUNT, 0), job
            return True

        await await_until(lambda: self.clients.insist(ended), "the batch operation has ended", DEADLINE_S)
        for number, run_id in enumerate(self.run_ids):
            events = await read(self.clients, f"bystander-{number}", run_id)
            signals = [event for event in events if "EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED" in event]
            assert len(signals) == 1, f"bystander-{number} has {len(signals)} signals"
