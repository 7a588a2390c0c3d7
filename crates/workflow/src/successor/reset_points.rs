//! Auto-reset points of a chain.

use klamm_machine::{Time, time};
use klamm_messages::{
    klamm::v1::{CommandSettings, RunState},
    temporal::workflow::v1::ResetPoints,
};

/// The auto-reset points that are handed on to the next run; there may be none. This run's points expire when it is deleted.
pub(super) fn rolled_over(state: &RunState, now: Time, settings: &CommandSettings) -> ResetPoints {
    let retention = time::duration_or_none(settings.retention.as_ref())
        .or_else(|| time::duration_or_none(state.execution.as_ref()?.retention.as_ref()));
    let mut points = state.auto_reset_points.clone().unwrap_or_default();
    points.points.retain(|point| point.expire_time.as_ref().is_none_or(|expire| Time::from(expire) >= now));
    for point in &mut points.points {
        if point.run_id == state.run_id {
            point.expire_time = Some(now.after(retention.unwrap_or_default()).into());
        }
    }
    points
}
