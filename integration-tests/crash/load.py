"""Orders kept in flight while their server dies, by requests that are sent again until answered."""

import asyncio
import random
import uuid
from datetime import timedelta
from typing import Dict, List

from google.protobuf.duration_pb2 import Duration
from temporalio.api.common.v1 import Payloads, WorkflowExecution, WorkflowType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import SignalWorkflowExecutionRequest, StartWorkflowExecutionRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from insist import CALL_TIMEOUT, Clients
from programs import Order, Receipt

#: The workflow task timeout of an order: a task lost with the server's answer
#: is missed after this long.
TASK_TIMEOUT = timedelta(seconds=2)
#: How long one wait for a result may take before it is asked for again, perhaps of another server.
RESULT_TIMEOUT = timedelta(seconds=15)


class Load:
    """`in_flight` drivers; each starts an order, signals it twice, awaits its receipt, and begins again."""

    def __init__(self, clients: Clients, task_queue: str, in_flight: int, chance: random.Random) -> None:
        self.clients = clients
        self.task_queue = task_queue
        self.chance = chance
        #: Workflow id → run id of every start that was answered.
        self.acknowledged: Dict[str, str] = {}
        #: Workflow id → what its result was.
        self.receipts: Dict[str, Receipt] = {}
        self._next = 0
        self._ending = False
        self._drivers: List[asyncio.Task] = [asyncio.create_task(self._drive()) for _ in range(in_flight)]

    def open_runs(self) -> Dict[str, str]:
        """The acknowledged runs without a receipt."""
        return {id: run for id, run in self.acknowledged.items() if id not in self.receipts}

    def raise_failure(self) -> None:
        """Raise what ended a driver, if anything did."""
        for driver in self._drivers:
            if driver.done() and not driver.cancelled() and driver.exception() is not None:
                raise driver.exception()

    async def drain(self, deadline_s: float) -> None:
        """Start no more; wait until every open order has its receipt."""
        self._ending = True
        done, stuck = await asyncio.wait(self._drivers, timeout=deadline_s)
        for driver in stuck:
            driver.cancel()
        self.raise_failure()
        assert not stuck, f"stuck {deadline_s} s after the last kill: {sorted(self.open_runs().items())}"

    async def _drive(self) -> None:
        while not self._ending:
            self._next += 1
            await self._order(self._next)

    async def _order(self, number: int) -> None:
        workflow_id = f"{self.task_queue}-{number}"
        run_id = await self._start(workflow_id, Order(number, self.chance.uniform(0.1, 1.5)))
        self.acknowledged[workflow_id] = run_id
        for text in ("first", "second"):
            await asyncio.sleep(self.chance.uniform(0, 0.6))
            await self._signal(workflow_id, run_id, text)

        async def result(client: Client) -> Receipt:
            handle = client.get_workflow_handle(workflow_id, run_id=run_id, result_type=Receipt)
            return await handle.result(rpc_timeout=RESULT_TIMEOUT)

        self.receipts[workflow_id] = await self.clients.insist(result)

    async def _payloads(self, value: object) -> Payloads:
        return Payloads(payloads=await self.clients.any.data_converter.encode([value]))

    async def _start(self, workflow_id: str, order: Order) -> str:
        """Start with one request id however often it takes; the run id of the answer."""
        task_timeout = Duration()
        task_timeout.FromTimedelta(TASK_TIMEOUT)
        request = StartWorkflowExecutionRequest(
            namespace=self.clients.any.namespace,
            request_id=str(uuid.uuid4()),
            workflow_id=workflow_id,
            workflow_type=WorkflowType(name="OrderWorkflow"),
            task_queue=TaskQueue(name=self.task_queue),
            workflow_task_timeout=task_timeout,
            input=await self._payloads(order),
        )
        answer = await self.clients.insist(
            lambda client: client.workflow_service.start_workflow_execution(request, retry=True, timeout=CALL_TIMEOUT)
        )
        return answer.run_id

    async def _signal(self, workflow_id: str, run_id: str, text: str) -> None:
        """Signal with one request id however often it takes.

        A repeated request may find its run closed: the signal that it repeats
        was taken, its answer lost, and the run has ended since.
        """
        request = SignalWorkflowExecutionRequest(
            namespace=self.clients.any.namespace,
            request_id=str(uuid.uuid4()),
            workflow_execution=WorkflowExecution(workflow_id=workflow_id, run_id=run_id),
            signal_name="note",
            input=await self._payloads(text),
        )
        repeated = False

        async def send(client: Client) -> None:
            nonlocal repeated
            try:
                await client.workflow_service.signal_workflow_execution(request, timeout=CALL_TIMEOUT)
            except RPCError as error:
                if not (repeated and error.status == RPCStatusCode.NOT_FOUND):
                    raise
            finally:
                repeated = True

        await self.clients.insist(send)
