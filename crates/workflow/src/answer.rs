//! What callers of workflow commands are told.

use klamm_machine::Time;
use klamm_messages::temporal::{
    common::v1::Payloads,
    enums::v1::WorkflowExecutionStatus,
    failure::v1::Failure,
    history::v1::{ActivityTaskScheduledEventAttributes, HistoryEvent},
    taskqueue::v1::TaskQueue,
};

use crate::tables::RunKey;

/// What came of an accepted workflow command.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// For whoever asked.
    pub answer: Answer,
    /// Tasks that were started at once, for the pollers that rode in the command.
    pub started: Vec<StartedReservation>,
}

/// A task started for a poller that rode in the command that scheduled it.
#[derive(Debug, Clone, PartialEq)]
pub struct StartedReservation {
    /// The poll.
    pub poll_id: String,
    /// The run of the task.
    pub run: RunKey,
    /// The task.
    pub task: StartedTask,
}

/// A task in the hands of a poller.
#[derive(Debug, Clone, PartialEq)]
pub enum StartedTask {
    /// Of a workflow task queue.
    Workflow(Box<StartedWorkflowTask>),
    /// Of an activity task queue.
    Activity(Box<StartedActivityTask>),
}

/// Answer of an accepted workflow command.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Nothing to tell.
    Empty,
    /// StartWorkflow, SignalWithStartWorkflow.
    Started(Started),
    /// SignalWorkflow: the run that took the signal.
    Signaled {
        /// The run.
        run_id: String,
    },
    /// StartWorkflowTask: the poller has won the task.
    WorkflowTaskStarted(Box<StartedWorkflowTask>),
    /// StartWorkflowTask, StartActivityTask: the task is obsolete (started by another poll, rescheduled, closed); the poller goes on waiting.
    TaskObsolete,
    /// CompleteWorkflowTask.
    WorkflowTaskCompleted {
        /// The next task, already started by the caller's identity, where return_new_workflow_task asked for it.
        new_workflow_task: Option<Box<StartedWorkflowTask>>,
        /// Activities that the workflow has just scheduled and the same worker runs at once, where it asked for that.
        activity_tasks: Vec<StartedActivityTask>,
    },
    /// StartActivityTask: the poller has won the task.
    ActivityTaskStarted(Box<StartedActivityTask>),
    /// HeartbeatActivityTask.
    Heartbeat {
        /// The workflow asked to cancel the activity.
        cancel_requested: bool,
    },
}

/// Answer to a start.
#[derive(Debug, Clone, PartialEq)]
pub struct Started {
    /// The run: new, or the one that exists.
    pub run_id: String,
    /// False only when conflict policy USE_EXISTING gave a run that another request had started (or a signal-with-start only signaled).
    pub started: bool,
    /// Status of that run.
    pub status: WorkflowExecutionStatus,
    /// First run of its chain.
    pub first_execution_run_id: String,
}

/// A workflow task in the hands of a poller: what PollWorkflowTaskQueueResponse needs besides stored history.
#[derive(Debug, Clone, PartialEq)]
pub struct StartedWorkflowTask {
    /// The run.
    pub run_id: String,
    /// Its type.
    pub workflow_type: String,
    /// Id of WorkflowTaskScheduled (for a transient task: the id it will have).
    pub scheduled_event_id: i64,
    /// Id of WorkflowTaskStarted (likewise).
    pub started_event_id: i64,
    /// From 1.
    pub attempt: i32,
    /// Goes into the token.
    pub stamp: i64,
    /// Started id of the last completed workflow task; 0: none.
    pub previous_started_event_id: i64,
    /// When it was scheduled.
    pub scheduled_time: Time,
    /// When it was started.
    pub started_time: Time,
    /// Scheduled and Started of a transient task, which the stored history does not hold; empty otherwise. They follow the stored events.
    pub transient_events: Vec<HistoryEvent>,
    /// Stored events up to and including this id belong to the task.
    pub last_stored_event_id: i64,
    /// The workflow's own (normal) task queue.
    pub workflow_task_queue: TaskQueue,
    /// True when it was handed out over the sticky queue: history starts after `previous_started_event_id`.
    pub sticky: bool,
    /// Size of the history so far, bytes.
    pub history_size_bytes: i64,
}

/// An activity task in the hands of a poller.
#[derive(Debug, Clone, PartialEq)]
pub struct StartedActivityTask {
    /// The run.
    pub run_id: String,
    /// Type of the workflow.
    pub workflow_type: String,
    /// Attributes of ActivityTaskScheduled, with the server's defaults filled in.
    pub scheduled: ActivityTaskScheduledEventAttributes,
    /// Id of ActivityTaskScheduled.
    pub scheduled_event_id: i64,
    /// From 1.
    pub attempt: i32,
    /// Goes into the token.
    pub stamp: i64,
    /// First scheduling.
    pub scheduled_time: Time,
    /// Scheduling of this attempt.
    pub attempt_scheduled_time: Time,
    /// When it was started.
    pub started_time: Time,
    /// Details of the last heartbeat of earlier attempts.
    pub heartbeat_details: Option<Payloads>,
    /// Failure of the attempt before.
    pub last_failure: Option<Failure>,
}
