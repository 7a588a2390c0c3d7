//! The canonical form of what goes into commands. Enum numbers that the schema does not know become 0, so that the log's typed records can
//! hold every request. Failures lose the causes that are nested too deeply for any answer.

use klamm_messages::temporal::{
    command::v1::{Command, command::Attributes},
    common::v1::{Link, link},
    deployment::v1::WorkerDeploymentOptions,
    enums::v1::{
        ApplicationErrorCategory, CommandType, ContinueAsNewInitiator, ContinueAsNewVersioningBehavior, EventType,
        NexusHandlerErrorRetryBehavior, ParentClosePolicy, RetryState, ScheduleOverlapPolicy, TaskQueueKind, TimeoutType,
        VersioningBehavior, WorkerVersioningMode, WorkflowIdConflictPolicy, WorkflowIdReusePolicy, WorkflowTaskFailedCause,
    },
    failure::v1::{Failure, failure::FailureInfo},
    schedule::v1::{Schedule, SchedulePatch},
    taskqueue::v1::TaskQueue,
    update::v1::{Acceptance, Outcome, Rejection, Request, Response, outcome},
    workflowservice::v1::RespondWorkflowTaskCompletedRequest,
};
use prost::{Message, Name};
use prost_types::Any;

use super::durations;

/// Most failures of a chain: a failure and its causes. Clients read nested messages to a depth of 100 (protobuf's default, which the SDKs
/// use too). Of these, an answer uses 5 around the outermost failure (completion's answer, task, history, event, attributes) and 4 within
/// the innermost (info, details, payload, its metadata). One is left for a failure that the server puts around the chain (for a time-out).
/// Temporal itself has no limit: its clients cannot read such histories.
pub const FAILURES_MAX: usize = 90;

/// Sets the number to 0 if the enum does not have it.
fn known<E: TryFrom<i32>>(number: &mut i32) {
    if E::try_from(*number).is_err() {
        *number = 0;
    }
}

/// Reuse and conflict policies of a start.
pub fn policies(reuse: &mut i32, conflict: &mut i32) {
    known::<WorkflowIdReusePolicy>(reuse);
    known::<WorkflowIdConflictPolicy>(conflict);
}

/// Event types within links.
pub fn links(links: &mut [Link]) {
    for link in links {
        if let Some(link::Variant::WorkflowEvent(event)) = &mut link.variant {
            match &mut event.reference {
                Some(link::workflow_event::Reference::EventRef(reference)) => known::<EventType>(&mut reference.event_type),
                Some(link::workflow_event::Reference::RequestIdRef(reference)) => known::<EventType>(&mut reference.event_type),
                None => {}
            }
        }
    }
}

/// Overlap policies of a schedule.
pub fn schedule(schedule: &mut Schedule) {
    if let Some(policies) = &mut schedule.policies {
        known::<ScheduleOverlapPolicy>(&mut policies.overlap_policy);
    }
}

/// Overlap policies of a schedule's patch.
pub fn schedule_patch(patch: &mut SchedulePatch) {
    if let Some(trigger) = &mut patch.trigger_immediately {
        known::<ScheduleOverlapPolicy>(&mut trigger.overlap_policy);
    }
    for backfill in &mut patch.backfill_request {
        known::<ScheduleOverlapPolicy>(&mut backfill.overlap_policy);
    }
}

/// The cause of a failed workflow task.
pub fn task_failed_cause(cause: &mut i32) {
    known::<WorkflowTaskFailedCause>(cause);
}

/// Deployment options of a worker.
pub fn deployment(options: Option<&mut WorkerDeploymentOptions>) {
    if let Some(options) = options {
        known::<WorkerVersioningMode>(&mut options.worker_versioning_mode);
    }
}

/// A failure and its causes, of which those beyond [`FAILURES_MAX`] are left out.
pub fn failure(failure: Option<&mut Failure>) {
    let mut next = failure;
    let mut count = 0;
    while let Some(failure) = next {
        count += 1;
        if count == FAILURES_MAX {
            failure.cause = None;
        }
        match &mut failure.failure_info {
            Some(FailureInfo::ApplicationFailureInfo(info)) => known::<ApplicationErrorCategory>(&mut info.category),
            Some(FailureInfo::TimeoutFailureInfo(info)) => known::<TimeoutType>(&mut info.timeout_type),
            Some(FailureInfo::ActivityFailureInfo(info)) => known::<RetryState>(&mut info.retry_state),
            Some(FailureInfo::ChildWorkflowExecutionFailureInfo(info)) => known::<RetryState>(&mut info.retry_state),
            Some(FailureInfo::NexusHandlerFailureInfo(info)) => {
                known::<NexusHandlerErrorRetryBehavior>(&mut info.retry_behavior);
            }
            _ => {}
        }
        next = failure.cause.as_deref_mut();
    }
}

/// A completed workflow task: its commands, its sticky queue, its version.
pub fn completion(request: &mut RespondWorkflowTaskCompletedRequest) {
    request.commands.iter_mut().for_each(command);
    request.messages.iter_mut().filter_map(|message| message.body.as_mut()).for_each(message_body);
    if let Some(sticky) = &mut request.sticky_attributes {
        queue(sticky.worker_task_queue.as_mut());
        // Queries wait so long for the sticky worker. An invalid time counts as not given.
        if durations::check_and_cap(sticky.schedule_to_start_timeout.as_mut()).is_err() {
            sticky.schedule_to_start_timeout = None;
        }
    }
    known::<VersioningBehavior>(&mut request.versioning_behavior);
    deployment(request.deployment_options.as_mut());
}

/// The body of a message about an update. One that cannot be read stays as it is: it fails the workflow task.
fn message_body(body: &mut Any) {
    match body.type_url.rsplit('/').next() {
        Some(name) if name == Response::full_name() => rewrite::<Response>(body, |response| {
            if let Some(Outcome { value: Some(outcome::Value::Failure(told)) }) = &mut response.outcome {
                failure(Some(told));
            }
        }),
        Some(name) if name == Rejection::full_name() => rewrite::<Rejection>(body, |rejection| {
            failure(rejection.failure.as_mut());
            update(rejection.rejected_request.as_mut());
        }),
        Some(name) if name == Acceptance::full_name() => {
            rewrite::<Acceptance>(body, |acceptance| update(acceptance.accepted_request.as_mut()));
        }
        _ => {}
    }
}

fn rewrite<M: Message + Default>(body: &mut Any, change: impl FnOnce(&mut M)) {
    if let Ok(mut message) = M::decode(body.value.as_slice()) {
        change(&mut message);
        body.value = message.encode_to_vec();
    }
}

/// What is asked of a workflow by an update.
fn update(update: Option<&mut Request>) {
    if let Some(update) = update {
        links(&mut update.links);
        update.completion_callbacks.iter_mut().for_each(|callback| links(&mut callback.links));
    }
}

fn queue(queue: Option<&mut TaskQueue>) {
    if let Some(queue) = queue {
        known::<TaskQueueKind>(&mut queue.kind);
    }
}

fn command(command: &mut Command) {
    known::<CommandType>(&mut command.command_type);
    match &mut command.attributes {
        Some(Attributes::ScheduleActivityTaskCommandAttributes(activity)) => queue(activity.task_queue.as_mut()),
        Some(Attributes::FailWorkflowExecutionCommandAttributes(fail)) => failure(fail.failure.as_mut()),
        Some(Attributes::RecordMarkerCommandAttributes(marker)) => failure(marker.failure.as_mut()),
        Some(Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(next)) => {
            queue(next.task_queue.as_mut());
            failure(next.failure.as_mut());
            known::<ContinueAsNewInitiator>(&mut next.initiator);
            known::<ContinueAsNewVersioningBehavior>(&mut next.initial_versioning_behavior);
        }
        Some(Attributes::StartChildWorkflowExecutionCommandAttributes(child)) => {
            queue(child.task_queue.as_mut());
            known::<ParentClosePolicy>(&mut child.parent_close_policy);
            known::<WorkflowIdReusePolicy>(&mut child.workflow_id_reuse_policy);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use klamm_messages::temporal::{
        command::v1::StartChildWorkflowExecutionCommandAttributes,
        common::v1::{Payload, Payloads},
        failure::v1::{ApplicationFailureInfo, TimeoutFailureInfo},
        history::v1::{ActivityTaskTimedOutEventAttributes, History, HistoryEvent, history_event::Attributes as EventAttributes},
        workflowservice::v1::{PollWorkflowTaskQueueResponse, RespondWorkflowTaskCompletedResponse},
    };
    use prost::Message;

    use super::*;

    #[test]
    fn unknown_numbers_become_0_and_known_ones_stay() {
        let mut request = RespondWorkflowTaskCompletedRequest {
            commands: vec![
                Command { command_type: 999, ..Command::default() },
                Command {
                    command_type: CommandType::StartChildWorkflowExecution as i32,
                    attributes: Some(Attributes::StartChildWorkflowExecutionCommandAttributes(
                        StartChildWorkflowExecutionCommandAttributes {
                            parent_close_policy: ParentClosePolicy::Abandon as i32,
                            workflow_id_reuse_policy: -7,
                            ..Default::default()
                        },
                    )),
                    ..Command::default()
                },
            ],
            versioning_behavior: 77,
            ..Default::default()
        };
        completion(&mut request);
        assert_eq!(request.commands[0].command_type, 0);
        assert_eq!(request.versioning_behavior, 0);
        let Some(Attributes::StartChildWorkflowExecutionCommandAttributes(child)) = &request.commands[1].attributes else {
            panic!("the child's attributes are gone");
        };
        assert_eq!((child.parent_close_policy, child.workflow_id_reuse_policy), (ParentClosePolicy::Abandon as i32, 0));
    }

    #[test]
    fn causes_of_failures_are_cleaned_too() {
        let inner = Failure {
            failure_info: Some(FailureInfo::TimeoutFailureInfo(TimeoutFailureInfo { timeout_type: 44, ..Default::default() })),
            ..Failure::default()
        };
        let mut outer = Failure { cause: Some(Box::new(inner)), ..Failure::default() };
        failure(Some(&mut outer));
        let Some(FailureInfo::TimeoutFailureInfo(info)) = &outer.cause.as_ref().unwrap().failure_info else {
            panic!("the cause is gone");
        };
        assert_eq!(info.timeout_type, 0);
    }

    /// Puts the deepest failure that can come in, as the cause of a time-out, into the deepest answer that holds a failure.
    #[test]
    fn causes_are_cut_to_what_every_answer_holds() {
        let link = |cause| {
            let payload = Payload { metadata: [("encoding".to_owned(), "x".into())].into(), ..Payload::default() };
            let info = ApplicationFailureInfo { details: Some(Payloads { payloads: vec![payload] }), ..Default::default() };
            Failure { failure_info: Some(FailureInfo::ApplicationFailureInfo(info)), cause, ..Failure::default() }
        };
        let mut deep = (0..200).fold(link(None), |cause, _| link(Some(Box::new(cause))));
        failure(Some(&mut deep));
        assert_eq!(std::iter::successors(Some(&deep), |failure| failure.cause.as_deref()).count(), FAILURES_MAX);

        let timed_out = Failure { cause: Some(Box::new(deep)), ..Failure::default() };
        let attributes = ActivityTaskTimedOutEventAttributes { failure: Some(timed_out), ..Default::default() };
        let event =
            HistoryEvent { attributes: Some(EventAttributes::ActivityTaskTimedOutEventAttributes(attributes)), ..HistoryEvent::default() };
        let task = PollWorkflowTaskQueueResponse { history: Some(History { events: vec![event] }), ..Default::default() };
        let answer = RespondWorkflowTaskCompletedResponse { workflow_task: Some(task), ..Default::default() };
        assert_eq!(RespondWorkflowTaskCompletedResponse::decode(answer.encode_to_vec().as_slice()), Ok(answer));
    }
}
