//! Table of definitions.

use klamm_machine::{Kind, Table};
use klamm_messages::klamm::v1::ScheduleDefinition;

use super::{ScheduleKey, entity};

/// What each schedule is, as its user defined it.
#[derive(Debug)]
pub struct Definitions;

impl Table for Definitions {
    const KIND: Kind = Kind::Schedule;
    type Key = ScheduleKey;
    type Row = ScheduleDefinition;

    fn key(key: &ScheduleKey) -> Vec<u8> {
        entity(Self::KIND, key).finish()
    }
}
