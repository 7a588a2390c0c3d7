//! Of a completed run only its outcome is kept, also by a fold.

use std::time::{Duration, Instant};

use klamm_messages::{
    klamm::v1::{Command, CommandSettings, CompleteWorkflowTask, WorkflowTaskToken, command::Body},
    temporal::{
        self,
        command::v1::{CompleteWorkflowExecutionCommandAttributes, command::Attributes},
        enums::v1::{CommandType, EventType, WorkflowExecutionStatus},
        workflowservice::v1::RespondWorkflowTaskCompletedRequest,
    },
};
use klamm_processor::{Backend, Processor, backend::Poll};

use crate::{PARTITIONS, left_on_topics, log, queue, start, start_workflow};

/// Lets a worker complete the workflow. `outcome_only` is what the settings say.
async fn complete(processor: &Processor, outcome_only: &[&str]) -> String {
    let poll = Poll {
        namespace: "shop".to_owned(),
        task_queue: queue().unwrap(),
        identity: "me".to_owned(),
        worker_version: None,
        worker_instance_key: String::new(),
        max_tasks_per_second: None,
        deadline: Instant::now() + Duration::from_secs(10),
    };
    let polled = processor.poll_workflow_task(poll).await.expect("an answer").expect("a task");
    let command = temporal::command::v1::Command {
        command_type: CommandType::CompleteWorkflowExecution as i32,
        attributes: Some(Attributes::CompleteWorkflowExecutionCommandAttributes(CompleteWorkflowExecutionCommandAttributes::default())),
        ..temporal::command::v1::Command::default()
    };
    let token = WorkflowTaskToken {
        namespace: "shop".to_owned(),
        workflow_id: polled.run.workflow_id.clone(),
        run_id: polled.run.run_id.clone(),
        scheduled_event_id: polled.task.scheduled_event_id,
        started_event_id: polled.task.started_event_id,
        attempt: polled.task.attempt,
        stamp: polled.task.stamp,
        ..WorkflowTaskToken::default()
    };
    let request = RespondWorkflowTaskCompletedRequest { commands: vec![command], ..RespondWorkflowTaskCompletedRequest::default() };
    let body = CompleteWorkflowTask { token: Some(token), request: Some(request), poll_id: "p".to_owned() };
    let settings = CommandSettings {
        retention: Some(prost_types::Duration { seconds: 86_400, nanos: 0 }),
        outcome_only: outcome_only.iter().map(|name| (*name).to_owned()).collect(),
        ..CommandSettings::default()
    };
    let command = Command {
        version: 1,
        settings: Some(settings),
        namespace: "shop".to_owned(),
        workflow_id: polled.run.workflow_id.clone(),
        body: Some(Body::CompleteWorkflowTask(body)),
        ..Command::default()
    };
    processor.submit(Box::new(command)).await.expect("accepted");
    polled.run.workflow_id
}

#[tokio::test]
async fn a_completed_run_leaves_its_outcome_and_nothing_else_on_the_topic() {
    let log = log();
    let processor = start(&log);
    for (id, outcome_only) in [("kept", &["V"][..]), ("w1", &["W"]), ("w2", &["*"])] {
        start_workflow(&processor, "shop", id).await;
        assert_eq!(complete(&processor, outcome_only).await, id);
    }
    for partition in 0..PARTITIONS {
        processor.commit(partition, true);
        assert_eq!(processor.verify(partition).expect("verified").differences, Vec::<String>::new());
    }
    let left = left_on_topics(&*log, "shop");
    let of = |id: &str| left.iter().filter(|key| key.starts_with(&format!("history shop/{id}/"))).count();
    assert_eq!((of("w1"), of("w2")), (1, 1), "{left:?}");
    assert!(of("kept") > 4);
    drop(processor);

    let processor = start(&log);
    for id in ["w1", "w2"] {
        let run = processor.run("shop", id, "").await.expect("an answer").expect("the run");
        assert_eq!(run.state.status, WorkflowExecutionStatus::Completed as i32);
        assert!(run.is_current && run.state.outcome_only);
        let events = processor.history(&run.run, 1, run.state.next_event_id, 100).await.expect("a history");
        let types: Vec<_> = events.iter().map(|event| event.event_type()).collect();
        assert_eq!(types, [EventType::WorkflowExecutionCompleted]);
    }
}
