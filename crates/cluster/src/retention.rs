//! How long closed runs may be kept.

use std::time::Duration;

use klamm_machine::{Rejection, time};

/// Shortest retention of a local namespace (Temporal: namespace.MinRetentionLocal).
pub const RETENTION_MIN_LOCAL: Duration = Duration::from_secs(60 * 60);

/// Shortest retention of a global namespace (Temporal: namespace.MinRetentionGlobal).
pub const RETENTION_MIN_GLOBAL: Duration = Duration::from_secs(24 * 60 * 60);

/// Longest retention. A longer one is cut to it (Temporal: ValidateAndCapProtoDuration, 250 years of 365 days).
const RETENTION_MAX: Duration = Duration::from_secs(250 * 365 * 24 * 60 * 60);

/// The retention that a request asks for, cut to the longest. An absent, negative or too short one is refused.
pub(crate) fn checked(value: Option<&prost_types::Duration>, is_global: bool) -> Result<prost_types::Duration, Rejection> {
    let least = if is_global { RETENTION_MIN_GLOBAL } else { RETENTION_MIN_LOCAL };
    let asked = value.map(time::duration).unwrap_or_default();
    if asked < least {
        return Err(Rejection::invalid("A valid retention period is not set on request."));
    }
    Ok(time::to_proto(asked.min(RETENTION_MAX)))
}
