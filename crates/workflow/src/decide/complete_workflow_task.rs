//! CompleteWorkflowTask: the worker has done the workflow task. All its commands take effect, or none.
//!
//! Temporal: service/history/api/respondworkflowtaskcompleted. Query results never reach a machine.

use std::time::Duration;

use klamm_machine::{Decision, Outcome, Rejection, Time, Tx};
use klamm_messages::{
    klamm::v1::{Command, CommandSettings, CompleteWorkflowTask, StickyState, WorkflowTaskState},
    temporal::{
        deployment::v1::WorkerDeploymentVersion,
        enums::v1::{EventType, TimeoutType, WorkerVersioningMode, WorkflowTaskFailedCause},
        failure::v1::{Failure, ServerFailureInfo, failure::FailureInfo},
        history::v1::{WorkflowTaskCompletedEventAttributes, history_event::Attributes},
        workflowservice::v1::RespondWorkflowTaskCompletedRequest,
    },
};

use super::{limits, locate};
use crate::{
    Answer, Workflow,
    activity::start::start_eagerly,
    answer::StartedWorkflowTask,
    children,
    commands::{self, CommandContext, CommandFailure, cause_name},
    external, publish,
    run::{
        Run, is_open, is_paused,
        speculative::leaves_no_trace,
        task_phase::{is_named_by, speculative_task},
        workflow_task::{Poll, TaskFailure},
    },
    streams,
    tables::RunKey,
    update::{self, incoming::Inbox},
};

/// How long a chain of heartbeating tasks may go on (history.workflowTaskHeartbeatTimeout).
const HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(30 * 60);
/// The answer when there is no such task, or the task is another worker's.
const NOT_FOUND: &str = "Workflow task not found.";

/// Decides the command.
pub(super) fn decide(tx: &mut Tx<'_, Workflow>, command: &Command, body: &CompleteWorkflowTask) -> Decision<Answer> {
    let (Some(token), Some(request)) = (&body.token, &body.request) else {
        return Err(Rejection::Internal("A completed workflow task without token or request.".to_owned()));
    };
    let settings = locate::settings(command);
    let key = RunKey::new(&command.namespace, &command.workflow_id, &token.run_id);
    let state = Run::new(tx, key.clone()).state();
    if !is_open(&state) || !is_named_by(&state, token) {
        return Err(Rejection::not_found(NOT_FOUND));
    }
    if is_paused(&state) && request.force_create_new_workflow_task {
        let message = "Workflow is paused and force create new workflow task is not allowed.";
        return Err(Rejection::FailedPrecondition(message.to_owned()));
    }
    let task = state.workflow_task.clone().unwrap_or_default();
    let has_waiting_events = !state.buffered_events.is_empty();
    drop(state);

    if is_overdue_heartbeat(&task, request, tx.context.now) {
        return time_out_heartbeat(&mut Run::new(tx, key), request);
    }
    if let Err(rejection) = commands::check_sequence(&request.commands) {
        return refuse(&mut Run::new(tx, key), rejection);
    }
    let done = tx.attempt(|tx| complete(&mut Run::new(tx, key.clone()), &task, request, &settings, has_waiting_events));
    let mut run = Run::new(tx, key);
    match done {
        Ok(done) => go_on(&mut run, &task, body, request, &done, &settings),
        Err(CommandFailure { refusal: Some(rejection), .. }) => refuse(&mut run, *rejection),
        Err(failure) => fail(&mut run, &task, request, &settings, failure),
    }
}

/// What a completion has done.
struct Done {
    /// Scheduled ids of the activities that the worker wants to run at once.
    eager: Vec<i64>,
    /// Where the worker goes back to, if the task has left no trace.
    reset_history_event_id: Option<i64>,
}

/// Whether a chain of heartbeats has gone on for too long.
fn is_overdue_heartbeat(task: &WorkflowTaskState, request: &RespondWorkflowTaskCompletedRequest, now: Time) -> bool {
    let original = task.original_scheduled_time.as_ref().map(Time::from);
    is_heartbeat(request) && original.is_some_and(|original| now > original.after(HEARTBEAT_TIMEOUT))
}

/// Whether the worker only asks for more time.
fn is_heartbeat(request: &RespondWorkflowTaskCompletedRequest) -> bool {
    request.force_create_new_workflow_task && request.commands.is_empty() && request.messages.is_empty()
}

/// Ends a chain of heartbeats that has gone on for too long: the task times out, and the worker is told. The sticky queue that the worker
/// named is kept.
fn time_out_heartbeat(run: &mut Run<'_, '_>, request: &RespondWorkflowTaskCompletedRequest) -> Decision<Answer> {
    run.time_out_workflow_task(TimeoutType::StartToClose);
    run.set_sticky(sticky_of(request));
    run.schedule_workflow_task();
    Ok(Outcome::Refused(Rejection::not_found("workflow task heartbeat timeout")))
}

/// Writes WorkflowTaskCompleted (after Scheduled and Started of a task that has none in the history yet) and the events of all commands and
/// messages. A task that leaves no trace writes nothing public.
fn complete(
    run: &mut Run<'_, '_>,
    task: &WorkflowTaskState,
    request: &RespondWorkflowTaskCompletedRequest,
    settings: &CommandSettings,
    has_waiting_events: bool,
) -> Result<Done, CommandFailure> {
    let state = run.state();
    if leaves_no_trace(&state, request) {
        let reset_history_event_id = Some(state.last_completed_workflow_task_started_event_id);
        drop(state);
        run.discard_speculative_workflow_task();
        run.set_sticky(sticky_of(request));
        Inbox::new(&request.messages, 0, settings).handle_others(run)?;
        update::reject_unprocessed(run);
        return Ok(Done { eager: Vec::new(), reset_history_event_id });
    }
    drop(state);
    run.keep_speculative_workflow_task(&request.identity);
    let (scheduled_event_id, started_event_id) = if task.speculative {
        (task.scheduled_event_id, task.started_event_id)
    } else {
        run.record_transient_workflow_task(task, &request.identity)
    };
    let completed_event_id = run.add_event(
        EventType::WorkflowTaskCompleted,
        Attributes::WorkflowTaskCompletedEventAttributes(completed(request, scheduled_event_id, started_event_id)),
    );
    run.set_sticky(sticky_of(request));
    let mut inbox = Inbox::new(&request.messages, completed_event_id, settings);
    let namespace = run.key.namespace.clone();
    let mut still_waiting = has_waiting_events;
    let mut eager = Vec::new();
    for command in &request.commands {
        let command_type = command.command_type();
        if still_waiting && commands::is_close(command_type) {
            still_waiting = !run.state().buffered_events.is_empty();
            if still_waiting {
                return Err(CommandFailure::unhandled());
            }
        }
        let cx = CommandContext {
            completed_event_id,
            settings,
            identity: &request.identity,
            namespace: &namespace,
            user_metadata: command.user_metadata.as_ref(),
        };
        commands::handle(run, command, &cx, &mut inbox)?;
        if commands::wants_eager_start(command) {
            eager.push(run.state().next_event_id - 1);
        }
    }
    inbox.handle_others(run)?;
    if !request.force_create_new_workflow_task && run.is_open() {
        update::reject_unprocessed(run);
    }
    children::send_starts(run, completed_event_id, settings);
    external::send_since(run, completed_event_id, settings);
    let shows = |command: &klamm_messages::temporal::command::v1::Command| commands::changes_visibility(command.command_type());
    if request.commands.iter().any(shows) && run.is_open() {
        run.publish_visibility();
    }
    Ok(Done { eager, reset_history_event_id: None })
}

/// What follows the commands: the next workflow task where one is needed, and the answer.
fn go_on(
    run: &mut Run<'_, '_>,
    task: &WorkflowTaskState,
    body: &CompleteWorkflowTask,
    request: &RespondWorkflowTaskCompletedRequest,
    done: &Done,
    settings: &CommandSettings,
) -> Decision<Answer> {
    #[allow(deprecated, reason = "workers still tell their builds so")]
    let worker_version = request.worker_version_stamp.as_ref();
    // Activities of stream task queues are their topics', and some are klamm's own.
    let start = |id: &i64| {
        let is_elsewhere = streams::is_streamed(run, *id, settings) || publish::is_own(run, *id);
        if is_elsewhere { None } else { start_eagerly(run, *id, &request.identity, worker_version) }
    };
    let activity_tasks = done.eager.iter().filter_map(start).collect();
    let mut new_workflow_task = None;
    if run.is_open() && (request.force_create_new_workflow_task || !run.state().buffered_events.is_empty()) {
        let chain = task.original_scheduled_time.as_ref().map(Time::from).filter(|_| is_heartbeat(request));
        run.schedule_workflow_task_of_chain(chain);
        if request.return_new_workflow_task {
            new_workflow_task = start_next(run, body, request, settings);
        }
    } else if run.is_open() && update::waits(&run.state()) {
        // Updates that came while the task was under way. A speculative task is for this worker, which goes on at once.
        if request.return_new_workflow_task {
            run.schedule_speculative_workflow_task();
            new_workflow_task = start_next(run, body, request, settings);
        } else {
            run.schedule_workflow_task();
        }
    }
    run.keep_only_outcome(settings);
    let reset_history_event_id = done.reset_history_event_id;
    limits::enforce(run, settings, Answer::WorkflowTaskCompleted { new_workflow_task, activity_tasks, reset_history_event_id })
}

/// Starts the next task for the same worker.
fn start_next(
    run: &mut Run<'_, '_>,
    body: &CompleteWorkflowTask,
    request: &RespondWorkflowTaskCompletedRequest,
    settings: &CommandSettings,
) -> Option<Box<StartedWorkflowTask>> {
    let poll = Poll {
        poll_id: &body.poll_id,
        identity: &request.identity,
        worker_version: None,
        settings,
        repeats_updates: !request.force_create_new_workflow_task,
    };
    let mut started = run.start_workflow_task(&poll)?;
    // The worker that asks for the next task has the workflow in its cache, so it needs only the new events.
    started.sticky = true;
    Some(Box::new(started))
}

/// The completion is refused as a whole, and the task goes on. A speculative task is made anew, for a worker that has nothing of the run in
/// its cache: this one drops it.
fn refuse(run: &mut Run<'_, '_>, rejection: Rejection) -> Decision<Answer> {
    if speculative_task(&run.state()).is_none() {
        return Err(rejection);
    }
    run.discard_speculative_workflow_task();
    run.clear_sticky();
    run.schedule_speculative_workflow_task();
    Ok(Outcome::Refused(rejection))
}

/// A command cannot be carried out. The completion leaves nothing; the task fails instead, or the workflow is terminated.
fn fail(
    run: &mut Run<'_, '_>,
    task: &WorkflowTaskState,
    request: &RespondWorkflowTaskCompletedRequest,
    settings: &CommandSettings,
    failure: CommandFailure,
) -> Decision<Answer> {
    let message = match failure.message.as_str() {
        "" => cause_name(failure.cause),
        message => format!("{}: {message}", cause_name(failure.cause)),
    };
    let rejection = Rejection::invalid(message.clone());
    let aborts = update::abort_sent(run);
    if task.attempt > 1 && failure.cause != WorkflowTaskFailedCause::UnhandledCommand {
        // The task keeps failing. So it is left to its time-out, which paces the retries.
        return if aborts { Ok(Outcome::Refused(rejection)) } else { Err(rejection) };
    }
    #[allow(deprecated, reason = "older workers tell their binary by this field")]
    let binary_checksum = request.binary_checksum.clone();
    run.fail_workflow_task(TaskFailure {
        cause: failure.cause,
        failure: Some(Failure {
            message: message.clone(),
            failure_info: Some(FailureInfo::ServerFailureInfo(ServerFailureInfo { non_retryable: false })),
            ..Failure::default()
        }),
        identity: request.identity.clone(),
        binary_checksum,
        worker_version: None,
    });
    if failure.terminates {
        run.flush_buffered_events();
        run.terminate_by_server(&message, settings);
    } else {
        run.schedule_workflow_task();
    }
    Ok(Outcome::Refused(rejection))
}

/// Attributes of WorkflowTaskCompleted, in the worker's own words.
#[allow(deprecated, reason = "what older workers tell is stored as given")]
fn completed(
    request: &RespondWorkflowTaskCompletedRequest,
    scheduled_event_id: i64,
    started_event_id: i64,
) -> WorkflowTaskCompletedEventAttributes {
    let options = request.deployment_options.clone().unwrap_or_default();
    let versioned = options.worker_versioning_mode() == WorkerVersioningMode::Versioned;
    // Some SDKs send a versioning behaviour although they use no versions.
    let told = request.deployment_options.is_none() || versioned;
    let deployment_version =
        versioned.then(|| WorkerDeploymentVersion { deployment_name: options.deployment_name.clone(), build_id: options.build_id.clone() });
    WorkflowTaskCompletedEventAttributes {
        scheduled_event_id,
        started_event_id,
        identity: request.identity.clone(),
        binary_checksum: request.binary_checksum.clone(),
        worker_version: request.worker_version_stamp.clone(),
        sdk_metadata: request.sdk_metadata.clone(),
        metering_metadata: request.metering_metadata,
        versioning_behavior: if told { request.versioning_behavior } else { 0 },
        worker_deployment_name: options.deployment_name,
        deployment_version,
        ..WorkflowTaskCompletedEventAttributes::default()
    }
}

/// The sticky queue that the completion sets. A completion without one clears it.
fn sticky_of(request: &RespondWorkflowTaskCompletedRequest) -> StickyState {
    match &request.sticky_attributes {
        Some(sticky) if sticky.worker_task_queue.is_some() => StickyState {
            task_queue: sticky.worker_task_queue.as_ref().map(|queue| queue.name.clone()).unwrap_or_default(),
            schedule_to_start_timeout: sticky.schedule_to_start_timeout,
        },
        _ => StickyState::default(),
    }
}
