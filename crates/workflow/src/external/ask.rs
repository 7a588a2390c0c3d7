//! The asking run sends the command.

use klamm_machine::{Time, named_id};
use klamm_messages::{
    klamm::v1::{
        AskedBy, Command, CommandSettings, ExternalState, PendingExternal, RequestCancelWorkflow, RunState, SignalWorkflow, command::Body,
        history_record::Record,
    },
    temporal::{
        common::v1::WorkflowExecution,
        history::v1::{HistoryEvent, history_event::Attributes},
        workflowservice::v1::{RequestCancelWorkflowExecutionRequest, SignalWorkflowExecutionRequest},
    },
};

use crate::{
    run::{Run, workflow_task::SERVER_IDENTITY},
    tables::{History, Runs},
};

/// How many resets of resets are followed to the run that asked first.
const RESETS_MAX: usize = 1_000;

/// Sends all that was initiated from this event on. Does nothing when the run has closed: a run that closes in the same workflow task sends
/// nothing.
pub(crate) fn send_since(run: &mut Run<'_, '_>, event_id: i64, settings: &CommandSettings) {
    if !run.is_open() {
        return;
    }
    let initiated: Vec<_> = run.state().externals.range(event_id..).map(|(id, _)| *id).collect();
    for initiated_event_id in initiated {
        let request_id = request_id(run, initiated_event_id);
        send(run, initiated_event_id, request_id, 1, settings);
    }
}

/// The id of what an event asks for. A run that a reset has made asks with the id that its base asked with: a target that was reached already
/// is not reached again (Temporal's server draws another id, and signals twice).
fn request_id(run: &Run<'_, '_>, initiated_event_id: i64) -> String {
    let mut origin = run.key.clone();
    let mut reset = run.state().reset.clone();
    for _ in 0..RESETS_MAX {
        let Some(copied) = reset.filter(|reset| initiated_event_id < reset.fork_event_id) else { break };
        origin.run_id = copied.base_run_id;
        reset = run.tx.get::<Runs>(&origin).and_then(|base| base.reset.clone());
    }
    named_id(&format!("external/{}/{}/{}/{initiated_event_id}", origin.namespace, origin.workflow_id, origin.run_id))
}

/// Sends again what is due, because its target was busy.
pub(crate) fn wake(run: &mut Run<'_, '_>, settings: &CommandSettings) {
    let now = run.now();
    for state in due(&run.state(), now) {
        let attempt = state.attempt.saturating_add(1);
        let (initiated_event_id, request_id) = (state.initiated_event_id, state.request_id.clone());
        run.record(Record::External(ExternalState { attempt, retry_time: None, ..state }));
        send(run, initiated_event_id, request_id, attempt, settings);
    }
}

/// When this is to be sent again.
pub(crate) fn next_wake(pending: &PendingExternal) -> Option<Time> {
    pending.state.as_ref()?.retry_time.as_ref().map(Time::from)
}

/// The attempts that are due.
fn due(run: &RunState, now: Time) -> Vec<ExternalState> {
    let is_due = |pending: &&PendingExternal| next_wake(pending).is_some_and(|time| time <= now);
    run.externals.values().filter(is_due).filter_map(|pending| pending.state.clone()).collect()
}

fn send(run: &mut Run<'_, '_>, initiated_event_id: i64, request_id: String, attempt: u32, settings: &CommandSettings) {
    let Some(event) = run.tx.get::<History>(&(run.key.clone(), initiated_event_id)) else { return };
    let Some(Request { workflow_id, child_workflow_only, body }) = request(&event, &request_id) else { return };
    let asked_by = AskedBy {
        workflow_id: run.key.workflow_id.clone(),
        run_id: run.key.run_id.clone(),
        initiated_event_id,
        child_workflow_only,
        request_id,
        attempt,
    };
    run.tx.send(Command {
        version: 1,
        namespace: run.key.namespace.clone(),
        workflow_id,
        identity: SERVER_IDENTITY.to_owned(),
        settings: Some(CommandSettings { search_attribute_types: Default::default(), ..settings.clone() }),
        asked_by: Some(asked_by),
        body: Some(body),
        ..Command::default()
    });
}

/// What is asked for.
struct Request {
    /// Of whom.
    workflow_id: String,
    /// Whether it must be a child of the asking run.
    child_workflow_only: bool,
    /// What.
    body: Body,
}

/// The request that an initiating event tells of; `None` for other events.
fn request(event: &HistoryEvent, request_id: &str) -> Option<Request> {
    let (execution, child_workflow_only, body) = match event.attributes.as_ref()? {
        Attributes::SignalExternalWorkflowExecutionInitiatedEventAttributes(a) => {
            let request = SignalWorkflowExecutionRequest {
                workflow_execution: a.workflow_execution.clone(),
                signal_name: a.signal_name.clone(),
                input: a.input.clone(),
                identity: SERVER_IDENTITY.to_owned(),
                request_id: request_id.to_owned(),
                control: a.control.clone(),
                header: a.header.clone(),
                ..SignalWorkflowExecutionRequest::default()
            };
            (&a.workflow_execution, a.child_workflow_only, Body::SignalWorkflow(SignalWorkflow { request: Some(request) }))
        }
        Attributes::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(a) => {
            let request = RequestCancelWorkflowExecutionRequest {
                workflow_execution: a.workflow_execution.clone(),
                identity: SERVER_IDENTITY.to_owned(),
                request_id: request_id.to_owned(),
                reason: a.reason.clone(),
                ..RequestCancelWorkflowExecutionRequest::default()
            };
            (&a.workflow_execution, a.child_workflow_only, Body::RequestCancelWorkflow(RequestCancelWorkflow { request: Some(request) }))
        }
        _ => return None,
    };
    let WorkflowExecution { workflow_id, .. } = execution.clone().unwrap_or_default();
    Some(Request { workflow_id, child_workflow_only, body })
}
