//! Table of outcomes.

use klamm_machine::{Kind, Table};
use klamm_messages::klamm::v1::ScheduleOutcome;

use super::{ScheduleKey, entity};

/// What each schedule's last run left for the next.
#[derive(Debug)]
pub struct Outcomes;

impl Table for Outcomes {
    const KIND: Kind = Kind::ScheduleOutcome;
    type Key = ScheduleKey;
    type Row = ScheduleOutcome;

    fn key(key: &ScheduleKey) -> Vec<u8> {
        entity(Self::KIND, key).finish()
    }
}
