//! RocksDB's errors as ours.

use std::path::Path;

use rocksdb::ErrorKind;

use crate::Error;

/// Of opening.
pub(super) fn opening(path: &Path, error: rocksdb::Error) -> Error {
    let reason = error.into_string();
    let lowered = reason.to_lowercase();
    if lowered.contains("lock file") || lowered.contains("lock hold") || lowered.contains("/lock:") {
        Error::Locked { path: path.display().to_string() }
    } else if lowered.contains("corruption") {
        Error::Corrupt { reason }
    } else {
        reading_text(reason)
    }
}

/// Of a read.
pub(super) fn reading(error: rocksdb::Error) -> Error {
    if error.kind() == ErrorKind::Corruption { Error::Corrupt { reason: error.into_string() } } else { reading_text(error.into_string()) }
}

/// Of a write: whether it may stand in the WAL decides what the caller is told.
///
/// Without fsync, no room means that a part of the WAL record is missing, and RocksDB skips such a record when it opens; with fsync the
/// record may be whole and only the sync have failed.
pub(super) fn writing(error: rocksdb::Error, fsync: bool) -> Error {
    let reason = error.into_string();
    if is_full(&reason) && !fsync {
        Error::Full { reason }
    } else if reason.contains("Corruption") {
        Error::Corrupt { reason }
    } else {
        Error::InDoubt { reason }
    }
}

fn reading_text(reason: String) -> Error {
    if is_full(&reason) { Error::Full { reason } } else { Error::Unavailable { reason } }
}

fn is_full(reason: &str) -> bool {
    ["No space left", "NoSpace", "Disk quota exceeded", "Out of space"].iter().any(|text| reason.contains(text))
}
