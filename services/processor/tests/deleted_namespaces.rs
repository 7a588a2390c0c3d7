//! What is in a deleted namespace goes from the state and from the topics, also when the process dies meanwhile.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use klamm_engine::Topics;
use klamm_log::{EmbeddedLog, Log, ReadLimit, SystemClock, embedded::Settings as LogSettings};
use klamm_messages::{
    klamm::v1::{
        ClusterCommand, Command, CreateSchedule, DeleteNamespace, NamespaceState, RegisterNamespace, StartWorkflow,
        cluster_command::Command as Cluster, command::Body,
    },
    temporal::{
        common::v1::WorkflowType,
        enums::v1::{NamespaceState as Lifecycle, TaskQueueKind},
        schedule::v1::{IntervalSpec, Schedule, ScheduleAction, ScheduleSpec, schedule_action::Action},
        taskqueue::v1::TaskQueue,
        workflow::v1::NewWorkflowExecutionInfo,
        workflowservice::v1::{CreateScheduleRequest, StartWorkflowExecutionRequest},
    },
};
use klamm_processor::{
    Backend, Config, Processor,
    backend::{Error, Reply},
    reclaimer::Reclaimer,
};
use klamm_scheduler::WakeSource;
use klamm_store::{Settings as StoreSettings, Store};
use prost_types::Duration as ProtoDuration;

const PARTITIONS: u32 = 2;

fn start(log: &Arc<dyn Log>) -> Arc<Processor> {
    let store = Arc::new(Store::in_memory(&StoreSettings::default()).expect("a store"));
    let config = Config::new(Topics::new("klamm.", PARTITIONS), "me".to_owned());
    let (processor, _) = Processor::start(config, log.clone(), store).expect("a processor");
    Arc::new(processor)
}

fn log() -> Arc<dyn Log> {
    let log = EmbeddedLog::in_memory(Arc::new(SystemClock), LogSettings::default()).expect("a log");
    log.ensure_topics(&Topics::new("klamm.", PARTITIONS).specs()).expect("topics");
    Arc::new(log)
}

async fn cluster(processor: &Processor, command: Cluster) -> Result<NamespaceState, Error> {
    let body = Body::Cluster(ClusterCommand { command: Some(command) });
    let reply = processor.submit(Command { version: 1, workflow_id: "n".to_owned(), body: Some(body), ..Command::default() }).await?;
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

async fn submit(processor: &Processor, namespace: &str, id: &str, body: Body) {
    let (namespace, workflow_id) = (namespace.to_owned(), id.to_owned());
    processor.submit(Command { version: 1, namespace, workflow_id, body: Some(body), ..Command::default() }).await.expect("accepted");
}

fn queue() -> Option<TaskQueue> {
    Some(TaskQueue { name: "q".to_owned(), kind: TaskQueueKind::Normal as i32, ..TaskQueue::default() })
}

async fn start_workflow(processor: &Processor, namespace: &str, id: &str) {
    let request = StartWorkflowExecutionRequest {
        namespace: namespace.to_owned(),
        workflow_id: id.to_owned(),
        workflow_type: Some(WorkflowType { name: "W".to_owned() }),
        task_queue: queue(),
        request_id: id.to_owned(),
        ..StartWorkflowExecutionRequest::default()
    };
    let start = StartWorkflow { request: Some(request), run_id: format!("run-of-{id}"), ..StartWorkflow::default() };
    submit(processor, namespace, id, Body::StartWorkflow(start)).await;
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
    submit(processor, namespace, id, Body::CreateSchedule(create)).await;
}

/// Wakes whatever is due.
async fn wake(processor: &Processor) {
    for partition in 0..PARTITIONS {
        let due = processor.due(partition, processor.log_now(), 1_000).rows;
        assert!(processor.wake_up(partition, &due).await);
    }
}

/// Topic and key of all records whose newest value is not a tombstone and which belong to the namespace.
fn left_on_topics(log: &dyn Log, namespace: &str) -> Vec<String> {
    let mut newest: BTreeMap<String, bool> = BTreeMap::new();
    for topic in ["history", "visibility", "schedules", "cluster"] {
        for partition in 0..if topic == "cluster" { 1 } else { PARTITIONS } {
            let full = format!("klamm.{topic}");
            let mut from = log.start_offset(&full, partition).expect("a start");
            while from < log.end_offset(&full, partition).expect("an end") {
                let read = log.read(&full, partition, from, ReadLimit::default()).expect("a read");
                for stored in &read.records {
                    let key = String::from_utf8_lossy(stored.record.key.as_deref().unwrap_or_default()).into_owned();
                    if key.starts_with(&format!("{namespace}/")) || key.starts_with(&format!("namespace/{namespace}")) {
                        newest.insert(format!("{topic} {key}"), stored.record.value.is_some());
                    }
                }
                from = read.next_offset;
            }
        }
    }
    newest.into_iter().filter(|(_, lives)| *lives).map(|(key, _)| key).collect()
}

#[tokio::test]
async fn a_deleted_namespace_is_emptied_across_a_restart_and_leaves_nothing() {
    let log = log();
    let mut processor = start(&log);
    register(&processor, "shop").await.expect("registered");
    register(&processor, "shop2").await.expect("registered");
    for number in 0..600 {
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
