//! What is forgotten leaves nothing behind: neither in the state nor on the topics.

mod deleted_namespaces;
mod outcomes;

use std::{collections::BTreeMap, sync::Arc};

use klamm_engine::Topics;
use klamm_log::{EmbeddedLog, Log, ReadLimit, SystemClock, embedded::Settings as LogSettings};
use klamm_messages::{
    klamm::v1::{Command, StartWorkflow, command::Body},
    temporal::{
        common::v1::WorkflowType, enums::v1::TaskQueueKind, taskqueue::v1::TaskQueue, workflowservice::v1::StartWorkflowExecutionRequest,
    },
};
use klamm_processor::{Backend, Config, Processor};
use klamm_scheduler::WakeSource;
use klamm_store::{Settings as StoreSettings, Store};

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

async fn submit(processor: &Processor, namespace: &str, id: &str, body: Body) {
    let (namespace, workflow_id) = (namespace.to_owned(), id.to_owned());
    processor
        .submit(Box::new(Command { version: 1, namespace, workflow_id, body: Some(body), ..Command::default() }))
        .await
        .expect("accepted");
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
    submit(processor, namespace, id, Body::StartWorkflow(Box::new(start))).await;
}

/// Wakes whatever is due.
async fn wake(processor: &Processor) {
    for partition in 0..PARTITIONS {
        let due = processor.due(partition, None, processor.log_now(), 1_000).rows;
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
