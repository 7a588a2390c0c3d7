"""A workflow of one activity."""

from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def compose_greeting(greeting: str, name: str) -> str:
    return f"{greeting}, {name}!"


@workflow.defn
class HelloWorkflow:
    @workflow.run
    async def run(self, name: str) -> str:
        return await workflow.execute_activity(
            compose_greeting, args=["Hello", name], start_to_close_timeout=timedelta(seconds=10)
        )
