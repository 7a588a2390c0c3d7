//! What can go wrong, sorted by what the caller has to do next.

/// Why a call of the store failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The stored bytes are not those that were written. Throw the store away and rebuild it from the topics.
    #[error("the store is damaged and has to be rebuilt: {reason}")]
    Corrupt {
        /// What was found.
        reason: String,
    },
    /// The store was thrown away after the view was made. Begin again with the new store.
    #[error("the store was thrown away, and is being rebuilt")]
    Renewed,
    /// Another process holds the directory. An operator has to end one of them.
    #[error("{path} is in use by another process")]
    Locked {
        /// The directory.
        path: String,
    },
    /// The disk has no room; nothing of the call was written. Wait for room, then make the same call again.
    #[error("no room for the store: {reason}; free some space, klamm goes on by itself")]
    Full {
        /// What happened.
        reason: String,
    },
    /// The directory or the disk fails in another way; nothing of the call was written. Try again, or restart on another disk.
    #[error("store unavailable: {reason}")]
    Unavailable {
        /// What happened.
        reason: String,
    },
}

impl Error {
    /// True when waiting does not mend the store: it has to be renewed, or it was.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Corrupt { .. } | Self::Renewed)
    }
}
