"""Activity retries: the server repeats, gives up, or does not even begin."""

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ActivityError, ApplicationError, RetryState

from programs.retrying import FailWithTypeWorkflow, RetryUntilWorkflow, fail_with_type, succeed_on_attempt
from support.env import Env, events

ACTIVITIES = [succeed_on_attempt, fail_with_type]


async def failed(env: Env, *args) -> tuple:
    """Run the failing workflow; its activity error, that error's cause, and the handle."""
    handle = await env.start(FailWithTypeWorkflow.run, *args)
    with pytest.raises(WorkflowFailureError) as caught:
        await handle.result()
    activity_error = caught.value.cause
    assert isinstance(activity_error, ActivityError)
    assert isinstance(activity_error.cause, ApplicationError)
    return activity_error, activity_error.cause, handle


async def test_an_activity_that_succeeds_on_attempt_3_leaves_one_started_event_with_its_last_failure(env: Env):
    async with env.worker([RetryUntilWorkflow], ACTIVITIES):
        handle = await env.start(RetryUntilWorkflow.run, 3)
        assert await handle.result() == 3
    (started,) = await events(handle, "activity_task_started")
    assert started.attempt == 3
    assert started.last_failure.message == "attempt 2 is too early"
    assert started.last_failure.application_failure_info.type == "TooEarly"


async def test_a_listed_error_type_is_not_retried(env: Env):
    async with env.worker([FailWithTypeWorkflow], ACTIVITIES):
        error, cause, handle = await failed(env, "Fatal", False)
    assert error.retry_state == RetryState.NON_RETRYABLE_FAILURE
    assert error.activity_type == "fail_with_type"
    assert (cause.type, cause.message, list(cause.details)) == ("Fatal", "on purpose", [{"why": "test"}])
    (started,) = await events(handle, "activity_task_started")
    assert started.attempt == 1


async def test_a_failure_marked_non_retryable_is_not_retried(env: Env):
    async with env.worker([FailWithTypeWorkflow], ACTIVITIES):
        error, cause, handle = await failed(env, "Other", True)
    assert error.retry_state == RetryState.NON_RETRYABLE_FAILURE
    assert cause.non_retryable
    (started,) = await events(handle, "activity_task_started")
    assert started.attempt == 1


async def test_a_retryable_failure_ends_at_maximum_attempts(env: Env):
    async with env.worker([FailWithTypeWorkflow], ACTIVITIES):
        error, cause, handle = await failed(env, "Other", False)
    assert error.retry_state == RetryState.MAXIMUM_ATTEMPTS_REACHED
    assert cause.type == "Other"
    (started,) = await events(handle, "activity_task_started")
    assert started.attempt == 5
