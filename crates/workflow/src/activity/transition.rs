//! From which phases each change of an activity may start.

use klamm_machine::Rejection;
use klamm_messages::klamm::v1::{ActivityPhase, ActivityState};

/// A change of phase, with its allowed sources and its one destination. (The end of an activity has no destination: see [`Ending`].)
#[derive(Debug)]
pub(crate) struct Transition {
    from: &'static [ActivityPhase],
    to: ActivityPhase,
}

/// A poller takes the task.
pub(crate) const START: Transition = Transition { from: &[ActivityPhase::Scheduled], to: ActivityPhase::Started };
/// The worker says that it still works.
pub(crate) const HEARTBEAT: Transition = Transition { from: &[ActivityPhase::Started], to: ActivityPhase::Started };
/// An attempt failed or timed out, and another follows.
pub(crate) const RETRY: Transition = Transition { from: &[ActivityPhase::Started], to: ActivityPhase::BackingOff };
/// The next attempt's time has come: its task goes onto the queue.
pub(crate) const DUE: Transition = Transition { from: &[ActivityPhase::BackingOff], to: ActivityPhase::Scheduled };

/// An operator held the activity back, and its attempt failed or timed out: it waits without a task.
pub(crate) const PARK: Transition = Transition { from: &[ActivityPhase::Started], to: ActivityPhase::Scheduled };
/// An operator has the waiting activity put onto its queue anew.
pub(crate) const REDISPATCH: Transition =
    Transition { from: &[ActivityPhase::BackingOff, ActivityPhase::Scheduled], to: ActivityPhase::Scheduled };

/// An end of an activity, with the phases from which it is allowed.
#[derive(Debug)]
pub(crate) struct Ending {
    from: &'static [ActivityPhase],
}

/// The end that is reported by the worker that runs the attempt.
pub(crate) const BY_WORKER: Ending = Ending { from: &[ActivityPhase::Started] };
/// The end by the activity's id. It is also allowed while the activity waits for a worker or for its next attempt.
pub(crate) const BY_ID: Ending = Ending { from: &[ActivityPhase::BackingOff, ActivityPhase::Scheduled, ActivityPhase::Started] };
/// The end by the workflow, which cancels the activity before a worker has it.
pub(crate) const BEFORE_START: Ending = Ending { from: &[ActivityPhase::BackingOff, ActivityPhase::Scheduled] };

/// A change was asked for in a phase in which it is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WrongPhase;

impl From<WrongPhase> for Rejection {
    /// The answer to a caller with an old or foreign token (Temporal: consts.ErrActivityTaskNotFound).
    fn from(_: WrongPhase) -> Self {
        Self::not_found("invalid activityID or activity already timed out or invoking workflow is completed")
    }
}

impl Transition {
    /// The state after the transition, with `change` made to it. The state before must be in one of the source phases.
    pub(crate) fn make(&self, state: &ActivityState, change: impl FnOnce(&mut ActivityState)) -> Result<ActivityState, WrongPhase> {
        if !self.from.contains(&state.phase()) {
            return Err(WrongPhase);
        }
        let mut next = state.clone();
        next.set_phase(self.to);
        change(&mut next);
        Ok(next)
    }
}

impl Ending {
    /// Checks that an activity in this state may end in this way.
    pub(crate) fn check(&self, state: &ActivityState) -> Result<(), WrongPhase> {
        if self.from.contains(&state.phase()) { Ok(()) } else { Err(WrongPhase) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_phase(phase: ActivityPhase) -> ActivityState {
        ActivityState { phase: phase as i32, attempt: 1, ..ActivityState::default() }
    }

    #[test]
    fn each_transition_begins_in_its_sources_only() {
        use ActivityPhase::{BackingOff, Scheduled, Started, Unspecified};
        for (transition, sources) in [
            (START, vec![Scheduled]),
            (HEARTBEAT, vec![Started]),
            (RETRY, vec![Started]),
            (PARK, vec![Started]),
            (DUE, vec![BackingOff]),
            (REDISPATCH, vec![BackingOff, Scheduled]),
        ] {
            for phase in [Unspecified, BackingOff, Scheduled, Started] {
                let made = transition.make(&in_phase(phase), |state| state.attempt += 1);
                assert_eq!(made.is_ok(), sources.contains(&phase), "{transition:?} from {phase:?}");
                if let Ok(next) = made {
                    assert_eq!((next.phase(), next.attempt), (transition.to, 2));
                }
            }
        }
    }

    #[test]
    fn a_wrong_phase_is_temporals_not_found() {
        assert_eq!(
            Rejection::from(BY_WORKER.check(&in_phase(ActivityPhase::Scheduled)).unwrap_err()),
            Rejection::not_found("invalid activityID or activity already timed out or invoking workflow is completed")
        );
        assert_eq!(BY_ID.check(&in_phase(ActivityPhase::BackingOff)), Ok(()));
        assert_eq!(BEFORE_START.check(&in_phase(ActivityPhase::Started)), Err(WrongPhase));
    }
}
