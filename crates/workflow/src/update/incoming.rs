//! What a worker says of updates when it completes a workflow task.
//!
//! Temporal: service/history/api/respondworkflowtaskcompleted/workflow_task_completed_handler.go (handleMessage),
//! service/history/workflow/update/update.go (OnProtocolMessage).

use std::collections::BTreeSet;

use klamm_machine::Rejection as Refusal;
use klamm_messages::{
    klamm::v1::{CommandSettings, PendingUpdate, UpdatePhase},
    temporal::{
        command::v1::ProtocolMessageCommandAttributes,
        enums::v1::{EventType, WorkflowTaskFailedCause},
        history::v1::{
            WorkflowExecutionUpdateAcceptedEventAttributes, WorkflowExecutionUpdateCompletedEventAttributes, history_event::Attributes,
        },
        protocol::v1::Message,
        update::v1::{Acceptance, Rejection, Request, Response},
    },
};
use prost::{Message as _, Name};
use prost_types::Any;

use super::{
    ended,
    known::{ID_BYTES_MAX, completed_key},
    limits,
    message::type_name,
    outgoing::request_message_id,
};
use crate::{
    commands::CommandFailure,
    decide::limits::blob_fits,
    run::Run,
    tables::{CompletedUpdates, Updates},
};

/// The package of the messages about updates.
const PROTOCOL: &str = "temporal.api.update.v1";
/// Cause of a workflow task that fails because of a message.
const CAUSE: WorkflowTaskFailedCause = WorkflowTaskFailedCause::BadUpdateWorkflowExecutionMessage;

/// The messages of one completed workflow task.
pub(crate) struct Inbox<'m> {
    messages: &'m [Message],
    taken: BTreeSet<usize>,
    /// Updates that this completion has rejected.
    rejected: BTreeSet<&'m str>,
    /// Events from this one on are of this completion.
    first_event_id: i64,
    settings: &'m CommandSettings,
}

/// What is known of the update that a message is about.
enum Known {
    Pending(PendingUpdate),
    /// It is completed; by this completion or an earlier one.
    Completed(&'static str),
    /// The server has lost it, and the message brings its request.
    Brought(Box<Request>),
}

impl<'m> Inbox<'m> {
    /// The messages, whose events come after `completed_event_id`.
    pub(crate) fn new(messages: &'m [Message], completed_event_id: i64, settings: &'m CommandSettings) -> Self {
        Self { messages, taken: BTreeSet::new(), rejected: BTreeSet::new(), first_event_id: completed_event_id, settings }
    }

    /// Handles the message that a command names.
    ///
    /// # Errors
    /// What is wrong with the command or the message.
    pub(crate) fn handle_named(&mut self, run: &mut Run<'_, '_>, command: &ProtocolMessageCommandAttributes) -> Result<(), CommandFailure> {
        if command.message_id.is_empty() {
            return Err(bad("MessageID is not set on ProtocolMessageCommand."));
        }
        let at = self.messages.iter().position(|message| message.id == command.message_id);
        match at.filter(|at| self.taken.insert(*at)) {
            Some(at) => self.handle(run, &self.messages[at]),
            None => Err(bad(format!("ProtocolMessageCommand referenced absent message ID {}", command.message_id))),
        }
    }

    /// Handles the messages that no command has named, in their order.
    ///
    /// # Errors
    /// What is wrong with a message.
    pub(crate) fn handle_others(&mut self, run: &mut Run<'_, '_>) -> Result<(), CommandFailure> {
        for (at, message) in self.messages.iter().enumerate() {
            if self.taken.insert(at) {
                self.handle(run, message)?;
            }
        }
        Ok(())
    }

    fn handle(&mut self, run: &mut Run<'_, '_>, message: &'m Message) -> Result<(), CommandFailure> {
        let body = message.body.as_ref().ok_or_else(|| refused("nil message body"))?;
        let name = type_name(body);
        if name.is_empty() {
            return Err(refused("no message name specified"));
        }
        let Some((protocol, _)) = name.rsplit_once('.') else {
            return Err(refused(format!("failed to extract protocol type: no . found in {name:?}")));
        };
        if !blob_fits(body.encoded_len(), self.settings) {
            return Err(CommandFailure::terminate(CAUSE, format!("Message type {name} exceeds size limit.")));
        }
        if protocol != PROTOCOL {
            return Err(bad(format!("unsupported protocol type {protocol}")));
        }
        let known = self.find(run, message, body)?;
        let is_rejection = name == Rejection::full_name();
        if !run.is_open() && !is_rejection {
            // A command before it has closed the run. The update ends with the run.
            return Ok(());
        }
        let update_id = &message.protocol_instance_id;
        if name == Acceptance::full_name() {
            self.accept(run, update_id, known, &decode(body)?)
        } else if is_rejection {
            self.reject(run, update_id, &known, decode(body)?)
        } else if name == Response::full_name() {
            self.complete(run, update_id, &known, &decode(body)?)
        } else {
            let short = name.rsplit('.').next().unwrap_or_default();
            Err(bad(format!("Message type *update.{short} not supported")))
        }
    }

    /// What is known of the update.
    fn find(&self, run: &Run<'_, '_>, message: &Message, body: &Any) -> Result<Known, CommandFailure> {
        let update_id = message.protocol_instance_id.as_str();
        if self.rejected.contains(update_id) {
            return Ok(Known::Completed("ProvisionallyCompleted"));
        }
        let state = run.state();
        if let Some(pending) = state.updates.get(update_id) {
            return Ok(Known::Pending(*pending));
        }
        if let Some(row) = completed_key(run.key.names(), update_id).and_then(|key| run.tx.get_at::<CompletedUpdates>(&key)) {
            return Ok(Known::Completed(if row.event_id > self.first_event_id { "ProvisionallyCompleted" } else { "Completed" }));
        }
        limits::check_total(&state, self.settings).map_err(CommandFailure::refuse)?;
        let name = type_name(body);
        let request = if name == Acceptance::full_name() {
            decode::<Acceptance>(body)?.accepted_request
        } else if name == Rejection::full_name() {
            decode::<Rejection>(body)?.rejected_request
        } else {
            None
        };
        match request.filter(|_| !update_id.is_empty() && update_id.len() <= ID_BYTES_MAX) {
            Some(request) => Ok(Known::Brought(Box::new(request))),
            None => Err(bad(format!(
                "update {update_id} wasn't found on the server. This is most likely a transient error which will be resolved automatically \
                 by retries"
            ))),
        }
    }

    fn accept(&self, run: &mut Run<'_, '_>, update_id: &str, known: Known, acceptance: &Acceptance) -> Result<(), CommandFailure> {
        self.check_waits(update_id, &known, "Acceptance")?;
        if acceptance.accepted_request_sequencing_event_id == 0 {
            return Err(bad("invalid *update.Acceptance: accepted_request_sequencing_event_id is not set"));
        }
        if acceptance.accepted_request_message_id.is_empty() {
            return Err(bad("invalid *update.Acceptance: accepted_request_message_id is not set"));
        }
        let accepted_request = match known {
            Known::Brought(request) => Some(*request),
            Known::Pending(update) if update.slot > 0 => {
                let row = run.tx.get_at::<Updates>(&Updates::key_of(run.key.names(), update.slot));
                row.and_then(|row| row.state.as_ref()?.request.clone())
            }
            // The event that brought the update has its request.
            _ => None,
        };
        run.add_event(
            EventType::WorkflowExecutionUpdateAccepted,
            Attributes::WorkflowExecutionUpdateAcceptedEventAttributes(WorkflowExecutionUpdateAcceptedEventAttributes {
                protocol_instance_id: update_id.to_owned(),
                accepted_request_message_id: request_message_id(update_id),
                accepted_request_sequencing_event_id: acceptance.accepted_request_sequencing_event_id,
                accepted_request,
            }),
        );
        Ok(())
    }

    fn reject(&mut self, run: &mut Run<'_, '_>, update_id: &'m str, known: &Known, rejection: Rejection) -> Result<(), CommandFailure> {
        self.check_waits(update_id, known, "Rejection")?;
        if let Known::Pending(update) = known {
            ended::reject(run, update_id, update, rejection.failure);
        }
        self.rejected.insert(update_id);
        Ok(())
    }

    fn complete(&self, run: &mut Run<'_, '_>, update_id: &str, known: &Known, response: &Response) -> Result<(), CommandFailure> {
        let accepted_event_id = match known {
            Known::Pending(update) if update.phase() == UpdatePhase::Accepted => update.accepted_event_id,
            known => return Err(self.invalid_transition(update_id, known, "Response")),
        };
        let invalid = |what: String| Err(bad(format!("invalid *update.Response: {what}")));
        let Some(meta) = &response.meta else { return invalid("meta is not set".to_owned()) };
        if meta.update_id.is_empty() {
            return invalid("meta.update_id is not set".to_owned());
        }
        if meta.update_id != update_id {
            return invalid(format!("meta.update_id != {update_id}"));
        }
        if response.outcome.is_none() {
            return invalid("outcome is not set".to_owned());
        }
        run.add_event(
            EventType::WorkflowExecutionUpdateCompleted,
            Attributes::WorkflowExecutionUpdateCompletedEventAttributes(WorkflowExecutionUpdateCompletedEventAttributes {
                meta: response.meta.clone(),
                accepted_event_id,
                outcome: response.outcome.clone(),
            }),
        );
        Ok(())
    }

    /// Checks that the update is not accepted yet.
    fn check_waits(&self, update_id: &str, known: &Known, message_type: &str) -> Result<(), CommandFailure> {
        match known {
            Known::Brought(_) => Ok(()),
            Known::Pending(update) if update.phase() != UpdatePhase::Accepted => Ok(()),
            known => Err(self.invalid_transition(update_id, known, message_type)),
        }
    }

    fn invalid_transition(&self, update_id: &str, known: &Known, message_type: &str) -> CommandFailure {
        let state = match known {
            Known::Completed(state) => state,
            Known::Brought(_) => "Admitted",
            Known::Pending(update) => match update.phase() {
                UpdatePhase::Accepted if update.accepted_event_id > self.first_event_id => "ProvisionallyAccepted",
                UpdatePhase::Accepted => "Accepted",
                UpdatePhase::Sent => "Sent",
                _ => "Admitted",
            },
        };
        bad(format!(
            "invalid state transition attempted for Update {update_id}: received *update.{message_type} message while in state {state}"
        ))
    }
}

/// The body as a message of this type.
fn decode<M: prost::Message + Default>(body: &Any) -> Result<M, CommandFailure> {
    M::decode(body.value.as_slice()).map_err(|_| bad("unable to unmarshal request: proto: cannot parse invalid wire-format data"))
}

/// The workflow task fails because of a message.
fn bad(message: impl Into<String>) -> CommandFailure {
    CommandFailure::new(CAUSE, message)
}

/// The completion is refused because of a message, and the workflow task goes on.
fn refused(message: impl Into<String>) -> CommandFailure {
    CommandFailure::refuse(Refusal::invalid(message))
}
