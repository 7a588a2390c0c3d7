//! When a schedule is due: its spec, compiled, and the search for its next times.
//!
//! [`Spec::compile`] takes what a user may write (structured calendars, calendar strings, cron strings, intervals) and turns it into
//! structured calendars and intervals. [`Spec::next`] finds the first time after another. All of it is a pure function of spec, seed and
//! time: time zone data is compiled in or comes with the spec.
//!
//! Reading order: [`canonical`] (what a spec means), [`search`] (its times), [`calendar`] and [`zone`] (what the search walks through).

mod calendar;
mod canonical;
mod civil;
mod cron;
mod duration;
mod go_text;
mod invalid;
mod jitter;
mod ranges;
mod search;
mod steps;
mod validate;
mod zone;

use std::sync::Arc;

use klamm_machine::Time;
use klamm_messages::temporal::schedule::v1::ScheduleSpec;

use crate::limits::STEPS_MAX;
use calendar::Calendar;
use search::{Bounds, LAST, Next, Search};
use zone::Zone;

pub use canonical::SPEC_BYTES_MAX;
pub use invalid::InvalidSpec;
pub use steps::{OutOfSteps, Steps};

/// A compiled schedule spec. It never changes, and its clones share everything. Compiling takes time in proportion to the spec's size,
/// which is bounded ([`SPEC_BYTES_MAX`]). Searching takes [`Steps`].
#[derive(Clone, Debug)]
pub struct Spec(Arc<Compiled>);

#[derive(Debug)]
struct Compiled {
    canonical: ScheduleSpec,
    search: Search,
    /// Longest jitter, milliseconds, at least 0.
    jitter_ms_max: u64,
}

/// A time at which a schedule acts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Due {
    /// The time that the spec names: a whole second.
    pub nominal: Time,
    /// Nominal time plus jitter; always before the next nominal time.
    pub actual: Time,
}

/// The result of a search.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    /// The first time.
    At(Due),
    /// There is no time until the end of 2100.
    Never,
    /// The steps were used up. There is no nominal time up to this one, and later ones have not been looked at. Searching on from here
    /// gives the same result as searching on from the beginning.
    NotUpTo(Time),
}

/// No spec names a time after this one.
pub const END: Time = Time::from_millis(LAST * 1000);

impl Spec {
    /// Validates `spec` and turns its calendars and cron strings into structured calendars and intervals.
    ///
    /// Compiling a [`Spec::canonical`] spec gives the same spec again.
    pub fn compile(spec: &ScheduleSpec) -> Result<Self, InvalidSpec> {
        let canonical = canonical::canonical(spec)?;
        let zone = Zone::of(&canonical)?;
        let search = Search::new(
            canonical.structured_calendar.iter().map(Calendar::compile).collect(),
            canonical.interval.iter().map(search::Interval::compile).collect(),
            canonical.exclude_structured_calendar.iter().map(Calendar::compile).collect(),
            zone,
            Bounds::of(&canonical),
        );
        let jitter_ms_max = canonical.jitter.as_ref().map_or(0, |jitter| duration::nanos(jitter).max(0) as u64 / 1_000_000);
        Ok(Self(Arc::new(Compiled { canonical, search, jitter_ms_max })))
    }

    /// What describe shows: structured calendars with every range filled in, and intervals; no calendar or cron strings.
    pub fn canonical(&self) -> &ScheduleSpec {
        &self.0.canonical
    }

    /// The first time after `after`, or `None` if there is none until the end of 2100.
    ///
    /// "After" is about nominal times. The same `seed` ("namespace id-schedule id") gives the same jitter. This searches only as far as one
    /// command would; [`Spec::search`] can be continued.
    pub fn next(&self, seed: &str, after: Time) -> Option<Due> {
        match self.search(seed, after, END, &mut Steps::new(STEPS_MAX)) {
            Found::At(due) => Some(due),
            Found::Never | Found::NotUpTo(_) => None,
        }
    }

    /// The first time after `after` whose nominal time is not after `end`, as far as the steps last.
    pub fn search(&self, seed: &str, after: Time, end: Time, steps: &mut Steps) -> Found {
        let seconds = |time: Time| time.millis().div_euclid(1000);
        let at = |seconds: i64| Time::from_millis(seconds * 1000);
        match self.0.search.next(seconds(after), seconds(end), steps) {
            Next::Never => Found::Never,
            Next::NotUpTo(time) => Found::NotUpTo(at(time)),
            // The search that goes on has to find this time again, so it begins at the second before it.
            Next::At(nominal) => self.due(seed, nominal, steps).map_or(Found::NotUpTo(at(nominal - 1)), Found::At),
        }
    }

    /// The last time between `after` and `before`, both excluded, if that time may be due only at `before` or later.
    pub(crate) fn late_before(&self, seed: &str, before: Time, after: Time, steps: &mut Steps) -> Result<Option<Due>, OutOfSteps> {
        if self.0.jitter_ms_max == 0 {
            return Ok(None);
        }
        let jitter_ms = i64::try_from(self.0.jitter_ms_max.min(u32::MAX.into())).unwrap_or(i64::MAX);
        let reach = after.millis().max(before.millis().saturating_sub(jitter_ms)).div_euclid(1000);
        // The first whole second at or after `before`.
        let first = before.millis().saturating_add(999).div_euclid(1000);
        let Some(nominal) = self.0.search.last_before(first, reach, steps)? else { return Ok(None) };
        Ok(Some(self.due(seed, nominal, steps)?).filter(|due| due.nominal > after && due.actual >= before))
    }

    /// The times whose actual (jittered) time is after `start` and not after `end`, in order, at most `limit` of them.
    ///
    /// The search for each begins at the actual time of the one before, as in Temporal's ListScheduleMatchingTimes.
    ///
    /// # Errors
    /// The steps do not suffice.
    pub fn matching(&self, seed: &str, start: Time, end: Time, limit: usize, steps: &mut Steps) -> Result<Vec<Due>, OutOfSteps> {
        let mut after = start;
        let mut found = Vec::new();
        while found.len() < limit {
            match self.search(seed, after, end, steps) {
                Found::At(due) if due.actual <= end => {
                    after = due.actual;
                    found.push(due);
                }
                Found::At(_) | Found::Never => break,
                Found::NotUpTo(_) => return Err(OutOfSteps),
            }
        }
        Ok(found)
    }

    /// When the action of a nominal time (seconds since the epoch) is due.
    fn due(&self, seed: &str, nominal: i64, steps: &mut Steps) -> Result<Due, OutOfSteps> {
        // Both times are between year 1 and 2100 here. The next time may be a few centuries later.
        let mut jitter_ms_max = self.0.jitter_ms_max;
        if jitter_ms_max > 0
            && let Some(following) = self.0.search.following(nominal, steps)?
        {
            jitter_ms_max = jitter_ms_max.min(following.abs_diff(nominal).saturating_mul(1000));
        }
        let millis = nominal * 1000;
        let jitter_ms = jitter::jitter_ms(nominal, seed, jitter_ms_max);
        Ok(Due { nominal: Time::from_millis(millis), actual: Time::from_millis(millis + jitter_ms) })
    }
}
