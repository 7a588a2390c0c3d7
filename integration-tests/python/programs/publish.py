"""A workflow that publishes a text on the destination `ledger`."""

from datetime import timedelta

from temporalio import workflow


@workflow.defn(name="Publish")
class PublishWorkflow:
    @workflow.run
    async def run(self, text: str) -> None:
        argument = {"destination": "ledger", "key": "k", "value": text}
        await workflow.execute_activity("klamm.publish", argument, task_queue="klamm", start_to_close_timeout=timedelta(seconds=10))
