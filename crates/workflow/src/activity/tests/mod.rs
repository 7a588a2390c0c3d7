//! Histories of activities, one rule per test.

pub(crate) mod env;

mod cancel;
mod complete;
mod heartbeat;
mod operate;
mod retry;
mod schedule;
mod start;
mod timeouts;
