"""The three schedules of this example."""

from datetime import timedelta

from temporalio.client import (
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleCalendarSpec,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleState,
)

from health import HealthCheck, Target
from reports import DailyReport
from settings import ADDRESS, TASK_QUEUE


def health_check() -> Schedule:
    """Each minute, up to 10 s late on purpose, so that many such checks do not come at the same moment."""
    return Schedule(
        action=ScheduleActionStartWorkflow(
            HealthCheck.run,
            Target(ADDRESS),
            id="health-check",
            task_queue=TASK_QUEUE,
            execution_timeout=timedelta(seconds=50),
        ),
        spec=ScheduleSpec(
            intervals=[ScheduleIntervalSpec(every=timedelta(minutes=1))], jitter=timedelta(seconds=10)
        ),
        # A check that is still busy makes the next one superfluous; what an outage has cost is not made up for.
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=timedelta(seconds=30)),
        state=ScheduleState(note="is the server there?"),
    )


def report_by_calendar() -> Schedule:
    """09:00 in New York, Monday to Friday, as ranges."""
    return Schedule(
        action=ScheduleActionStartWorkflow(DailyReport.run, "By calendar", id="report-calendar", task_queue=TASK_QUEUE),
        spec=ScheduleSpec(
            calendars=[
                ScheduleCalendarSpec(
                    hour=[ScheduleRange(9)], day_of_week=[ScheduleRange(1, 5)], comment="weekdays at nine"
                )
            ],
            time_zone_name="America/New_York",
        ),
        # Each report is wanted, one after another.
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.BUFFER_ALL),
    )


def report_by_cron() -> Schedule:
    """The same times as a cron string. The server turns it into ranges: `describe` shows these."""
    return Schedule(
        action=ScheduleActionStartWorkflow(DailyReport.run, "By cron", id="report-cron", task_queue=TASK_QUEUE),
        spec=ScheduleSpec(cron_expressions=["CRON_TZ=America/New_York 0 9 * * MON-FRI # weekdays at nine"]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.BUFFER_ALL),
    )


#: Id to what makes the schedule.
SCHEDULES = {
    "health-check": health_check,
    "report-calendar": report_by_calendar,
    "report-cron": report_by_cron,
}
