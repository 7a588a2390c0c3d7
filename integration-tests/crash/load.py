"""Orders kept in flight while their server dies, by requests that are sent again until answered."""

import asyncio
import random
import uuid
from datetime import timedelta
from typing import Dict, List

from google.protobuf.duration_pb2 import Duration
from temporalio.api.common.v1 import Payloads, WorkflowExecution, WorkflowType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import (
    ExecuteMultiOperationRequest,
    ResetWorkflowExecutionRequest,
    SignalWorkflowExecutionRequest,
    StartWorkflowExecutionRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from insist import CALL_TIMEOUT, Clients
from programs import TASK_TIMEOUT, Order, Receipt
from updates import ACCEPTED, Updates, is_not_ready

#: The share of orders that are reset.
RESETS = 0.15
#: The share of orders that begin by an update with start.
WITH_UPDATE = 0.3
#: How long one wait for a result may take before it is asked for again, perhaps of another server.
RESULT_TIMEOUT = timedelta(seconds=15)


class Load:
    """Drivers that keep `in_flight` orders open; each starts two neighbours, signals and updates them twice, resets some, awaits their
    receipts, and begins again.
    """

    def __init__(self, clients: Clients, task_queue: str, in_flight: int, chance: random.Random) -> None:
        self.clients = clients
        self.task_queue = task_queue
        self.chance = chance
        #: Workflow id → run id of every start that was answered, or of the reset that followed it.
        self.acknowledged: Dict[str, str] = {}
        #: Workflow id → run id of the run that was reset.
        self.reset_from: Dict[str, str] = {}
        #: Workflow id → that of the order that tells it something.
        self.neighbours: Dict[str, str] = {}
        #: Workflow id → what its result was.
        self.receipts: Dict[str, Receipt] = {}
        self.updates = Updates(clients, self.reset_from, chance)
        self._next = 0
        self._ending = False
        self._drivers: List[asyncio.Task] = [asyncio.create_task(self._drive()) for _ in range(max(1, in_flight // 2))]

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
            numbers = (self._next + 1, self._next + 2)
            self._next += 2
            one, other = (f"{self.task_queue}-{number}" for number in numbers)
            self.neighbours |= {one: other, other: one}
            for number, workflow_id in zip(numbers, (one, other)):
                order = Order(number, self.chance.uniform(0.1, 1.5), self.neighbours[workflow_id])
                self.acknowledged[workflow_id] = await self._start(workflow_id, order)
            await asyncio.gather(self._go_on(one), self._go_on(other))

    async def _go_on(self, workflow_id: str) -> None:
        """Signals and updates the order, resets it perhaps, and awaits its receipt."""
        updating = asyncio.create_task(self.updates.send_all(workflow_id))
        try:
            await self._signal_and_reset(workflow_id)
            await updating
        finally:
            updating.cancel()

        async def result(client: Client) -> Receipt:
            handle = client.get_workflow_handle(workflow_id, run_id=self.acknowledged[workflow_id], result_type=Receipt)
            return await handle.result(rpc_timeout=RESULT_TIMEOUT)

        self.receipts[workflow_id] = await self.clients.insist(result)

    async def _signal_and_reset(self, workflow_id: str) -> None:
        # Nothing, or the number of signals that come before the reset.
        reset_after = self.chance.randrange(3) if self.chance.random() < RESETS else None
        for sent, text in enumerate(("first", "second", None)):
            if sent == reset_after:
                await self._reset(workflow_id)
            if text is not None:
                await asyncio.sleep(self.chance.uniform(0, 0.6))
                await self._signal(workflow_id, self.acknowledged[workflow_id], text)

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
        if self.chance.random() < WITH_UPDATE:
            return await self._start_with_update(request)
        answer = await self.clients.insist(
            lambda client: client.workflow_service.start_workflow_execution(request, retry=True, timeout=CALL_TIMEOUT)
        )
        return answer.run_id

    async def _start_with_update(self, start: StartWorkflowExecutionRequest) -> str:
        """Start with an update, until both are answered: the update that is sent to every order, which has its id."""
        update = self.updates.request(start.workflow_id, "amend")
        update.wait_policy.lifecycle_stage = ACCEPTED
        request = ExecuteMultiOperationRequest(namespace=start.namespace)
        request.operations.add().start_workflow.CopyFrom(start)
        request.operations.add().update_workflow.CopyFrom(update)
        while True:
            try:
                answer = await self.clients.insist(
                    lambda client: client.workflow_service.execute_multi_operation(request, timeout=CALL_TIMEOUT)
                )
            except RPCError as error:
                if not is_not_ready(error):
                    raise
                await asyncio.sleep(0.1)
                continue
            if answer.responses[1].update_workflow.stage >= ACCEPTED:
                return answer.responses[0].start_workflow.run_id

    async def _reset(self, workflow_id: str) -> None:
        """Reset to the last workflow task that has ended, with one request id however often it takes."""
        base = self.acknowledged[workflow_id]
        self.reset_from[workflow_id] = base

        async def task(client: Client) -> int:
            while True:
                history = await client.get_workflow_handle(workflow_id, run_id=base).fetch_history(rpc_timeout=CALL_TIMEOUT)
                for event in reversed(history.events):
                    if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
                        return event.event_id
                await asyncio.sleep(0.1)

        request = ResetWorkflowExecutionRequest(
            namespace=self.clients.any.namespace,
            request_id=str(uuid.uuid4()),
            workflow_execution=WorkflowExecution(workflow_id=workflow_id, run_id=base),
            workflow_task_finish_event_id=await self.clients.insist(task),
            reason="drawn",
        )
        answer = await self.clients.insist(
            lambda client: client.workflow_service.reset_workflow_execution(request, timeout=CALL_TIMEOUT)
        )
        self.acknowledged[workflow_id] = answer.run_id

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
