//! The search for the next nominal time. It goes over spans of constant offset, calendars, intervals and exclusions.
//!
//! Times are seconds since the epoch. Every whole second whose local time matches a calendar is a time of that calendar. So a local time
//! that the zone skips never comes, and one that it repeats comes twice.

use klamm_messages::temporal::schedule::v1::{IntervalSpec, ScheduleSpec};

use super::calendar::{Calendar, Clock};
use super::duration;
use super::steps::{self, OutOfSteps, Steps};
use super::zone::Zone;

/// 2100-12-31T23:59:59Z. There are no times after it.
pub(super) const LAST: i64 = 4_133_980_799;

/// The second before 0001-01-01T00:00:00Z. There are no times up to it.
const FIRST: i64 = -62_135_596_801;

/// The result of a search, in seconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// The first time.
    At(i64),
    /// There is no time.
    Never,
    /// The steps were used up. There is no time up to this one, and later ones have not been looked at.
    NotUpTo(i64),
}

/// All that a search goes through.
#[derive(Debug)]
pub(super) struct Search {
    calendars: Vec<Calendar>,
    intervals: Vec<Interval>,
    excluded: Vec<Calendar>,
    zone: Zone,
    bounds: Bounds,
}

/// Times `phase` seconds after each multiple of `length` seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Interval {
    length: i64,
    phase: i64,
}

impl Interval {
    /// Compiles an interval. Fractions of seconds are cut off.
    pub(super) fn compile(interval: &IntervalSpec) -> Self {
        let seconds = |value: &Option<prost_types::Duration>| value.as_ref().map_or(0, duration::nanos) / 1_000_000_000;
        Self { length: seconds(&interval.interval).max(1), phase: seconds(&interval.phase).max(0) }
    }

    fn next(&self, after: i64) -> i64 {
        ((after - self.phase).div_euclid(self.length) + 1) * self.length + self.phase
    }

    /// The last time before `before`.
    fn last_before(&self, before: i64) -> i64 {
        self.next(before - 1) - self.length
    }
}

/// The schedule's own start and end, both inclusive.
#[derive(Debug)]
pub(super) struct Bounds {
    /// There are no times up to this one.
    after: i64,
    /// There are no times after this one.
    last: i64,
}

impl Bounds {
    /// Without a start, schedules start in 1970. Fractions of seconds are cut off, also of the start.
    pub(super) fn of(spec: &ScheduleSpec) -> Self {
        let seconds = |time: &prost_types::Timestamp| time.seconds.saturating_add(i64::from(time.nanos).div_euclid(1_000_000_000));
        let start = spec.start_time.as_ref().map_or(0, seconds);
        let end = spec.end_time.as_ref().map_or(LAST, seconds);
        Self { after: start.saturating_sub(1).max(FIRST), last: end.min(LAST) }
    }
}

impl Search {
    /// Prepares a search. What makes no difference to the times is left out once and for all: repetitions, calendars without a day, and
    /// everything else beside an interval of one second. Exclusions are widened to long runs where that makes no difference either.
    pub(super) fn new(
        mut calendars: Vec<Calendar>,
        mut intervals: Vec<Interval>,
        excluded: Vec<Calendar>,
        zone: Zone,
        bounds: Bounds,
    ) -> Self {
        intervals.sort_unstable();
        intervals.dedup();
        if intervals.first().is_some_and(|interval| interval.length == 1) {
            intervals.truncate(1);
            calendars.clear();
        }
        let by_calendar = calendars.iter().map(Calendar::clock).fold(Clock::default(), Clock::and);
        let clock = if intervals.is_empty() { by_calendar } else { Clock::ANY };
        let excluded = excluded.into_iter().map(|calendar| calendar.among(&clock)).collect();
        Self { calendars: distinct(calendars), intervals, excluded: distinct(excluded), zone, bounds }
    }

    /// The first time after `after` that is within the bounds, not excluded, and not after `end`.
    pub(super) fn next(&self, after: i64, end: i64, steps: &mut Steps) -> Next {
        let last = self.bounds.last.min(end);
        let mut after = after.max(self.bounds.after);
        loop {
            if after >= last {
                return Next::Never;
            }
            match self.look(after, last, steps) {
                Ok(Look::At(time)) => return Next::At(time),
                Ok(Look::Nothing) => return Next::Never,
                Ok(Look::NotUpTo(time)) => after = time,
                Err(OutOfSteps) => return Next::NotUpTo(after),
            }
        }
    }

    /// One step of [`Search::next`]: finds the following time, and, where it is excluded, the end of the exclusion.
    fn look(&self, after: i64, last: i64, steps: &mut Steps) -> Result<Look, OutOfSteps> {
        let Some(time) = self.following(after, steps)?.filter(|time| *time <= last) else { return Ok(Look::Nothing) };
        Ok(match self.excluded_until(time, steps)? {
            None => Look::At(time),
            Some(until) => Look::NotUpTo(until - 1),
        })
    }

    /// The first time after `after`, regardless of bounds and exclusions.
    pub(super) fn following(&self, after: i64, steps: &mut Steps) -> Result<Option<i64>, OutOfSteps> {
        steps.check()?;
        let by_interval = self.intervals.iter().map(|interval| interval.next(after)).min();
        steps.count(steps::INTERVAL * self.intervals.len() as u64);
        let mut first = by_interval;
        for calendar in &self.calendars {
            let next = self.next_of(calendar, after, steps)?;
            first = first.into_iter().chain(next).min();
        }
        Ok(first)
    }

    /// The last time before `before`, if it is after `after`, within the bounds and not excluded. "Last" counts excluded times too: where
    /// the last one is excluded, the result is `None`.
    pub(super) fn last_before(&self, before: i64, after: i64, steps: &mut Steps) -> Result<Option<i64>, OutOfSteps> {
        let mut last = self.intervals.iter().map(|interval| interval.last_before(before)).max();
        steps.count(steps::INTERVAL * self.intervals.len() as u64);
        let mut low = last.unwrap_or(after).max(after);
        let mut high = before - 1;
        // Calendars can only be searched forward, so the last time is found by bisection.
        while low < high && !self.calendars.is_empty() {
            let middle = low + (high - low + 1) / 2;
            let mut found = None;
            for calendar in &self.calendars {
                found = found.into_iter().chain(self.next_of(calendar, middle - 1, steps)?).min();
            }
            match found.filter(|time| *time < before) {
                Some(time) => (low, last) = (time, Some(time)),
                None => high = middle - 1,
            }
        }
        let Some(time) = last.filter(|time| *time > after.max(self.bounds.after) && *time <= self.bounds.last) else { return Ok(None) };
        Ok(if self.excluded_until(time, steps)?.is_some() { None } else { Some(time) })
    }

    /// If `time` is excluded: the first later time that may not be.
    fn excluded_until(&self, time: i64, steps: &mut Steps) -> Result<Option<i64>, OutOfSteps> {
        if self.excluded.is_empty() {
            return Ok(None);
        }
        let span = self.zone.span(time);
        let local = time + span.offset;
        let mut until = None;
        for calendar in &self.excluded {
            steps.check()?;
            steps.count(steps::CALENDAR);
            if calendar.matches(local) {
                let end = (calendar.next_gap(local, steps) - span.offset).min(span.end);
                until = until.max(Some(end));
            }
        }
        Ok(until)
    }

    /// The first time of one calendar after `after`.
    fn next_of(&self, calendar: &Calendar, after: i64, steps: &mut Steps) -> Result<Option<i64>, OutOfSteps> {
        let mut from = after + 1;
        loop {
            steps.check()?;
            steps.count(steps::CALENDAR);
            let span = self.zone.span(from);
            let local = calendar.next(from + span.offset, steps);
            if let Some(local) = local
                && local - span.offset < span.end
            {
                return Ok(Some(local - span.offset));
            }
            if span.end > LAST {
                return Ok(None);
            }
            // There is no time in this span. Two cases follow. If the span ends so early that the clock may later show a local time before
            // `from`'s again, the search goes on with the next span. Otherwise `local` is the least local time that can still come, so all
            // spans before it are skipped.
            let (offset_min, offset_max) = self.zone.offsets();
            from = if span.end < from + span.offset - offset_min {
                span.end
            } else {
                let Some(local) = local else { return Ok(None) };
                span.end.max(local - offset_max)
            };
        }
    }
}

/// The result of one look.
enum Look {
    /// The first time.
    At(i64),
    /// There is no time.
    Nothing,
    /// There is no time up to this one.
    NotUpTo(i64),
}

/// The calendars that have times at all, each once.
fn distinct(mut calendars: Vec<Calendar>) -> Vec<Calendar> {
    calendars.retain(Calendar::has_times);
    calendars.sort_unstable();
    calendars.dedup();
    calendars
}
