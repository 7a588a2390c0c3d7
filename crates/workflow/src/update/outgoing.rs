//! What a workflow task brings of updates to its worker.

use klamm_messages::temporal::protocol::v1::{Message, message::SequencingId};

use super::{message::body, waiting::Outgoing};
use crate::{run::Run, tables::Updates};

/// The messages that bring the updates with the task of this started event.
pub(crate) fn messages(run: &Run<'_, '_>, updates: &[Outgoing], started_event_id: i64) -> Vec<Message> {
    let message = |update: &Outgoing| {
        let row = run.tx.get_at::<Updates>(&Updates::key_of(run.key.names(), update.slot))?;
        let state = row.state.as_ref()?;
        Some(Message {
            id: request_message_id(&state.update_id),
            protocol_instance_id: state.update_id.clone(),
            sequencing_id: Some(SequencingId::EventId(started_event_id - 1)),
            body: Some(body(state.request.as_ref()?)),
        })
    };
    updates.iter().filter_map(message).collect()
}

/// Id of the message that brings an update to its worker.
pub(super) fn request_message_id(update_id: &str) -> String {
    format!("{update_id}/request")
}
