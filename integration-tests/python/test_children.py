"""Children: results, failures and ends that come back, and what becomes of children whose parent closes."""

from temporalio.client import WorkflowExecutionStatus

from programs.children import ChildWorkflow, FollowingWorkflow, ManyChildrenWorkflow, ParentWorkflow, Plan, PoliciesWorkflow
from programs.continue_as_new import CountdownWorkflow
from support.awaiting import await_until
from support.env import Env, event_names, events


async def test_a_result_comes_back(env: Env):
    async with env.worker([ParentWorkflow, ChildWorkflow]):
        handle = await env.start(ParentWorkflow.run, Plan(value=21), None)
        assert await handle.result() == "result 42"
    child = env.client.get_workflow_handle(env.id("wf-child"))
    (started,) = await events(child, "workflow_execution_started")
    assert (started.parent_workflow_execution.workflow_id, started.parent_workflow_execution.run_id) == (handle.id, handle.result_run_id)
    assert started.root_workflow_execution.workflow_id == handle.id
    (initiated,) = await events(handle, "start_child_workflow_execution_initiated")
    (begun,) = await events(handle, "child_workflow_execution_started")
    assert initiated.namespace_id == begun.namespace_id == started.parent_workflow_namespace_id != ""
    description = await child.describe()
    assert (description.parent_id, description.parent_run_id) == (handle.id, handle.result_run_id)
    assert (description.root_id, description.root_run_id) == (handle.id, handle.result_run_id)

    async def is_found() -> bool:
        found = [row.id async for row in env.client.list_workflows(f"ParentWorkflowId = '{handle.id}'")]
        assert found == [child.id]
        return True

    await await_until(is_found, "lists find the child by its parent")


async def test_a_failure_comes_back(env: Env):
    async with env.worker([ParentWorkflow, ChildWorkflow]):
        assert await env.execute(ParentWorkflow.run, Plan("fail"), None) == "failed Boom: boom"


async def test_a_timeout_comes_back(env: Env):
    async with env.worker([ParentWorkflow, ChildWorkflow]):
        assert await env.execute(ParentWorkflow.run, Plan("wait"), 1.0) == "TimeoutError"


async def test_a_termination_and_a_cancellation_come_back(env: Env):
    async with env.worker([ParentWorkflow, ChildWorkflow]):
        for end, told in (("terminate", "TerminatedError"), ("cancel", "CancelledError")):
            handle = await env.start(ParentWorkflow.run, Plan("wait"), None, id=env.id(end))
            child = env.client.get_workflow_handle(f"{handle.id}-child")

            async def is_pending() -> bool:
                description = await handle.describe()
                return [pending.workflow_id for pending in description.raw_description.pending_children if pending.run_id] == [child.id]

            await await_until(is_pending, "the parent knows of its child")
            await getattr(child, end)()
            assert await handle.result() == told


async def test_a_taken_id_is_told(env: Env):
    async with env.worker([ParentWorkflow, ChildWorkflow]):
        await env.start(ChildWorkflow.run, Plan("wait"), id=env.id("wf-child"))
        assert await env.execute(ParentWorkflow.run, Plan(), None) == "already started ChildWorkflow"


async def test_children_of_a_closed_parent_end_by_their_policies(env: Env):
    async with env.worker([PoliciesWorkflow, ChildWorkflow]):
        handle = await env.start(PoliciesWorkflow.run)

        async def all_run() -> bool:
            return len(await handle.query(PoliciesWorkflow.children)) == 3

        await await_until(all_run, "all children have started")
        await handle.signal(PoliciesWorkflow.finish)
        await handle.result()
        for name, status in (
            ("terminate", WorkflowExecutionStatus.TERMINATED),
            ("cancel", WorkflowExecutionStatus.CANCELED),
            ("abandon", WorkflowExecutionStatus.RUNNING),
        ):
            child = env.client.get_workflow_handle(env.id(f"wf-{name}"))

            async def has_ended() -> bool:
                assert (await child.describe()).status == status, name
                return True

            await await_until(has_ended, f"the child under {name}")
        await child.terminate()


async def test_a_childs_chain_of_runs_has_one_end(env: Env):
    async with env.worker([FollowingWorkflow, CountdownWorkflow]):
        handle = await env.start(FollowingWorkflow.run, 2)
        runs = await handle.result()
    assert len(set(runs)) == 3
    names = await event_names(handle)
    assert names.count("ChildWorkflowExecutionStarted") == names.count("ChildWorkflowExecutionCompleted") == 1
    (started,) = await events(handle, "child_workflow_execution_started")
    (completed,) = await events(handle, "child_workflow_execution_completed")
    assert (started.workflow_execution.run_id, completed.workflow_execution.run_id) == (runs[0], runs[-1])


async def test_many_children_run_side_by_side(env: Env):
    async with env.worker([ManyChildrenWorkflow, ChildWorkflow]):
        assert await env.execute(ManyChildrenWorkflow.run, 50) == 50 * 49
