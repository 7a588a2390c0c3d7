//! Priorities (Temporal: common/priorities/priority_util.go).

use klamm_messages::temporal::common::v1::Priority;

use crate::fault::{Fault, Result};

/// Longest fairness key, bytes.
const FAIRNESS_KEY_BYTES_MAX: usize = 64;

/// Checks that the key is not negative, the fairness key is short, and the weight is not negative.
pub fn check(priority: Option<&Priority>) -> Result<()> {
    let Some(priority) = priority else {
        return Ok(());
    };
    if priority.priority_key < 0 {
        return Err(Fault::invalid("priority key can't be negative"));
    }
    fairness_key(&priority.fairness_key)?;
    if priority.fairness_weight < 0.0 {
        return Err(Fault::invalid("must be greater than zero"));
    }
    Ok(())
}

/// Checks that a fairness key is short.
pub fn fairness_key(key: &str) -> Result<()> {
    if key.len() > FAIRNESS_KEY_BYTES_MAX {
        return Err(Fault::invalid("fairness key length exceeds limit"));
    }
    Ok(())
}
