//! The search for the next nominal time: over spans of constant offset, calendars, intervals and exclusions.
//!
//! Times are seconds since the epoch. Every whole second whose local time matches a calendar is a time of that calendar: local
//! times that a zone skips never come, and those that it repeats come twice.

use klamm_messages::temporal::schedule::v1::{IntervalSpec, ScheduleSpec};

use super::calendar::{Calendar, Clock};
use super::duration;
use super::zone::Zone;

/// 2100-12-31T23:59:59Z: there are no times after it.
const LAST: i64 = 4_133_980_799;

/// Second before 0001-01-01T00:00:00Z: there are no times up to it.
const FIRST: i64 = -62_135_596_801;

/// How many runs of excluded times are stepped over before the search gives up. Temporal gives up after two weeks of seconds of excluded
/// times; a run is an hour or a day of them as a rule, and the search has to end in milliseconds: a partition waits for it.
const EXCLUDED_RUNS_MAX: usize = 50_000;

/// What is searched.
#[derive(Debug)]
pub(super) struct Search {
    calendars: Vec<Calendar>,
    intervals: Vec<Interval>,
    excluded: Vec<Calendar>,
    zone: Zone,
    bounds: Bounds,
}

/// Times `phase` seconds after each multiple of `length` seconds.
#[derive(Debug)]
pub(super) struct Interval {
    length: i64,
    phase: i64,
}

impl Interval {
    /// Parts of seconds are cut off.
    pub(super) fn compile(interval: &IntervalSpec) -> Self {
        let seconds = |value: &Option<prost_types::Duration>| value.as_ref().map_or(0, duration::nanos) / 1_000_000_000;
        Self { length: seconds(&interval.interval).max(1), phase: seconds(&interval.phase).max(0) }
    }

    fn next(&self, after: i64) -> i64 {
        ((after - self.phase).div_euclid(self.length) + 1) * self.length + self.phase
    }
}

/// The schedule's own start and end, both inclusive.
#[derive(Debug)]
pub(super) struct Bounds {
    /// There are no times up to here.
    after: i64,
    /// There are no times after it.
    last: i64,
}

impl Bounds {
    /// Without a start, schedules start in 1970. Parts of seconds are cut off, also of the start.
    pub(super) fn of(spec: &ScheduleSpec) -> Self {
        let seconds = |time: &prost_types::Timestamp| time.seconds.saturating_add(i64::from(time.nanos).div_euclid(1_000_000_000));
        let start = spec.start_time.as_ref().map_or(0, seconds);
        let end = spec.end_time.as_ref().map_or(LAST, seconds);
        Self { after: start.saturating_sub(1).max(FIRST), last: end.min(LAST) }
    }
}

impl Search {
    /// What is to be searched; exclusions are widened to long runs where that makes no difference to the times there are.
    pub(super) fn new(calendars: Vec<Calendar>, intervals: Vec<Interval>, excluded: Vec<Calendar>, zone: Zone, bounds: Bounds) -> Self {
        let by_calendar = calendars.iter().map(Calendar::clock).fold(Clock::default(), Clock::and);
        let clock = if intervals.is_empty() { by_calendar } else { Clock::ANY };
        let excluded = excluded.into_iter().map(|calendar| calendar.among(&clock)).collect();
        Self { calendars, intervals, excluded, zone, bounds }
    }

    /// The first time after `after` that is within the bounds and not excluded.
    pub(super) fn next(&self, after: i64) -> Option<i64> {
        let mut after = after.max(self.bounds.after);
        for _ in 0..EXCLUDED_RUNS_MAX {
            if after >= self.bounds.last {
                return None;
            }
            let time = self.following(after).filter(|time| *time <= self.bounds.last)?;
            match self.excluded_until(time) {
                None => return Some(time),
                Some(until) => after = until - 1,
            }
        }
        None
    }

    /// The first time after `after`, whatever the bounds and exclusions say.
    pub(super) fn following(&self, after: i64) -> Option<i64> {
        let by_calendar = self.calendars.iter().filter_map(|calendar| self.next_of(calendar, after));
        let by_interval = self.intervals.iter().map(|interval| interval.next(after));
        by_calendar.chain(by_interval).min()
    }

    /// If `time` is excluded, the first time from which on it may not be.
    fn excluded_until(&self, time: i64) -> Option<i64> {
        if self.excluded.is_empty() {
            return None;
        }
        let span = self.zone.span(time);
        let local = time + span.offset;
        let ends = self.excluded.iter().filter(|calendar| calendar.matches(local));
        ends.map(|calendar| (calendar.next_gap(local) - span.offset).min(span.end)).max()
    }

    /// The first time of one calendar after `after`.
    fn next_of(&self, calendar: &Calendar, after: i64) -> Option<i64> {
        let mut from = after + 1;
        loop {
            let span = self.zone.span(from);
            let local = calendar.next(from + span.offset);
            if let Some(local) = local
                && local - span.offset < span.end
            {
                return Some(local - span.offset);
            }
            if span.end > LAST {
                return None;
            }
            // Nothing in this span. If its end is so far that the clock never shows a time before `from`'s again, then what
            // was found is the least local time that can come, and all spans before it can be left out.
            let (offset_min, offset_max) = self.zone.offsets();
            from = if span.end < from + span.offset - offset_min { span.end } else { span.end.max(local? - offset_max) };
        }
    }
}
