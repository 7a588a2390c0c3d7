//! Limits of what a run may hold. Temporal: common/util.go (CheckEventBlobSizeLimit), service/history/workflow/context.go.

use klamm_machine::{Decision, Outcome, Rejection, Warning};
use klamm_messages::klamm::v1::{CommandLimits, CommandSettings, RunState};

use super::state_size;
use crate::{
    Answer,
    run::{Run, is_open},
};

/// Largest field where a command carries no such setting (limit.blobSize.error).
const BLOB_SIZE_LIMIT_BYTES: u64 = 2 * 1024 * 1024;
/// Most events of a history where a command carries no such setting (limit.historyCount.error).
const HISTORY_COUNT_LIMIT: u64 = 51_200;
/// Largest history, bytes, where a command carries no such setting (limit.historySize.error).
const HISTORY_SIZE_LIMIT_BYTES: u64 = 50 * 1024 * 1024;

/// The limits that stand in [`CommandLimits`], as they are where a command does not carry others.
pub const DEFAULTS: CommandLimits = CommandLimits {
    blob_warn_bytes: 512 * 1024,
    memo_bytes: 2 * 1024 * 1024,
    id_bytes: 1000,
    pending_activities: 2000,
    pending_children: 2000,
    pending_signals: 2000,
    pending_cancel_requests: 2000,
    signals: 10_000,
    search_attributes: 100,
    search_attribute_value_bytes: 2 * 1024,
    search_attributes_bytes: 40 * 1024,
    callbacks: 32,
    mutable_state_bytes: 8 * 1024 * 1024,
    mutable_state_warn_bytes: 1024 * 1024,
    history_count_warn: 10_240,
    history_warn_bytes: 10 * 1024 * 1024,
    pending_updates: 10,
    pending_update_bytes: 20 * 1024 * 1024,
    updates: 2000,
};

/// One of the limits: the command's own, or the default.
pub(crate) fn limit<N: Copy + Default + PartialEq + TryInto<usize>>(settings: &CommandSettings, of: impl Fn(&CommandLimits) -> N) -> usize {
    let own = settings.limits.as_ref().map(&of).filter(|own| *own != N::default());
    own.unwrap_or_else(|| of(&DEFAULTS)).try_into().unwrap_or(usize::MAX)
}

/// Whether a field of so many bytes fits.
pub(crate) fn blob_fits(bytes: usize, settings: &CommandSettings) -> bool {
    bytes <= limit(settings, |limits| limits.blob_warn_bytes) || u64::try_from(bytes).is_ok_and(|bytes| bytes <= blob_size_limit(settings))
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

/// Terminates the open run when it has outgrown its limits, and tells the caller so. Otherwise gives `answer`.
pub(crate) fn enforce(run: &mut Run<'_, '_>, settings: &CommandSettings, answer: Answer) -> Decision<Answer> {
    let state = run.state();
    if !is_open(&state) {
        return Ok(Outcome::Answer(answer));
    }
    let sizes = Sizes::of(&state, settings);
    drop(state);
    if let Some(reason) = sizes.exceeded(settings) {
        run.terminate_by_server(reason, settings);
        return Ok(Outcome::Refused(Rejection::invalid(reason)));
    }
    sizes.warnings(settings).into_iter().flatten().for_each(|warning| run.tx.warn(warning));
    Ok(Outcome::Answer(answer))
}

/// How large a run is.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    /// Events of its history.
    count: u64,
    /// Bytes of its history.
    history: u64,
    /// Bytes of what is kept of it besides; 0 where that is not worth a warning.
    state: u64,
}

impl Sizes {
    fn of(state: &RunState, settings: &CommandSettings) -> Self {
        // Without any of these the state is small.
        let is_small = state.activities.is_empty()
            && state.timers.is_empty()
            && state.children.is_empty()
            && state.externals.is_empty()
            && state.buffered_events.is_empty()
            && state.memo.is_none()
            && state.search_attributes.is_none();
        let least = bytes(settings, |limits| limits.mutable_state_bytes).min(bytes(settings, |limits| limits.mutable_state_warn_bytes));
        Self {
            count: u64::try_from(state.next_event_id.saturating_sub(1)).unwrap_or(0),
            history: u64::try_from(state.history_size_bytes).unwrap_or(0),
            state: if is_small { 0 } else { state_size::beyond(state, least).unwrap_or(0) },
        }
    }

    /// Which limit is exceeded.
    fn exceeded(&self, settings: &CommandSettings) -> Option<&'static str> {
        if self.history > or_default(settings.history_size_limit_bytes, HISTORY_SIZE_LIMIT_BYTES) {
            return Some("Workflow history size exceeds limit.");
        }
        if self.count > or_default(u64::from(settings.history_count_limit), HISTORY_COUNT_LIMIT) {
            return Some("Workflow history count exceeds limit.");
        }
        (self.state > bytes(settings, |limits| limits.mutable_state_bytes)).then_some("Workflow mutable state size exceeds limit.")
    }

    /// The limits that are near.
    fn warnings(&self, settings: &CommandSettings) -> [Option<Warning>; 3] {
        let warning = |limit, value, warn_from| (value > warn_from).then_some(Warning { limit, value, warn_from });
        [
            warning("history_bytes", self.history, bytes(settings, |limits| limits.history_warn_bytes)),
            warning("history_count", self.count, bytes(settings, |limits| u64::from(limits.history_count_warn))),
            warning("mutable_state_bytes", self.state, bytes(settings, |limits| limits.mutable_state_warn_bytes)),
        ]
    }
}

/// As [`limit`], for numbers that are compared as they are.
fn bytes(settings: &CommandSettings, of: impl Fn(&CommandLimits) -> u64) -> u64 {
    u64::try_from(limit(settings, of)).unwrap_or(u64::MAX)
}

/// A setting, or its default where the setting is zero, which means that it was not stamped.
pub(crate) fn or_default(setting: u64, default: u64) -> u64 {
    if setting == 0 { default } else { setting }
}
