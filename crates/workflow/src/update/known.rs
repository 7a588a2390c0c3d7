//! Whether a run knows an update.

use klamm_messages::temporal::update::v1::Request;

use crate::{
    run::Run,
    tables::{CompletedUpdates, RunNames},
};

/// Longer ids are of no update: none are looked up in tables. What a client may send is bounded by `limits.id_bytes`.
pub(super) const ID_BYTES_MAX: usize = 16 << 10;

/// Whether the run has the update, or has had it and has its outcome.
pub(crate) fn is_known(run: &Run<'_, '_>, update_id: &str) -> bool {
    run.state().updates.contains_key(update_id) || is_completed(run, update_id)
}

/// Whether the update is completed on this run.
pub(crate) fn is_completed(run: &Run<'_, '_>, update_id: &str) -> bool {
    completed_key(run.key.names(), update_id).is_some_and(|key| run.tx.get_at::<CompletedUpdates>(&key).is_some())
}

/// Under which key it stands where the outcome of a run's update is. `None`: there can be no update of this id.
pub(super) fn completed_key(run: RunNames<'_>, update_id: &str) -> Option<Vec<u8>> {
    (update_id.len() <= ID_BYTES_MAX).then(|| CompletedUpdates::key_of(run, update_id))
}

/// Id of the update that is asked for; empty when it has none.
pub(crate) fn update_id(request: &Request) -> &str {
    request.meta.as_ref().map(|meta| meta.update_id.as_str()).unwrap_or_default()
}
