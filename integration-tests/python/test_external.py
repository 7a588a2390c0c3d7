"""Workflows signal and cancel other workflows, and learn when these are not there."""

import asyncio

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import CancelledError

from programs.external import (
    CancelOtherWorkflow,
    FanOutWorkflow,
    ForwardWorkflow,
    MissingTargetWorkflow,
    SleepWorkflow,
)
from programs.signals import CollectWorkflow
from support.env import Env, event_names, events


async def test_a_workflow_signals_another(env: Env):
    async with env.worker([CollectWorkflow, ForwardWorkflow]):
        target = await env.start(CollectWorkflow.run, [], id=env.id("target"))
        source = await env.start(ForwardWorkflow.run, target.id, ["a", "b", "c"], id=env.id("source"))
        assert await source.result() == "forwarded"
        assert await target.result() == ["a", "b", "c"]
    names = await event_names(source)
    assert names.count("SignalExternalWorkflowExecutionInitiated") == names.count("ExternalWorkflowExecutionSignaled") == 4
    for signaled in await events(target, "workflow_execution_signaled"):
        assert signaled.external_workflow_execution.workflow_id == source.id
        assert signaled.external_workflow_execution.run_id == source.first_execution_run_id


async def test_a_workflow_signals_many_others_at_once(env: Env):
    async with env.worker([CollectWorkflow, FanOutWorkflow]):
        targets = await asyncio.gather(*(env.start(CollectWorkflow.run, [], id=env.id(f"target-{n}")) for n in range(20)))
        source = await env.start(FanOutWorkflow.run, [target.id for target in targets], id=env.id("source"))
        assert await source.result() == 20
        for target in targets:
            assert await target.result() == ["all at once"]


@pytest.mark.parametrize("by_run", [False, True])
async def test_a_workflow_cancels_another(env: Env, by_run: bool):
    async with env.worker([SleepWorkflow, CancelOtherWorkflow]):
        target = await env.start(SleepWorkflow.run, id=env.id("target"))
        run_id = target.first_execution_run_id if by_run else ""
        source = await env.start(CancelOtherWorkflow.run, target.id, run_id, id=env.id("source"))
        assert await source.result() == "cancelled"
        with pytest.raises(WorkflowFailureError) as caught:
            await target.result()
        assert isinstance(caught.value.cause, CancelledError)
    (requested,) = await events(target, "workflow_execution_cancel_requested")
    assert requested.external_workflow_execution.workflow_id == source.id


async def test_a_workflow_that_is_not_there_is_not_found(env: Env):
    async with env.worker([MissingTargetWorkflow]):
        source = await env.start(MissingTargetWorkflow.run, env.id("nobody"))
        told = await source.result()
    assert len(told) == 2 and all("not found" in text for text in told), told
