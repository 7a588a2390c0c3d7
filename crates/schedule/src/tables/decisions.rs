//! Table of decisions.

use klamm_machine::{Kind, Table, key::prefix_end};
use klamm_messages::klamm::v1::ScheduleDecision;

use super::{ScheduleKey, entity};

/// The decisions of each schedule, by number. Key order is the order of the decisions.
#[derive(Debug)]
pub struct Decisions;

impl Table for Decisions {
    const KIND: Kind = Kind::ScheduleAudit;
    type Key = (ScheduleKey, i64);
    type Row = ScheduleDecision;

    fn key((schedule, n): &(ScheduleKey, i64)) -> Vec<u8> {
        entity(Self::KIND, schedule).i64(*n).finish()
    }
}

impl Decisions {
    /// Bounds (from, to) of the keys of a schedule's decisions `first..end`.
    pub fn range(schedule: &ScheduleKey, first: i64, end: i64) -> (Vec<u8>, Vec<u8>) {
        (entity(Self::KIND, schedule).i64(first).finish(), entity(Self::KIND, schedule).i64(end).finish())
    }

    /// Bounds (from, to) of the keys of all decisions of a schedule.
    pub fn all(schedule: &ScheduleKey) -> (Vec<u8>, Vec<u8>) {
        let from = entity(Self::KIND, schedule).finish();
        let to = prefix_end(&from);
        (from, to)
    }
}
