//! How many updates a run takes. Temporal: service/history/workflow/update/registry.go.

use klamm_machine::Rejection;
use klamm_messages::{
    klamm::v1::{CommandSettings, RunState},
    temporal::update::v1::Request,
};
use prost::Message;

use crate::decide::limits::limit;

/// Bytes that an update takes besides its ids and its request: the name of the request's type, and what frames both.
const OVERHEAD_BYTES: usize = 64;

/// Checks that the run takes another update.
///
/// # Errors
/// ConcurrentLimit when too much is pending, FailedPrecondition when the run has had too many.
pub(super) fn check(state: &RunState, request: &Request, settings: &CommandSettings) -> Result<(), Rejection> {
    let count_max = limit(settings, |limits| limits.pending_updates);
    if state.updates.len() >= count_max {
        return Err(Rejection::ConcurrentLimit(format!("limit on number of concurrent in-flight updates has been reached ({count_max})")));
    }
    check_total(state, settings)?;
    let pending: usize =
        state.updates.iter().map(|(id, update)| 2 * id.len() + OVERHEAD_BYTES + usize::try_from(update.request_bytes).unwrap_or(0)).sum();
    let bytes_max = limit(settings, |limits| limits.pending_update_bytes);
    if pending + request.encoded_len() >= bytes_max {
        return Err(Rejection::ConcurrentLimit(format!(
            "limit on total payload size of in-flight updates has been reached ({bytes_max} bytes)"
        )));
    }
    Ok(())
}

/// Checks that the run has not had too many updates. Rejected ones do not count.
///
/// # Errors
/// FailedPrecondition.
pub(super) fn check_total(state: &RunState, settings: &CommandSettings) -> Result<(), Rejection> {
    let max = limit(settings, |limits| limits.updates);
    if total(state) < max {
        return Ok(());
    }
    Err(Rejection::FailedPrecondition(format!(
        "The limit on the total number of distinct updates in this workflow has been reached ({max}). Make sure any duplicate updates \
         share an Update ID so the server can deduplicate them, and consider rejecting updates that you aren't going to process. You can \
         also Continue-as-New to avoid this; we recommend you check Continue-as-New Suggested in your Workflow."
    )))
}

/// Whether the run has had so many updates that it had better continue as new: nine tenths of what it may have
/// (history.maxTotalUpdates.suggestContinueAsNewThreshold).
pub(crate) fn are_many(state: &RunState, settings: &CommandSettings) -> bool {
    total(state) >= limit(settings, |limits| limits.updates).saturating_mul(9).div_ceil(10)
}

fn total(state: &RunState) -> usize {
    state.updates.len().saturating_add(usize::try_from(state.completed_update_count).unwrap_or(0))
}
