//! The activity small machine.
//!
//! An activity begins with ActivityTaskScheduled and ends with the first of ActivityTaskCompleted, -Failed, -TimedOut and -Canceled. In
//! between it has no public events (ActivityTaskStarted is written just before the end, Temporal: mutable_state_impl.go,
//! addStartedEventForTransientActivity): starts, attempts and heartbeats are [`ActivityState`] records, each stating the whole.
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
//! Read first: [`transition`] (which change starts where), then [`retry`] (whether and when there is a next attempt), [`timeouts`] (what the
//! clock does), [`close`] (how it ends) and [`apply`](mod@apply) (the only code that changes a run's activities).
//!
//! [`ActivityState`]: klamm_messages::klamm::v1::ActivityState

pub(crate) mod apply;
pub(crate) mod close;
pub(crate) mod failure;
pub(crate) mod find;
pub(crate) mod options;
pub(crate) mod retry;
pub(crate) mod timeouts;
pub(crate) mod transition;

#[cfg(test)]
mod tests;

pub(crate) use timeouts::{next_wake, wake};

/// Most activities of one run that may be pending (limit.numPendingActivities.error).
pub(crate) const PENDING_ACTIVITIES_MAX: usize = 2000;
