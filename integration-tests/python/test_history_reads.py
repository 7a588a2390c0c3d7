"""Reading histories: by pages, backwards, waiting for what is not there yet, and only the end."""

import asyncio
from typing import List

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType, HistoryEventFilterType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import (
    GetWorkflowExecutionHistoryRequest,
    GetWorkflowExecutionHistoryReverseRequest,
)
from temporalio.service import RPCError, RPCStatusCode

from programs.hello import HelloWorkflow, compose_greeting
from support.env import Env


async def read(env: Env, **options) -> List[List[HistoryEvent]]:
    """All pages of this test's workflow."""
    request = GetWorkflowExecutionHistoryRequest(
        namespace="default", execution=WorkflowExecution(workflow_id=env.id()), **options
    )
    pages = []
    while True:
        answer = await env.client.workflow_service.get_workflow_execution_history(request)
        pages.append(list(answer.history.events))
        if not answer.next_page_token:
            return pages
        request.next_page_token = answer.next_page_token


async def completed(env: Env) -> None:
    async with env.worker([HelloWorkflow], [compose_greeting]):
        await env.execute(HelloWorkflow.run, "klamm")


async def test_pages_together_are_the_whole_history(env: Env):
    await completed(env)
    (whole,) = await read(env)
    assert [event.event_id for event in whole] == list(range(1, 12))
    pages = await read(env, maximum_page_size=3)
    assert len(pages) > 1
    assert [event for page in pages for event in page] == whole


async def test_the_reverse_history_is_the_history_backwards(env: Env):
    await completed(env)
    (whole,) = await read(env)
    request = GetWorkflowExecutionHistoryReverseRequest(
        namespace="default", execution=WorkflowExecution(workflow_id=env.id()), maximum_page_size=4
    )
    backwards = []
    while True:
        answer = await env.client.workflow_service.get_workflow_execution_history_reverse(request)
        backwards += answer.history.events
        if not answer.next_page_token:
            break
        request.next_page_token = answer.next_page_token
    assert backwards == list(reversed(whole))


async def test_a_long_poll_waits_for_the_next_event(env: Env):
    handle = await env.start(HelloWorkflow.run, "klamm")
    request = GetWorkflowExecutionHistoryRequest(
        namespace="default", execution=WorkflowExecution(workflow_id=handle.id), wait_new_event=True
    )
    service = env.client.workflow_service
    first = await service.get_workflow_execution_history(request)
    assert len(first.history.events) == 2
    assert first.next_page_token, "a running workflow has more to come"
    request.next_page_token = first.next_page_token
    waiting = asyncio.create_task(service.get_workflow_execution_history(request))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    await handle.signal("anything")
    answer = await waiting
    assert answer.history.events[0].event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
    await handle.terminate()


async def test_the_close_event_alone_is_awaited(env: Env):
    handle = await env.start(HelloWorkflow.run, "klamm")
    only_close = HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT
    waiting = asyncio.create_task(read(env, wait_new_event=True, history_event_filter_type=only_close))
    await handle.terminate(reason="enough")
    pages = await waiting
    (close,) = [event for page in pages for event in page]
    assert close.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED


async def test_a_page_token_of_another_making_is_an_invalid_argument(env: Env):
    await completed(env)
    with pytest.raises(RPCError) as caught:
        await read(env, next_page_token=b"made up")
    assert caught.value.status == RPCStatusCode.INVALID_ARGUMENT
