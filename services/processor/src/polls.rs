//! Polls: waiting for a task, and starting it.

use std::sync::Arc;

use klamm_machine::Time;
use klamm_messages::{
    klamm::v1::{Command, StartActivityTask, StartWorkflowTask, command::Body},
    temporal::taskqueue::v1::TaskQueue,
};
use klamm_workflow::{
    answer::{Answer, StartedReservation, StartedTask, StartedWorkflowTask},
    tables::RunKey,
};

use crate::{
    Processor,
    backend::{ActivityTask, Error, Poll, Reply, TaskQueueSide, WorkflowTask},
    task_queues::{Offer, QueryTask, Task},
};

impl Processor {
    /// Waits for a workflow task; see [`Backend::poll_workflow_task`](crate::Backend::poll_workflow_task).
    pub(crate) async fn await_workflow_task(&self, poll: Poll) -> Result<Option<WorkflowTask>, Error> {
        let poll = Arc::new(poll);
        loop {
            match self.await_offer(TaskQueueSide::Workflow, &poll).await {
                None => return Ok(None),
                Some(Offer::Query(query)) => {
                    if let Some(task) = self.query_task(*query)? {
                        return Ok(Some(self.with_backlog(task, &poll)));
                    }
                }
                Some(Offer::Task(task)) => {
                    let run = run_of(&task);
                    let start = StartWorkflowTask {
                        run_id: run.run_id.clone(),
                        scheduled_event_id: task.row.scheduled_event_id,
                        stamp: task.row.stamp,
                        poll_id: uuid::Uuid::new_v4().to_string(),
                        identity: poll.identity.clone(),
                        task_queue: Some(poll.task_queue.clone()),
                        worker_version: poll.worker_version.clone(),
                    };
                    match self.start_task(&run, Body::StartWorkflowTask(start), task, &poll).await? {
                        Some(Answer::WorkflowTaskStarted(task)) => return Ok(Some(self.workflow_task(run, *task, &poll))),
                        _ => continue,
                    }
                }
                Some(Offer::Started(started)) => match *started {
                    StartedReservation { run, task: StartedTask::Workflow(task), .. } => {
                        return Ok(Some(self.workflow_task(run, *task, &poll)));
                    }
                    _ => continue,
                },
            }
        }
    }

    /// Waits for an activity task; see [`Backend::poll_activity_task`](crate::Backend::poll_activity_task).
    pub(crate) async fn await_activity_task(&self, poll: Poll) -> Result<Option<ActivityTask>, Error> {
        let poll = Arc::new(poll);
        loop {
            match self.await_offer(TaskQueueSide::Activity, &poll).await {
                None => return Ok(None),
                Some(Offer::Query(_)) => continue,
                Some(Offer::Task(task)) => {
                    let run = run_of(&task);
                    let start = StartActivityTask {
                        run_id: run.run_id.clone(),
                        scheduled_event_id: task.row.scheduled_event_id,
                        stamp: task.row.stamp,
                        poll_id: uuid::Uuid::new_v4().to_string(),
                        identity: poll.identity.clone(),
                        worker_version: poll.worker_version.clone(),
                    };
                    match self.start_task(&run, Body::StartActivityTask(start), task, &poll).await? {
                        Some(Answer::ActivityTaskStarted(task)) => return Ok(Some(ActivityTask { run, task: *task })),
                        _ => continue,
                    }
                }
                Some(Offer::Started(started)) => match *started {
                    StartedReservation { run, task: StartedTask::Activity(task), .. } => {
                        return Ok(Some(ActivityTask { run, task: *task }));
                    }
                    _ => continue,
                },
            }
        }
    }

    async fn await_offer(&self, side: TaskQueueSide, poll: &Arc<Poll>) -> Option<Offer> {
        let mut parked = self.task_queues.park(side, poll.clone());
        tokio::time::timeout_at(poll.deadline.into(), parked.offer()).await.ok().flatten()
    }

    /// Appends a start command; `None` when the task was obsolete. A task that could not be started for now is offered again.
    async fn start_task(&self, run: &RunKey, body: Body, task: Task, poll: &Poll) -> Result<Option<Answer>, Error> {
        let command = Command {
            version: 1,
            namespace: run.namespace.clone(),
            workflow_id: run.workflow_id.clone(),
            identity: poll.identity.clone(),
            body: Some(body),
            ..Command::default()
        };
        match self.submit_to(self.partition_of(&command), command).await {
            Ok(Reply::Workflow(Answer::TaskObsolete)) | Err(Error::Rejected(_)) => Ok(None),
            Ok(Reply::Workflow(answer)) => Ok(Some(answer)),
            Ok(Reply::Schedule(_) | Reply::Cluster(_)) => Ok(None),
            Err(error) => {
                self.task_queues.add(task.key, task.row);
                Err(error)
            }
        }
    }

    /// A started workflow task with what rides on it.
    fn workflow_task(&self, run: RunKey, task: StartedWorkflowTask, poll: &Poll) -> WorkflowTask {
        let queries = self.queries.carry(&run, task.stamp);
        self.with_backlog(WorkflowTask { run, task, query: None, queries, backlog_count_hint: 0 }, poll)
    }

    /// A query task in the form of a workflow task of which nothing was started; `None` when the run has gone.
    fn query_task(&self, query: QueryTask) -> Result<Option<WorkflowTask>, Error> {
        let QueryTask { id, run, query, sticky } = query;
        let Some(snapshot) = self.read_run(&run.namespace, &run.workflow_id, &run.run_id)? else { return Ok(None) };
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
        };
        Ok(Some(WorkflowTask { run, task, query: Some((id, query)), queries: Default::default(), backlog_count_hint: 0 }))
    }

    fn with_backlog(&self, mut task: WorkflowTask, poll: &Poll) -> WorkflowTask {
        task.backlog_count_hint = self.task_queues.backlog_of(&poll.namespace, &poll.task_queue.name, TaskQueueSide::Workflow);
        task
    }
}

fn run_of(task: &Task) -> RunKey {
    RunKey::new(&*task.row.namespace, &*task.row.workflow_id, &*task.row.run_id)
}
