//! Answers to the callers of workflow commands.

use klamm_machine::{Rejection, Time};
use klamm_messages::{
    klamm::v1::ActivityTaskToken,
    temporal::{
        activity::v1::ActivityOptions,
        common::v1::Payloads,
        enums::v1::WorkflowExecutionStatus,
        failure::v1::Failure,
        history::v1::{ActivityTaskScheduledEventAttributes, HistoryEvent},
        protocol::v1::Message,
        taskqueue::v1::TaskQueue,
        workflow::v1::WorkflowExecutionOptions,
    },
};

use crate::tables::RunKey;

/// The result of an accepted workflow command.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// The answer to the caller.
    pub answer: Answer,
    /// Tasks that were started at once, for the pollers that rode in the command (`reservations`).
    pub started: Vec<StartedReservation>,
}

/// A task that was started for a poller. The poller rode in the command that scheduled the task.
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
    /// Nothing but that the command was accepted.
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
    /// StartWorkflowTask, StartActivityTask: the task is obsolete (started by another poll, rescheduled, or its run closed). The poller
    /// goes on waiting.
    TaskObsolete,
    /// CompleteWorkflowTask.
    WorkflowTaskCompleted {
        /// The next task, already started for the same worker, where the completion asked for it (`return_new_workflow_task`).
        new_workflow_task: Option<Box<StartedWorkflowTask>>,
        /// Activities that the workflow has just scheduled and that the same worker runs at once, where it asked for that.
        activity_tasks: Vec<StartedActivityTask>,
        /// The task has left no trace: the worker goes back to the event before it, which is the start of the last completed task (0: there
        /// is none). `None`: the task stands in the history.
        reset_history_event_id: Option<i64>,
    },
    /// StartActivityTask: the poller has won the task.
    ActivityTaskStarted(Box<StartedActivityTask>),
    /// HeartbeatActivityTask.
    Heartbeat {
        /// The workflow asked to cancel the activity.
        cancel_requested: bool,
        /// An operator holds the activity back.
        paused: bool,
        /// An operator has reset the activity while this attempt was under way.
        reset: bool,
    },
    /// UpdateActivityOptions: the options in force.
    ActivityOptions(Box<ActivityOptions>),
    /// ResetWorkflow: the new run.
    Reset {
        /// Its id.
        run_id: String,
        /// Whether the run has taken its place. A run with a long history is still being built.
        is_done: bool,
    },
    /// UpdateWorkflow: the run has the update.
    UpdateAdmitted(AdmittedUpdate),
    /// UpdateWithStart: both have taken effect, or what was refused.
    UpdatedWithStart(Box<UpdatedWithStart>),
    /// UpdateWorkflowOptions: the options in force.
    WorkflowOptions(Box<WorkflowExecutionOptions>),
}

/// Answer to a start.
#[derive(Debug, Clone, PartialEq)]
pub struct Started {
    /// The run: a new one, or the one that existed.
    pub run_id: String,
    /// False when the run had been started by another request: with conflict policy USE_EXISTING, or when a signal-with-start only signaled
    /// it.
    pub started: bool,
    /// Status of that run.
    pub status: WorkflowExecutionStatus,
    /// First run of its chain.
    pub first_execution_run_id: String,
    /// The first workflow task, already started for the caller, where the start asked for it (`request_eager_execution`).
    pub eager_workflow_task: Option<Box<StartedWorkflowTask>>,
}

/// An update that a run has.
#[derive(Debug, Clone, PartialEq)]
pub struct AdmittedUpdate {
    /// The run.
    pub run_id: String,
    /// Number of the update among those that were asked of the run; 0 once the update is accepted, and when it came with a reset.
    pub number: i64,
}

/// What came of an update-with-start.
#[derive(Debug, Clone, PartialEq)]
pub enum UpdatedWithStart {
    /// A run has the update.
    Done {
        /// The run: a new one, or the one that had the workflow id.
        started: Started,
        /// The update.
        update: AdmittedUpdate,
        /// The update was completed before the command came.
        was_completed: bool,
    },
    /// No run could begin. Nothing has changed.
    StartRefused(Rejection),
    /// The run does not take the update. Nothing has changed.
    UpdateRefused(Rejection),
    /// The start has taken effect before, on a run that has closed. Nothing has changed.
    NotStarted,
}

/// A workflow task in the hands of a poller: all that PollWorkflowTaskQueueResponse needs besides the stored history.
#[derive(Debug, Clone, PartialEq)]
pub struct StartedWorkflowTask {
    /// The run.
    pub run_id: String,
    /// Its type.
    pub workflow_type: String,
    /// Id of WorkflowTaskScheduled (for a transient task: the id it will have).
    pub scheduled_event_id: i64,
    /// Id of WorkflowTaskStarted (for a transient task: the id it will have).
    pub started_event_id: i64,
    /// Number of the attempt, from 1.
    pub attempt: i32,
    /// The scheduling's number. It goes into the task's token.
    pub stamp: i64,
    /// Id of the WorkflowTaskStarted whose task was completed last; 0 when there is none.
    pub previous_started_event_id: i64,
    /// When it was scheduled.
    pub scheduled_time: Time,
    /// When it was started.
    pub started_time: Time,
    /// Scheduled and Started of a transient task, which follow the stored events but are not stored yet. Empty for other tasks.
    pub transient_events: Vec<HistoryEvent>,
    /// Stored events up to and including this id belong to the task.
    pub last_stored_event_id: i64,
    /// The workflow's own (normal) task queue.
    pub workflow_task_queue: TaskQueue,
    /// True when the task came over the sticky queue. Then its history starts after `previous_started_event_id`.
    pub sticky: bool,
    /// Size of the history so far, bytes.
    pub history_size_bytes: i64,
    /// Updates that the task brings, in the order in which they were asked for.
    pub messages: Vec<Message>,
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
    /// Number of the attempt, from 1.
    pub attempt: i32,
    /// The scheduling's number. It goes into the task's token.
    pub stamp: i64,
    /// When the activity was first scheduled.
    pub scheduled_time: Time,
    /// When this attempt was scheduled.
    pub attempt_scheduled_time: Time,
    /// When it was started.
    pub started_time: Time,
    /// Details of the last heartbeat of earlier attempts.
    pub heartbeat_details: Option<Payloads>,
    /// Failure of the attempt before.
    pub last_failure: Option<Failure>,
}

impl StartedActivityTask {
    /// What the task's token says: by it the worker is known again. `run` is the task's run.
    pub fn token(&self, run: &RunKey) -> ActivityTaskToken {
        ActivityTaskToken {
            namespace: run.namespace.clone(),
            workflow_id: run.workflow_id.clone(),
            run_id: run.run_id.clone(),
            scheduled_event_id: self.scheduled_event_id,
            attempt: self.attempt,
            activity_id: self.scheduled.activity_id.clone(),
            activity_type: self.scheduled.activity_type.as_ref().map(|kind| kind.name.clone()).unwrap_or_default(),
            stamp: self.stamp,
        }
    }
}
