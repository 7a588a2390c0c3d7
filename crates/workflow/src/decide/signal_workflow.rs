//! SignalWorkflow. Temporal: service/history/api/signalworkflow, api/signal_workflow_util.go.

use klamm_machine::{Decision, Outcome, Rejection, Tx};
use klamm_messages::{
    klamm::v1::{AskedBy, Command, CommandSettings, RunState, SignalWorkflow},
    temporal::{
        common::v1::{Header, Link, Payloads},
        enums::v1::EventType,
        history::v1::{HistoryEvent, WorkflowExecutionSignaledEventAttributes, history_event::Attributes},
    },
};
use prost::Message;

use super::{limits, locate, start_workflow::has_request};
use crate::{
    Answer, Workflow, external,
    run::{Run, is_open, new_event, task_phase::is_closing},
};

/// Decides the command.
pub(super) fn decide(tx: &mut Tx<'_, Workflow>, command: &Command, body: &SignalWorkflow) -> Decision<Answer> {
    let request = body.request.as_ref().ok_or_else(|| Rejection::Internal("A signal without a request.".to_owned()))?;
    let settings = locate::settings(command);
    let mut run = locate::run(tx, command, request.workflow_execution.as_ref())?;
    let run_id = run.key.run_id.clone();
    let state = run.state();
    if has_request(&state, &request.request_id) {
        return Ok(Outcome::Answer(Answer::Signaled { run_id }));
    }
    if !is_open(&state) {
        return Err(Rejection::not_found(locate::COMPLETED));
    }
    let signal = Signal {
        name: &request.signal_name,
        input: request.input.as_ref(),
        identity: &request.identity,
        header: request.header.as_ref(),
        request_id: &request.request_id,
        links: &request.links,
        asked_by: command.asked_by.as_ref(),
    };
    check(&state, &signal, &settings)?;
    external::check_parent(&state, signal.asked_by)?;
    drop(state);
    add(&mut run, &signal);
    run.schedule_workflow_task_unless_delayed();
    limits::enforce(&mut run, &settings, Answer::Signaled { run_id })
}

/// A signal, wherever it comes from.
pub(super) struct Signal<'s> {
    /// Its name.
    pub(super) name: &'s str,
    /// Its input.
    pub(super) input: Option<&'s Payloads>,
    /// Identity of the sender.
    pub(super) identity: &'s str,
    /// For interceptors of the SDK.
    pub(super) header: Option<&'s Header>,
    /// Id of the request.
    pub(super) request_id: &'s str,
    /// Where it came from.
    pub(super) links: &'s [Link],
    /// The run whose workflow has sent it, if one has.
    pub(super) asked_by: Option<&'s AskedBy>,
}

/// Checks that the run can take the signal.
///
/// # Errors
/// InvalidArgument when the signal is too large, or the run has had too many. BusyWorkflow while the workflow is about to close.
pub(super) fn check(state: &RunState, signal: &Signal<'_>, settings: &CommandSettings) -> Result<(), Rejection> {
    limits::check_blob(signal.input.map_or(0, Message::encoded_len), settings)?;
    let waiting = state.buffered_events.iter().filter(|event| event.event_type() == EventType::WorkflowExecutionSignaled).count();
    let count = usize::try_from(state.signal_count).unwrap_or(0).saturating_add(waiting);
    if count >= limits::limit(settings, |limits| limits.signals) {
        return Err(Rejection::invalid("exceeded workflow execution limit for signal events"));
    }
    if is_closing(state) {
        return Err(Rejection::BusyWorkflow("workflow operation can not be applied because workflow is closing".to_owned()));
    }
    Ok(())
}

/// Writes the signal into the history, or buffers it until the running workflow task has ended.
pub(super) fn add(run: &mut Run<'_, '_>, signal: &Signal<'_>) {
    let event = new_event(
        EventType::WorkflowExecutionSignaled,
        Attributes::WorkflowExecutionSignaledEventAttributes(WorkflowExecutionSignaledEventAttributes {
            signal_name: signal.name.to_owned(),
            input: signal.input.cloned(),
            identity: signal.identity.to_owned(),
            header: signal.header.cloned(),
            request_id: signal.request_id.to_owned(),
            external_workflow_execution: external::asking_execution(signal.asked_by),
            ..WorkflowExecutionSignaledEventAttributes::default()
        }),
        run.now(),
    );
    run.add_or_buffer_whole_event(HistoryEvent { links: signal.links.to_vec(), ..event });
}
