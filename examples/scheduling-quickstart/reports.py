"""The daily report: how many health checks there were on the day before."""

from datetime import datetime, timedelta

from temporalio import activity, workflow
from temporalio.common import SearchAttributeKey

with workflow.unsafe.imports_passed_through():
    from settings import connect

#: The time that a run is for. The server sets it on every run of a schedule.
SCHEDULED_START = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")


@activity.defn
async def count_checks(since: datetime, until: datetime) -> int:
    """The completed health checks that were due in that time."""
    client = await connect()
    query = (
        f"TemporalScheduledById = 'health-check' AND ExecutionStatus = 'Completed'"
        f" AND TemporalScheduledStartTime >= '{since.isoformat()}' AND TemporalScheduledStartTime < '{until.isoformat()}'"
    )
    return (await client.count_workflows(query)).count


@workflow.defn
class DailyReport:
    """A line about the 24 hours before the time that the run is for, whenever it really runs: a backfill reports on the past."""

    @workflow.run
    async def run(self, title: str) -> str:
        until = workflow.info().typed_search_attributes.get(SCHEDULED_START) or workflow.now()
        checks = await workflow.execute_activity(
            count_checks,
            args=[until - timedelta(days=1), until],
            start_to_close_timeout=timedelta(seconds=10),
        )
        return f"{title}, 24 hours until {until:%Y-%m-%d %H:%M} UTC: {checks} health checks"
