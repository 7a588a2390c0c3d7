//! How many updates a run takes. Temporal: service/history/workflow/update/registry.go.

use klamm_machine::Rejection;
use klamm_messages::{klamm::v1::RunState, temporal::update::v1::Request};
use prost::Message;

/// Most updates of one run that may be pending (history.maxInFlightUpdates).
const IN_FLIGHT_MAX: usize = 10;
/// Size from which the pending updates of one run are too large, bytes (history.maxInFlightUpdatePayloads).
const IN_FLIGHT_BYTES_MAX: usize = 20 * 1024 * 1024;
/// Most updates of one run, rejected ones aside (history.maxTotalUpdates).
const TOTAL_MAX: usize = 2000;
/// From so many updates on, continue-as-new is suggested: nine tenths of [`TOTAL_MAX`] (history.maxTotalUpdates.suggestContinueAsNewThreshold).
const SUGGEST_CONTINUE_AS_NEW: usize = 1800;
/// Bytes that an update takes besides its ids and its request: the name of the request's type, and what frames both.
const OVERHEAD_BYTES: usize = 64;

/// Checks that the run takes another update.
///
/// # Errors
/// ConcurrentLimit when too much is pending, FailedPrecondition when the run has had too many.
pub(super) fn check(state: &RunState, request: &Request) -> Result<(), Rejection> {
    if state.updates.len() >= IN_FLIGHT_MAX {
        return Err(Rejection::ConcurrentLimit(format!(
            "limit on number of concurrent in-flight updates has been reached ({IN_FLIGHT_MAX})"
        )));
    }
    check_total(state)?;
    let pending: usize =
        state.updates.iter().map(|(id, update)| 2 * id.len() + OVERHEAD_BYTES + usize::try_from(update.request_bytes).unwrap_or(0)).sum();
    if pending + request.encoded_len() >= IN_FLIGHT_BYTES_MAX {
        return Err(Rejection::ConcurrentLimit(format!(
            "limit on total payload size of in-flight updates has been reached ({IN_FLIGHT_BYTES_MAX} bytes)"
        )));
    }
    Ok(())
}

/// Checks that the run has not had too many updates.
///
/// # Errors
/// FailedPrecondition.
pub(super) fn check_total(state: &RunState) -> Result<(), Rejection> {
    if total(state) < TOTAL_MAX {
        return Ok(());
    }
    Err(Rejection::FailedPrecondition(format!(
        "The limit on the total number of distinct updates in this workflow has been reached ({TOTAL_MAX}). Make sure any duplicate updates \
         share an Update ID so the server can deduplicate them, and consider rejecting updates that you aren't going to process. You can \
         also Continue-as-New to avoid this; we recommend you check Continue-as-New Suggested in your Workflow."
    )))
}

/// Whether the run has had so many updates that it had better continue as new.
pub(crate) fn are_many(state: &RunState) -> bool {
    total(state) >= SUGGEST_CONTINUE_AS_NEW
}

fn total(state: &RunState) -> usize {
    state.updates.len().saturating_add(usize::try_from(state.completed_update_count).unwrap_or(0))
}
