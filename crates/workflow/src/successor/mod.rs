//! The run that follows another one of its chain. Whoever closes a run so that another follows does it by [`follow`].

mod backoff;
mod follow;
mod inherit;
mod next_run;
mod reset_points;

pub(crate) use follow::follow;
pub(crate) use inherit::{Next, Work};
pub(crate) use next_run::next_run_id;
