//! Cron strings: five to seven fields, `@daily` and the like, or `@every`; a zone may come before, a comment behind.

use klamm_messages::temporal::schedule::v1::{CalendarSpec, IntervalSpec, StructuredCalendarSpec};

use super::{InvalidSpec, duration, ranges};

/// The parts of a cron string.
pub(super) struct Cron {
    pub what: What,
    /// The zone that is named in front; empty if there is none, and for `@every`.
    pub zone: String,
}

pub(super) enum What {
    Calendar(Box<StructuredCalendarSpec>),
    Interval(IntervalSpec),
}

/// Reads `[TZ=zone |CRON_TZ=zone ](fields|@name|@every duration[/phase])[ # comment]`.
pub(super) fn parse(text: &str) -> Result<Cron, InvalidSpec> {
    let text = text.trim();
    let (zone, text) = split_zone(text)?;
    let (text, comment) = text.split_once('#').unwrap_or((text, ""));
    let (text, comment) = (text.trim(), comment.trim());

    if text.starts_with("@every") {
        return Ok(Cron { what: What::Interval(interval(text)?), zone: String::new() });
    }
    let calendar = CalendarSpec { comment: comment.to_owned(), ..fields(predefined(text))? };
    Ok(Cron { what: What::Calendar(Box::new(ranges::structured(&calendar)?)), zone: zone.to_owned() })
}

fn split_zone(text: &str) -> Result<(&str, &str), InvalidSpec> {
    let Some(from_zone) = text.strip_prefix("TZ=").or_else(|| text.strip_prefix("CRON_TZ=")) else {
        return Ok(("", text));
    };
    from_zone.split_once(' ').ok_or_else(|| InvalidSpec("CronString has time zone but missing fields".to_owned()))
}

/// Five fields are minute, hour, day of month, month, day of week. A sixth is the year. A seventh comes first and is the second.
fn fields(text: &str) -> Result<CalendarSpec, InvalidSpec> {
    let parts: Vec<&str> = text.split_whitespace().take(8).collect();
    let (second, rest, year) = match parts.as_slice() {
        rest @ [_, _, _, _, _] => ("", rest, ""),
        [rest @ .., year] if rest.len() == 5 => ("", rest, *year),
        [second, rest @ .., year] if rest.len() == 5 => (*second, rest, *year),
        _ => return Err(InvalidSpec("CronString does not have 5-7 fields".to_owned())),
    };
    let [minute, hour, day_of_month, month, day_of_week] = [0, 1, 2, 3, 4].map(|at| rest[at].to_owned());
    Ok(CalendarSpec {
        second: second.to_owned(),
        minute,
        hour,
        day_of_month,
        month,
        day_of_week,
        year: year.to_owned(),
        comment: String::new(),
    })
}

fn interval(text: &str) -> Result<IntervalSpec, InvalidSpec> {
    let (_, interval) = text.split_once(' ').ok_or_else(|| InvalidSpec("CronString does not have interval after @every".to_owned()))?;
    let (interval, phase) = interval.split_once('/').unwrap_or((interval, ""));
    let interval = duration::parse(interval)?;
    let phase = if phase.is_empty() { None } else { Some(duration::parse(phase)?) };
    Ok(IntervalSpec { interval: Some(interval), phase })
}

fn predefined(text: &str) -> &str {
    match text {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        _ => text,
    }
}
