//! How a priority places a task on its queue (Temporal: common/priorities/priority_util.go).

use klamm_messages::temporal::common::v1::Priority;

/// Level of a task that has none of its own.
const DEFAULT: i32 = 3;
/// The least urgent level.
const MAX: i32 = 5;

/// Level on the queue: 1 (most urgent) to 5.
pub(crate) fn level(priority: Option<&Priority>) -> i32 {
    match priority.map_or(0, |priority| priority.priority_key) {
        0 => DEFAULT,
        key => key.clamp(1, MAX),
    }
}

/// The priority's fairness key and weight.
pub(crate) fn fairness(priority: Option<&Priority>) -> (String, f32) {
    priority.map_or_else(Default::default, |priority| (priority.fairness_key.clone(), priority.fairness_weight))
}
