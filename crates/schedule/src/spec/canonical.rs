//! The one form of a spec: structured calendars with filled ranges, and intervals.

use klamm_messages::temporal::schedule::v1::{Range, ScheduleSpec, StructuredCalendarSpec};

use super::{InvalidSpec, cron, ranges, validate};

/// Validates `spec` and brings it into canonical form. The first thing wrong is told, in Temporal's order of looking.
#[allow(deprecated, reason = "exclude_calendar is still accepted")]
pub(super) fn canonical(spec: &ScheduleSpec) -> Result<ScheduleSpec, InvalidSpec> {
    for interval in &spec.interval {
        validate::durations(interval)?;
    }

    let mut spec = spec.clone();
    for calendar in std::mem::take(&mut spec.calendar) {
        spec.structured_calendar.push(ranges::structured(&calendar)?);
    }
    for calendar in std::mem::take(&mut spec.exclude_calendar) {
        spec.exclude_structured_calendar.push(ranges::structured(&calendar)?);
    }
    take_cron_strings(&mut spec)?;

    spec.structured_calendar.iter().try_for_each(validate::calendar)?;
    spec.exclude_structured_calendar.iter().try_for_each(validate::excluded_calendar)?;
    spec.interval.iter().try_for_each(validate::interval)?;

    let calendars = spec.structured_calendar.iter_mut().chain(&mut spec.exclude_structured_calendar);
    calendars.for_each(fill_ranges);
    Ok(spec)
}

/// Cron strings become calendars and intervals. A zone that they name becomes the spec's; all of them must agree about it
/// (naming none is an opinion too), and so must the spec's own zone, if it has one.
fn take_cron_strings(spec: &mut ScheduleSpec) -> Result<(), InvalidSpec> {
    let conflict = || InvalidSpec("conflicting timezone names".to_owned());
    let mut cron_zone: Option<String> = None;
    for text in std::mem::take(&mut spec.cron_string) {
        let cron::Cron { what, zone } = cron::parse(&text)?;
        if cron_zone.as_ref().is_some_and(|earlier| *earlier != zone) {
            return Err(conflict());
        }
        cron_zone = Some(zone);
        match what {
            cron::What::Calendar(calendar) => spec.structured_calendar.push(*calendar),
            cron::What::Interval(interval) => spec.interval.push(interval),
        }
    }
    if let Some(zone) = cron_zone.filter(|zone| !zone.is_empty()) {
        if !spec.timezone_data.is_empty() || !(spec.timezone_name.is_empty() || spec.timezone_name == zone) {
            return Err(conflict());
        }
        spec.timezone_name = zone;
    }
    Ok(())
}

/// Writes out what absent ends and steps of ranges mean: the start alone, and one.
fn fill_ranges(calendar: &mut StructuredCalendarSpec) {
    let fields = [
        &mut calendar.second,
        &mut calendar.minute,
        &mut calendar.hour,
        &mut calendar.day_of_month,
        &mut calendar.month,
        &mut calendar.year,
        &mut calendar.day_of_week,
    ];
    for Range { start, end, step } in fields.into_iter().flatten() {
        *end = (*end).max(*start);
        if *step == 0 {
            *step = 1;
        }
    }
}
