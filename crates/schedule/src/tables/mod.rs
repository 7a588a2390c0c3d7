//! Tables of the schedule machine, one per file.

pub mod decisions;
pub mod definitions;
pub mod outcomes;
pub mod progresses;
pub mod remains;

pub use decisions::Decisions;
pub use definitions::Definitions;
pub use outcomes::Outcomes;
pub use progresses::Progresses;
pub use remains::Remains;

use klamm_machine::{Kind, key::KeyBytes};

/// Names one schedule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScheduleKey {
    /// Name of its namespace.
    pub namespace: String,
    /// Its id.
    pub schedule_id: String,
}

impl ScheduleKey {
    /// The key of these two names.
    pub fn new(namespace: impl Into<String>, schedule_id: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), schedule_id: schedule_id.into() }
    }
}

/// The beginning of the keys of a schedule's rows of this kind.
fn entity(kind: Kind, key: &ScheduleKey) -> KeyBytes {
    KeyBytes::new(kind).hash(&key.namespace, &key.schedule_id).str(&key.namespace).str(&key.schedule_id)
}
