"""Updates of orders, sent again until they are answered; what was answered once must stay answered."""

import asyncio
import random
from dataclasses import dataclass
from typing import Dict, List, Optional, Tuple

from temporalio.api.common.v1 import Payload, Payloads, WorkflowExecution
from temporalio.api.enums.v1 import UpdateWorkflowExecutionLifecycleStage as Stage
from temporalio.api.update.v1 import Outcome, UpdateRef, WaitPolicy
from temporalio.api.workflowservice.v1 import (
    PollWorkflowExecutionUpdateRequest,
    UpdateWorkflowExecutionRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from insist import CALL_TIMEOUT, Clients
from programs import REFUSED

COMPLETED = Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED
ACCEPTED = Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED
#: What an update becomes of that its run had accepted when the run ended.
CUT_OFF = "AcceptedUpdateCompletedWorkflow"
#: How many answers are asked for again after each kill.
SAMPLE = 40
#: How many calls at a time ask for answers again.
AT_A_TIME = 20


@dataclass(frozen=True)
class Answer:
    """What an update was answered with, and by which run."""

    workflow_id: str
    run_id: str
    update_id: str
    text: str


def refused_id(workflow_id: str) -> str:
    """The id of the update that the order refuses."""
    return f"{workflow_id}-amend {REFUSED}"


def is_not_ready(error: RPCError) -> bool:
    """Whether a run took no update because its workflow task fails: tasks that were lost with their server fail by their timeouts."""
    return error.status == RPCStatusCode.FAILED_PRECONDITION and b"WorkflowNotReadyFailure" in error.raw_grpc_status


class Updates:
    """The updates of all orders. Each order has one of each kind that it takes, and some have one that it refuses."""

    def __init__(self, clients: Clients, reset_from: Dict[str, str], chance: random.Random) -> None:
        self.clients = clients
        #: The orders that were reset, which cuts updates off.
        self.reset_from = reset_from
        self.chance = chance
        #: Workflow id and name to the answer.
        self.answers: Dict[Tuple[str, str], Answer] = {}
        #: How many updates were refused.
        self.refused = 0
        #: How many updates were cut off by a reset and taken by the new run, and how many calls were made in all.
        self.cut_off = 0
        self.calls = 0
        self.polls = 0

    def request(self, workflow_id: str, name: str) -> UpdateWorkflowExecutionRequest:
        """The request for an update of whichever run is current. Its id is the same whenever it is sent."""
        request = UpdateWorkflowExecutionRequest(
            namespace=self.clients.any.namespace,
            workflow_execution=WorkflowExecution(workflow_id=workflow_id),
            wait_policy=WaitPolicy(lifecycle_stage=COMPLETED),
        )
        request.request.meta.update_id = f"{workflow_id}-{name}"
        request.request.input.name = name.split()[0]
        request.request.input.args.CopyFrom(self._payloads(name))
        return request

    def _payloads(self, text: str) -> Payloads:
        return Payloads(payloads=self.clients.any.data_converter.payload_converter.to_payloads([text]))

    async def send_all(self, workflow_id: str) -> None:
        """Send the order's updates at random moments and await their outcomes."""
        await asyncio.gather(self._send(workflow_id, "amend"), self._try_and_revise(workflow_id))

    async def _try_and_revise(self, workflow_id: str) -> None:
        """In this order, because the order ends only after it was revised."""
        await self._try(workflow_id)
        await self._send(workflow_id, "revise")

    async def _send(self, workflow_id: str, name: str) -> None:
        await asyncio.sleep(self.chance.uniform(0, 1.2))
        request = self.request(workflow_id, name)
        if self.chance.random() < 0.5:
            await self._accepted(request)
        while True:
            outcome, run_id = await self._outcome(request)
            if outcome.HasField("success"):
                break
            assert self._is_cut_off(outcome, workflow_id), f"{request.request.meta.update_id} failed: {outcome}"
            self.cut_off += 1
        text = self._text(outcome.success.payloads[0])
        self.answers[workflow_id, name] = Answer(workflow_id, run_id, request.request.meta.update_id, text)

    async def _try(self, workflow_id: str) -> None:
        """Perhaps send one that the order refuses."""
        if self.chance.random() < 0.5:
            return
        await asyncio.sleep(self.chance.uniform(0, 0.6))
        request = self.request(workflow_id, f"amend {REFUSED}")
        assert request.request.meta.update_id == refused_id(workflow_id)
        outcome, _ = await self._outcome(request)
        assert outcome.failure.message == REFUSED, outcome
        self.refused += 1

    async def _accepted(self, request: UpdateWorkflowExecutionRequest) -> None:
        """Wait until the update is accepted, as a caller does who asks for its outcome later."""
        first = UpdateWorkflowExecutionRequest()
        first.CopyFrom(request)
        first.wait_policy.lifecycle_stage = ACCEPTED
        await self._call(first)

    async def _outcome(self, request: UpdateWorkflowExecutionRequest) -> Tuple[Outcome, str]:
        """The outcome, and the run that it is of."""
        while True:
            answer = await self._call(request)
            if answer.stage == COMPLETED:
                return answer.outcome, answer.update_ref.workflow_execution.run_id

    async def _call(self, request: UpdateWorkflowExecutionRequest):
        """Send the update until a server takes it."""

        async def send(client: Client):
            self.calls += 1
            return await client.workflow_service.update_workflow_execution(request, timeout=CALL_TIMEOUT)

        while True:
            try:
                return await self.clients.insist(send)
            except RPCError as error:
                if not self._is_to_be_repeated(error, request.workflow_execution.workflow_id):
                    raise
                await asyncio.sleep(0.1)

    def _is_to_be_repeated(self, error: RPCError, workflow_id: str) -> bool:
        """Whether this error tells to send the update again: the run is not ready, or a reset has ended the run that the update waited for."""
        ended = error.status == RPCStatusCode.NOT_FOUND and "aborted by closing workflow" in error.message
        return is_not_ready(error) or ended and workflow_id in self.reset_from

    def _is_cut_off(self, outcome: Outcome, workflow_id: str) -> bool:
        return workflow_id in self.reset_from and outcome.failure.application_failure_info.type == CUT_OFF

    def _text(self, payload: Payload) -> str:
        return self.clients.any.data_converter.payload_converter.from_payload(payload, str)

    async def check_answers(self, answers: Optional[List[Answer]] = None) -> None:
        """Ask by id for outcomes that were answered before: for these, or for some of all."""
        if answers is None:
            known = list(self.answers.values())
            answers = self.chance.sample(known, min(SAMPLE, len(known)))
        gate = asyncio.Semaphore(AT_A_TIME)

        async def one(answer: Answer) -> None:
            async with gate:
                await self._check_answer(answer)

        await asyncio.gather(*(one(answer) for answer in answers))

    async def _check_answer(self, answer: Answer) -> None:
        execution = WorkflowExecution(workflow_id=answer.workflow_id, run_id=answer.run_id)
        request = PollWorkflowExecutionUpdateRequest(
            namespace=self.clients.any.namespace,
            update_ref=UpdateRef(workflow_execution=execution, update_id=answer.update_id),
            wait_policy=WaitPolicy(lifecycle_stage=COMPLETED),
        )
        found = await self.clients.insist(
            lambda client: client.workflow_service.poll_workflow_execution_update(request, timeout=CALL_TIMEOUT)
        )
        assert found.stage == COMPLETED and found.outcome.HasField("success"), f"{answer} is answered with {found} now"
        text = self._text(found.outcome.success.payloads[0])
        assert text == answer.text, f"{answer} is answered with {text} now"
        self.polls += 1
