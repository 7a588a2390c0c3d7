//! A schedule's policies, with defaults filled in.

use std::time::Duration;

use klamm_machine::time;
use klamm_messages::temporal::{enums::v1::ScheduleOverlapPolicy, schedule::v1::SchedulePolicies};

use crate::limits::{CATCHUP_WINDOW_DEFAULT, CATCHUP_WINDOW_MIN};

/// The policies as describe shows them and as the schedule keeps them, with overlap policy and catch-up window set.
pub(crate) fn filled(policies: Option<SchedulePolicies>) -> SchedulePolicies {
    let policies = policies.unwrap_or_default();
    SchedulePolicies {
        overlap_policy: overlap(ScheduleOverlapPolicy::Unspecified as i32, Some(&policies)) as i32,
        catchup_window: Some(time::to_proto(catchup_window(Some(&policies)))),
        ..policies
    }
}

/// The policy of an action: its own, else the schedule's, else SKIP. An unknown policy of a later version counts as SKIP too.
pub(crate) fn overlap(own: i32, policies: Option<&SchedulePolicies>) -> ScheduleOverlapPolicy {
    let known = |number| ScheduleOverlapPolicy::try_from(number).ok().filter(|policy| *policy != ScheduleOverlapPolicy::Unspecified);
    known(own).or_else(|| known(policies?.overlap_policy)).unwrap_or(ScheduleOverlapPolicy::Skip)
}

/// How late an action may be taken.
pub(crate) fn catchup_window(policies: Option<&SchedulePolicies>) -> Duration {
    policies
        .and_then(|policies| policies.catchup_window.as_ref())
        .map_or(CATCHUP_WINDOW_DEFAULT, |window| time::duration(window).max(CATCHUP_WINDOW_MIN))
}
