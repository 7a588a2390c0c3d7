//! What a front (a gateway, an ingress) asks of the owner of a partition.
//!
//! [`Backend`] is the whole of it. The processor implements it, tests have a fake one. The crate is only this interface, so that whoever
//! depends on it links neither log nor store.

mod triggered;

use std::{collections::BTreeMap, future::Future, sync::Arc, time::Instant};

use klamm_machine::Rejection;
use klamm_messages::{
    klamm::v1::{Command, NamespaceState, RunState, ScheduleDecision, ScheduleDefinition, ScheduleProgress},
    temporal::{
        common::v1::WorkerVersionStamp,
        deployment::v1::WorkerDeploymentOptions,
        enums::v1::RateLimitSource,
        history::v1::HistoryEvent,
        query::v1::{WorkflowQuery, WorkflowQueryResult},
        taskqueue::v1::{PollerInfo, TaskQueue, TaskQueueConfig},
        update::v1::Outcome,
    },
};
use klamm_workflow::{
    answer::{Answer, StartedActivityTask, StartedWorkflowTask},
    tables::RunKey,
};
use thiserror::Error;

pub use triggered::{Came, Skips, Triggered};

/// Why a backend did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Error {
    /// The machine refused the command; nothing changed.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The partition cannot answer now (no owner, log away, shutting down); the caller may try again. The command may or may not take effect.
    #[error("{0}")]
    Unavailable(String),
    /// Too much is on its way already (uncommitted tail, disk full); nothing changed; try again later.
    #[error("{0}")]
    Exhausted(String),
    /// The deadline passed first.
    #[error("{0}")]
    DeadlineExceeded(String),
}

/// Answer of an accepted command.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// Of the workflow machine.
    Workflow(Answer),
    /// Of the schedule machine.
    Schedule(klamm_schedule::Answer),
    /// Of the cluster machine.
    Cluster(klamm_cluster::Answer),
    /// Of a command that a trigger has made.
    Trigger(Triggered),
}

/// A poll of a task queue.
#[derive(Debug, Clone)]
pub struct Poll {
    /// Namespace.
    pub namespace: String,
    /// The polled queue; kind STICKY names its normal queue in `normal_name`.
    pub task_queue: TaskQueue,
    /// Identity of the poller.
    pub identity: String,
    /// Version as the worker gave it.
    pub worker_version: Option<WorkerVersionStamp>,
    /// Key of the worker instance, where given (ShutdownWorker ends its polls).
    pub worker_instance_key: String,
    /// Rate limit of the whole queue in tasks per second, where the poller asks for one (activities).
    pub max_tasks_per_second: Option<f64>,
    /// When the poll ends with nothing.
    pub deadline: Instant,
}

/// What a worker says when it shuts down.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Goodbye {
    /// Namespace.
    pub namespace: String,
    /// Its sticky queue, which has no poller from now on; empty: it has none.
    pub sticky_task_queue: String,
    /// Its instance key: its parked polls end empty, and so do those that come within the next moments. Empty: they are not known apart
    /// from those of others.
    pub worker_instance_key: String,
    /// Identity of its polls.
    pub identity: String,
    /// The queue that it polls; empty: its polls are left alone.
    pub task_queue: String,
    /// The sides of that queue of which it is no poller any more.
    pub sides: Vec<TaskQueueSide>,
}

/// A poll that is not taken, because the worker wants what is not there.
#[derive(Debug, Clone, PartialEq)]
pub struct RefusedPoll {
    /// Namespace.
    pub namespace: String,
    /// Name of the polled queue.
    pub task_queue: String,
    /// Its side.
    pub side: TaskQueueSide,
    /// Identity of the poller.
    pub identity: String,
    /// Why, in words for people.
    pub reason: String,
    /// The deployment that the worker names.
    pub deployment: Option<WorkerDeploymentOptions>,
}

/// A workflow task for a poller. History is read by [`Backend::history`], up to `task.last_stored_event_id`.
#[derive(Debug, Clone)]
pub struct WorkflowTask {
    /// The run.
    pub run: RunKey,
    /// The task; for a query task the ids are those of the last completed workflow task and nothing was started.
    pub task: StartedWorkflowTask,
    /// Query-only task: the query's id (for the token) and the query; answered by RespondQueryTaskCompleted.
    pub query: Option<(String, WorkflowQuery)>,
    /// Queries that ride on the task, by id; answered by query_results of RespondWorkflowTaskCompleted.
    pub queries: BTreeMap<String, WorkflowQuery>,
    /// Tasks waiting on the queue, roughly.
    pub backlog_count_hint: i64,
}

/// An activity task for a poller.
#[derive(Debug, Clone)]
pub struct ActivityTask {
    /// The run.
    pub run: RunKey,
    /// The task.
    pub task: StartedActivityTask,
}

/// A run as it stands.
#[derive(Debug, Clone)]
pub struct RunSnapshot {
    /// The run.
    pub run: RunKey,
    /// Its state, uncommitted changes included.
    pub state: Arc<RunState>,
    /// True when it is the newest run of its workflow id.
    pub is_current: bool,
}

/// A schedule as it stands.
#[derive(Debug, Clone)]
pub struct ScheduleSnapshot {
    /// What its user asked for.
    pub definition: Arc<ScheduleDefinition>,
    /// Where it stands, uncommitted changes included.
    pub progress: Arc<ScheduleProgress>,
}

/// How a query ended.
#[derive(Debug, Clone, PartialEq)]
pub enum QueryOutcome {
    /// The worker answered (result or failure, as WorkflowQueryResult tells).
    Answered(Box<WorkflowQueryResult>),
    /// Nobody answered in time, though a worker polls the queue.
    TimedOut,
    /// Nobody answered in time, and no worker has polled the queue of late.
    NoPoller,
}

/// How long a caller waits for an update, and for what.
#[derive(Debug, Clone, Copy)]
pub struct UpdateWait {
    /// Until it has come so far.
    pub stage: UpdateStage,
    /// But no longer than this.
    pub deadline: Instant,
}

/// How far an update has come, or is to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum UpdateStage {
    /// The run has it.
    Admitted,
    /// The workflow has accepted it.
    Accepted,
    /// It has an outcome.
    Completed,
}

/// How an update stands, when its caller has waited.
#[derive(Debug, Clone, PartialEq)]
pub struct UpdateStatus {
    /// The run that has it.
    pub run: RunKey,
    /// How far it has come.
    pub progress: UpdateProgress,
}

/// How far an update has come.
#[derive(Debug, Clone, PartialEq)]
pub enum UpdateProgress {
    /// It waits for the workflow.
    Admitted,
    /// The workflow has accepted it.
    Accepted,
    /// It has an outcome; a rejection is one too.
    Completed(Box<Outcome>),
    /// Its run has closed before the workflow has accepted it, and another run goes on with the work. The update is to be asked of that one.
    Continued,
}

/// What a task queue's home knows of it.
#[derive(Debug, Clone, Default)]
pub struct TaskQueueDescription {
    /// Pollers of the last 5 minutes.
    pub pollers: Vec<PollerInfo>,
    /// What waits and passes, by priority (1 to 5). A priority of which nothing was seen may be missing.
    pub by_priority: BTreeMap<i32, TaskQueueFigures>,
    /// What UpdateTaskQueueConfig has set, if anything.
    pub config: Option<TaskQueueConfig>,
    /// How many tasks per second may be handed out, and who says so.
    pub rate_limit: (f64, RateLimitSource),
}

/// What waits in a task queue, and what passes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct TaskQueueFigures {
    /// Tasks that wait.
    pub backlog_count: i64,
    /// Age of the oldest of them.
    pub backlog_age: std::time::Duration,
    /// Tasks added per second, of late.
    pub tasks_add_rate: f32,
    /// Tasks handed out per second, of late.
    pub tasks_dispatch_rate: f32,
}

impl TaskQueueDescription {
    /// All priorities together.
    pub fn total(&self) -> TaskQueueFigures {
        self.by_priority.values().fold(TaskQueueFigures::default(), |total, figures| TaskQueueFigures {
            backlog_count: total.backlog_count + figures.backlog_count,
            backlog_age: total.backlog_age.max(figures.backlog_age),
            tasks_add_rate: total.tasks_add_rate + figures.tasks_add_rate,
            tasks_dispatch_rate: total.tasks_dispatch_rate + figures.tasks_dispatch_rate,
        })
    }
}

/// Which of a queue's two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaskQueueSide {
    /// Workflow tasks.
    Workflow,
    /// Activity tasks.
    Activity,
}

/// The owner of partitions, as a gateway sees it. Methods route by namespace and workflow id themselves.
pub trait Backend: Send + Sync + 'static {
    /// Appends the command to its partition's log and waits for its answer: durable and applied.
    fn submit(&self, command: Box<Command>) -> impl Future<Output = Result<Reply, Error>> + Send;

    /// A run's state: of `run_id`, or of the newest run when it is empty. `None`: there is no such run (any more).
    fn run(&self, namespace: &str, workflow_id: &str, run_id: &str) -> impl Future<Output = Result<Option<RunSnapshot>, Error>> + Send;

    /// Public events `first..end` of a run, at most `limit`, in order; fewer when `end` lies beyond the history.
    fn history(
        &self,
        run: &RunKey,
        first: i64,
        end: i64,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Arc<HistoryEvent>>, Error>> + Send;

    /// Waits until the run has an event with an id of at least `event_id`, has closed or is gone, or the deadline has passed;
    /// gives the run as it then stands.
    fn wait_for_event(
        &self,
        run: &RunKey,
        event_id: i64,
        deadline: Instant,
    ) -> impl Future<Output = Result<Option<RunSnapshot>, Error>> + Send;

    /// A schedule; `None`: there is none of this id (any more).
    fn schedule(&self, namespace: &str, schedule_id: &str) -> impl Future<Output = Result<Option<ScheduleSnapshot>, Error>> + Send;

    /// Decisions `first..end` of a schedule that are still kept, at most `limit`, in their order.
    fn schedule_decisions(
        &self,
        namespace: &str,
        schedule_id: &str,
        first: i64,
        end: i64,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Arc<ScheduleDecision>>, Error>> + Send;

    /// Waits for a workflow task; `None` when the deadline passes. Dropping the future gives the poll up; no task is lost.
    fn poll_workflow_task(&self, poll: Poll) -> impl Future<Output = Result<Option<WorkflowTask>, Error>> + Send;

    /// Waits for an activity task; likewise.
    fn poll_activity_task(&self, poll: Poll) -> impl Future<Output = Result<Option<ActivityTask>, Error>> + Send;

    /// A poll was refused: to be shown where people look for their worker.
    fn poll_refused(&self, poll: RefusedPoll);

    /// Asks a run a query: on its pending workflow task where there is one, else by a query task; the caller has checked that
    /// the run has completed a workflow task or waits for its first.
    fn query(&self, run: &RunKey, query: WorkflowQuery, deadline: Instant) -> impl Future<Output = Result<QueryOutcome, Error>> + Send;

    /// Submits the command, which asks a run for an update, and waits for the update as told. Gives the command's answer, and what came of
    /// the waiting.
    ///
    /// The outer error is that of the command. The inner one tells that the update was given up.
    fn update(
        &self,
        command: Box<Command>,
        update_id: &str,
        wait: UpdateWait,
    ) -> impl Future<Output = Result<(Reply, Result<UpdateStatus, Error>), Error>> + Send;

    /// Waits for an update that a run has. `None`: the run has no such update.
    fn await_update(
        &self,
        run: &RunKey,
        update_id: &str,
        wait: UpdateWait,
    ) -> impl Future<Output = Result<Option<UpdateStatus>, Error>> + Send;

    /// The worker's answer to a query task (RespondQueryTaskCompleted); NotFound when nobody waits for it any more.
    fn complete_query_task(&self, query_id: &str, result: WorkflowQueryResult) -> Result<(), Error>;

    /// Answers to queries that rode on a workflow task, by id; called after the task's completion was accepted. Queries of the
    /// task that are not among them are asked again.
    fn complete_queries(&self, run: &RunKey, results: Vec<(String, WorkflowQueryResult)>);

    /// Queries that wait for the run's next workflow task and ride on this one, by id: for a task that goes to its worker with the
    /// answer to the completion of the one before. Tasks of polls have theirs already.
    fn carry_queries(&self, run: &RunKey, task: &StartedWorkflowTask) -> BTreeMap<String, WorkflowQuery>;

    /// What is known of a task queue.
    fn describe_task_queue(&self, namespace: &str, task_queue: &str, side: TaskQueueSide) -> TaskQueueDescription;

    /// A worker says goodbye.
    fn forget_worker(&self, goodbye: Goodbye);

    /// Whether completion callbacks to this URL wait because its destination keeps failing.
    fn is_callback_blocked(&self, url: &str) -> bool;

    /// All namespaces by name, as they stand.
    fn namespaces(&self) -> Arc<BTreeMap<String, NamespaceState>>;
}
