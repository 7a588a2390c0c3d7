//! Backfills: times of a past (or future) period are taken now, in order, as far as the buffer has room.

use klamm_machine::Time;
use klamm_messages::{
    klamm::v1::{BufferedAction, ScheduleBackfill, ScheduleDecision, ScheduleDecisionKind as Kind},
    temporal::{enums::v1::ScheduleOverlapPolicy as Policy, schedule::v1::BackfillRequest},
};

use crate::{
    limits::{BACKFILLS_MAX, BUFFER_MAX, SEARCHES_MAX, TIMES_MAX},
    spec::Found,
    work::Work,
};

/// The first time that a timestamp can hold: 0001-01-01. Temporal means it where a time is not set.
const BEGINNING: Time = Time::from_millis(-62_135_596_800_000);

impl Work<'_, '_> {
    /// Adds a backfill to those under way. When there are too many, it is dropped and counted.
    pub(crate) fn add_backfill(&mut self, request: &BackfillRequest) {
        if self.progress.backfills.len() >= BACKFILLS_MAX {
            self.progress.buffer_dropped += 1;
            let dropped = BufferedAction {
                nominal_time: request.start_time,
                actual_time: request.start_time,
                overlap_policy: request.overlap_policy,
                manual: true,
                action: 0,
            };
            self.decided(Kind::BufferFull, &dropped, "too many backfills are under way");
            return;
        }
        self.progress.backfills.push(ScheduleBackfill { request: Some(*request), ..ScheduleBackfill::default() });
    }

    /// Puts times of the backfills into the buffer. Three things end this: half of the buffer is full, the command has taken as many as it
    /// may, or the steps are used up.
    pub(crate) fn take_backfills(&mut self) {
        let mut count = 0;
        while let Some(backfill) = self.progress.backfills.first().copied() {
            let is_first = self.backfill_steps.taken() == 0;
            let (taken, end) = self.take_backfill(&backfill, &mut count);
            let changed = &mut self.progress.backfills[0];
            match end {
                End::Over => {
                    self.progress.backfills.remove(0);
                }
                End::Full => {
                    changed.last_taken_time = taken.map(Into::into).or(backfill.last_taken_time);
                    changed.search_count = if taken.is_some() { 0 } else { backfill.search_count };
                    return;
                }
                End::NotUpTo(time) => {
                    changed.last_taken_time = Some(time.into());
                    // This counts as a failed search only when the backfill had all the steps for itself.
                    changed.search_count = if taken.is_some() { 0 } else { backfill.search_count + i32::from(is_first) };
                    if changed.search_count < SEARCHES_MAX {
                        return;
                    }
                    let backfill = self.progress.backfills.remove(0);
                    self.end_backfill(Kind::SearchGivenUp, &backfill, "too many times in a row are excluded");
                }
            }
        }
    }

    /// Takes times of one backfill. Gives the last time that was taken, if any, and why no more were.
    fn take_backfill(&mut self, backfill: &ScheduleBackfill, count: &mut usize) -> (Option<Time>, End) {
        let request = backfill.request.unwrap_or_default();
        let limit = if self.resolve(request.overlap_policy) == Policy::AllowAll { self.starts_left() } else { TIMES_MAX };
        let end = time(&request.end_time);
        let mut taken = None;
        let mut taken_count = 0;
        let Some(times) = self.times.clone() else { return (None, End::Over) };
        loop {
            // The start of the period is a time of the backfill too.
            let after = taken.or(backfill.last_taken_time.as_ref().map(Time::from));
            let after = after.unwrap_or_else(|| Time::from_millis(time(&request.start_time).millis().saturating_sub(1)));
            let due = match times.until(after, end, &mut self.backfill_steps) {
                Found::At(due) if due.actual <= end => due,
                Found::At(_) | Found::Never => return (taken, End::Over),
                Found::NotUpTo(time) => return (taken, End::NotUpTo(time.max(after))),
            };
            if taken_count >= limit || *count >= TIMES_MAX || self.progress.buffer.len() >= BUFFER_MAX / 2 {
                return (taken, End::Full);
            }
            self.progress.buffer.push(BufferedAction {
                nominal_time: Some(due.nominal.into()),
                actual_time: Some(due.actual.into()),
                overlap_policy: request.overlap_policy,
                manual: true,
                action: 0,
            });
            taken = Some(due.actual);
            (taken_count, *count) = (taken_count + 1, *count + 1);
        }
    }

    /// Writes down that the rest of a backfill is not taken.
    pub(crate) fn end_backfill(&mut self, kind: Kind, backfill: &ScheduleBackfill, reason: &str) {
        let request = backfill.request.unwrap_or_default();
        let from = backfill.last_taken_time.or(request.start_time);
        let rest =
            BufferedAction { nominal_time: from, actual_time: from, overlap_policy: request.overlap_policy, manual: true, action: 0 };
        let decision = ScheduleDecision { last_nominal_time: request.end_time, ..self.decision(kind, &rest) };
        self.note(ScheduleDecision { reason: reason.to_owned(), ..decision });
    }
}

/// Why no more times of a backfill are taken.
enum End {
    /// The backfill has no more times.
    Over,
    /// One command takes no more times, or the buffer has no room.
    Full,
    /// The steps are used up. Up to this time there is none.
    NotUpTo(Time),
}

/// A time of a request, which may not be set.
fn time(time: &Option<prost_types::Timestamp>) -> Time {
    time.as_ref().map_or(BEGINNING, Time::from)
}
