"""Activities that fail, and what retry policies make of it."""

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError


@activity.defn
async def succeed_on_attempt(wanted: int) -> int:
    """Fails until attempt `wanted`, which returns its own number."""
    attempt = activity.info().attempt
    if attempt < wanted:
        raise ApplicationError(f"attempt {attempt} is too early", type="TooEarly")
    return attempt


@activity.defn
async def fail_with_type(type_name: str, non_retryable: bool) -> None:
    raise ApplicationError("on purpose", {"why": "test"}, type=type_name, non_retryable=non_retryable)


FAST = RetryPolicy(
    initial_interval=timedelta(milliseconds=50),
    backoff_coefficient=1.0,
    maximum_attempts=5,
    non_retryable_error_types=["Fatal"],
)


@workflow.defn
class RetryUntilWorkflow:
    @workflow.run
    async def run(self, wanted: int) -> int:
        return await workflow.execute_activity(
            succeed_on_attempt, wanted, start_to_close_timeout=timedelta(seconds=10), retry_policy=FAST
        )


@workflow.defn
class FailWithTypeWorkflow:
    @workflow.run
    async def run(self, type_name: str, non_retryable: bool) -> None:
        await workflow.execute_activity(
            fail_with_type,
            args=[type_name, non_retryable],
            start_to_close_timeout=timedelta(seconds=10),
            retry_policy=FAST,
        )
