//! Checks of requests, with one file per kind of thing. Each check gives the error of Temporal's frontend, in the same words.
//!
//! A caller makes the checks in Temporal's order, so that a request with two faults gets the same answer as from Temporal.

pub mod callbacks;
pub mod canonical;
pub mod cron;
pub mod durations;
pub mod execution;
pub mod ids;
pub mod links;
pub mod policies;
pub mod priority;
pub mod retry_policy;
pub mod schedule;
pub mod search_attributes;
pub mod sizes;
pub mod start;
pub mod task_queue;
pub mod worker_version;
