//! Calls that become commands, with one file per call or per group of similar calls. The request is checked in Temporal's order, gets its
//! defaults and its canonical form, and goes into the command.
//!
//! A front looks up the namespace ([`crate::namespaces`]), makes the command, submits it and answers. Calls that only read (lists,
//! histories) make no command.

mod activity_task;
pub mod cancel_activity_task;
mod cluster;
pub mod complete_activity_task;
pub mod complete_workflow_task;
pub mod create_schedule;
pub mod delete_schedule;
pub mod delete_workflow;
pub mod fail_activity_task;
pub mod fail_workflow_task;
pub mod heartbeat_activity_task;
pub mod list_runs;
pub mod namespaces;
mod operated_activity;
pub mod patch_schedule;
pub mod pause_activity;
pub mod pause_workflow;
pub mod request_cancel_workflow;
pub mod reset_activity;
pub mod reset_sticky_task_queue;
pub mod reset_workflow;
pub mod search_attributes;
pub mod signal_with_start_workflow;
pub mod signal_workflow;
pub mod start_batch_operation;
pub mod start_workflow;
pub mod task_queue_config;
pub mod terminate_workflow;
pub mod unpause_activity;
pub mod unpause_workflow;
pub mod update_activity_options;
pub mod update_schedule;
pub mod update_with_start;
pub mod update_workflow;
pub mod update_workflow_options;

#[cfg(test)]
mod tests;
