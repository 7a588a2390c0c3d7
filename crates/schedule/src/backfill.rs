//! Backfills: past (or future) times taken now, in order, as far as the buffer has room.

use klamm_machine::Time;
use klamm_messages::{
    klamm::v1::{BufferedAction, ScheduleBackfill, ScheduleDecisionKind as Kind},
    temporal::{enums::v1::ScheduleOverlapPolicy as Policy, schedule::v1::BackfillRequest},
};

use crate::{
    limits::{BACKFILLS_MAX, BUFFER_MAX, TIMES_MAX},
    work::Work,
};

/// The first time that a timestamp can tell: 0001-01-01. Temporal's unset times mean it.
const BEGINNING: Time = Time::from_millis(-62_135_596_800_000);

impl Work<'_, '_> {
    /// Adds a backfill to those under way; one too many is dropped, and counted.
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
        self.progress.backfills.push(ScheduleBackfill { request: Some(*request), last_taken_time: None });
    }

    /// Puts times of the backfills into the buffer, while they fill no more than half of it, and so many per command.
    pub(crate) fn take_backfills(&mut self) {
        let mut count = 0;
        while let Some(backfill) = self.progress.backfills.first() {
            let request = backfill.request.unwrap_or_default();
            let limit = if self.resolve(request.overlap_policy) == Policy::AllowAll { self.starts_left() } else { TIMES_MAX };
            let end = time(&request.end_time);
            // The start itself is taken too.
            let mut after = match &backfill.last_taken_time {
                Some(taken) => Time::from(taken),
                None => Time::from_millis(time(&request.start_time).millis().saturating_sub(1)),
            };
            let mut taken = 0;
            let is_done = loop {
                let due = self.times.as_ref().and_then(|times| times.next(after)).filter(|due| due.actual <= end);
                let Some(due) = due else { break true };
                if taken >= limit || count >= TIMES_MAX || self.progress.buffer.len() >= BUFFER_MAX / 2 {
                    break false;
                }
                self.progress.buffer.push(BufferedAction {
                    nominal_time: Some(due.nominal.into()),
                    actual_time: Some(due.actual.into()),
                    overlap_policy: request.overlap_policy,
                    manual: true,
                    action: 0,
                });
                (taken, count, after) = (taken + 1, count + 1, due.actual);
            };
            if !is_done {
                if taken > 0 {
                    self.progress.backfills[0].last_taken_time = Some(after.into());
                }
                return;
            }
            self.progress.backfills.remove(0);
        }
    }
}

/// An optional time of a request.
fn time(time: &Option<prost_types::Timestamp>) -> Time {
    time.as_ref().map_or(BEGINNING, Time::from)
}
