//! Cron schedules of workflows: the texts that `cron_schedule` of a start may hold, and the times that they mean.
//!
//! Temporal reads them with the standard parser of robfig/cron (version 3): five fields, `@daily` and the like, or `@every` with a duration
//! as Go writes it; `TZ=` or `CRON_TZ=` may come before. No crate has these rules (in others `*/2` is a star, both day fields must match,
//! or fields for seconds and years are allowed), so they stand here. Schedules have rules of their own (`klamm-schedule`).
//!
//! Read [`Cron`] first. [`Cron::backoff`] is Temporal's common/backoff/cron.go. Nothing here knows a clock.

mod backoff;
mod field;
pub mod go_duration;
mod invalid;
mod next;
mod parse;

pub use invalid::Invalid;
pub use parse::Cron;
