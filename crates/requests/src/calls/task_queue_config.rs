//! UpdateTaskQueueConfig (Temporal: service/frontend/workflow_handler.go, validators.go).

use std::collections::HashSet;

use klamm_messages::{
    klamm::v1::{Command, UpdateTaskQueueConfig, cluster_command},
    temporal::{
        enums::v1::TaskQueueType,
        taskqueue::v1::{ConfigMetadata, RateLimitConfig},
        workflowservice::v1::{UpdateTaskQueueConfigRequest, update_task_queue_config_request::RateLimitUpdate},
    },
};

use super::cluster;
use crate::{
    fault::{Fault, Result},
    limits::Limits,
    validate,
};

/// Longest reason, bytes (Temporal: maxReasonLength).
const REASON_BYTES_MAX: usize = 1_000;
/// Most weights in one request (Temporal: matching.maxFairnessKeyWeightOverrides).
const WEIGHTS_MAX: usize = 1_000;

/// The command.
///
/// # Errors
/// What Temporal says of the first fault.
pub fn command(mut request: UpdateTaskQueueConfigRequest, limits: &Limits) -> Result<Command> {
    let is_workflow = request.task_queue_type == TaskQueueType::Workflow as i32;
    let queue_limit = request.update_queue_rate_limit.take();
    if is_workflow && sets(queue_limit.as_ref()) {
        return Err(Fault::invalid("Setting rate limit on workflow task queues is not allowed."));
    }
    check_limit(queue_limit.as_ref(), "UpdateQueueRateLimit")?;
    let key_limit = request.update_fairness_key_rate_limit_default.take();
    if is_workflow && sets(key_limit.as_ref()) {
        return Err(Fault::invalid("Setting fairness key rate limit on workflow task queues is not allowed."));
    }
    check_limit(key_limit.as_ref(), "UpdateFairnessKeyRateLimitDefault")?;
    check_length("Identity", &request.identity, limits.id_bytes)?;
    check_weights(&request)?;
    if request.task_queue.is_empty() {
        return Err(Fault::invalid("missing task queue name"));
    }
    let identity = request.identity;
    let of = |update: RateLimitUpdate| RateLimitConfig {
        rate_limit: update.rate_limit,
        metadata: Some(ConfigMetadata { reason: update.reason, update_identity: identity.clone(), update_time: None }),
    };
    let update = UpdateTaskQueueConfig {
        namespace: request.namespace.clone(),
        task_queue: request.task_queue,
        task_queue_type: request.task_queue_type,
        queue_rate_limit: queue_limit.map(of),
        fairness_keys_rate_limit_default: key_limit.map(of),
        set_fairness_weight_overrides: request.set_fairness_weight_overrides,
        unset_fairness_weight_overrides: request.unset_fairness_weight_overrides,
    };
    Ok(cluster::command(&request.namespace, cluster_command::Command::UpdateTaskQueueConfig(update)))
}

fn sets(update: Option<&RateLimitUpdate>) -> bool {
    update.is_some_and(|update| update.rate_limit.is_some())
}

fn check_limit(update: Option<&RateLimitUpdate>, label: &str) -> Result<()> {
    let Some(update) = update else { return Ok(()) };
    let Some(limit) = update.rate_limit else { return Ok(()) };
    if limit.requests_per_second < 0.0 {
        return Err(Fault::invalid(format!("RequestsPerSecond for {label} rate limit must be non-negative.")));
    }
    check_length(&format!("{label}.Reason"), &update.reason, REASON_BYTES_MAX)
}

fn check_length(field: &str, text: &str, bytes_max: usize) -> Result<()> {
    if text.len() > bytes_max {
        return Err(Fault::invalid(format!("{field} field too long (max {bytes_max} characters).")));
    }
    Ok(())
}

fn check_weights(request: &UpdateTaskQueueConfigRequest) -> Result<()> {
    let (set, unset) = (&request.set_fairness_weight_overrides, &request.unset_fairness_weight_overrides);
    let total = set.len() + unset.len();
    if total > WEIGHTS_MAX {
        return Err(Fault::invalid(format!("too many fairness weight overrides in request: got {total}, maximum {WEIGHTS_MAX}")));
    }
    for (key, weight) in set {
        check_key(key)?;
        // A weight that is not a number is refused, too: Temporal's comparison lets it pass.
        if weight.is_nan() || *weight <= 0.0 {
            return Err(Fault::invalid(format!("invalid fairness weight weight for key {key:?}: must be greater than zero")));
        }
    }
    for key in unset {
        check_key(key)?;
    }
    let both: HashSet<&String> = set.keys().collect();
    match unset.iter().find(|key| both.contains(key)) {
        Some(key) => Err(Fault::invalid(format!("fairness weight override key {key:?} present in both set and unset lists"))),
        None => Ok(()),
    }
}

fn check_key(key: &str) -> Result<()> {
    if key.is_empty() {
        return Err(Fault::invalid("fairness weight override key must not be empty"));
    }
    validate::priority::fairness_key(key)
}
