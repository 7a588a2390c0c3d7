//! Table of what is left of deleted schedules.

use klamm_machine::{Kind, Table};
use klamm_messages::klamm::v1::ScheduleRemains;

use super::{ScheduleKey, entity};

/// What is left of each schedule that was deleted recently. An id has either a schedule or remains.
#[derive(Debug)]
pub struct Remains;

impl Table for Remains {
    const KIND: Kind = Kind::ScheduleRemains;
    type Key = ScheduleKey;
    type Row = ScheduleRemains;

    fn key(key: &ScheduleKey) -> Vec<u8> {
        entity(Self::KIND, key).finish()
    }
}
