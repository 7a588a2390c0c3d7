//! When the runs of a cron workflow begin to work. Temporal: common/backoff/cron.go.

use std::time::Duration;

use klamm_cron::Cron;
use klamm_machine::Time;
use klamm_messages::klamm::v1::RunState;

use crate::run::execution_time;

/// How long the first run waits that begins at `now` by a start; zero if there is no time to wait for. `None`: this is no cron workflow.
pub(crate) fn first_backoff(cron_schedule: &str, now: Time) -> Option<Duration> {
    if cron_schedule.is_empty() {
        return None;
    }
    Some(backoff(cron_schedule, now, now).unwrap_or_default())
}

/// How long the run waits that follows this one, which ends at `now`. `None`: none follows.
pub(super) fn next_backoff(state: &RunState, now: Time) -> Option<Duration> {
    let cron_schedule = &state.started.as_ref()?.cron_schedule;
    backoff(cron_schedule, execution_time(state).unwrap_or(now), now)
}

/// A schedule that continue-as-new has brought may be wrong: it is never due.
fn backoff(cron_schedule: &str, scheduled: Time, now: Time) -> Option<Duration> {
    Cron::parse(cron_schedule).ok()?.backoff(scheduled, now)
}
