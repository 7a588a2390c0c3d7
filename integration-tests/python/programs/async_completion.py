"""An activity that ends outside its worker."""

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.workflow import ActivityCancellationType

ACTIVITY_ID = "ask-a-person"


@activity.defn
async def ask_a_person(question: str) -> str:
    activity.raise_complete_async()


@workflow.defn
class AskWorkflow:
    @workflow.run
    async def run(self, question: str) -> str:
        return await workflow.execute_activity(
            ask_a_person,
            question,
            activity_id=ACTIVITY_ID,
            start_to_close_timeout=timedelta(seconds=30),
            retry_policy=RetryPolicy(maximum_attempts=1),
            cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        )
