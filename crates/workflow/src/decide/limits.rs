//! Limits of what a history may hold. Temporal: common/util.go (CheckEventBlobSizeLimit), service/history/workflow/context.go.

use klamm_machine::{Decision, Outcome, Rejection};
use klamm_messages::klamm::v1::CommandSettings;

use crate::{
    Answer,
    run::{Run, is_open, workflow_task::or_default},
};

/// Largest field where a command carries no such setting (limit.blobSize.error).
const BLOB_SIZE_LIMIT_BYTES: u64 = 2 * 1024 * 1024;
/// Fields up to this size are never refused (limit.blobSize.warn).
const BLOB_SIZE_WARN_BYTES: usize = 512 * 1024;
/// Most events of a history where a command carries no such setting (limit.historyCount.error).
const HISTORY_COUNT_LIMIT: u64 = 51_200;
/// Largest history, bytes, where a command carries no such setting (limit.historySize.error).
const HISTORY_SIZE_LIMIT_BYTES: u64 = 50 * 1024 * 1024;

/// Whether a field of so many bytes fits.
pub(crate) fn blob_fits(bytes: usize, settings: &CommandSettings) -> bool {
    bytes <= BLOB_SIZE_WARN_BYTES || u64::try_from(bytes).is_ok_and(|bytes| bytes <= blob_size_limit(settings))
}

/// Largest size of one field, bytes, as the settings have it.
pub(crate) fn blob_size_limit(settings: &CommandSettings) -> u64 {
    or_default(u64::from(settings.blob_size_limit_bytes), BLOB_SIZE_LIMIT_BYTES)
}

/// Checks the size of a field of a client's request.
///
/// # Errors
/// InvalidArgument when the field does not fit.
pub(super) fn check_blob(bytes: usize, settings: &CommandSettings) -> Result<(), Rejection> {
    if blob_fits(bytes, settings) { Ok(()) } else { Err(Rejection::invalid("Blob data size exceeds limit.")) }
}

/// Terminates the open run when its history has outgrown its limits, and tells the caller so. Otherwise gives `answer`.
pub(crate) fn enforce(run: &mut Run<'_, '_>, settings: &CommandSettings, answer: Answer) -> Decision<Answer> {
    match exceeded(run, settings) {
        Some(reason) => {
            run.terminate_by_server(reason, settings);
            Ok(Outcome::Refused(Rejection::invalid(reason)))
        }
        None => Ok(Outcome::Answer(answer)),
    }
}

/// Which limit the history of the open run exceeds.
fn exceeded(run: &Run<'_, '_>, settings: &CommandSettings) -> Option<&'static str> {
    let state = run.state();
    if !is_open(&state) {
        return None;
    }
    let size = u64::try_from(state.history_size_bytes).unwrap_or(0);
    if size > or_default(settings.history_size_limit_bytes, HISTORY_SIZE_LIMIT_BYTES) {
        return Some("Workflow history size exceeds limit.");
    }
    let count = u64::try_from(state.next_event_id.saturating_sub(1)).unwrap_or(0);
    if count > or_default(u64::from(settings.history_count_limit), HISTORY_COUNT_LIMIT) {
        return Some("Workflow history count exceeds limit.");
    }
    None
}
