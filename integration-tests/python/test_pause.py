"""Operators pause a workflow and let it go on."""

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    PauseWorkflowExecutionRequest,
    QueryWorkflowRequest,
    UnpauseWorkflowExecutionRequest,
)

from programs.signals import CollectWorkflow
from support.awaiting import await_until
from support.env import Env, event_names


async def test_a_paused_workflow_keeps_what_comes_and_goes_on(env: Env):
    service = env.client.workflow_service
    about = {"namespace": env.client.namespace, "workflow_id": env.id(), "identity": "operator"}
    async with env.worker([CollectWorkflow]):
        handle = await env.start(CollectWorkflow.run, ["a"])
        assert await handle.query(CollectWorkflow.collected) == ["a"]
        await service.pause_workflow_execution(PauseWorkflowExecutionRequest(reason="lunch", request_id="r", **about))
        # The SDK does not know the status Paused, so this asks by the API itself.
        request = DescribeWorkflowExecutionRequest(namespace=env.client.namespace, execution=WorkflowExecution(workflow_id=env.id()))
        described = await service.describe_workflow_execution(request)
        info = described.workflow_extended_info.pause_info
        assert (described.workflow_execution_info.status, info.identity, info.reason) == (8, "operator", "lunch")
        await handle.signal(CollectWorkflow.add, "b")
        query = QueryWorkflowRequest(namespace=env.client.namespace, execution=WorkflowExecution(workflow_id=env.id()))
        query.query.query_type = "collected"
        assert (await service.query_workflow(query)).query_rejected.status == 8

        async def listed():
            query = f"ExecutionStatus = 'Paused' AND TemporalPauseInfo = 'Workflow:{env.id()}'"
            return (await env.client.count_workflows(query)).count == 1

        await await_until(listed, "the list shows that it is paused")
        await service.unpause_workflow_execution(UnpauseWorkflowExecutionRequest(request_id="r2", **about))
        await handle.signal(CollectWorkflow.finish)
        assert await handle.result() == ["a", "b"]
    names = await event_names(handle)
    paused, unpaused = names.index("WorkflowExecutionPaused"), names.index("WorkflowExecutionUnpaused")
    assert names[paused : unpaused + 1] == ["WorkflowExecutionPaused", "WorkflowExecutionSignaled", "WorkflowExecutionUnpaused"]
