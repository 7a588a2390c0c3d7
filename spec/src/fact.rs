//! Events of a history.

use crate::{EventId, Millis};

/// One event. Its id is its place in the history.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    pub time: Millis, // when it happened; some are written later
    pub what: What,
}

/// What happened, in Temporal's words. Fields named `scheduled`, `started` and so on are ids of earlier events of the same history.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    // Always the first event.
    WorkflowStarted { continues: Option<String> },
    Signaled { name: String },
    CancelRequested,

    // On the normal queue any worker may take the task, on the sticky queue only the one that has the run in its cache.
    WorkflowTaskScheduled { sticky: bool, attempt: u32 },
    WorkflowTaskStarted { scheduled: EventId },
    WorkflowTaskCompleted { scheduled: EventId, started: EventId },
    WorkflowTaskFailed { scheduled: EventId, started: EventId, why: TaskFailure },
    WorkflowTaskTimedOut { scheduled: EventId, started: EventId, timeout: Timeout },

    ActivityScheduled { id: String },
    // Written when the activity ends. Its time is when the last attempt began.
    ActivityStarted { scheduled: EventId, attempt: u32 },
    ActivityCancelRequested { scheduled: EventId },
    ActivityEnded { scheduled: EventId, started: EventId, end: ActivityEnd },

    TimerStarted { id: String },
    TimerFired { id: String, started: EventId },
    TimerCanceled { id: String, started: EventId },

    // Always the last event.
    WorkflowEnded(End),
}

/// How an activity ends: ActivityTaskCompleted, ActivityTaskFailed and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActivityEnd {
    Completed,
    Failed,
    Canceled,
    TimedOut(Timeout),
}

/// How a run ends: WorkflowExecutionCompleted, WorkflowExecutionFailed and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Completed,
    Failed,
    Canceled,
    Terminated,
    TimedOut,
    ContinuedAsNew,
}

/// Why a workflow task failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskFailure {
    Worker,           // the worker reported the failure
    UnhandledCommand, // the workflow wanted to close, but events had come of which it did not know
    ForceClose,       // a client closed the run, or too many events wait
    BadCommand,       // a command cannot be carried out
}

/// Which time ran out. Of those of an activity that run out in the same millisecond, the first of this list counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timeout {
    ScheduleToStart, // from the scheduling of an attempt to its start
    ScheduleToClose, // from the first scheduling to the end, over all attempts
    StartToClose,    // from the start of an attempt to its end
    Heartbeat,       // from one heartbeat to the next
}
