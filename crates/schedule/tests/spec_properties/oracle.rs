//! Another reading of a spec: is it due at this second? Straight from the ranges and chrono's fields, without masks or search.

use chrono::{DateTime, Datelike, Timelike};
use chrono_tz::Tz;
use klamm_messages::temporal::schedule::v1::{Range, ScheduleSpec, StructuredCalendarSpec};

/// Whether `spec`, of structured calendars and intervals only, is due at `time` (seconds since the epoch), exclusions applied.
pub(crate) fn is_due(spec: &ScheduleSpec, zone: Tz, time: i64) -> bool {
    let within =
        spec.start_time.as_ref().is_none_or(|start| time >= start.seconds) && spec.end_time.as_ref().is_none_or(|end| time <= end.seconds);
    if !within || time > 4_133_980_799 {
        return false;
    }
    let local = DateTime::from_timestamp(time, 0).unwrap().with_timezone(&zone);
    let by_interval = spec.interval.iter().any(|interval| {
        let length = interval.interval.as_ref().unwrap().seconds;
        let phase = interval.phase.as_ref().map_or(0, |phase| phase.seconds);
        (time - phase) % length == 0
    });
    let due = by_interval || spec.structured_calendar.iter().any(|calendar| matches(calendar, &local));
    due && !spec.exclude_structured_calendar.iter().any(|calendar| matches(calendar, &local))
}

/// Whether all fields of the calendar match a local time.
pub(crate) fn matches(calendar: &StructuredCalendarSpec, local: &DateTime<Tz>) -> bool {
    has(&calendar.second, local.second())
        && has(&calendar.minute, local.minute())
        && has(&calendar.hour, local.hour())
        && has(&calendar.day_of_month, local.day())
        && has(&calendar.month, local.month())
        && has(&calendar.day_of_week, local.weekday().num_days_from_sunday())
        && (calendar.year.is_empty() || has(&calendar.year, local.year() as u32))
}

fn has(ranges: &[Range], value: u32) -> bool {
    let value = value as i32;
    ranges.iter().any(|range| {
        let (end, step) = (range.end.max(range.start), range.step.max(1));
        value >= range.start && value <= end && (value - range.start) % step == 0
    })
}
