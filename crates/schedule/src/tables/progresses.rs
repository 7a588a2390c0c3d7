//! Table of progress.

use klamm_machine::{Kind, Table};
use klamm_messages::klamm::v1::ScheduleProgress;

use super::{ScheduleKey, entity};

/// How far each schedule has come.
#[derive(Debug)]
pub struct Progresses;

impl Table for Progresses {
    const KIND: Kind = Kind::ScheduleProgress;
    type Key = ScheduleKey;
    type Row = ScheduleProgress;

    fn key(key: &ScheduleKey) -> Vec<u8> {
        entity(Self::KIND, key).finish()
    }
}
