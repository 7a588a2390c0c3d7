//! What is in a deleted namespace goes from the state and from the topics, also when the process dies meanwhile.

use std::time::Duration;

use klamm_messages::{
    klamm::v1::{
        ClusterCommand, Command, CreateSchedule, DeleteNamespace, NamespaceState, RegisterNamespace, cluster_command::Command as Cluster,
        command::Body,
    },
    temporal::{
        common::v1::WorkflowType,
        enums::v1::{NamespaceState as Lifecycle, WorkflowExecutionStatus},
        schedule::v1::{IntervalSpec, Schedule, ScheduleAction, ScheduleSpec, schedule_action::Action},
        workflow::v1::NewWorkflowExecutionInfo,
        workflowservice::v1::CreateScheduleRequest,
    },
};
use klamm_processor::{
    Backend, Processor,
    backend::{Error, Reply},
    reclaimer::Reclaimer,
};
use prost_types::Duration as ProtoDuration;

use crate::{PARTITIONS, left_on_topics, log, queue, start, start_workflow, submit, wake};

/// Workflows that are in the namespace.
const WORKFLOWS: usize = 1000;
/// Runs of which one round may ask for the deletion.
const ROUND_MAX: usize = 3 * 256;

async fn cluster(processor: &Processor, command: Cluster) -> Result<NamespaceState, Error> {
    let body = Body::Cluster(ClusterCommand { command: Some(command) });
    let reply =
        processor.submit(Box::new(Command { version: 1, workflow_id: "n".to_owned(), body: Some(body), ..Command::default() })).await?;
    match reply {
        Reply::Cluster(klamm_cluster::Answer::Namespace(state)) => Ok(*state),
        other => panic!("{other:?}"),
    }
}

async fn register(processor: &Processor, name: &str) -> Result<NamespaceState, Error> {
    let retention = Some(ProtoDuration { seconds: 86_400, nanos: 0 });
    let register = RegisterNamespace { name: name.to_owned(), id: format!("id-of-{name}"), retention, ..RegisterNamespace::default() };
    cluster(processor, Cluster::RegisterNamespace(register)).await
}

async fn create_schedule(processor: &Processor, namespace: &str, id: &str) {
    let interval = IntervalSpec { interval: Some(ProtoDuration { seconds: 1, nanos: 0 }), phase: None };
    let action = NewWorkflowExecutionInfo {
        workflow_id: format!("by-{id}"),
        workflow_type: Some(WorkflowType { name: "W".to_owned() }),
        task_queue: queue(),
        ..NewWorkflowExecutionInfo::default()
    };
    let schedule = Schedule {
        spec: Some(ScheduleSpec { interval: vec![interval], ..ScheduleSpec::default() }),
        action: Some(ScheduleAction { action: Some(Action::StartWorkflow(action)) }),
        ..Schedule::default()
    };
    let request = CreateScheduleRequest {
        namespace: namespace.to_owned(),
        schedule_id: id.to_owned(),
        request_id: id.to_owned(),
        schedule: Some(schedule),
        ..CreateScheduleRequest::default()
    };
    let create = CreateSchedule { request: Some(request), namespace_id: "id".to_owned() };
    submit(processor, namespace, id, Body::CreateSchedule(Box::new(create))).await;
}

#[tokio::test]
async fn a_deleted_namespace_is_emptied_across_a_restart_and_leaves_nothing() {
    let log = log();
    let mut processor = start(&log);
    register(&processor, "shop").await.expect("registered");
    register(&processor, "shop2").await.expect("registered");
    for number in 0..WORKFLOWS {
        start_workflow(&processor, "shop", &format!("w{number}")).await;
    }
    start_workflow(&processor, "shop2", "w1").await;
    for id in ["s1", "s2"] {
        create_schedule(&processor, "shop", id).await;
    }
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    wake(&processor).await;

    let delete = DeleteNamespace { name: "shop".to_owned(), ..DeleteNamespace::default() };
    let deleted = cluster(&processor, Cluster::DeleteNamespace(delete)).await.expect("deleted");
    assert_eq!((deleted.name.as_str(), deleted.state), ("shop-deleted-id-of", Lifecycle::Deleted as i32));
    assert!(!processor.namespaces().contains_key("shop") && processor.namespaces().contains_key("shop-deleted-id-of"));

    let mut reclaimer = Reclaimer::new(processor.clone(), Duration::ZERO);
    reclaimer.round().await.expect("a round");
    let mut terminated = 0;
    for number in 0..WORKFLOWS {
        let run = processor.run("shop", &format!("w{number}"), "").await.expect("an answer").expect("a run");
        terminated += usize::from(run.state.status() == WorkflowExecutionStatus::Terminated);
    }
    assert!((1..=ROUND_MAX).contains(&terminated), "one round asks for the deletion of {terminated} runs");
    assert!(register(&processor, "shop").await.is_err(), "runs are still kept under the name");
    // Some of it is on the topics, some only on the command log. The store is lost.
    processor.commit(0, true);
    drop(reclaimer);
    drop(processor);
    processor = start(&log);
    let mut reclaimer = Reclaimer::new(processor.clone(), Duration::ZERO);
    for _ in 0..50 {
        reclaimer.round().await.expect("a round");
        wake(&processor).await;
        if !processor.namespaces().contains_key("shop-deleted-id-of") {
            break;
        }
    }
    for partition in 0..PARTITIONS {
        processor.commit(partition, true);
    }
    assert_eq!(left_on_topics(&*log, "shop"), ["cluster namespace/shop2"]);
    assert_eq!(processor.namespaces().keys().collect::<Vec<_>>(), ["shop2"]);
    for partition in 0..PARTITIONS {
        assert_eq!(processor.verify(partition).expect("verified").differences, Vec::<String>::new());
    }
    assert!(processor.run("shop", "w1", "").await.expect("an answer").is_none());
    assert!(processor.run("shop2", "w1", "").await.expect("an answer").is_some());
    register(&processor, "shop").await.expect("the name is free");
    start_workflow(&processor, "shop", "w1").await;
}
