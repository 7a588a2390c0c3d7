//! Overlap policies: what becomes of the actions in the buffer (Temporal: service/worker/scheduler/buffer.go).

use klamm_messages::{klamm::v1::BufferedAction, temporal::enums::v1::ScheduleOverlapPolicy as Policy};

/// The actions of a buffer, sorted by what becomes of them.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Sorted {
    /// These start at once, whatever runs (ALLOW_ALL).
    pub(crate) overlapping: Vec<BufferedAction>,
    /// This one starts now, since nothing runs.
    pub(crate) start: Option<BufferedAction>,
    /// These go on waiting, in order.
    pub(crate) waiting: Vec<BufferedAction>,
    /// These are left out, because another run is in the way.
    pub(crate) skipped: Vec<BufferedAction>,
    /// These are left out, because a newer action takes their place, or because the run that they would overlap is about to be ended.
    pub(crate) superseded: Vec<BufferedAction>,
    /// The run is to be cancelled.
    pub(crate) cancel: bool,
    /// The run is to be terminated; takes precedence over [`Sorted::cancel`].
    pub(crate) terminate: bool,
}

/// Sorts the buffer, in order. `running`: a run that overlap policies look at is open or being started. Policies are resolved only here, so
/// that an update of the schedule's policy holds for actions that wait already.
pub(crate) fn sort(buffer: Vec<BufferedAction>, running: bool, resolve: impl Fn(i32) -> Policy) -> Sorted {
    let mut sorted = Sorted::default();
    for action in buffer {
        let policy = resolve(action.overlap_policy);
        if policy == Policy::AllowAll {
            sorted.overlapping.push(action);
        } else if !running && sorted.start.is_none() {
            sorted.start = Some(action);
        } else {
            sorted.overlaps(action, policy, running);
        }
    }
    if sorted.cancel || sorted.terminate {
        sorted.superseded.append(&mut sorted.overlapping);
    }
    sorted
}

impl Sorted {
    /// Sorts an action that comes while another one runs or is about to be started.
    fn overlaps(&mut self, action: BufferedAction, policy: Policy, running: bool) {
        match policy {
            Policy::BufferOne if self.waiting.is_empty() => self.waiting.push(action),
            Policy::BufferAll => self.waiting.push(action),
            Policy::CancelOther | Policy::TerminateOther if running => {
                self.cancel |= policy == Policy::CancelOther;
                self.terminate |= policy == Policy::TerminateOther;
                self.waiting.push(action);
            }
            Policy::CancelOther | Policy::TerminateOther => self.superseded.extend(self.start.replace(action)),
            Policy::Unspecified | Policy::Skip | Policy::BufferOne | Policy::AllowAll => self.skipped.push(action),
        }
    }
}
