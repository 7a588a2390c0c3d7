//! The canonical form of a spec: structured calendars with ranges filled in, and intervals.

use klamm_messages::temporal::schedule::v1::{Range, ScheduleSpec, StructuredCalendarSpec};

use prost::Message;

use super::{InvalidSpec, cron, ranges, validate};

/// Largest canonical form of a spec, encoded, its calendars and intervals counted with what they cost at least elsewhere: as large as Temporal
/// lets a whole schedule be when it is sent (limit.blobSize.error, 2 MiB). Calendar and cron strings grow when they are written out.
pub const SPEC_BYTES_MAX: usize = 2 << 20;

/// What a calendar or an interval costs beside its own bytes, so that an empty one is not free.
const ENTRY_BYTES: usize = 6;

/// Validates `spec` and brings it into canonical form. Of several mistakes the error names the first, in Temporal's order of looking.
#[allow(deprecated, reason = "exclude_calendar is still accepted")]
pub(super) fn canonical(spec: &ScheduleSpec) -> Result<ScheduleSpec, InvalidSpec> {
    for interval in &spec.interval {
        validate::durations(interval)?;
    }

    let mut size = Size::default();
    let mut spec = spec.clone();
    for calendar in std::mem::take(&mut spec.calendar) {
        spec.structured_calendar.push(size.add(ranges::structured(&calendar)?)?);
    }
    for calendar in std::mem::take(&mut spec.exclude_calendar) {
        spec.exclude_structured_calendar.push(size.add(ranges::structured(&calendar)?)?);
    }
    take_cron_strings(&mut spec, &mut size)?;

    spec.structured_calendar.iter().try_for_each(validate::calendar)?;
    spec.exclude_structured_calendar.iter().try_for_each(validate::excluded_calendar)?;
    spec.interval.iter().try_for_each(validate::interval)?;

    let calendars = spec.structured_calendar.iter_mut().chain(&mut spec.exclude_structured_calendar);
    calendars.for_each(fill_ranges);
    let entries = spec.structured_calendar.len() + spec.exclude_structured_calendar.len() + spec.interval.len();
    Size(entries * ENTRY_BYTES).with(spec.encoded_len())?;
    Ok(spec)
}

/// Size of what has been written out so far. It is checked on the way, because a few bytes of text may stand for a large calendar.
#[derive(Default)]
struct Size(usize);

impl Size {
    /// Counts an entry and gives it back.
    fn add<M: Message>(&mut self, entry: M) -> Result<M, InvalidSpec> {
        self.with(entry.encoded_len() + ENTRY_BYTES)?;
        Ok(entry)
    }

    fn with(&mut self, bytes: usize) -> Result<(), InvalidSpec> {
        self.0 += bytes;
        if self.0 <= SPEC_BYTES_MAX {
            return Ok(());
        }
        Err(InvalidSpec(format!("its calendars and intervals, written out, take more than {SPEC_BYTES_MAX} bytes")))
    }
}

/// Turns cron strings into calendars and intervals. A zone that they name becomes the spec's. All of them must agree on the zone (naming
/// none counts as well), and they must agree with the spec's own zone, if it has one.
fn take_cron_strings(spec: &mut ScheduleSpec, size: &mut Size) -> Result<(), InvalidSpec> {
    let conflict = || InvalidSpec("conflicting timezone names".to_owned());
    let mut cron_zone: Option<String> = None;
    for text in std::mem::take(&mut spec.cron_string) {
        let cron::Cron { what, zone } = cron::parse(&text)?;
        if cron_zone.as_ref().is_some_and(|earlier| *earlier != zone) {
            return Err(conflict());
        }
        cron_zone = Some(zone);
        match what {
            cron::What::Calendar(calendar) => spec.structured_calendar.push(size.add(*calendar)?),
            cron::What::Interval(interval) => spec.interval.push(size.add(interval)?),
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

/// Fills in absent ends and steps of ranges: the end is the start, the step is one.
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
