//! StartWorkflow: a new run, or the one that has the workflow id.
//!
//! Temporal: service/history/api/startworkflow, api/workflow_id_dedup.go, api/create_workflow_util.go.

use std::{collections::BTreeMap, time::Duration};

use klamm_machine::{Decision, Outcome, Rejection, Time, Tx, time};
use klamm_messages::{
    klamm::v1::{Command, CommandSettings, ExecutionState, RunState, StartWorkflow, history_record::Record},
    temporal::{
        common::v1::{Memo, Payload, Payloads, SearchAttributes},
        enums::v1::{ContinueAsNewInitiator, EventType, WorkflowExecutionStatus, WorkflowIdConflictPolicy, WorkflowIdReusePolicy},
        history::v1::{
            HistoryEvent, WorkflowExecutionOptionsUpdatedEventAttributes, WorkflowExecutionStartedEventAttributes,
            history_event::Attributes,
        },
        workflowservice::v1::StartWorkflowExecutionRequest,
    },
};
use klamm_search_attributes::json_text;

use super::{eager_start, locate};
use crate::{
    Answer, Workflow,
    activity::options::complete_policy,
    answer::Started,
    askers::{self, Asker},
    callback, children,
    commands::check::is_nil,
    run::{
        Run, first_run_id, is_open, new_event,
        workflow_task::{DEFAULT_TASK_TIMEOUT, SERVER_IDENTITY},
    },
    successor::first_backoff,
    tables::{RunKey, Runs},
};

/// Longest start-to-close time-out of workflow tasks.
const TASK_TIMEOUT_MAX: Duration = Duration::from_secs(120);
/// Reason of the termination that makes room for the new run.
const TERMINATED_BY_START: &str = "TerminateIfRunning WorkflowIdReusePolicy";

/// Decides the command. If an asker has sent it, the asker is told what came of it.
pub(super) fn decide(tx: &mut Tx<'_, Workflow>, command: &Command, body: &StartWorkflow) -> Decision<Answer> {
    match Asker::of_start(body) {
        Some(asker) => askers::answer(tx, command, &asker, |tx| decide_start(tx, command, body, Some(asker.clone()))),
        None => decide_start(tx, command, body, None),
    }
}

/// Decides the start that `asker` has sent.
fn decide_start(tx: &mut Tx<'_, Workflow>, command: &Command, body: &StartWorkflow, asker: Option<Asker>) -> Decision<Answer> {
    let request = body.request.as_ref().ok_or_else(|| Rejection::Internal("A start without a request.".to_owned()))?;
    refuse_unbuilt(request)?;
    let settings = locate::settings(command);
    let policies = Policies::of(request.workflow_id_reuse_policy, request.workflow_id_conflict_policy);
    match resolve(tx, command, &policies, &request.request_id)? {
        Resolution::Repeated { key, started } => {
            let state = tx.get::<Runs>(&key).unwrap_or_default();
            let eager_workflow_task = eager_start::again(request, &state).filter(|_| started);
            Ok(Outcome::Answer(Answer::Started(Started { eager_workflow_task, ..started_answer(tx, &key, started) })))
        }
        Resolution::UseExisting(key) => {
            attach(&mut Run::new(tx, key.clone()), request, &settings)?;
            Ok(answer(tx, &key, false))
        }
        Resolution::New { replaces } => {
            let key = RunKey::new(&command.namespace, &command.workflow_id, &body.run_id);
            callback::check_limit(&RunState::default(), request.completion_callbacks.len(), &settings)?;
            if let Some(old) = replaces {
                terminate_for(&mut Run::new(tx, old), &body.run_id, &settings);
            }
            let mut run = Run::new(tx, key.clone());
            let now = run.now();
            let mut begun = Start { askers: asker.into_iter().collect(), ..Start::of_request(request, now) };
            begun.attributes.eager_execution_accepted = eager_start::accepts(request, &begun.attributes);
            if let Some(parent) = &body.parent {
                children::fill_in(&mut begun.attributes, &command.namespace, parent);
            }
            start(&mut run, begun, &settings);
            if body.parent.is_none() {
                // A child waits until its parent says that it knows of it.
                schedule_first_workflow_task(&mut run);
            }
            let eager_workflow_task = eager_start::start(&mut run, request, &settings);
            Ok(Outcome::Answer(Answer::Started(Started { eager_workflow_task, ..started_answer(tx, &key, true) })))
        }
    }
}

/// What is to be done with the workflow id.
pub(super) enum Resolution {
    /// The request has taken effect before, on this run.
    Repeated {
        /// The run.
        key: RunKey,
        /// True where the request had started it.
        started: bool,
    },
    /// The open run is used; no run begins.
    UseExisting(RunKey),
    /// A new run begins, after the open one (if any) was terminated.
    New {
        /// The run to terminate.
        replaces: Option<RunKey>,
    },
}

/// What the caller wants when the workflow id is already used. Unset policies have Temporal's defaults; the deprecated TERMINATE_IF_RUNNING
/// is translated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Policies {
    /// When a closed run has the id.
    pub(super) reuse: WorkflowIdReusePolicy,
    /// When an open run has the id.
    pub(super) conflict: WorkflowIdConflictPolicy,
}

impl Policies {
    /// The policies of a request, given by their numbers.
    #[allow(deprecated, reason = "TERMINATE_IF_RUNNING is still sent by clients")]
    pub(super) fn of(reuse: i32, conflict: i32) -> Self {
        let reuse = WorkflowIdReusePolicy::try_from(reuse).unwrap_or_default();
        let conflict = WorkflowIdConflictPolicy::try_from(conflict).unwrap_or_default();
        match (reuse, conflict) {
            (WorkflowIdReusePolicy::TerminateIfRunning, _) => {
                Self { reuse: WorkflowIdReusePolicy::AllowDuplicate, conflict: WorkflowIdConflictPolicy::TerminateExisting }
            }
            (WorkflowIdReusePolicy::Unspecified, conflict) => Self { reuse: WorkflowIdReusePolicy::AllowDuplicate, conflict },
            (reuse, conflict) => Self { reuse, conflict },
        }
    }
}

/// Finds out what is to be done, given the state of the workflow id and the caller's policies.
///
/// # Errors
/// AlreadyExists when the policies do not allow a new run.
pub(super) fn resolve(tx: &Tx<'_, Workflow>, command: &Command, policies: &Policies, request_id: &str) -> Result<Resolution, Rejection> {
    let current = locate::current(tx, &command.namespace, &command.workflow_id);
    let Some((key, state)) = current.and_then(|key| tx.get::<Runs>(&key).map(|state| (key, state))) else {
        return Ok(Resolution::New { replaces: None });
    };
    if state.start_request_id == request_id && !request_id.is_empty() {
        return Ok(Resolution::Repeated { key, started: true });
    }
    if has_request(&state, request_id) {
        return Ok(Resolution::Repeated { key, started: false });
    }
    let taken = |text: &str, policy: &str| Rejection::WorkflowExecutionAlreadyStarted {
        message: format!("{text} WorkflowId: {}, RunId: {}.{policy}", key.workflow_id, key.run_id),
        start_request_id: state.start_request_id.clone(),
        run_id: key.run_id.clone(),
        first_execution_run_id: first_run_id(&state),
    };
    if is_open(&state) {
        return match policies.conflict {
            WorkflowIdConflictPolicy::UseExisting => Ok(Resolution::UseExisting(key)),
            WorkflowIdConflictPolicy::TerminateExisting => Ok(Resolution::New { replaces: Some(key) }),
            WorkflowIdConflictPolicy::Fail | WorkflowIdConflictPolicy::Unspecified => {
                Err(taken("Workflow execution is already running.", ""))
            }
        };
    }
    match policies.reuse {
        WorkflowIdReusePolicy::RejectDuplicate => {
            Err(taken("Workflow execution already finished.", " Workflow Id reuse policy: reject duplicate workflow Id."))
        }
        WorkflowIdReusePolicy::AllowDuplicateFailedOnly if !closed_without_success(&state) => Err(taken(
            "Workflow execution already finished successfully.",
            " Workflow Id reuse policy: allow duplicate workflow Id if last run failed.",
        )),
        _ => Ok(Resolution::New { replaces: None }),
    }
}

/// Whether a request with this id has started the run, has taken effect on it, or waits in the buffer to do so.
pub fn knows_request(state: &RunState, request_id: &str) -> bool {
    !request_id.is_empty() && (state.start_request_id == request_id || has_request(state, request_id))
}

/// Whether a request with this id has taken effect on the run, or waits in the buffer to do so.
pub(crate) fn has_request(state: &RunState, request_id: &str) -> bool {
    if request_id.is_empty() {
        return false;
    }
    let taken = state.execution.as_ref().is_some_and(|execution| execution.request_ids.iter().any(|id| id == request_id));
    taken
        || state.buffered_events.iter().any(|event| match &event.attributes {
            Some(Attributes::WorkflowExecutionSignaledEventAttributes(signal)) => signal.request_id == request_id,
            Some(Attributes::WorkflowExecutionOptionsUpdatedEventAttributes(options)) => options.attached_request_id == request_id,
            _ => false,
        })
}

/// A run that is to begin.
#[derive(Debug, Clone, Default)]
pub(crate) struct Start {
    /// Attributes of WorkflowExecutionStarted. [`start`] fills in those that depend on the run itself.
    pub(crate) attributes: WorkflowExecutionStartedEventAttributes,
    /// What the event carries besides its attributes.
    pub(crate) event: HistoryEvent,
    /// Id of the request that starts it.
    pub(crate) request_id: String,
    /// Those who wait for the end of the chain.
    pub(crate) askers: Vec<Asker>,
}

impl Start {
    /// From a start request that comes at `now`.
    pub(super) fn of_request(request: &StartWorkflowExecutionRequest, now: Time) -> Self {
        let execution_timeout = time::duration_or_none(request.workflow_execution_timeout.as_ref());
        let (run_timeout, task_timeout) = timeouts(
            time::duration_or_none(request.workflow_run_timeout.as_ref()),
            execution_timeout,
            time::duration_or_none(request.workflow_task_timeout.as_ref()),
        );
        let cron_backoff = first_backoff(&request.cron_schedule, now);
        let backoff = time::duration_or_none(request.workflow_start_delay.as_ref()).or(cron_backoff);
        let initiator = if cron_backoff.is_some() { ContinueAsNewInitiator::CronSchedule } else { ContinueAsNewInitiator::Unspecified };
        Self {
            attributes: WorkflowExecutionStartedEventAttributes {
                workflow_type: request.workflow_type.clone(),
                task_queue: request.task_queue.clone(),
                header: request.header.clone(),
                input: request.input.clone(),
                // A time-out that is not set stays unset: readers of the event tell an absent one from zero.
                workflow_run_timeout: run_timeout.map(time::to_proto).or(request.workflow_run_timeout),
                workflow_execution_timeout: request.workflow_execution_timeout,
                workflow_task_timeout: Some(time::to_proto(task_timeout)),
                identity: request.identity.clone(),
                attempt: 1,
                workflow_execution_expiration_time: execution_timeout.map(|timeout| now.after(timeout).into()),
                last_completion_result: request.last_completion_result.clone(),
                continued_failure: request.continued_failure.clone(),
                retry_policy: request.retry_policy.clone().map(|policy| complete_policy(policy.clone()).unwrap_or(policy)),
                cron_schedule: request.cron_schedule.clone(),
                initiator: initiator as i32,
                first_workflow_task_backoff: Some(time::to_proto(backoff.unwrap_or_default())),
                memo: without_nulls_memo(request.memo.clone()),
                search_attributes: without_nulls_search_attributes(request.search_attributes.clone()),
                priority: request.priority.clone(),
                completion_callbacks: request.completion_callbacks.clone(),
                ..WorkflowExecutionStartedEventAttributes::default()
            },
            event: HistoryEvent {
                links: request.links.clone(),
                user_metadata: request.user_metadata.clone().map(Box::new),
                ..HistoryEvent::default()
            },
            request_id: request.request_id.clone(),
            askers: Vec::new(),
        }
    }
}

/// Begins the run `run.key`: writes its first event, and the facts that no public event states. The first workflow task is not scheduled
/// yet, so that a signal can be written before it.
pub(crate) fn start(run: &mut Run<'_, '_>, start: Start, settings: &CommandSettings) {
    let run_id = run.key.run_id.clone();
    let mut attributes = start.attributes;
    attributes.workflow_id.clone_from(&run.key.workflow_id);
    attributes.original_execution_run_id.clone_from(&run_id);
    if attributes.first_execution_run_id.is_empty() {
        attributes.first_execution_run_id = run_id;
    }
    let event = new_event(
        EventType::WorkflowExecutionStarted,
        Attributes::WorkflowExecutionStartedEventAttributes(Box::new(attributes)),
        run.now(),
    );
    run.add_whole_event(HistoryEvent { links: start.event.links, user_metadata: start.event.user_metadata, ..event });
    let mut execution = ExecutionState {
        request_ids: if start.request_id.is_empty() { Vec::new() } else { vec![start.request_id.clone()] },
        start_request_id: start.request_id,
        retention: settings.retention,
        ..ExecutionState::default()
    };
    for asker in start.askers {
        asker.note(&mut execution);
    }
    run.record(Record::Execution(execution));
    run.publish_visibility();
}

/// Schedules the first workflow task, unless the start is delayed: then a wake-up schedules it.
pub(crate) fn schedule_first_workflow_task(run: &mut Run<'_, '_>) {
    run.schedule_workflow_task_unless_delayed();
}

/// Terminates the open run in favour of the new run `new_run_id`.
pub(super) fn terminate_for(run: &mut Run<'_, '_>, new_run_id: &str, settings: &CommandSettings) {
    let details = Payloads { payloads: vec![json_string(&format!("terminated by new runID: {new_run_id}"))] };
    run.terminate(TERMINATED_BY_START, Some(details), SERVER_IDENTITY, settings);
}

/// Run and task time-outs as they are in force. The run's is capped by the execution's; the task's is capped by its maximum and by the
/// run's.
pub(crate) fn timeouts(run: Option<Duration>, execution: Option<Duration>, task: Option<Duration>) -> (Option<Duration>, Duration) {
    let run = match (run, execution) {
        (Some(run), Some(execution)) => Some(run.min(execution)),
        (run, execution) => run.or(execution),
    };
    let task = task.unwrap_or(DEFAULT_TASK_TIMEOUT).min(TASK_TIMEOUT_MAX);
    (run, run.map_or(task, |run| task.min(run)))
}

/// A memo without the keys whose payload says that there is no value.
pub(crate) fn without_nulls_memo(memo: Option<Memo>) -> Option<Memo> {
    without_nulls(memo?.fields).map(|fields| Memo { fields })
}

/// Search attributes without the keys whose payload says that there is no value.
pub(crate) fn without_nulls_search_attributes(attributes: Option<SearchAttributes>) -> Option<SearchAttributes> {
    without_nulls(attributes?.indexed_fields).map(|indexed_fields| SearchAttributes { indexed_fields })
}

/// The map without null values; `None` when nothing is left.
fn without_nulls(mut fields: BTreeMap<String, Payload>) -> Option<BTreeMap<String, Payload>> {
    fields.retain(|_, value| !is_nil(value));
    if fields.is_empty() { None } else { Some(fields) }
}

/// Attaches to the existing run what the caller asked to attach.
///
/// # Errors
/// FailedPrecondition when the run would have too many callbacks.
fn attach(run: &mut Run<'_, '_>, request: &StartWorkflowExecutionRequest, settings: &CommandSettings) -> Result<(), Rejection> {
    let Some(options) = &request.on_conflict_options else { return Ok(()) };
    let callbacks = if options.attach_completion_callbacks { request.completion_callbacks.clone() } else { Vec::new() };
    callback::check_limit(&run.state(), callbacks.len(), settings)?;
    let event = new_event(
        EventType::WorkflowExecutionOptionsUpdated,
        Attributes::WorkflowExecutionOptionsUpdatedEventAttributes(WorkflowExecutionOptionsUpdatedEventAttributes {
            attached_completion_callbacks: callbacks,
            attached_request_id: if options.attach_request_id { request.request_id.clone() } else { String::new() },
            ..WorkflowExecutionOptionsUpdatedEventAttributes::default()
        }),
        run.now(),
    );
    let links = if options.attach_links { request.links.clone() } else { Vec::new() };
    run.add_or_buffer_whole_event(HistoryEvent { links, worker_may_ignore: true, ..event });
    Ok(())
}

/// Refuses options of a start that are not built. (The gateway refuses them first.)
fn refuse_unbuilt(request: &StartWorkflowExecutionRequest) -> Result<(), Rejection> {
    let unbuilt = |what: &str| Err(Rejection::Unimplemented(format!("{what} is not supported yet.")));
    if request.versioning_override.is_some() {
        return unbuilt("versioning_override");
    }
    Ok(())
}

/// The answer to the caller of a start about this run.
pub(super) fn answer(tx: &Tx<'_, Workflow>, key: &RunKey, started: bool) -> Outcome<Answer> {
    Outcome::Answer(Answer::Started(started_answer(tx, key, started)))
}

fn started_answer(tx: &Tx<'_, Workflow>, key: &RunKey, started: bool) -> Started {
    let state = tx.get::<Runs>(key).unwrap_or_default();
    Started {
        run_id: key.run_id.clone(),
        started,
        status: WorkflowExecutionStatus::try_from(state.status).unwrap_or_default(),
        first_execution_run_id: first_run_id(&state),
        eager_workflow_task: None,
    }
}

/// Whether the run closed in a way after which ALLOW_DUPLICATE_FAILED_ONLY allows another.
fn closed_without_success(state: &RunState) -> bool {
    [
        WorkflowExecutionStatus::Failed,
        WorkflowExecutionStatus::Canceled,
        WorkflowExecutionStatus::Terminated,
        WorkflowExecutionStatus::TimedOut,
    ]
    .iter()
    .any(|status| state.status == *status as i32)
}

/// The text as the payload that Temporal's default data converter makes of it.
fn json_string(text: &str) -> Payload {
    Payload { metadata: [("encoding".to_owned(), "json/plain".into())].into(), data: json_text(text).into(), ..Payload::default() }
}
