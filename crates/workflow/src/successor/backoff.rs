//! How long the next run waits. Temporal: mutable_state_impl.go (ContinueAsNewMinBackoff).

use std::time::Duration;

use klamm_machine::{Time, time};
use klamm_messages::klamm::v1::RunState;

use crate::run::execution_time;

/// Least time between the starts of two runs of a chain (history.workflowIdReuseMinimalInterval).
const MINIMAL_INTERVAL: Duration = Duration::from_secs(1);

/// How long the next run's first workflow task waits. That is what is asked for, but runs of a chain begin at least a second apart.
pub(super) fn backoff(told: Option<prost_types::Duration>, state: &RunState, now: Time) -> Option<prost_types::Duration> {
    let start = state.start_time.as_ref().map_or(now, Time::from);
    let execution = execution_time(state).unwrap_or(now);
    let lived = if now >= execution { now.since(execution) } else { now.since(start) };
    let interval = lived.saturating_add(told.as_ref().map(time::duration).unwrap_or_default());
    if interval < MINIMAL_INTERVAL { Some(time::to_proto(MINIMAL_INTERVAL - lived)) } else { told }
}
