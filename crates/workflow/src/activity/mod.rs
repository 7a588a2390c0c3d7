//! The activity small machine.
//!
//! An activity begins with ActivityTaskScheduled and ends with the first of ActivityTaskCompleted, -Failed, -TimedOut and -Canceled. In
//! between it has no public events: even ActivityTaskStarted is written just before the end (Temporal: mutable_state_impl.go,
//! addStartedEventForTransientActivity). Starts, attempts and heartbeats are [`ActivityState`] records, each with the whole state.
//!
//! ```text
//!  ActivityTaskScheduled          start                    end
//!        │            ┌────────┐ ──────▶ ┌─────────┐ ─────────────▶ (gone)
//!        └──────────▶ │SCHEDULED│        │ STARTED │
//!                     └────────┘         └─────────┘
//!                         ▲ due               │ failed or timed out, and retried: attempt + 1, new stamp
//!                         │  ┌───────────┐    │
//!                         └──│BACKING_OFF│ ◀──┘
//!                            └───────────┘
//! ```
//!
//! An operator can hold an activity back (`pause`), which is beside its phase: no task of a paused activity is on a queue, and an attempt
//! that was under way goes on.
//!
//! Read first: [`transition`] (from which phases each change may start), then [`retry`] (whether and when there is a next attempt),
//! [`timeouts`] (what time alone brings about), [`close`] (how it ends), [`operate`] (what operators change) and [`apply`](mod@apply) (the only code that changes a run's
//! activities).
//!
//! [`ActivityState`]: klamm_messages::klamm::v1::ActivityState

mod apply;
pub(crate) mod cancel;
pub(crate) mod close;
pub(crate) mod complete;
pub(crate) mod fail;
mod failure;
mod find;
pub(crate) mod heartbeat;
pub(crate) mod operate;
pub(crate) mod options;
pub(crate) mod retry;
pub(crate) mod start;
mod timeouts;
pub(crate) mod transition;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use apply::{apply_cancel_requested, apply_closed, apply_run_closed, apply_scheduled, apply_state, task_row};
pub(crate) use retry::nanos;
pub(crate) use timeouts::{attempt_deadline, next_wake, schedule_due_attempts, wake};

/// Whether an operator holds the activity back.
pub(crate) fn is_paused(state: &klamm_messages::klamm::v1::ActivityState) -> bool {
    state.pause.is_some()
}
