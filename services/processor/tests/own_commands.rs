//! Commands that the processor makes by itself go by the configuration's limits, as those of a gateway do.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use klamm_avro::frame;
use klamm_engine::Topics;
use klamm_log::{EmbeddedLog, Log, ReadLimit, SystemClock, embedded::Settings as LogSettings};
use klamm_messages::{
    klamm::v1::{ClusterCommand, Command, CommandSettings, RegisterNamespace, StartWorkflow, WakeRow, cluster_command, command::Body},
    temporal::{
        common::v1::WorkflowType, enums::v1::TaskQueueKind, taskqueue::v1::TaskQueue, workflowservice::v1::StartWorkflowExecutionRequest,
    },
};
use klamm_processor::{Backend, Config, Processor, backend::Poll};
use klamm_scheduler::WakeSource;
use klamm_store::{Settings as StoreSettings, Store};
use prost_types::Duration as ProtoDuration;

const RETENTION: ProtoDuration = ProtoDuration { seconds: 86_400, nanos: 0 };

fn settings() -> CommandSettings {
    CommandSettings {
        blob_size_limit_bytes: 77,
        history_count_limit: 200_000,
        history_size_limit_bytes: 88,
        history_count_suggest_continue_as_new: 99,
        history_size_suggest_continue_as_new_bytes: 111,
        schedule_audit_retention: Some(ProtoDuration { seconds: 5, nanos: 0 }),
        ..CommandSettings::default()
    }
}

/// Settings of all commands of partition 0 whose body is `which`.
fn stamped(log: &dyn Log, which: impl Fn(&Body) -> bool) -> Vec<CommandSettings> {
    let read = log.read("klamm.commands", 0, 0, ReadLimit::default()).expect("a read");
    let commands =
        read.records.iter().map(|stored| frame::decode::<Command>(stored.record.value.as_deref().expect("a value")).expect("a command"));
    commands.filter(|command| command.body.as_ref().is_some_and(&which)).map(|command| command.settings.expect("settings")).collect()
}

#[tokio::test]
async fn own_commands_bring_the_configured_limits_and_the_namespaces_retention() {
    let topics = Topics::new("klamm.", 1);
    let log = EmbeddedLog::in_memory(Arc::new(SystemClock), LogSettings::default()).expect("a log");
    log.ensure_topics(&topics.specs()).expect("topics");
    let log: Arc<dyn Log> = Arc::new(log);
    let store = Arc::new(Store::in_memory(&StoreSettings::default()).expect("a store"));
    let config = Config { settings: settings(), ..Config::new(topics, "own".to_owned()) };
    let (processor, _) = Processor::start(config, log.clone(), store).expect("a processor");
    let processor = Arc::new(processor);

    let register = RegisterNamespace { name: "n".to_owned(), retention: Some(RETENTION), ..RegisterNamespace::default() };
    let register = ClusterCommand { command: Some(cluster_command::Command::RegisterNamespace(register)) };
    let register = Command { version: 1, workflow_id: "n".to_owned(), body: Some(Body::Cluster(register)), ..Command::default() };
    processor.submit(Box::new(register)).await.expect("accepted");
    let task_queue = TaskQueue { name: "q".to_owned(), kind: TaskQueueKind::Normal as i32, ..TaskQueue::default() };
    let request = StartWorkflowExecutionRequest {
        namespace: "n".to_owned(),
        workflow_id: "w".to_owned(),
        workflow_type: Some(WorkflowType { name: "W".to_owned() }),
        task_queue: Some(task_queue.clone()),
        request_id: "r".to_owned(),
        ..StartWorkflowExecutionRequest::default()
    };
    let start = StartWorkflow { request: Some(request), run_id: "run".to_owned(), ..StartWorkflow::default() };
    let start = Command {
        version: 1,
        namespace: "n".to_owned(),
        workflow_id: "w".to_owned(),
        body: Some(Body::StartWorkflow(Box::new(start))),
        ..Command::default()
    };
    processor.submit(Box::new(start)).await.expect("accepted");
    let poll = Poll {
        namespace: "n".to_owned(),
        task_queue,
        identity: "me".to_owned(),
        worker_version: None,
        worker_instance_key: String::new(),
        max_tasks_per_second: None,
        deadline: Instant::now() + Duration::from_secs(10),
    };
    processor.poll_workflow_task(poll).await.expect("an answer").expect("a task");

    let of_workflow = CommandSettings { retention: Some(RETENTION), schedule_audit_retention: None, ..settings() };
    assert_eq!(stamped(&*log, |body| matches!(body, Body::StartWorkflowTask(_))), std::slice::from_ref(&of_workflow));

    let wake = |machine: &str| WakeRow { machine: machine.to_owned(), namespace: "n".to_owned(), id: "w".to_owned(), ..WakeRow::default() };
    assert!(processor.wake_up(0, &[wake(klamm_workflow::MACHINE), wake(klamm_schedule::MACHINE)]).await);
    let of_schedule = CommandSettings { retention: Some(RETENTION), ..settings() };
    assert_eq!(stamped(&*log, |body| matches!(body, Body::WakeUp(_))), [of_workflow, of_schedule]);
}
