"""How long a partition gives no answer when its owner is gone: a call every few milliseconds until there is one."""

import asyncio
import time
from typing import Dict, List

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest
from temporalio.client import Client
from temporalio.service import RPCError

from insist import is_of_a_dead_server
from programs import OrderWorkflow

#: The pause between two calls, and the longest that one call may take.
INTERVAL_S = 0.02
#: A call that got no answer in this time is made again.
CALL_TIMEOUT_S = 0.5
#: No partition may be silent for longer.
DEADLINE_S = 60.0


def partition_of(key: str, partitions: int) -> int:
    """The partition of a key by murmur2, as Java's default partitioner has it."""
    data, m, mask = key.encode(), 0x5BD1E995, 0xFFFFFFFF
    length = len(data)
    h = 0x9747B28C ^ length
    for at in range(0, length - length % 4, 4):
        k = int.from_bytes(data[at : at + 4], "little") * m & mask
        k = (k ^ (k >> 24)) * m & mask
        h = (h * m & mask) ^ k
    rest = data[length - length % 4 :]
    if rest:
        h = (h ^ int.from_bytes(rest, "little")) * m & mask
    h = (h ^ (h >> 13)) * m & mask
    return ((h ^ (h >> 15)) & 0x7FFFFFFF) % partitions


class Prober:
    """An open workflow per partition that nobody works on, to be described."""

    def __init__(self, canaries: Dict[int, str]) -> None:
        self.canaries = canaries

    @classmethod
    async def start(cls, client: Client, partitions: int) -> "Prober":
        """Start a canary on each partition."""
        canaries: Dict[int, str] = {}
        number = 0
        while len(canaries) < partitions:
            workflow_id = f"canary-{number}"
            number += 1
            partition = partition_of(f"{client.namespace}/{workflow_id}", partitions)
            if partition not in canaries:
                await client.start_workflow(OrderWorkflow.run, args=[], id=workflow_id, task_queue="nobody-works-here")
                canaries[partition] = workflow_id
        return cls(canaries)

    async def until_answered(self, client: Client, since: float) -> List[float]:
        """Ask one server until it answers for every partition; the seconds from `since` to each partition's answer.

        The client must not retry by itself.
        """
        return await asyncio.gather(*(self._one(client, workflow_id, since) for workflow_id in self.canaries.values()))

    async def _one(self, client: Client, workflow_id: str, since: float) -> float:
        request = DescribeWorkflowExecutionRequest(
            namespace=client.namespace, execution=WorkflowExecution(workflow_id=workflow_id)
        )
        while True:
            try:
                describe = client.workflow_service.describe_workflow_execution(request)
                await asyncio.wait_for(describe, CALL_TIMEOUT_S)
                return time.monotonic() - since
            except asyncio.TimeoutError:
                pass
            except RPCError as error:
                if not is_of_a_dead_server(error):
                    raise
            assert time.monotonic() - since < DEADLINE_S, f"{workflow_id} got no answer for {DEADLINE_S} s"
            await asyncio.sleep(INTERVAL_S)
