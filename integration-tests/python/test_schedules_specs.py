"""Specs come back as structured calendars and intervals, and say when the schedule is due."""

from datetime import timedelta
from typing import Any, List

import pytest
from temporalio.client import ScheduleCalendarSpec, ScheduleIntervalSpec, ScheduleRange, ScheduleSpec

from programs.scheduled import ReportWorkflow
from support.schedules import Schedules, every, utc

ANY_DAY = (ScheduleRange(1, 31, 1),)
ANY_MONTH = (ScheduleRange(1, 12, 1),)
ANY_WEEK_DAY = (ScheduleRange(0, 6, 1),)
ZERO = (ScheduleRange(0, 0, 1),)


def filled(**fields: Any) -> ScheduleCalendarSpec:
    """A calendar as it is described: what is not given means any day, at midnight, in any year."""
    defaults = {"second": ZERO, "minute": ZERO, "hour": ZERO, "day_of_month": ANY_DAY, "month": ANY_MONTH, "year": ()}
    given = {name: value if isinstance(value, str) else tuple(value) for name, value in fields.items()}
    return ScheduleCalendarSpec(**{**defaults, "day_of_week": ANY_WEEK_DAY, **given})


async def spec_of(schedules: Schedules, spec: ScheduleSpec) -> ScheduleSpec:
    """What the server makes of a spec."""
    handle = await schedules.create(ReportWorkflow.run, "x", spec=spec)
    return (await handle.describe()).schedule.spec


async def test_a_calendar_comes_back_with_its_ranges_filled_in(schedules: Schedules):
    calendar = ScheduleCalendarSpec(
        second=[ScheduleRange(30)],
        minute=[ScheduleRange(0, 59, 15), ScheduleRange(7)],
        hour=[ScheduleRange(9, 17)],
        day_of_month=[ScheduleRange(1, 7)],
        month=[ScheduleRange(1, 12, 3)],
        year=[ScheduleRange(2090, 2095)],
        day_of_week=[ScheduleRange(1, 5)],
        comment="first weeks of a quarter",
    )
    answered = await spec_of(schedules, ScheduleSpec(calendars=[calendar]))
    assert answered.calendars == [
        filled(
            second=[ScheduleRange(30, 30, 1)],
            minute=[ScheduleRange(0, 59, 15), ScheduleRange(7, 7, 1)],
            hour=[ScheduleRange(9, 17, 1)],
            day_of_month=[ScheduleRange(1, 7, 1)],
            month=[ScheduleRange(1, 12, 3)],
            year=[ScheduleRange(2090, 2095, 1)],
            day_of_week=[ScheduleRange(1, 5, 1)],
            comment="first weeks of a quarter",
        )
    ]


async def test_intervals_bounds_jitter_zone_and_exclusions_come_back(schedules: Schedules):
    spec = ScheduleSpec(
        intervals=[
            ScheduleIntervalSpec(every=timedelta(hours=2)),
            ScheduleIntervalSpec(every=timedelta(days=7), offset=timedelta(minutes=90)),
        ],
        skip=[ScheduleCalendarSpec(day_of_week=ZERO, hour=[ScheduleRange(0, 23, 1)])],
        start_at=utc(2090, 1, 1),
        end_at=utc(2091, 1, 1),
        jitter=timedelta(seconds=20),
        time_zone_name="Europe/Berlin",
    )
    answered = await spec_of(schedules, spec)
    assert answered.intervals == [
        ScheduleIntervalSpec(every=timedelta(hours=2)),
        ScheduleIntervalSpec(every=timedelta(days=7), offset=timedelta(minutes=90)),
    ]
    assert (answered.start_at, answered.end_at) == (spec.start_at, spec.end_at)
    assert answered.jitter == timedelta(seconds=20)
    assert answered.time_zone_name == "Europe/Berlin"
    assert answered.skip == [filled(hour=[ScheduleRange(0, 23, 1)], day_of_week=ZERO)]


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("0 9 * * MON-FRI", dict(minute=ZERO, hour=[ScheduleRange(9, 9, 1)], day_of_week=[ScheduleRange(1, 5, 1)])),
        ("0 9 * * 1-5", dict(minute=ZERO, hour=[ScheduleRange(9, 9, 1)], day_of_week=[ScheduleRange(1, 5, 1)])),
        ("*/15 8-10,22 1 jan,Jul sun", dict(
            minute=[ScheduleRange(0, 59, 15)],
            hour=[ScheduleRange(8, 10, 1), ScheduleRange(22, 22, 1)],
            day_of_month=[ScheduleRange(1, 1, 1)],
            month=[ScheduleRange(1, 1, 1), ScheduleRange(7, 7, 1)],
            day_of_week=ZERO,
        )),
        ("5 4 * * * 2090-2092", dict(
            minute=[ScheduleRange(5, 5, 1)], hour=[ScheduleRange(4, 4, 1)], year=[ScheduleRange(2090, 2092, 1)],
        )),
        ("10 5 4 * * * 2090", dict(
            second=[ScheduleRange(10, 10, 1)], minute=[ScheduleRange(5, 5, 1)], hour=[ScheduleRange(4, 4, 1)],
            year=[ScheduleRange(2090, 2090, 1)],
        )),
        ("@daily", dict(minute=ZERO, hour=ZERO)),
        ("@weekly", dict(minute=ZERO, hour=ZERO, day_of_week=ZERO)),
        ("@monthly", dict(minute=ZERO, hour=ZERO, day_of_month=[ScheduleRange(1, 1, 1)])),
        ("@yearly", dict(
            minute=ZERO, hour=ZERO, day_of_month=[ScheduleRange(1, 1, 1)], month=[ScheduleRange(1, 1, 1)],
        )),
        ("@hourly", dict(minute=ZERO, hour=[ScheduleRange(0, 23, 1)])),
        ("30 6 * * * # breakfast", dict(
            minute=[ScheduleRange(30, 30, 1)], hour=[ScheduleRange(6, 6, 1)], comment="breakfast",
        )),
    ],
)  # fmt: skip
async def test_a_cron_string_becomes_a_structured_calendar(schedules: Schedules, cron: str, expected: dict):
    answered = await spec_of(schedules, ScheduleSpec(cron_expressions=[cron]))
    assert answered.calendars == [filled(**expected)]
    assert list(answered.cron_expressions) == []


async def test_every_in_a_cron_string_becomes_an_interval(schedules: Schedules):
    answered = await spec_of(schedules, ScheduleSpec(cron_expressions=["@every 2h/30m"]))
    assert answered.intervals == [ScheduleIntervalSpec(every=timedelta(hours=2), offset=timedelta(minutes=30))]
    assert list(answered.calendars) == []


async def test_the_zone_of_a_cron_string_becomes_that_of_the_schedule(schedules: Schedules):
    spec = ScheduleSpec(cron_expressions=["CRON_TZ=America/New_York 0 9 * * MON-FRI"])
    handle = await schedules.create(ReportWorkflow.run, "x", spec=spec)
    description = await handle.describe()
    assert description.schedule.spec.time_zone_name == "America/New_York"
    # Nine o'clock there, whatever the season.
    assert {time.hour for time in description.info.next_action_times} <= {13, 14}
    assert {time.weekday() for time in description.info.next_action_times} <= {0, 1, 2, 3, 4}


async def test_a_described_spec_may_be_sent_back_unchanged(schedules: Schedules):
    spec = ScheduleSpec(
        calendars=[ScheduleCalendarSpec(hour=[ScheduleRange(9)])],
        cron_expressions=["0 12 * * *"],
        intervals=[ScheduleIntervalSpec(every=timedelta(days=1))],
    )
    first = await spec_of(schedules, spec)
    handle = await schedules.create(ReportWorkflow.run, "x", spec=first, suffix="again")
    assert (await handle.describe()).schedule.spec == first


async def next_times(schedules: Schedules, spec: ScheduleSpec) -> List[str]:
    """The next ten times, as text."""
    handle = await schedules.create(ReportWorkflow.run, "x", spec=spec)
    return [time.strftime("%Y-%m-%dT%H:%M:%SZ") for time in (await handle.describe()).info.next_action_times]


async def test_local_times_that_do_not_exist_are_left_out(schedules: Schedules):
    # In 2090 clocks in Berlin go from 2:00 to 3:00 on 26 March.
    spec = ScheduleSpec(
        calendars=[
            ScheduleCalendarSpec(
                hour=[ScheduleRange(2)],
                minute=[ScheduleRange(30)],
                day_of_month=[ScheduleRange(25, 27)],
                month=[ScheduleRange(3)],
                year=[ScheduleRange(2090)],
            )
        ],
        time_zone_name="Europe/Berlin",
    )
    assert await next_times(schedules, spec) == ["2090-03-25T01:30:00Z", "2090-03-27T00:30:00Z"]


async def test_an_hour_that_comes_twice_is_due_twice(schedules: Schedules):
    # In 2090 clocks in New York go from 2:00 back to 1:00 on 5 November.
    spec = ScheduleSpec(
        calendars=[
            ScheduleCalendarSpec(
                hour=[ScheduleRange(1)],
                minute=[ScheduleRange(30)],
                day_of_month=[ScheduleRange(4, 6)],
                month=[ScheduleRange(11)],
                year=[ScheduleRange(2090)],
            )
        ],
        time_zone_name="America/New_York",
    )
    assert await next_times(schedules, spec) == [
        "2090-11-04T05:30:00Z",
        "2090-11-05T05:30:00Z",
        "2090-11-05T06:30:00Z",
        "2090-11-06T06:30:00Z",
    ]


async def test_bounds_are_inclusive_exclusions_drop_and_specs_are_united(schedules: Schedules):
    spec = ScheduleSpec(
        calendars=[ScheduleCalendarSpec(hour=[ScheduleRange(0, 12, 6)]), ScheduleCalendarSpec(hour=[ScheduleRange(12)])],
        intervals=[ScheduleIntervalSpec(every=timedelta(hours=8))],
        skip=[ScheduleCalendarSpec(hour=[ScheduleRange(6)], day_of_month=[ScheduleRange(2)])],
        start_at=utc(2090, 1, 1, 6),
        end_at=utc(2090, 1, 2, 8),
    )
    assert await next_times(schedules, spec) == [
        "2090-01-01T06:00:00Z",
        "2090-01-01T08:00:00Z",
        "2090-01-01T12:00:00Z",
        "2090-01-01T16:00:00Z",
        "2090-01-02T00:00:00Z",
        "2090-01-02T08:00:00Z",
    ]


async def test_jitter_is_the_same_each_time_and_never_reaches_the_next_time(schedules: Schedules):
    spec = ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(minutes=10))], jitter=timedelta(hours=1))
    handle = await schedules.create(ReportWorkflow.run, "x", spec=spec)
    times = list((await handle.describe()).info.next_action_times)
    again = list((await handle.describe()).info.next_action_times)
    assert set(times[1:]) <= set(again) | set(times[:1])
    assert len({time.timestamp() // 600 for time in times}) == 10
    assert any(time.timestamp() % 600 > 0 for time in times)


async def test_an_hourly_schedule_is_next_due_on_the_hour(schedules: Schedules):
    times = await next_times(schedules, every(3600))
    assert all(time.endswith(":00:00Z") for time in times)
