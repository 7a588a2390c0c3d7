//! What commands about other workflows check about their target.

use klamm_messages::klamm::v1::{ExternalKind, RunState};
use uuid::Uuid;

use super::{CommandContext, check::id_bytes_max};

/// Said of a target in another namespace.
pub(super) const CROSS_NAMESPACE: &str = "cross namespace commands are not allowed";

/// The target as the command names it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'t> {
    /// Name of the command.
    pub(super) command: &'static str,
    /// Workflow id of the target.
    pub(super) workflow_id: &'t str,
    /// Its run; empty for the newest.
    pub(super) run_id: &'t str,
}

impl Target<'_> {
    /// The workflow id's length and its limit, when it is too long.
    pub(super) fn overlong_id(&self, cx: &CommandContext<'_>) -> Option<(usize, usize)> {
        let limit = id_bytes_max(cx.settings);
        (self.workflow_id.len() > limit).then_some((self.workflow_id.len(), limit))
    }

    /// Whether the run id can be one, or is left out.
    pub(super) fn has_valid_run_id(&self) -> bool {
        self.run_id.is_empty() || Uuid::try_parse(self.run_id).is_ok()
    }
}

/// Whether the command names a namespace that is not the run's own. (Front ends refuse names of namespaces that do not exist.)
pub(super) fn is_cross_namespace(namespace: &str, cx: &CommandContext<'_>) -> bool {
    !namespace.is_empty() && namespace != cx.namespace
}

/// Checks that one more of this kind may be pending. The error says that it may not.
pub(super) fn pending_limit(state: &RunState, kind: ExternalKind, what: &str, limit: usize) -> Result<(), String> {
    let pending = state.externals.values().filter(|pending| pending.kind() == kind).count();
    if pending < limit {
        return Ok(());
    }
    Err(format!("the number of {what}, {pending}, has reached the per-workflow limit of {limit}"))
}
