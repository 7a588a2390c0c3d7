//! Children: workflows that a workflow starts, whose ends it is told.
//!
//! Parent and child stand on partitions of their own, and talk by commands of the log. Sends are exactly once and in order, so nobody asks
//! again.
//!
//! ```text
//!  parent                                        child
//!  StartChildWorkflowExecutionInitiated
//!     │  StartWorkflow{parent} ────────────────▶ WorkflowExecutionStarted, no workflow task yet
//!     │                     ChildStartAnswered      │
//!  ChildWorkflowExecutionStarted  ◀─────────────────┘
//!     │  ScheduleFirstWorkflowTask ────────────▶ WorkflowTaskScheduled
//!     │                                             ⋮   (its chain of runs)
//!     │                     ChildRunClosed       its last closing event
//!  ChildWorkflowExecutionCompleted, … ◀─────────────┘
//!
//!  the parent closes first:
//!     │  ParentClosed ─────────────────────────▶ terminated, or asked to cancel
//! ```
//!
//! A child's side of the telling is in `askers`: its parent is one of those who have asked for the run. Read first: [`start`] (what the
//! command sends), [`start_answered`] and [`run_closed`] (what the parent writes down), [`parent_closed`] (what its end means for
//! children), [`apply`](mod@apply) (the only code that changes a run's children).
//!
//! Temporal: service/history/transfer_queue_active_task_executor.go, api/recordchildworkflowcompleted, api/scheduleworkflowtask.

mod apply;
pub(crate) mod first_task;
pub(crate) mod parent_closed;
pub(crate) mod run_closed;
mod start;
pub(crate) mod start_answered;
mod started;
mod tell;
mod waiting;

pub(crate) use apply::{apply_ended, apply_initiated, apply_started};
pub(crate) use start::{fill_in, is_initiated_since, send_starts};
pub(crate) use tell::tell_children;
