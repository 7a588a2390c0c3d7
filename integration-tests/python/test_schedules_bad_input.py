"""What no schedule can be made of is refused as InvalidArgument, with a message that says why."""

from datetime import timedelta
from typing import Any, Callable

import pytest
from temporalio.client import (
    ScheduleBackfill,
    ScheduleCalendarSpec,
    ScheduleHandle,
    ScheduleIntervalSpec,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
)
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from temporalio.service import RPCError, RPCStatusCode

from programs.scheduled import ReportWorkflow
from support.env import Env
from support.schedules import Schedules, utc

BAD_SPECS = {
    "an interval of less than a second": (ScheduleSpec(intervals=[ScheduleIntervalSpec(timedelta(milliseconds=500))]), "interval is too small"),
    "a negative phase": (ScheduleSpec(intervals=[ScheduleIntervalSpec(timedelta(hours=1), timedelta(minutes=-1))]), "phase is negative"),
    "a phase as long as the interval": (ScheduleSpec(intervals=[ScheduleIntervalSpec(timedelta(hours=1), timedelta(hours=1))]), "phase cannot be greater than Interval"),
    "an unknown zone": (ScheduleSpec(cron_expressions=["0 9 * * *"], time_zone_name="Mars/Olympus_Mons"), "unknown time zone"),
    "an hour that does not exist": (ScheduleSpec(calendars=[ScheduleCalendarSpec(hour=[ScheduleRange(24)])]), "invalid calendar spec"),
    "a range that ends before it starts": (ScheduleSpec(calendars=[ScheduleCalendarSpec(minute=[ScheduleRange(30, 70)])]), "invalid calendar spec"),
    "too few fields of cron": (ScheduleSpec(cron_expressions=["0 9 *"]), "CronString does not have 5-7 fields"),
    "too many fields of cron": (ScheduleSpec(cron_expressions=["0 0 9 * * * * *"]), "CronString does not have 5-7 fields"),
    "an unknown week day": (ScheduleSpec(cron_expressions=["0 9 * * MOONDAY"]), "DayOfWeek"),
    "a minute out of range": (ScheduleSpec(cron_expressions=["75 9 * * *"]), "Minute is not in range"),
    "cron strings of two zones": (ScheduleSpec(cron_expressions=["TZ=Europe/Berlin 0 9 * * *", "0 9 * * *"]), "conflicting timezone names"),
    "nothing after @every": (ScheduleSpec(cron_expressions=["@every"]), "CronString does not have interval after @every"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_SPECS)
async def test_a_spec_that_cannot_be_is_refused(schedules: Schedules, case: str):
    spec, words = BAD_SPECS[case]
    await refused(lambda: schedules.create(ReportWorkflow.run, "x", spec=spec), "Invalid schedule spec: ", words)
    # An update is held to the same.
    handle = await schedules.create(ReportWorkflow.run, "x")
    await refused(lambda: handle.update(with_spec(spec)), "Invalid schedule spec: ", words)
    assert (await handle.describe()).info.last_updated_at is None


def with_spec(spec: ScheduleSpec) -> Callable[[Any], ScheduleUpdate]:
    """An updater that changes the spec alone."""

    def change(given: Any) -> ScheduleUpdate:
        given.description.schedule.spec = spec
        return ScheduleUpdate(given.description.schedule)

    return change


async def refused(call: Callable[[], Any], *words: str) -> None:
    """The call fails as InvalidArgument and its message holds these words."""
    with pytest.raises(RPCError) as raised:
        await call()
    assert raised.value.status == RPCStatusCode.INVALID_ARGUMENT
    for expected in words:
        assert expected in raised.value.message


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id": "x" * 990}, "WorkflowId exceeds maximum allowed length"),
        ({"task_queue": "/_sys/mine/1"}, "task queue"),
        ({"run_timeout": timedelta(seconds=-1)}, "WorkflowRunTimeout"),
    ],
    ids=["an id without room for the time", "a reserved task queue", "a negative timeout"],
)
async def test_an_action_that_could_never_start_is_refused(schedules: Schedules, change: dict, words: str):
    await refused(lambda: schedules.create(ReportWorkflow.run, "x", action=change), words)


async def test_an_id_that_is_too_long_is_refused(env: Env, schedules: Schedules):
    await refused(lambda: schedules.create(ReportWorkflow.run, "x", suffix="x" * 1000), "WorkflowId exceeds maximum allowed length")


async def test_notes_that_are_too_long_are_refused(schedules: Schedules):
    handle = await schedules.create(ReportWorkflow.run, "x")
    for call in (handle.pause, handle.unpause):
        await refused(lambda call=call: call(note="n" * 1001), "Schedule notes exceeds limit.")
    assert not (await handle.describe()).schedule.state.paused


async def test_search_attributes_that_nobody_registered_are_refused(schedules: Schedules):
    key = SearchAttributeKey.for_keyword("NobodyKnowsThis")
    unknown = TypedSearchAttributes([SearchAttributePair(key, "x")])
    await refused(lambda: schedules.create(ReportWorkflow.run, "x", search_attributes=unknown), "NobodyKnowsThis")
    action = {"typed_search_attributes": unknown}
    await refused(lambda: schedules.create(ReportWorkflow.run, "x", action=action), "NobodyKnowsThis")


async def test_a_backfill_of_nothing_takes_no_action(schedules: Schedules):
    handle: ScheduleHandle = await schedules.create(ReportWorkflow.run, "x")
    await handle.backfill(ScheduleBackfill(start_at=utc(2020, 1, 1), end_at=utc(2020, 1, 2)))
    assert (await handle.describe()).info.num_actions == 0
