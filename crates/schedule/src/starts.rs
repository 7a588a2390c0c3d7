//! Commands to the workflow machine: starts, cancel requests, terminations. The log loses none, so none is sent twice.

use std::sync::Arc;

use chrono::{DateTime, SecondsFormat};
use klamm_messages::{
    klamm::v1::{
        BufferedAction, Command, RequestCancelWorkflow, RunningAction, ScheduledBy, StartWorkflow, StartingAction, TerminateWorkflow,
        command::Body,
    },
    temporal::{
        common::v1::{SearchAttributes, WorkflowExecution},
        enums::v1::{IndexedValueType, WorkflowIdConflictPolicy, WorkflowIdReusePolicy},
        workflow::v1::NewWorkflowExecutionInfo,
        workflowservice::v1::{RequestCancelWorkflowExecutionRequest, StartWorkflowExecutionRequest, TerminateWorkflowExecutionRequest},
    },
};
use klamm_search_attributes::{json_text, payload};
use prost::Message;

use crate::work::Work;

/// Version in the envelope of the commands that are sent.
const COMMAND_VERSION: u32 = 1;
/// Largest request of a start, bytes. With its envelope it stays below what the log takes as one record (6 MiB).
const START_BYTES_MAX: usize = 5632 << 10;
/// Reason of a cancel request.
const CANCELLED: &str = "cancelled by schedule overlap policy";
/// Reason of a termination.
const TERMINATED: &str = "terminated by schedule overlap policy";

impl Work<'_, '_> {
    /// Sends the start of the action. The result comes as an answer ([`Body::ScheduledStartAnswered`]).
    pub(crate) fn start(&mut self, action: BufferedAction) {
        // This cannot happen: commands that define a schedule are refused without an action.
        let Some(info) = self.action().cloned() else { return };
        let number = if action.action == 0 { self.take_action_number() } else { action.action };
        let workflow_id = self.workflow_id(&action);
        let run_id = self.tx.context.derive_id();
        let outcome = Arc::clone(self.outcome());
        let request = within_limit(StartWorkflowExecutionRequest {
            namespace: self.key.namespace.clone(),
            workflow_id: workflow_id.clone(),
            identity: self.identity(),
            request_id: format!("{}-{number}", self.definition.incarnation),
            workflow_id_reuse_policy: if action.manual {
                WorkflowIdReusePolicy::AllowDuplicate
            } else {
                WorkflowIdReusePolicy::RejectDuplicate
            } as i32,
            workflow_id_conflict_policy: WorkflowIdConflictPolicy::Fail as i32,
            search_attributes: Some(self.search_attributes(&info, &action)),
            last_completion_result: outcome.last_completion_result.clone(),
            continued_failure: outcome.continued_failure.clone(),
            ..request_of(info)
        });
        let scheduled_by = Some(ScheduledBy {
            schedule_id: self.key.schedule_id.clone(),
            incarnation: self.definition.incarnation.clone(),
            action: number,
        });
        let body = Body::StartWorkflow(Box::new(StartWorkflow {
            request: Some(request),
            run_id: run_id.clone(),
            scheduled_by,
            ..StartWorkflow::default()
        }));
        self.send(&workflow_id, body);
        self.start_count += 1;
        self.progress.starting.push(StartingAction {
            action: number,
            workflow_id,
            run_id,
            nominal_time: action.nominal_time,
            actual_time: action.actual_time,
            overlap_policy: self.resolve(action.overlap_policy) as i32,
            manual: action.manual,
        });
    }

    /// Asks the runs that overlap policies look at to cancel, each only once.
    pub(crate) fn cancel_running(&mut self) {
        self.end_running(
            |running| !running.terminate_requested && !std::mem::replace(&mut running.cancel_requested, true),
            |work, running| {
                Body::RequestCancelWorkflow(RequestCancelWorkflow {
                    request: Some(RequestCancelWorkflowExecutionRequest {
                        namespace: work.key.namespace.clone(),
                        workflow_execution: newest_of(running),
                        identity: work.identity(),
                        request_id: format!("{}-cancel-{}", work.definition.incarnation, running.action),
                        first_execution_run_id: running.run_id.clone(),
                        reason: CANCELLED.to_owned(),
                        ..RequestCancelWorkflowExecutionRequest::default()
                    }),
                })
            },
        );
    }

    /// Terminates the runs that overlap policies look at, each only once.
    pub(crate) fn terminate_running(&mut self) {
        self.end_running(
            |running| !std::mem::replace(&mut running.terminate_requested, true),
            |work, running| {
                Body::TerminateWorkflow(TerminateWorkflow {
                    request: Some(TerminateWorkflowExecutionRequest {
                        namespace: work.key.namespace.clone(),
                        workflow_execution: newest_of(running),
                        reason: TERMINATED.to_owned(),
                        identity: work.identity(),
                        first_execution_run_id: running.run_id.clone(),
                        ..TerminateWorkflowExecutionRequest::default()
                    }),
                })
            },
        );
    }

    /// Sends `command` for each run to which, as `is_first` says, it was not sent before. A run whose start is not answered yet has its
    /// turn after the answer.
    fn end_running(&mut self, is_first: impl Fn(&mut RunningAction) -> bool, command: impl Fn(&Self, &RunningAction) -> Body) {
        for index in 0..self.progress.running.len() {
            if is_first(&mut self.progress.running[index]) {
                let running = self.progress.running[index].clone();
                self.send(&running.workflow_id, command(self, &running));
            }
        }
    }

    /// Takes the next action's number.
    pub(crate) fn take_action_number(&mut self) -> i64 {
        let number = self.progress.next_action;
        self.progress.next_action += 1;
        number
    }

    /// Workflow id of an action: the id that the schedule's definition names, a dash, and the nominal time in whole seconds of UTC.
    pub(crate) fn workflow_id(&self, action: &BufferedAction) -> String {
        let base = self.action().map_or("", |info| info.workflow_id.as_str());
        format!("{base}-{}", nominal_text(action))
    }

    /// Identity with which the schedule's commands are sent.
    fn identity(&self) -> String {
        format!("temporal-scheduler-{}-{}", self.key.namespace, self.key.schedule_id)
    }

    /// Sends a command to a workflow id of the namespace.
    fn send(&mut self, workflow_id: &str, body: Body) {
        self.tx.send(Command {
            version: COMMAND_VERSION,
            namespace: self.key.namespace.clone(),
            workflow_id: workflow_id.to_owned(),
            identity: self.identity(),
            settings: self.definition.settings.clone(),
            body: Some(body),
            ..Command::default()
        });
    }

    /// The search attributes of a run: those that the action asks for, the time for which it was scheduled, and the schedule's id.
    fn search_attributes(&self, info: &NewWorkflowExecutionInfo, action: &BufferedAction) -> SearchAttributes {
        let mut attributes = info.search_attributes.clone().unwrap_or_default();
        let fields = &mut attributes.indexed_fields;
        fields.insert("TemporalScheduledStartTime".to_owned(), payload(json_text(&nominal_text(action)), IndexedValueType::Datetime));
        fields.insert("TemporalScheduledById".to_owned(), payload(json_text(&self.key.schedule_id), IndexedValueType::Keyword));
        attributes
    }
}

/// The request. If it is too large for the log, then without what the last run left: a schedule that could not send would hold its
/// partition up.
fn within_limit(mut request: StartWorkflowExecutionRequest) -> StartWorkflowExecutionRequest {
    if request.encoded_len() > START_BYTES_MAX {
        request.continued_failure = None;
    }
    if request.encoded_len() > START_BYTES_MAX {
        request.last_completion_result = None;
    }
    request
}

/// The start request that an action asks for, without what the schedule adds. `workflow_id_reuse_policy` and `cron_schedule` are not
/// allowed for schedules. `versioning_override` is left out until versioning is built, as Temporal's workflow-backed scheduler does.
fn request_of(info: NewWorkflowExecutionInfo) -> StartWorkflowExecutionRequest {
    StartWorkflowExecutionRequest {
        workflow_type: info.workflow_type,
        task_queue: info.task_queue,
        input: info.input,
        workflow_execution_timeout: info.workflow_execution_timeout,
        workflow_run_timeout: info.workflow_run_timeout,
        workflow_task_timeout: info.workflow_task_timeout,
        retry_policy: info.retry_policy,
        memo: info.memo,
        header: info.header,
        user_metadata: info.user_metadata,
        priority: info.priority,
        ..StartWorkflowExecutionRequest::default()
    }
}

/// The newest run of the workflow id. The receiver checks that its chain is the right one.
fn newest_of(running: &RunningAction) -> Option<WorkflowExecution> {
    Some(WorkflowExecution { workflow_id: running.workflow_id.clone(), run_id: String::new() })
}

/// The nominal time, in whole seconds of UTC (RFC 3339). Requests are checked, so no time is out of the range of this form.
fn nominal_text(action: &BufferedAction) -> String {
    let seconds = action.nominal_time.as_ref().map_or(0, |time| time.seconds);
    DateTime::from_timestamp(seconds, 0).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use klamm_messages::temporal::{
        common::v1::{Payload, Payloads},
        failure::v1::Failure,
    };

    use super::*;

    #[test]
    fn nominal_times_are_cut_to_seconds() {
        let action = BufferedAction {
            nominal_time: Some(prost_types::Timestamp { seconds: 1_778_025_000, nanos: 999_000_000 }),
            ..BufferedAction::default()
        };
        assert_eq!(nominal_text(&action), "2026-05-05T23:50:00Z");
    }

    #[test]
    fn what_the_last_run_left_gives_way_to_the_limit_of_a_record() {
        let payloads = |mib: usize| Some(Payloads { payloads: vec![Payload { data: vec![0; mib << 20].into(), ..Payload::default() }] });
        let request = |input, result, failure: usize| {
            let request = within_limit(StartWorkflowExecutionRequest {
                input: payloads(input),
                last_completion_result: payloads(result),
                continued_failure: Some(Failure { message: "x".repeat(failure << 20), ..Failure::default() }),
                ..StartWorkflowExecutionRequest::default()
            });
            (request.last_completion_result.is_some(), request.continued_failure.is_some())
        };
        assert_eq!(request(1, 2, 2), (true, true));
        assert_eq!(request(2, 2, 2), (true, false));
        assert_eq!(request(4, 2, 1), (false, false));
    }
}
