//! How large the state of a run is, told without measuring where it is certainly small.
//!
//! To encode a state takes longer than to decide most commands, so this is left out where a bound says enough. What is kept of a run has come
//! by public events, whose sizes are known, or by internal ones, of which few fields can be large.

use klamm_messages::klamm::v1::{ActivityState, RunState};
use prost::Message;

/// What comes by a public event stands in the state this often at most, with what frames it: an id also as the key of a map, and a field
/// also with the type that the server writes to it.
const COPIES: u64 = 4;
/// Bytes of the fields that are small, or of which there are few, whatever happens to the run: times, numbers, points for resets.
const REST_BYTES: usize = 64 * 1024;
/// Bytes of such fields of one pending activity.
const ACTIVITY_REST_BYTES: usize = 512;

/// Encoded size of the state, bytes, if it may be more than `enough`; otherwise nothing.
pub(super) fn beyond(state: &RunState, enough: u64) -> Option<u64> {
    let bound = bound(state);
    debug_assert!(size(state) <= bound, "{} bytes, at most {bound}", size(state));
    (bound > enough).then(|| size(state))
}

fn size(state: &RunState) -> u64 {
    u64::try_from(state.encoded_len()).unwrap_or(u64::MAX)
}

/// The state is no larger than this.
fn bound(state: &RunState) -> u64 {
    let activities = state.activities.values().filter_map(|activity| activity.state.as_ref()).map(of_activity);
    let waiting = state.buffered_events.iter().map(Message::encoded_len);
    let execution = state.execution.as_ref().map_or(0, Message::encoded_len);
    let updates = state.updates.keys().map(|id| id.len() + ACTIVITY_REST_BYTES);
    let attached = state.attached_requests.keys().map(|id| id.len() + ACTIVITY_REST_BYTES);
    let names = [&state.namespace, &state.workflow_id, &state.run_id, &state.start_request_id].map(String::len);
    let others = [
        state.workflow_task.as_ref().map_or(0, Message::encoded_len),
        state.sticky.as_ref().map_or(0, Message::encoded_len),
        state.auto_reset_points.as_ref().map_or(0, Message::encoded_len),
        state.pause.as_ref().map_or(0, Message::encoded_len),
        state.reset.as_ref().map_or(0, Message::encoded_len),
        execution,
        REST_BYTES,
    ];
    let internal: usize = activities.chain(waiting).chain(updates).chain(attached).chain(names).chain(others).sum();
    let public = u64::try_from(state.history_size_bytes).unwrap_or(0).saturating_mul(COPIES);
    public.saturating_add(u64::try_from(internal).unwrap_or(u64::MAX))
}

/// What internal events have brought of a pending activity.
fn of_activity(state: &ActivityState) -> usize {
    let texts = [&state.request_id, &state.started_identity, &state.last_worker_identity].map(String::len);
    let large = [
        state.heartbeat_details.as_ref().map_or(0, Message::encoded_len),
        state.last_failure.as_ref().map_or(0, Message::encoded_len),
        state.worker_version.as_ref().map_or(0, Message::encoded_len),
        state.pause.as_ref().map_or(0, Message::encoded_len),
        state.options.as_ref().map_or(0, Message::encoded_len),
    ];
    ACTIVITY_REST_BYTES + texts.iter().chain(&large).sum::<usize>()
}
