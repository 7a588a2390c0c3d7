//! Whole calls against a fake backend. Tests make them through the services' own traits, as tonic does.

mod activities;
mod activity_operators;
pub(crate) mod fake;
mod histories;
mod namespaces;
mod polls;
mod queries;
mod schedules;
mod starts;
mod updates;
mod validation;
mod visibility;
mod workers;
mod workflow_operators;
mod workflow_tasks;
