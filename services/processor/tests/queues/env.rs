//! A processor over a log in memory, and what a worker does with it.

use std::{sync::Arc, time::Duration};

use klamm_engine::{Topics, topic};
use klamm_log::{
    Log, MemoryLog, SystemClock,
    memory::{Fault, Operation, Settings as LogSettings},
};
use klamm_messages::{
    klamm::v1::{Command, CompleteWorkflowTask, SignalWorkflow, StartWorkflow, WorkflowTaskToken, command::Body},
    temporal::{
        self,
        command::v1::{ScheduleActivityTaskCommandAttributes, command::Attributes},
        common::v1::{ActivityType, WorkflowExecution, WorkflowType},
        enums::v1::CommandType,
        taskqueue::v1::TaskQueue,
        workflowservice::v1::{RespondWorkflowTaskCompletedRequest, SignalWorkflowExecutionRequest, StartWorkflowExecutionRequest},
    },
};
use klamm_processor::{
    Backend, Config, Processor,
    backend::{Error, Poll, Reply, WorkflowTask},
    care,
};
use klamm_store::{Settings as StoreSettings, Store};

pub const PARTITIONS: u32 = 4;

/// A processor that is looked after, and its log.
pub struct Env {
    pub log: MemoryLog,
    pub processor: Arc<Processor>,
}

impl Env {
    pub fn new() -> Self {
        Self::with(|_| ())
    }

    /// With other limits.
    pub fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::over(MemoryLog::new(Arc::new(SystemClock), LogSettings::default()), &[0, 1, 2, 3], change)
    }

    /// A process that owns these partitions and loses each by itself.
    pub fn owning(partitions: &[u32]) -> Self {
        Self::over(MemoryLog::new(Arc::new(SystemClock), LogSettings::default()), partitions, |config| config.loses_all_together = false)
    }

    /// Another process like that, over the same log.
    pub fn another(&self, partitions: &[u32]) -> Self {
        Self::over(self.log.clone(), partitions, |config| {
            config.loses_all_together = false;
            config.member = "another".to_owned();
        })
    }

    fn over(log: MemoryLog, partitions: &[u32], change: impl FnOnce(&mut Config)) -> Self {
        let topics = Topics::new("klamm.", PARTITIONS);
        log.ensure_topics(&topics.specs()).expect("topics");
        let store = Arc::new(Store::in_memory(&StoreSettings::default()).expect("a store"));
        let mut config = Config::new(topics, "test".to_owned());
        change(&mut config);
        let processor = Processor::new(config, Arc::new(log.clone()), store);
        processor.gain(partitions).expect("partitions");
        let processor = Arc::new(processor);
        tokio::spawn(care::run(processor.clone()));
        Self { log, processor }
    }

    pub fn partition_of(&self, workflow_id: &str) -> u32 {
        self.processor.partition_of(&command(workflow_id, Body::SignalWorkflow(SignalWorkflow::default())))
    }

    /// So many workflow ids of each partition in turn.
    pub fn ids(&self, per_partition: usize) -> Vec<(u32, String)> {
        let mut ids = Vec::new();
        for number in (0..PARTITIONS).cycle().take(per_partition * PARTITIONS as usize) {
            let taken = |id: &String| ids.iter().any(|(_, known)| known == id);
            let id = (0..).map(|n| format!("w{n}")).find(|id| self.partition_of(id) == number && !taken(id));
            ids.push((number, id.expect("there is one")));
        }
        ids
    }

    pub async fn submit(&self, workflow_id: &str, body: Body) -> Result<Reply, Error> {
        self.processor.submit(Box::new(command(workflow_id, body))).await
    }

    /// Starts a run on queue `q`.
    pub async fn start(&self, workflow_id: &str) -> Result<Reply, Error> {
        let request = StartWorkflowExecutionRequest {
            workflow_id: workflow_id.to_owned(),
            workflow_type: Some(WorkflowType { name: "W".to_owned() }),
            task_queue: Some(queue("q")),
            request_id: format!("start of {workflow_id}"),
            ..StartWorkflowExecutionRequest::default()
        };
        let start = StartWorkflow { request: Some(request), run_id: format!("run of {workflow_id}"), ..StartWorkflow::default() };
        self.submit(workflow_id, Body::StartWorkflow(Box::new(start))).await
    }

    pub async fn signal(&self, workflow_id: &str) -> Result<Reply, Error> {
        let request = SignalWorkflowExecutionRequest {
            workflow_execution: Some(WorkflowExecution { workflow_id: workflow_id.to_owned(), run_id: String::new() }),
            signal_name: "s".to_owned(),
            ..SignalWorkflowExecutionRequest::default()
        };
        self.submit(workflow_id, Body::SignalWorkflow(SignalWorkflow { request: Some(request) })).await
    }

    /// Polls queue `q` for a workflow task.
    pub async fn poll(&self, patience: Duration) -> Result<Option<WorkflowTask>, Error> {
        self.processor.poll_workflow_task(poll("q", patience)).await
    }

    /// Completes the task with these commands.
    pub async fn complete(&self, task: &WorkflowTask, commands: Vec<temporal::command::v1::Command>) -> Result<Reply, Error> {
        let token = WorkflowTaskToken {
            namespace: "default".to_owned(),
            workflow_id: task.run.workflow_id.clone(),
            run_id: task.run.run_id.clone(),
            scheduled_event_id: task.task.scheduled_event_id,
            started_event_id: task.task.started_event_id,
            attempt: task.task.attempt,
            stamp: task.task.stamp,
            query_id: String::new(),
        };
        let request = RespondWorkflowTaskCompletedRequest { commands, ..RespondWorkflowTaskCompletedRequest::default() };
        let complete = CompleteWorkflowTask { token: Some(token), request: Some(request), ..CompleteWorkflowTask::default() };
        self.submit(&task.run.workflow_id, Body::CompleteWorkflowTask(complete)).await
    }

    /// From now on commands of this partition cannot be read: the next one stops it.
    pub fn break_partition(&self, broken: u32) {
        let commands = Topics::new("klamm.", PARTITIONS).full(topic::COMMANDS);
        self.log.set_fault_hook(Some(Box::new(move |operation| match operation {
            Operation::Read { topic, partition } if topic == &*commands && partition == broken => {
                Some(Fault::Refuse(klamm_log::Error::Trimmed { topic: topic.to_owned(), partition, start: 1_000 }))
            }
            _ => None,
        })));
    }
}

pub fn poll(task_queue: &str, patience: Duration) -> Poll {
    Poll {
        namespace: "default".to_owned(),
        task_queue: queue(task_queue),
        identity: "worker".to_owned(),
        worker_version: None,
        worker_instance_key: String::new(),
        max_tasks_per_second: None,
        deadline: (tokio::time::Instant::now() + patience).into_std(),
    }
}

pub fn queue(name: &str) -> TaskQueue {
    TaskQueue { name: name.to_owned(), ..TaskQueue::default() }
}

/// An activity on queue `activities`.
pub fn schedule(activity_id: &str) -> temporal::command::v1::Command {
    let attributes = ScheduleActivityTaskCommandAttributes {
        activity_id: activity_id.to_owned(),
        activity_type: Some(ActivityType { name: "A".to_owned() }),
        task_queue: Some(queue("activities")),
        start_to_close_timeout: Some(klamm_machine::time::to_proto(Duration::from_secs(600))),
        ..ScheduleActivityTaskCommandAttributes::default()
    };
    temporal::command::v1::Command {
        command_type: CommandType::ScheduleActivityTask as i32,
        attributes: Some(Attributes::ScheduleActivityTaskCommandAttributes(attributes)),
        ..temporal::command::v1::Command::default()
    }
}

fn command(workflow_id: &str, body: Body) -> Command {
    Command { version: 1, namespace: "default".to_owned(), workflow_id: workflow_id.to_owned(), body: Some(body), ..Command::default() }
}
