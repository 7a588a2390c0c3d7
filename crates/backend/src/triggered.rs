//! What came of the commands of triggers.

use klamm_machine::Rejection;
use klamm_messages::klamm::v1::{Command, command::Body};
use klamm_workflow::Answer;

/// What came of a command that a trigger has made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Triggered {
    /// The trigger.
    pub trigger: String,
    /// What came of it.
    pub came: Came,
    /// Of how many records: a batch has several.
    pub records: u64,
}

/// What can come of a command that a trigger has made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// A run was started.
    Started,
    /// A run was signalled.
    Signalled,
    /// A run was there already, or none to signal, and the rule says that this is fine; or the record has had its effect before.
    Suppressed,
    /// The record waits: for a run to signal, or for others of its batch.
    Held,
    /// The record is a dead letter.
    DeadLettered,
}

impl Came {
    /// What an accepted command has done, by its answer.
    pub fn of(command: &Command, answer: &Answer) -> Self {
        let signals = matches!(command.body, Some(Body::SignalWithStartWorkflow(_)));
        match answer {
            Answer::Started(started) if !started.started && signals => Self::Signalled,
            Answer::Started(started) if !started.started => Self::Suppressed,
            Answer::Signaled { .. } => Self::Signalled,
            _ => Self::Started,
        }
    }
}

/// Which rejections a rule takes for fine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Skips {
    /// There is no open run to signal.
    pub missing: bool,
    /// The workflow id is taken.
    pub conflict: bool,
}

impl Skips {
    /// Whether the rejection is fine.
    pub fn take(self, rejection: &Rejection) -> bool {
        match rejection {
            Rejection::NotFound(_) => self.missing,
            Rejection::WorkflowExecutionAlreadyStarted { .. } => self.conflict,
            _ => false,
        }
    }
}
