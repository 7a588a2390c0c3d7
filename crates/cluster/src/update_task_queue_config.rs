//! UpdateTaskQueueConfig: limits that are present are replaced, weights are merged by key.

use klamm_machine::{Rejection, Tx};
use klamm_messages::{
    klamm::v1::{TaskQueueState, UpdateTaskQueueConfig},
    temporal::taskqueue::v1::{ConfigMetadata, RateLimitConfig},
};
use prost_types::Timestamp;

use crate::{Answer, Cluster, Event, TaskQueueConfigs, change::existing, task_queues::QueueKey};

/// Most weights that one queue may override (Temporal: matching.maxFairnessKeyWeightOverrides).
const WEIGHT_OVERRIDES_MAX: usize = 1_000;

/// Changes the queue's configuration (Temporal: matching_engine.go, UpdateTaskQueueConfig).
pub(crate) fn decide(tx: &mut Tx<'_, Cluster>, command: &UpdateTaskQueueConfig) -> Result<Answer, Rejection> {
    existing(tx, &command.namespace)?;
    let key =
        QueueKey { namespace: command.namespace.clone(), task_queue: command.task_queue.clone(), task_queue_type: command.task_queue_type };
    let known = tx.get::<TaskQueueConfigs>(&key);
    let mut config = known.as_ref().and_then(|state| state.config.clone()).unwrap_or_default();
    let now = tx.context.now.into();
    if let Some(limit) = &command.queue_rate_limit {
        config.queue_rate_limit = Some(at(limit, now));
    }
    if let Some(limit) = &command.fairness_keys_rate_limit_default {
        config.fairness_keys_rate_limit_default = Some(at(limit, now));
    }
    for key in &command.unset_fairness_weight_overrides {
        config.fairness_weight_overrides.remove(key);
    }
    let set = command.set_fairness_weight_overrides.iter().map(|(key, weight)| (key.clone(), *weight));
    config.fairness_weight_overrides.extend(set);
    if config.fairness_weight_overrides.len() > WEIGHT_OVERRIDES_MAX {
        return Err(Rejection::invalid("fairness weight overrides update rejected: exceeding maximum key size"));
    }
    let QueueKey { namespace, task_queue, task_queue_type } = key;
    let state = TaskQueueState { namespace, task_queue, task_queue_type, config: Some(config.clone()) };
    if known.is_none_or(|known| *known != state) {
        tx.emit(Event::task_queue(state));
    }
    Ok(Answer::TaskQueueConfig(Box::new(config)))
}

/// The limit, set now.
fn at(limit: &RateLimitConfig, now: Timestamp) -> RateLimitConfig {
    let metadata = limit.metadata.clone().unwrap_or_default();
    RateLimitConfig { metadata: Some(ConfigMetadata { update_time: Some(now), ..metadata }), ..limit.clone() }
}
