//! The workflow of a batch operation: one activity, whose result goes into the memo.

use klamm_api::workflowservice::v1::{
    GetWorkflowExecutionHistoryRequest, PollWorkflowTaskQueueResponse, RespondWorkflowTaskCompletedRequest,
    workflow_service_server::WorkflowService,
};
use klamm_messages::temporal::{
    command::v1::{
        CancelWorkflowExecutionCommandAttributes, Command, CompleteWorkflowExecutionCommandAttributes,
        FailWorkflowExecutionCommandAttributes, ModifyWorkflowPropertiesCommandAttributes, ScheduleActivityTaskCommandAttributes,
        command::Attributes,
    },
    common::v1::{ActivityType, Memo, Payloads, RetryPolicy},
    enums::v1::CommandType,
    failure::v1::Failure,
    history::v1::{HistoryEvent, history_event::Attributes as Event},
};
use klamm_requests::batch::{self, Progress, Stats};
use prost_types::Duration;
use tonic::Status;

use crate::calls::{IDENTITY, call, queue};

/// The activity may take as long as it likes: 20 years.
const ACTIVITY_TIMEOUT: Duration = Duration { seconds: 20 * 365 * 86_400, nanos: 0 };
/// When heartbeats are missing for so long, whoever carried the operation out is gone, and another goes on.
const HEARTBEAT_TIMEOUT: Duration = Duration { seconds: 5, nanos: 0 };

/// Says what the workflow does next.
pub(crate) async fn advance<S: WorkflowService>(service: &S, namespace: &str, task: PollWorkflowTaskQueueResponse) -> Result<(), Status> {
    let mut events = task.history.unwrap_or_default().events;
    let mut token = task.next_page_token;
    while !token.is_empty() {
        let more = GetWorkflowExecutionHistoryRequest {
            namespace: namespace.to_owned(),
            execution: task.workflow_execution.clone(),
            next_page_token: token,
            ..GetWorkflowExecutionHistoryRequest::default()
        };
        let page = service.get_workflow_execution_history(call(more)).await?.into_inner();
        events.extend(page.history.unwrap_or_default().events);
        token = page.next_page_token;
    }
    let completed = RespondWorkflowTaskCompletedRequest {
        namespace: namespace.to_owned(),
        task_token: task.task_token,
        commands: commands(&events),
        identity: IDENTITY.to_owned(),
        ..RespondWorkflowTaskCompletedRequest::default()
    };
    service.respond_workflow_task_completed(call(completed)).await.map(drop)
}

/// The commands that follow from a history.
fn commands(events: &[HistoryEvent]) -> Vec<Command> {
    let mut next = Vec::new();
    for event in events {
        match &event.attributes {
            Some(Event::WorkflowExecutionStartedEventAttributes(started)) => next = vec![begin(started.input.clone())],
            Some(Event::ActivityTaskScheduledEventAttributes(_)) => next.clear(),
            Some(Event::ActivityTaskCompletedEventAttributes(completed)) => next = complete(completed.result.clone()),
            Some(Event::ActivityTaskFailedEventAttributes(failed)) => next = vec![fail(failed.failure.clone())],
            Some(Event::ActivityTaskTimedOutEventAttributes(timed_out)) => next = vec![fail(timed_out.failure.clone())],
            Some(Event::ActivityTaskCanceledEventAttributes(_) | Event::WorkflowExecutionCancelRequestedEventAttributes(_)) => {
                next = vec![cancel()];
            }
            _ => {}
        }
    }
    next
}

fn begin(input: Option<Payloads>) -> Command {
    command(
        CommandType::ScheduleActivityTask,
        Attributes::ScheduleActivityTaskCommandAttributes(ScheduleActivityTaskCommandAttributes {
            activity_id: "1".to_owned(),
            activity_type: Some(ActivityType { name: batch::ACTIVITY_TYPE.to_owned() }),
            task_queue: Some(queue()),
            input,
            start_to_close_timeout: Some(ACTIVITY_TIMEOUT),
            heartbeat_timeout: Some(HEARTBEAT_TIMEOUT),
            retry_policy: Some(RetryPolicy {
                initial_interval: Some(Duration { seconds: 1, nanos: 0 }),
                backoff_coefficient: 1.7,
                maximum_interval: Some(Duration { seconds: 300, nanos: 0 }),
                ..RetryPolicy::default()
            }),
            ..ScheduleActivityTaskCommandAttributes::default()
        }),
    )
}

fn complete(result: Option<Payloads>) -> Vec<Command> {
    let progress: Progress = batch::from_json(result.as_ref().and_then(|result| result.payloads.first()));
    let stats = Stats { num_success: progress.success_count, num_failure: progress.error_count };
    let memo = Memo { fields: [(batch::STATS_MEMO.to_owned(), batch::json(&stats))].into() };
    vec![
        command(
            CommandType::ModifyWorkflowProperties,
            Attributes::ModifyWorkflowPropertiesCommandAttributes(ModifyWorkflowPropertiesCommandAttributes { upserted_memo: Some(memo) }),
        ),
        command(
            CommandType::CompleteWorkflowExecution,
            Attributes::CompleteWorkflowExecutionCommandAttributes(CompleteWorkflowExecutionCommandAttributes { result }),
        ),
    ]
}

fn fail(failure: Option<Failure>) -> Command {
    // The activity's failure is the cause of its end; the workflow tells the cause itself.
    let failure = failure.map(|failure| failure.cause.clone().map_or(failure, |cause| *cause));
    command(
        CommandType::FailWorkflowExecution,
        Attributes::FailWorkflowExecutionCommandAttributes(FailWorkflowExecutionCommandAttributes { failure }),
    )
}

fn cancel() -> Command {
    command(
        CommandType::CancelWorkflowExecution,
        Attributes::CancelWorkflowExecutionCommandAttributes(CancelWorkflowExecutionCommandAttributes::default()),
    )
}

fn command(kind: CommandType, attributes: Attributes) -> Command {
    Command { command_type: kind as i32, attributes: Some(attributes), ..Command::default() }
}

#[cfg(test)]
mod tests {
    use klamm_messages::temporal::history::v1::{
        ActivityTaskCompletedEventAttributes, ActivityTaskFailedEventAttributes, ActivityTaskScheduledEventAttributes,
        WorkflowExecutionCancelRequestedEventAttributes,
    };

    use super::*;

    fn kinds(attributes: Vec<Event>) -> Vec<CommandType> {
        let events: Vec<_> =
            attributes.into_iter().map(|attributes| HistoryEvent { attributes: Some(attributes), ..HistoryEvent::default() }).collect();
        commands(&events).iter().map(Command::command_type).collect()
    }

    #[test]
    fn the_activity_is_scheduled_once_and_its_end_ends_the_workflow() {
        let started = || Event::WorkflowExecutionStartedEventAttributes(Box::default());
        let scheduled = || Event::ActivityTaskScheduledEventAttributes(ActivityTaskScheduledEventAttributes::default());
        assert_eq!(kinds(vec![started()]), [CommandType::ScheduleActivityTask]);
        assert_eq!(kinds(vec![started(), scheduled()]), []);
        let completed = Event::ActivityTaskCompletedEventAttributes(ActivityTaskCompletedEventAttributes::default());
        let expected = [CommandType::ModifyWorkflowProperties, CommandType::CompleteWorkflowExecution];
        assert_eq!(kinds(vec![started(), scheduled(), completed]), expected);
        let failed = Event::ActivityTaskFailedEventAttributes(ActivityTaskFailedEventAttributes::default());
        assert_eq!(kinds(vec![started(), scheduled(), failed]), [CommandType::FailWorkflowExecution]);
        let canceled = Event::WorkflowExecutionCancelRequestedEventAttributes(WorkflowExecutionCancelRequestedEventAttributes::default());
        assert_eq!(kinds(vec![started(), scheduled(), canceled]), [CommandType::CancelWorkflowExecution]);
    }

    #[test]
    fn the_counts_go_into_the_memo() {
        let progress = Progress { success_count: 3, error_count: 2, ..Progress::default() };
        let commands = complete(Some(Payloads { payloads: vec![batch::json(&progress)] }));
        let Some(Attributes::ModifyWorkflowPropertiesCommandAttributes(modify)) = &commands[0].attributes else { panic!("a memo") };
        let stats: Stats = batch::from_json(modify.upserted_memo.as_ref().unwrap().fields.get(batch::STATS_MEMO));
        assert_eq!(stats, Stats { num_success: 3, num_failure: 2 });
    }
}
