//! Turns RocksDB's errors into errors of the store.

use std::path::Path;

use klamm_disk::rocks;
use rocksdb::ErrorKind;

use crate::Error;

impl From<rocksdb::Error> for Error {
    fn from(error: rocksdb::Error) -> Self {
        let kind = error.kind();
        let reason = error.into_string();
        // "No such file": a table file that RocksDB's manifest names is missing.
        if kind == ErrorKind::Corruption || reason.contains("Corruption") || reason.contains("No such file") {
            Self::Corrupt { reason }
        } else if rocks::says_full(&reason) {
            Self::Full { reason }
        } else {
            Self::Unavailable { reason }
        }
    }
}

/// The error of opening the store at `path`.
pub(super) fn opening(path: &Path, error: rocksdb::Error) -> Error {
    let reason = error.to_string();
    if rocks::says_locked(&reason) {
        return Error::Locked { path: path.display().to_string() };
    }
    // A file that the manifest names is missing, or the manifest that CURRENT names is.
    if reason.to_lowercase().contains("no such file") || error.kind() == ErrorKind::InvalidArgument {
        return Error::Corrupt { reason: error.into_string() };
    }
    error.into()
}
