//! What is configured about the fairness keys of a queue (UpdateTaskQueueConfig).

use std::collections::BTreeMap;

use klamm_messages::{klamm::v1::TaskRow, temporal::taskqueue::v1::TaskQueueConfig};

/// Lowest weight (Temporal: fairness_util.go, minWeight).
const WEIGHT_MIN: f32 = 0.001;

/// Weights of fairness keys, and how many tasks per second each key gets.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Fairness {
    weights: BTreeMap<String, f32>,
    /// Tasks per second of a key with weight 1. `None`: no limit.
    rate: Option<f64>,
}

impl Fairness {
    /// What a queue's configuration says.
    pub fn of(config: &TaskQueueConfig) -> Self {
        let limit = config.fairness_keys_rate_limit_default.as_ref().and_then(|limit| limit.rate_limit);
        Self {
            weights: config.fairness_weight_overrides.iter().map(|(key, weight)| (key.clone(), *weight)).collect(),
            rate: limit.map(|limit| f64::from(limit.requests_per_second)),
        }
    }

    /// A task's weight: the queue's for its key, else its own, else 1 (Temporal: getEffectiveWeight).
    pub fn weight(&self, row: &TaskRow) -> f32 {
        let weight = self.weights.get(&row.fairness_key).copied().unwrap_or(row.fairness_weight);
        // A weight that is not a number counts as none.
        if weight > 0.0 { weight.max(WEIGHT_MIN) } else { 1.0 }
    }

    /// Tasks per second of a key whose next task is this one. `None`: no limit.
    pub fn rate(&self, row: &TaskRow) -> Option<f64> {
        self.rate.map(|rate| rate * f64::from(self.weight(row)))
    }

    /// Whether each fairness key has a limit.
    pub fn is_limited(&self) -> bool {
        self.rate.is_some()
    }
}
