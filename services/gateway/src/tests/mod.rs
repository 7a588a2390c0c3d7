//! Whole calls against a backend that a test makes: through the services' own traits, as tonic calls them.

mod activities;
pub(crate) mod fake;
mod histories;
mod namespaces;
mod polls;
mod queries;
mod schedules;
mod starts;
mod validation;
mod visibility;
mod workflow_tasks;
