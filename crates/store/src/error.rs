//! What can go wrong, sorted by what the caller does next.

use std::path::Path;

use rocksdb::ErrorKind;

/// Why a call of the store failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The stored bytes are not what was written. Throw the store away and rebuild it from the topics.
    #[error("the store is damaged and has to be rebuilt: {reason}")]
    Corrupt {
        /// What was found.
        reason: String,
    },
    /// Another process holds the directory. For the operator.
    #[error("{path} is in use by another process")]
    Locked {
        /// The directory.
        path: String,
    },
    /// No room on the disk; nothing of the call was written. Wait for room, then the same call may be made again.
    #[error("no room for the store: {reason}; free some space, klamm goes on by itself")]
    Full {
        /// What happened.
        reason: String,
    },
    /// The directory or the disk fails otherwise; nothing of the call was written. Try again, or restart on another disk.
    #[error("store unavailable: {reason}")]
    Unavailable {
        /// What happened.
        reason: String,
    },
}

impl From<rocksdb::Error> for Error {
    fn from(error: rocksdb::Error) -> Self {
        let kind = error.kind();
        let reason = error.into_string();
        if kind == ErrorKind::Corruption || reason.contains("Corruption") {
            Self::Corrupt { reason }
        } else if ["No space left", "NoSpace", "Disk quota exceeded", "Out of space"].iter().any(|text| reason.contains(text)) {
            Self::Full { reason }
        } else {
            Self::Unavailable { reason }
        }
    }
}

impl Error {
    /// The error of opening the store at `path`.
    pub(crate) fn opening(path: &Path, error: rocksdb::Error) -> Self {
        let lowered = error.to_string().to_lowercase();
        if lowered.contains("lock file") || lowered.contains("lock hold") || lowered.contains("/lock:") {
            return Self::Locked { path: path.display().to_string() };
        }
        // A file that the manifest names and that isn't there, a manifest that CURRENT names and that isn't there.
        if lowered.contains("no such file") || error.kind() == ErrorKind::InvalidArgument {
            return Self::Corrupt { reason: error.into_string() };
        }
        error.into()
    }
}
