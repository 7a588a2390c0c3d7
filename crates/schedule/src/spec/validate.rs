//! Finds out why a structured calendar or an interval cannot be used, in Temporal's words.

use klamm_messages::temporal::schedule::v1::{IntervalSpec, Range, StructuredCalendarSpec};

use super::{InvalidSpec, duration};

/// First and last year that a calendar may name. Schedules end with the last.
pub(super) const YEARS: std::ops::RangeInclusive<i64> = 2000..=2100;

/// Longest comment of a calendar, bytes.
const COMMENT_BYTES_MAX: usize = 200;

const SECOND: i64 = 1_000_000_000;

/// A field of a structured calendar: its name in messages, its ranges, its least and greatest value.
type Field<'a> = (&'static str, &'a [Range], i32, i32);

fn fields(calendar: &StructuredCalendarSpec) -> [Field<'_>; 7] {
    [
        ("Second", &calendar.second, 0, 59),
        ("Minute", &calendar.minute, 0, 59),
        ("Hour", &calendar.hour, 0, 23),
        ("DayOfMonth", &calendar.day_of_month, 1, 31),
        ("Month", &calendar.month, 1, 12),
        ("Year", &calendar.year, *YEARS.start() as i32, *YEARS.end() as i32),
        ("DayOfWeek", &calendar.day_of_week, 0, 6),
    ]
}

/// A calendar that says when to act. An end of 0 means "not given".
pub(super) fn calendar(calendar: &StructuredCalendarSpec) -> Result<(), InvalidSpec> {
    let mut wrong = Vec::new();
    for (field, ranges, min, max) in fields(calendar) {
        for range in ranges {
            if range.start < min || range.start > max {
                wrong.push(format!("{field} Start is not in range [{min}-{max}]"));
            }
            if range.end != 0 && (range.end < range.start || range.end > max) {
                wrong.push(format!("{field} End is before Start or not in range [{min}-{max}]"));
            }
            if range.step < 0 {
                wrong.push(format!("{field} has invalid Step"));
            }
        }
    }
    if calendar.comment.len() > COMMENT_BYTES_MAX {
        wrong.push("comment is too long".to_owned());
    }
    outcome(wrong)
}

/// A calendar that says when not to act. Temporal does not validate these: values that no time has simply match nothing. Only what its
/// server would break on is refused here (negative starts and steps).
pub(super) fn excluded_calendar(calendar: &StructuredCalendarSpec) -> Result<(), InvalidSpec> {
    let mut wrong = Vec::new();
    for (field, ranges, min, max) in fields(calendar) {
        for range in ranges {
            if range.start < 0 {
                wrong.push(format!("{field} Start is not in range [{min}-{max}]"));
            }
            if range.step < 0 {
                wrong.push(format!("{field} has invalid Step"));
            }
        }
    }
    outcome(wrong)
}

fn outcome(wrong: Vec<String>) -> Result<(), InvalidSpec> {
    if wrong.is_empty() { Ok(()) } else { Err(InvalidSpec(format!("invalid calendar spec: {}", wrong.join(", ")))) }
}

/// Checks an interval: at least a second long, with a phase shorter than that.
pub(super) fn interval(interval: &IntervalSpec) -> Result<(), InvalidSpec> {
    let length = interval.interval.as_ref().map_or(0, duration::nanos);
    let phase = interval.phase.as_ref().map_or(0, duration::nanos);
    let wrong = if length < SECOND {
        "interval is too small"
    } else if phase < 0 {
        "phase is negative"
    } else if phase >= length {
        "phase cannot be greater than Interval"
    } else {
        return Ok(());
    };
    Err(InvalidSpec(wrong.to_owned()))
}

/// Checks that protobuf allows the durations of an interval.
pub(super) fn durations(interval: &IntervalSpec) -> Result<(), InvalidSpec> {
    for (name, value) in [("interval", &interval.interval), ("phase", &interval.phase)] {
        if let Some(wrong) = value.as_ref().and_then(duration::wrong) {
            return Err(InvalidSpec(format!("{name} is not a valid duration: {wrong}")));
        }
    }
    Ok(())
}
