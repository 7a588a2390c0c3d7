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
    /// Nothing is done and this error given: refused, no room, fenced by somebody else…
    Refuse(Error),
    /// All is done, yet the answer is lost: [`Error::InDoubt`]. (For a read: [`Error::Unavailable`].)
    LoseAnswer,
    /// Of a commit: [`Error::InDoubt`], and it stays open, holding up the readers of its partitions, until somebody
    /// calls [`crate::Log::transactional`] with the id; then it commits or aborts. (For anything else: as `LoseAnswer`.)
    LeaveOpen {
        /// What becomes of it.
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

/// Says what goes wrong with each call; `None`: nothing does.
pub type FaultHook = Box<dyn FnMut(Operation<'_>) -> Option<Fault> + Send>;

/// The answer that was lost.
pub(super) fn lost() -> Error {
    Error::InDoubt { reason: "fault: the answer was lost".to_owned() }
}
