//! The run that follows another one of its chain. Whoever closes a run so that another follows does it by [`follow`]; a reset makes its run by
//! [`reset`].

mod after;
mod backoff;
mod cron;
mod follow;
mod inherit;
mod next_run;
pub(crate) mod reset;
mod reset_points;
mod retry;

pub(crate) use after::{after_failure, after_success, after_timeout};
pub(crate) use cron::first_backoff;
pub(crate) use follow::{close, follow};
pub(crate) use inherit::{LastResult, Next, Work};
pub(crate) use next_run::next_run_id;
