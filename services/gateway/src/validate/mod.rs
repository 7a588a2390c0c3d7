//! Checks of requests, one file per kind of thing: each says what Temporal's frontend says, in its words.
//!
//! A handler calls them in Temporal's order, so that a request with two faults gets the same answer.

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
