"""Completion callbacks: what a server of the user's is told when a workflow has closed."""

import json
from typing import List

from temporalio.api.common.v1 import Callback, WorkflowExecution, WorkflowType
from temporalio.api.enums.v1 import CallbackState
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    StartWorkflowExecutionRequest,
    TerminateWorkflowExecutionRequest,
)

from programs.hello import HelloWorkflow, compose_greeting
from support.awaiting import await_until
from support.env import Env
from support.targets import Target


async def start(env: Env, target: Target, workflow_id: str = "wf", name: str = "HelloWorkflow") -> str:
    """Start a workflow that tells the target of its end; the workflow id."""
    converter = env.client.data_converter
    await env.client.workflow_service.start_workflow_execution(
        StartWorkflowExecutionRequest(
            namespace=env.client.namespace,
            workflow_id=env.id(workflow_id),
            workflow_type=WorkflowType(name=name),
            task_queue=TaskQueue(name=env.task_queue),
            request_id=env.id(workflow_id),
            input=await converter.encode_wrapper(["Ada"]),
            completion_callbacks=[Callback(nexus=Callback.Nexus(url=target.url, header={"Some-Token": "token"}))],
        )
    )
    return env.id(workflow_id)


async def states(env: Env, workflow_id: str) -> List[object]:
    """The callbacks as describe shows them."""
    description = await env.client.workflow_service.describe_workflow_execution(
        DescribeWorkflowExecutionRequest(
            namespace=env.client.namespace, execution=WorkflowExecution(workflow_id=workflow_id)
        )
    )
    return list(description.callbacks)


async def until(env: Env, workflow_id: str, state: "CallbackState.ValueType") -> object:
    """The workflow's callback, once it is in this state."""

    async def probe() -> object:
        (callback,) = await states(env, workflow_id)
        return callback if callback.state == state else None

    return await await_until(probe, CallbackState.Name(state), 30)


async def terminate(env: Env, workflow_id: str) -> None:
    """Close the workflow from outside."""
    await env.client.workflow_service.terminate_workflow_execution(
        TerminateWorkflowExecutionRequest(
            namespace=env.client.namespace, workflow_execution=WorkflowExecution(workflow_id=workflow_id)
        )
    )


async def test_a_result_is_told(env: Env):
    with Target() as target:
        workflow_id = await start(env, target)
        (callback,) = await states(env, workflow_id)
        assert callback.state == CallbackState.CALLBACK_STATE_STANDBY
        async with env.worker([HelloWorkflow], [compose_greeting]):
            callback = await until(env, workflow_id, CallbackState.CALLBACK_STATE_SUCCEEDED)
    assert callback.attempt == 1
    (request,) = target.requests
    assert request.path == "/callback"
    assert request.headers["nexus-operation-state"] == "succeeded"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["some-token"] == "token"
    assert request.headers["nexus-link"].startswith("<temporal:///namespaces/")
    assert "Ada" in json.loads(request.body)


async def test_what_the_target_refuses_is_not_tried_again(env: Env):
    with Target(lambda attempt: 400) as target:
        workflow_id = await start(env, target)
        await terminate(env, workflow_id)
        callback = await until(env, workflow_id, CallbackState.CALLBACK_STATE_FAILED)
    assert len(target.requests) == callback.attempt == 1
    assert callback.last_attempt_failure.message == "handler error (BAD_REQUEST)"
    assert target.requests[0].headers["nexus-operation-state"] == "failed"
    assert json.loads(target.requests[0].body)["message"] == "operation terminated"


async def test_what_the_target_cannot_take_now_is_tried_again(env: Env):
    with Target(lambda attempt: 503 if attempt == 1 else 200) as target:
        workflow_id = await start(env, target)
        await terminate(env, workflow_id)
        callback = await until(env, workflow_id, CallbackState.CALLBACK_STATE_SUCCEEDED)
    assert len(target.requests) == callback.attempt == 2


async def test_a_slow_target_holds_up_no_other(env: Env):
    with Target(held=True) as slow, Target() as quick:
        for n in range(20):
            await terminate(env, await start(env, slow, f"slow-{n}"))
        for n in range(5):
            workflow_id = await start(env, quick, f"quick-{n}")
            await terminate(env, workflow_id)
            await until(env, workflow_id, CallbackState.CALLBACK_STATE_SUCCEEDED)
        (callback,) = await states(env, env.id("slow-0"))
        assert callback.state == CallbackState.CALLBACK_STATE_SCHEDULED
        slow.release()
        for n in range(20):
            # Callbacks that go on would write while the suites' consumers read.
            await until(env, env.id(f"slow-{n}"), CallbackState.CALLBACK_STATE_SUCCEEDED)
