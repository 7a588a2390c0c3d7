//! What a worker gets for a poll.

use std::time::{Duration, Instant};

use klamm_api::workflowservice::v1::{workflow_service_server::WorkflowService, *};
use klamm_backend::{ActivityTask, RefusedPoll, TaskQueueSide, WorkflowTask};
use klamm_machine::Time;
use klamm_messages::temporal::{
    common::v1::{ActivityType, Payloads},
    deployment::v1::WorkerDeploymentOptions,
    enums::v1::{TaskQueueKind, WorkerVersioningMode, WorkflowExecutionStatus},
    history::v1::{ActivityTaskScheduledEventAttributes, HistoryEvent},
    query::v1::WorkflowQuery,
    taskqueue::v1::TaskQueue,
};
use klamm_requests::tokens;
use klamm_workflow::{
    answer::{StartedActivityTask, StartedWorkflowTask},
    tables::RunKey,
};
use tonic::{Code, Request};

use super::fake::Fake;

const RUN: &str = "8e4b1f4e-0c7e-4d6e-9b0e-000000000001";

fn queue() -> Option<TaskQueue> {
    Some(TaskQueue { name: "q".to_owned(), ..TaskQueue::default() })
}

fn poll(timeout: &str) -> Request<PollWorkflowTaskQueueRequest> {
    let mut request = Request::new(PollWorkflowTaskQueueRequest {
        namespace: "default".to_owned(),
        task_queue: queue(),
        identity: "me".to_owned(),
        ..Default::default()
    });
    request.metadata_mut().insert("grpc-timeout", timeout.parse().unwrap());
    request
}

fn task(sticky: bool, last_stored_event_id: i64) -> WorkflowTask {
    WorkflowTask {
        run: RunKey::new("default", "w", RUN),
        task: StartedWorkflowTask {
            run_id: RUN.to_owned(),
            workflow_type: "T".to_owned(),
            scheduled_event_id: last_stored_event_id - 1,
            started_event_id: last_stored_event_id,
            attempt: 1,
            stamp: 1,
            previous_started_event_id: 3,
            scheduled_time: Time::from_millis(1),
            started_time: Time::from_millis(2),
            transient_events: Vec::new(),
            last_stored_event_id,
            workflow_task_queue: queue().unwrap(),
            sticky,
            messages: Vec::new(),
            history_size_bytes: 0,
        },
        query: None,
        queries: [("id".to_owned(), WorkflowQuery { query_type: "state".to_owned(), ..WorkflowQuery::default() })].into(),
        backlog_count_hint: 12,
    }
}

fn ids(response: &PollWorkflowTaskQueueResponse) -> Vec<i64> {
    response.history.as_ref().unwrap().events.iter().map(|event| event.event_id).collect()
}

async fn polled(fake: &Fake, task: WorkflowTask) -> PollWorkflowTaskQueueResponse {
    fake.with(|state| state.workflow_task = Some(task));
    fake.gateway().poll_workflow_task_queue(poll("70S")).await.unwrap().into_inner()
}

#[tokio::test]
async fn polls_wait_as_long_as_the_caller_and_the_server_allow() {
    let fake = Fake::new();
    for (timeout, seconds) in [("70S", 60), ("30S", 29)] {
        let response = fake.gateway().poll_workflow_task_queue(poll(timeout)).await.unwrap().into_inner();
        assert!(response.task_token.is_empty(), "an empty answer, no error");
        let poll = fake.with(|state| state.polls.remove(0));
        assert_eq!((poll.namespace.as_str(), poll.identity.as_str()), ("default", "me"));
        assert_eq!(poll.task_queue.kind, TaskQueueKind::Normal as i32);
        let left = poll.deadline - Instant::now();
        assert!(left <= Duration::from_secs(seconds) && left > Duration::from_secs(seconds - 2), "{left:?}");
    }
    let status = fake.gateway().poll_workflow_task_queue(poll("1S")).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::FailedPrecondition, "Context timeout is too short."));
}

#[tokio::test]
async fn a_normal_queue_gives_the_whole_history_and_a_sticky_one_the_rest() {
    let fake = Fake::new();
    fake.put_run(RUN, 6, WorkflowExecutionStatus::Running);
    let response = polled(&fake, task(false, 6)).await;
    assert_eq!(ids(&response), [1, 2, 3, 4, 5, 6]);
    assert_eq!((response.previous_started_event_id, response.started_event_id, response.attempt), (3, 6, 1));
    assert_eq!(response.backlog_count_hint, 12);
    assert_eq!(response.queries["id"].query_type, "state");
    assert!(response.next_page_token.is_empty());
    assert_eq!(ids(&polled(&fake, task(true, 6)).await), [4, 5, 6]);
}

#[tokio::test]
async fn a_long_history_goes_on_by_pages_and_transient_events_come_last() {
    let fake = Fake::new();
    fake.put_run(RUN, 300, WorkflowExecutionStatus::Running);
    let response = polled(&fake, task(false, 300)).await;
    assert_eq!(ids(&response).len(), 256);
    let rest = GetWorkflowExecutionHistoryRequest {
        namespace: "default".to_owned(),
        execution: response.workflow_execution.clone(),
        next_page_token: response.next_page_token,
        ..Default::default()
    };
    let rest = fake.gateway().get_workflow_execution_history(Request::new(rest)).await.unwrap().into_inner();
    assert_eq!(rest.history.unwrap().events.len(), 44);
    assert!(rest.next_page_token.is_empty());

    let mut retried = task(false, 6);
    retried.task.transient_events =
        vec![HistoryEvent { event_id: 7, ..Default::default() }, HistoryEvent { event_id: 8, ..Default::default() }];
    fake.put_run(RUN, 6, WorkflowExecutionStatus::Running);
    assert_eq!(ids(&polled(&fake, retried).await), [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[tokio::test]
async fn a_query_task_has_a_token_of_its_own_and_no_history_over_a_sticky_queue() {
    let fake = Fake::new();
    fake.put_run(RUN, 6, WorkflowExecutionStatus::Completed);
    for (sticky, count) in [(false, 6), (true, 0)] {
        let mut asked = task(sticky, 6);
        asked.queries.clear();
        asked.query = Some(("q".to_owned(), WorkflowQuery { query_type: "state".to_owned(), ..Default::default() }));
        let response = polled(&fake, asked).await;
        assert_eq!(tokens::decode_workflow_task(&response.task_token).unwrap().query_id, "q");
        assert_eq!(response.query.as_ref().unwrap().query_type, "state");
        assert_eq!((response.started_event_id, ids(&response).len()), (0, count));
    }
}

#[tokio::test]
async fn an_activity_task_carries_what_its_attempt_needs() {
    let fake = Fake::new();
    let details = Some(Payloads::default());
    fake.with(|state| {
        state.activity_task = Some(ActivityTask {
            run: RunKey::new("default", "w", RUN),
            task: StartedActivityTask {
                run_id: RUN.to_owned(),
                workflow_type: "T".to_owned(),
                scheduled: ActivityTaskScheduledEventAttributes {
                    activity_id: "a".to_owned(),
                    activity_type: Some(ActivityType { name: "A".to_owned() }),
                    ..Default::default()
                },
                scheduled_event_id: 5,
                attempt: 3,
                stamp: 4,
                scheduled_time: Time::from_millis(1000),
                attempt_scheduled_time: Time::from_millis(2000),
                started_time: Time::from_millis(3000),
                heartbeat_details: details.clone(),
                last_failure: None,
            },
        });
    });
    let mut request =
        Request::new(PollActivityTaskQueueRequest { namespace: "default".to_owned(), task_queue: queue(), ..Default::default() });
    request.metadata_mut().insert("grpc-timeout", "70S".parse().unwrap());
    let response = fake.gateway().poll_activity_task_queue(request).await.unwrap().into_inner();
    assert_eq!((response.activity_id.as_str(), response.attempt), ("a", 3));
    assert_eq!(response.workflow_namespace, "default");
    assert_eq!(response.heartbeat_details, details);
    assert_eq!(response.current_attempt_scheduled_time.unwrap().seconds, 2);
    let token = tokens::decode_activity_task(&response.task_token).unwrap();
    assert_eq!((token.scheduled_event_id, token.stamp), (5, 4));
}

#[tokio::test]
async fn a_worker_with_a_versioned_deployment_is_refused_and_people_are_told() {
    let fake = Fake::new();
    let deployment = WorkerDeploymentOptions {
        deployment_name: "shop".to_owned(),
        build_id: "1.0".to_owned(),
        worker_versioning_mode: WorkerVersioningMode::Versioned as i32,
    };
    let mut request = poll("70S");
    request.get_mut().deployment_options = Some(deployment.clone());
    let status = fake.gateway().poll_workflow_task_queue(request).await.unwrap_err();
    let text = "Worker deployment versioning (deployment_options in mode VERSIONED) is not supported by this version of klamm.";
    assert_eq!((status.code(), status.message()), (Code::Unimplemented, text));
    let mut request = Request::new(PollActivityTaskQueueRequest {
        namespace: "default".to_owned(),
        task_queue: queue(),
        identity: "me".to_owned(),
        deployment_options: Some(deployment.clone()),
        ..Default::default()
    });
    request.metadata_mut().insert("grpc-timeout", "70S".parse().unwrap());
    fake.gateway().poll_activity_task_queue(request).await.unwrap_err();
    let told = |side| RefusedPoll {
        namespace: "default".to_owned(),
        task_queue: "q".to_owned(),
        side,
        identity: "me".to_owned(),
        reason: text.trim_end_matches('.').to_owned(),
        deployment: Some(deployment.clone()),
    };
    let (refused, polls) = fake.with(|state| (std::mem::take(&mut state.refused), state.polls.len()));
    assert_eq!(refused, [told(TaskQueueSide::Workflow), told(TaskQueueSide::Activity)]);
    assert_eq!(polls, 0, "nothing waits for it");

    let mut request = poll("70S");
    request.get_mut().deployment_options = Some(deployment);
    request.get_mut().task_queue.as_mut().unwrap().name = "q".repeat(1001);
    fake.gateway().poll_workflow_task_queue(request).await.unwrap_err();
    assert!(fake.with(|state| state.refused.is_empty()), "no queue can have this name");
}
