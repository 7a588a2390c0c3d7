//! The dispatcher: polls wait here for a task, and the dispatcher starts the task for them.
//!
//! Tasks come from the task queues ([`TaskQueues`]). The machine of a task determines which command starts it ([`starting`]). That command
//! goes to the owner of the task's partition. A query is not a machine's task: no command starts it.

mod starting;

use std::sync::Arc;

use klamm_machine::Time;
use klamm_messages::{
    klamm::v1::{Command, command::Body},
    temporal::{enums::v1::TaskQueueKind, taskqueue::v1::TaskQueue},
};
use klamm_workflow::{
    answer::{Answer, StartedReservation, StartedTask, StartedWorkflowTask},
    tables::RunKey,
};

use crate::{
    backend::{ActivityTask, Error, Poll, Reply, WorkflowTask},
    partitions::Partitions,
    queries::Queries,
    reads::Reader,
    submitting::{Submitter, WhenInDoubt},
    task_queues::{Offer, QueryTask, Task, TaskQueues, TaskType},
};

/// Hands tasks to the polls that wait here.
pub(crate) struct Dispatcher {
    partitions: Arc<Partitions>,
    submitter: Arc<Submitter>,
    reader: Reader,
    queues: Arc<TaskQueues>,
    queries: Arc<Queries>,
}

/// A task that was started for a poll.
struct Started {
    run: RunKey,
    task: StartedTask,
}

/// What a poll gets.
enum Given {
    Task(Started),
    Query(QueryTask),
}

/// A task that is being started. A poll that goes away before it is known how that went leaves the task to others: the command may not have come to
/// stand, and nobody else would offer the task again.
struct Starting<'a> {
    dispatcher: &'a Dispatcher,
    task: Option<Task>,
}

impl Starting<'_> {
    /// It is known.
    fn ended(mut self) -> Option<Task> {
        self.task.take()
    }
}

impl Drop for Starting<'_> {
    fn drop(&mut self) {
        self.dispatcher.set_aside(self.task.take());
    }
}

impl Dispatcher {
    pub(crate) fn new(
        partitions: Arc<Partitions>,
        submitter: Arc<Submitter>,
        reader: Reader,
        queues: Arc<TaskQueues>,
        queries: Arc<Queries>,
    ) -> Self {
        Self { partitions, submitter, reader, queues, queries }
    }

    /// Waits for a workflow task; see [`Backend::poll_workflow_task`](crate::Backend::poll_workflow_task).
    pub(crate) async fn await_workflow_task(&self, poll: Poll) -> Result<Option<WorkflowTask>, Error> {
        let poll = Arc::new(poll);
        loop {
            match self.await_task(TaskType::Workflow, &poll).await {
                None => return Ok(None),
                Some(Given::Query(query)) => {
                    let id = query.id.clone();
                    match self.query_task(query) {
                        Ok(Some(task)) => return Ok(Some(self.with_backlog(task, &poll))),
                        // The caller of the query will get the error of the run. It does not concern the poll.
                        Ok(None) | Err(_) => self.queries.forget_direct(&id),
                    }
                }
                Some(Given::Task(Started { run, task: StartedTask::Workflow(task) })) => {
                    return Ok(Some(self.workflow_task(run, *task, &poll)));
                }
                Some(Given::Task(Started { task: StartedTask::Activity(_), .. })) => {}
            }
        }
    }

    /// Waits for an activity task; see [`Backend::poll_activity_task`](crate::Backend::poll_activity_task).
    pub(crate) async fn await_activity_task(&self, poll: Poll) -> Result<Option<ActivityTask>, Error> {
        let poll = Arc::new(poll);
        loop {
            match self.await_task(TaskType::Activity, &poll).await {
                None => return Ok(None),
                Some(Given::Task(Started { run, task: StartedTask::Activity(task) })) => {
                    return Ok(Some(ActivityTask { run, task: *task }));
                }
                Some(Given::Task(Started { task: StartedTask::Workflow(_), .. }) | Given::Query(_)) => {}
            }
        }
    }

    /// Waits for a started task of this type, or for a query. `None` when the poll's deadline has passed, or the poll was ended.
    async fn await_task(&self, task_type: TaskType, poll: &Arc<Poll>) -> Option<Given> {
        loop {
            let offer = {
                let mut parked = self.queues.park(task_type, poll.clone());
                tokio::time::timeout_at(poll.deadline.into(), parked.offer()).await.ok().flatten()?
            };
            match offer {
                Offer::Query(query) => return Some(Given::Query(*query)),
                Offer::Started(started) => {
                    let StartedReservation { run, task, .. } = *started;
                    return Some(Given::Task(Started { run, task }));
                }
                Offer::Task(task) => {
                    if let Some(started) = self.start(task, task_type, poll).await {
                        return Some(Given::Task(started));
                    }
                }
            }
        }
    }

    /// Starts a task for a poll. `None` when the poll does not get it: the task was obsolete, or its partition cannot start it for now. In
    /// the second case the task is set aside. The poll goes on waiting, since it serves all partitions.
    async fn start(&self, task: Task, task_type: TaskType, poll: &Poll) -> Option<Started> {
        let run = RunKey::new(&*task.row.namespace, &*task.row.workflow_id, &*task.row.run_id);
        let partition = task.origin.partition;
        let Some(body) = starting::command(&task, poll) else {
            tracing::error!(machine = task.origin.machine, partition, "no command can start a task of this machine: the task is dropped");
            return None;
        };
        let command = self.command(&run, body, poll);
        let starting = Starting { dispatcher: self, task: Some(task) };
        let outcome = self.submitter.submit_with(partition, Box::new(command), WhenInDoubt::Wait).await;
        let task = starting.ended();
        match outcome {
            Ok(Reply::Workflow(Answer::TaskObsolete)) | Err(Error::Rejected(_)) => {
                self.queues.recycle(&self.queues.queue_of_poll(poll, task_type));
                None
            }
            Ok(Reply::Workflow(answer)) => {
                self.queues.works(partition);
                starting::started(answer).map(|task| Started { run, task })
            }
            Ok(Reply::Schedule(_) | Reply::Cluster(_) | Reply::Trigger(_)) => None,
            Err(error) => {
                tracing::debug!(partition, error = %error, "a task is set aside");
                self.set_aside(task);
                None
            }
        }
    }

    /// Sets a task aside that its partition has not started, as far as is known. If it is started after all, it is taken back from there.
    fn set_aside(&self, task: Option<Task>) {
        // Whoever owns the partition next offers the task again.
        if let Some(task) = task.filter(|task| self.partitions.find(task.origin.partition).is_some()) {
            self.queues.set_aside(task);
        }
    }

    /// A command about a run that the processor itself makes for a poll.
    fn command(&self, run: &RunKey, body: Body, poll: &Poll) -> Command {
        Command {
            version: 1,
            namespace: run.namespace.clone(),
            workflow_id: run.workflow_id.clone(),
            identity: poll.identity.clone(),
            settings: Some(self.partitions.process().workflow_settings(&run.namespace)),
            body: Some(body),
            ..Command::default()
        }
    }

    /// A started workflow task with what rides on it.
    fn workflow_task(&self, run: RunKey, task: StartedWorkflowTask, poll: &Poll) -> WorkflowTask {
        let queries = self.queries.carry(&run, task.started_event_id);
        self.with_backlog(WorkflowTask { run, task, query: None, queries, backlog_count_hint: 0 }, poll)
    }

    /// A query task in the form of a workflow task, although no workflow task was started. `None` when the run is gone.
    fn query_task(&self, query: QueryTask) -> Result<Option<WorkflowTask>, Error> {
        let QueryTask { id, run, query, sticky } = query;
        let Some(snapshot) = self.reader.run(&run.namespace, &run.workflow_id, &run.run_id)? else { return Ok(None) };
        let state = &snapshot.state;
        let started = state.started.clone().unwrap_or_default();
        let time = state.start_time.as_ref().map_or(Time::default(), Time::from);
        let task = StartedWorkflowTask {
            run_id: run.run_id.clone(),
            workflow_type: started.workflow_type.map(|workflow_type| workflow_type.name).unwrap_or_default(),
            scheduled_event_id: 0,
            started_event_id: state.last_completed_workflow_task_started_event_id,
            attempt: 1,
            stamp: 0,
            previous_started_event_id: state.last_completed_workflow_task_started_event_id,
            scheduled_time: time,
            started_time: time,
            transient_events: Vec::new(),
            last_stored_event_id: state.next_event_id - 1,
            workflow_task_queue: started.task_queue.unwrap_or_else(TaskQueue::default),
            sticky,
            history_size_bytes: state.history_size_bytes,
            messages: Vec::new(),
        };
        Ok(Some(WorkflowTask { run, task, query: Some((id, query)), queries: Default::default(), backlog_count_hint: 0 }))
    }

    fn with_backlog(&self, mut task: WorkflowTask, poll: &Poll) -> WorkflowTask {
        // No hint for sticky queues: when the last answer of a sticky queue told of a backlog, SDKs go on polling only that queue, even
        // after the backlog is gone. Without the hint they poll both queues, which is right.
        if poll.task_queue.kind != TaskQueueKind::Sticky as i32 {
            task.backlog_count_hint = self.queues.backlog_of(&self.queues.queue_of_poll(poll, TaskType::Workflow));
        }
        task
    }
}
