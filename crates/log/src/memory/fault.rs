//! Faults on demand.

use crate::{Error, Output, Record};

/// A call that may be made to fail.
#[derive(Debug, Clone, Copy)]
pub enum Operation<'a> {
    /// [`crate::Log::append`].
    Append {
        /// The topic.
        topic: &'a str,
        /// The partition.
        partition: u32,
        /// The batch.
        records: &'a [Record],
    },
    /// [`crate::Transactional::commit`], of a holder that isn't fenced.
    Commit {
        /// The holder's id.
        transactional_id: &'a str,
        /// The outputs.
        outputs: &'a [Output],
    },
    /// [`crate::Log::transactional`].
    Initialize {
        /// The id.
        transactional_id: &'a str,
    },
    /// [`crate::Log::read`].
    Read {
        /// The topic.
        topic: &'a str,
        /// The partition.
        partition: u32,
    },
}

/// What goes wrong with a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is done, and the call gives this error: refused, no room, fenced by somebody else…
    Refuse(Error),
    /// Everything is done, but the answer is lost: [`Error::InDoubt`]. (For a read: [`Error::Unavailable`].)
    LoseAnswer,
    /// For a commit: the call gives [`Error::InDoubt`], and the transaction stays open and holds up the readers of its partitions. It
    /// commits or aborts when somebody calls [`crate::Log::transactional`] with the id. (For other calls: as `LoseAnswer`.)
    LeaveOpen {
        /// Whether the transaction commits or aborts in the end.
        commits: bool,
    },
}

impl Fault {
    /// The broker isn't there.
    pub fn unavailable() -> Self {
        Self::Refuse(Error::Unavailable { reason: "fault".to_owned() })
    }

    /// The disk is full.
    pub fn full() -> Self {
        Self::Refuse(Error::Full { reason: "fault".to_owned() })
    }
}

/// Says what goes wrong with a call. `None`: nothing does.
pub type FaultHook = Box<dyn FnMut(Operation<'_>) -> Option<Fault> + Send>;

/// The answer that was lost.
pub(super) fn lost() -> Error {
    Error::InDoubt { reason: "fault: the answer was lost".to_owned() }
}
