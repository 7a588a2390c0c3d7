"""Continue-as-new: a chain of runs that a waiting client follows to its end."""

from temporalio.client import WorkflowExecutionStatus

from programs.continue_as_new import CountdownWorkflow
from support.env import Env, event_names, events


async def test_a_client_follows_the_chain_to_its_last_result(env: Env):
    async with env.worker([CountdownWorkflow]):
        handle = await env.start(CountdownWorkflow.run, 3, [], memo={"note": "kept"})
        runs = await handle.result()
    assert runs[0] == handle.result_run_id
    assert len(set(runs)) == 4

    for position, run_id in enumerate(runs):
        run = env.client.get_workflow_handle(handle.id, run_id=run_id)
        (started,) = await events(run, "workflow_execution_started")
        assert started.first_execution_run_id == runs[0]
        assert started.continued_execution_run_id == (runs[position - 1] if position else "")
        last = (await event_names(run))[-1]
        description = await run.describe()
        assert await description.memo_value("note") == "kept"
        if position < 3:
            assert last == "WorkflowExecutionContinuedAsNew"
            assert description.status == WorkflowExecutionStatus.CONTINUED_AS_NEW
            (continued,) = await events(run, "workflow_execution_continued_as_new")
            assert continued.new_execution_run_id == runs[position + 1]
        else:
            assert last == "WorkflowExecutionCompleted"
            assert description.status == WorkflowExecutionStatus.COMPLETED


async def test_a_handle_without_a_run_id_means_the_latest_run(env: Env):
    async with env.worker([CountdownWorkflow]):
        handle = await env.start(CountdownWorkflow.run, 1, [])
        runs = await handle.result()
    latest = await env.client.get_workflow_handle(handle.id).describe()
    assert latest.run_id == runs[-1]
