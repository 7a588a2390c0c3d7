//! Commands of operators about the pending activities of a workflow. They make no public events and no workflow task.
//!
//! Temporal: service/history/workflow/activity.go, service/history/api/{pauseactivity,unpauseactivity,resetactivity,updateactivityoptions}.
//! An activity that waits gets a new stamp with every such command, so that the task that was queued before is obsolete. An attempt that is
//! under way keeps its stamp: the worker's token names it.

mod merge;
pub(crate) mod pause;
mod redispatch;
pub(crate) mod reset;
mod select;
pub(crate) mod unpause;
pub(crate) mod update_options;
