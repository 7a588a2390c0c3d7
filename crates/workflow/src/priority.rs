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

/// The priority `own` laid over `base`, field by field (Merge): an activity's over its workflow's, a child's over its parent's.
pub(crate) fn merge(base: Option<&Priority>, own: Option<&Priority>) -> Option<Priority> {
    let (Some(base), Some(own)) = (base, own) else { return own.or(base).cloned() };
    Some(Priority {
        priority_key: if own.priority_key == 0 { base.priority_key } else { own.priority_key },
        fairness_key: if own.fairness_key.is_empty() { &base.fairness_key } else { &own.fairness_key }.clone(),
        fairness_weight: if own.fairness_weight == 0.0 { base.fairness_weight } else { own.fairness_weight },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_taken_from_the_other() {
        let priority = |priority_key, fairness_key: &str, fairness_weight| {
            Some(Priority { priority_key, fairness_key: fairness_key.to_owned(), fairness_weight })
        };
        let parent = priority(2, "tenant", 3.0);
        assert_eq!(merge(parent.as_ref(), None), parent);
        assert_eq!(merge(None, priority(4, "", 0.0).as_ref()), priority(4, "", 0.0));
        assert_eq!(merge(None, None), None);
        assert_eq!(merge(parent.as_ref(), priority(4, "", 0.0).as_ref()), priority(4, "tenant", 3.0));
        assert_eq!(merge(parent.as_ref(), priority(0, "own", 1.0).as_ref()), priority(2, "own", 1.0));
    }
}
