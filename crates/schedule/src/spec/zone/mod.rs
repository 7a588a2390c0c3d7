//! Time zones: the offset of the wall clock from UTC, and until when it holds.

mod data;
mod kinds;
mod named;
mod rule;
mod span;
mod table;

use std::sync::Arc;

use klamm_messages::temporal::schedule::v1::ScheduleSpec;

use super::InvalidSpec;
use data::Data;

pub(super) use kinds::Zone;

impl Zone {
    /// The zone that a spec names, or whose data it contains. Data takes precedence over a name.
    pub(super) fn of(spec: &ScheduleSpec) -> Result<Self, InvalidSpec> {
        if !spec.timezone_data.is_empty() {
            return Ok(Self::Data(Arc::new(Data::parse(&spec.timezone_data)?)));
        }
        named::load(&spec.timezone_name)
    }
}
