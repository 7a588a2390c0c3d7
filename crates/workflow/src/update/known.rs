//! Whether a run knows an update.

use crate::{run::Run, tables::CompletedUpdates};

/// Whether the run has the update, or has had it and has its outcome.
pub(crate) fn is_known(run: &Run<'_, '_>, update_id: &str) -> bool {
    run.state().updates.contains_key(update_id) || is_completed(run, update_id)
}

/// Whether the update is completed on this run.
pub(crate) fn is_completed(run: &Run<'_, '_>, update_id: &str) -> bool {
    run.tx.get_at::<CompletedUpdates>(&CompletedUpdates::key_of(run.key.names(), update_id)).is_some()
}
