//! An activity that waits goes onto its queue anew. Temporal: mutable_state_impl.go, RegenerateActivityRetryTask.

use std::time::Duration;

use klamm_machine::{Context, Time, time};
use klamm_messages::klamm::v1::{ActivityPhase, ActivityState};

use crate::activity::{close::begin_attempt, transition::REDISPATCH};

/// The state of the waiting activity that goes onto its queue at `due`, or at once where that time is over. The failure of the attempt
/// before is forgotten. An activity whose attempt is under way stays as it is.
pub(super) fn at(activity: &ActivityState, due: Time, now: Time) -> ActivityState {
    let waits = |next: &mut ActivityState| {
        next.attempt_scheduled_time = Some(due.into());
        next.started_time = None;
        next.request_id.clear();
        if !next.started_identity.is_empty() {
            next.last_worker_identity = std::mem::take(&mut next.started_identity);
        }
        next.last_failure = None;
        next.retry_interval = None;
        begin_attempt(next);
        if due > now {
            next.set_phase(ActivityPhase::BackingOff);
            next.retry_interval = Some(time::to_proto(due.since(Time::or_epoch(next.last_attempt_complete_time))));
        }
    };
    REDISPATCH.make(activity, waits).unwrap_or_else(|_| activity.clone())
}

/// A time within `jitter` from now, different for each call. It is derived from the command's place, so that a replay gives the same.
pub(super) fn within(jitter: Option<&prost_types::Duration>, context: &mut Context) -> Time {
    let jitter = time::duration_or_none(jitter).unwrap_or_default();
    let nanos = u64::try_from(jitter.as_nanos()).unwrap_or(u64::MAX);
    if nanos == 0 {
        return context.now;
    }
    let drawn = context.derive_id().bytes().filter(u8::is_ascii_hexdigit).fold(0_u64, |drawn, digit| {
        let digit = char::from(digit).to_digit(16).unwrap_or_default();
        drawn.rotate_left(4) ^ u64::from(digit)
    });
    context.now.after(Duration::from_nanos(drawn % nanos))
}
