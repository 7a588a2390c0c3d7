"""Operators pause, unpause and reset an activity, and give it other options."""

from temporalio.api.activity.v1 import ActivityOptions
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflowservice.v1 import (
    PauseActivityRequest,
    ResetActivityRequest,
    UnpauseActivityRequest,
    UpdateActivityOptionsRequest,
)

from programs.operated import OperatedWorkflow, Patient
from support.awaiting import await_until
from support.env import Env


async def pending(handle):
    """The one pending activity, None when there is none."""
    activities = (await handle.describe()).raw_description.pending_activities
    return activities[0] if activities else None


async def await_state(handle, state: str):
    """Waits until the activity is shown in this state."""

    async def shown():
        activity = await pending(handle)
        return activity and PendingActivityState.Name(activity.state) == f"PENDING_ACTIVITY_STATE_{state}"

    await await_until(shown, f"the activity is {state}")
    return await pending(handle)


def about(env: Env, request, **fields):
    """A request about the activities of type `patient`."""
    execution = WorkflowExecution(workflow_id=env.id())
    return request(namespace=env.client.namespace, execution=execution, type="patient", identity="operator", **fields)


async def test_a_paused_activity_is_told_waits_and_goes_on(env: Env):
    service, patient = env.client.workflow_service, Patient("waits")
    async with env.worker([OperatedWorkflow], [patient.run]):
        handle = await env.start(OperatedWorkflow.run, 0.05)
        await await_state(handle, "STARTED")
        await service.pause_activity(about(env, PauseActivityRequest, reason="lunch", request_id="r"))
        shown = await await_state(handle, "PAUSED")
        assert (shown.paused, shown.pause_info.manual.identity, shown.pause_info.manual.reason) == (True, "operator", "lunch")
        assert (shown.attempt, shown.last_failure.message, patient.told) == (2, "told to stop", ["paused"])

        async def listed():
            query = f"TemporalPauseInfo = 'property:activityType=patient' AND WorkflowId = '{env.id()}'"
            return len([run async for run in env.client.list_workflows(query)]) == 1

        await await_until(listed, "the list shows what is paused")
        await service.unpause_activity(about(env, UnpauseActivityRequest))
        assert await handle.result() == "attempt 2"
    assert "TemporalPauseInfo" not in (await handle.describe()).raw_description.workflow_execution_info.search_attributes.indexed_fields


async def test_a_reset_activity_begins_again_at_once(env: Env):
    async with env.worker([OperatedWorkflow], [Patient("fails").run]):
        handle = await env.start(OperatedWorkflow.run, 100.0)

        async def has_failed():
            activity = await pending(handle)
            return activity and activity.attempt == 2

        await await_until(has_failed, "the first attempt has failed")
        await env.client.workflow_service.reset_activity(about(env, ResetActivityRequest))
        assert await handle.result() == "attempt 1"


async def test_an_attempt_under_way_is_told_of_its_reset(env: Env):
    patient = Patient("waits")
    async with env.worker([OperatedWorkflow], [patient.run]):
        handle = await env.start(OperatedWorkflow.run, 0.05)
        await await_state(handle, "STARTED")
        await env.client.workflow_service.reset_activity(about(env, ResetActivityRequest))
        assert await handle.result() == "attempt 2"
    assert patient.told == ["reset"]


async def test_other_options_bring_the_next_attempt(env: Env):
    async with env.worker([OperatedWorkflow], [Patient("fails").run]):
        handle = await env.start(OperatedWorkflow.run, 100.0)

        async def has_failed():
            activity = await pending(handle)
            return activity and activity.attempt == 2

        await await_until(has_failed, "the first attempt has failed")
        options = ActivityOptions()
        options.retry_policy.initial_interval.FromMilliseconds(50)
        options.heartbeat_timeout.FromSeconds(20)
        request = about(env, UpdateActivityOptionsRequest, activity_options=options)
        request.update_mask.paths.extend(["retry_policy.initial_interval", "heartbeat_timeout"])
        answer = await env.client.workflow_service.update_activity_options(request)
        assert answer.activity_options.heartbeat_timeout.seconds == 20
        assert answer.activity_options.start_to_close_timeout.seconds == 30
        assert await handle.result() == "attempt 2"
