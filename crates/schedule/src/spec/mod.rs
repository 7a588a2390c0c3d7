//! When a schedule is due: its spec, compiled, and the search for its next times.
//!
//! [`Spec::compile`] takes what a user may write (structured calendars, calendar strings, cron strings, intervals) and makes
//! structured calendars and intervals of it; [`Spec::next`] finds the first time after another. All of it is a pure function
//! of spec, seed and time: time zone data is compiled in or comes with the spec.
//!
//! Reading order: [`canonical`] (what a spec means), [`search`] (its times), [`calendar`] and [`zone`] (what the search walks).

mod calendar;
mod canonical;
mod civil;
mod cron;
mod duration;
mod go_text;
mod jitter;
mod ranges;
mod search;
mod validate;
mod zone;

use std::sync::Arc;

use klamm_machine::Time;
use klamm_messages::temporal::schedule::v1::ScheduleSpec;

use calendar::Calendar;
use search::{Bounds, Search};
use zone::Zone;

/// A compiled schedule spec. Immutable; making one costs microseconds and a clone shares everything.
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
    /// What the spec says: a whole second.
    pub nominal: Time,
    /// Nominal time plus jitter; always before the next nominal time.
    pub actual: Time,
}

/// Why a spec cannot be used, in Temporal's words (what it says after "Invalid schedule spec: ").
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct InvalidSpec(String);

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
    /// "After" is about nominal times. The same `seed` ("namespace id-schedule id") gives the same jitter.
    pub fn next(&self, seed: &str, after: Time) -> Option<Due> {
        let nominal = self.0.search.next(after.millis().div_euclid(1000))?;
        // Both are between year 1 and 2100 here; the next time may lie a few centuries further.
        let mut jitter_ms_max = self.0.jitter_ms_max;
        if jitter_ms_max > 0
            && let Some(following) = self.0.search.following(nominal)
        {
            jitter_ms_max = jitter_ms_max.min(following.abs_diff(nominal).saturating_mul(1000));
        }
        let millis = nominal * 1000;
        let jitter_ms = jitter::jitter_ms(nominal, seed, jitter_ms_max);
        Some(Due { nominal: Time::from_millis(millis), actual: Time::from_millis(millis + jitter_ms) })
    }

    /// The times whose actual (jittered) time is after `start` and not after `end`, in order, at most `limit` of them.
    ///
    /// Each is searched from the actual time of the one before, as Temporal's ListScheduleMatchingTimes does.
    pub fn matching(&self, seed: &str, start: Time, end: Time, limit: usize) -> Vec<Due> {
        let mut after = start;
        let mut found = Vec::new();
        while found.len() < limit {
            match self.next(seed, after) {
                Some(due) if due.actual <= end => {
                    after = due.actual;
                    found.push(due);
                }
                _ => break,
            }
        }
        found
    }
}
