//! RocksDB's errors as ours.

use std::path::Path;

use klamm_disk::rocks::{says_full, says_locked};
use rocksdb::ErrorKind;

use crate::Error;

/// The error of opening RocksDB.
pub(super) fn opening(path: &Path, error: rocksdb::Error) -> Error {
    // A damaged file may hold names that this RocksDB does not know. RocksDB then reports invalid arguments, not corruption.
    let is_unexpected = matches!(error.kind(), ErrorKind::InvalidArgument | ErrorKind::NotSupported | ErrorKind::NotFound);
    let reason = error.into_string();
    let lowered = reason.to_lowercase();
    if says_locked(&reason) {
        Error::Locked { path: path.display().to_string() }
    } else if is_unexpected || lowered.contains("corruption") || lowered.contains("no such file") {
        Error::Corrupt { reason }
    } else {
        reading_text(reason)
    }
}

/// The error of a read.
pub(super) fn reading(error: rocksdb::Error) -> Error {
    if error.kind() == ErrorKind::Corruption { Error::Corrupt { reason: error.into_string() } } else { reading_text(error.into_string()) }
}

/// The error of a write. It depends on whether the write may be in the WAL.
///
/// Without fsync, a full disk means that a part of the WAL record is missing. RocksDB skips such a record when it opens the log, so nothing
/// was written. With fsync, the record may be whole, and only the sync has failed.
pub(super) fn writing(error: rocksdb::Error, fsync: bool) -> Error {
    let reason = error.into_string();
    if says_full(&reason) && !fsync {
        Error::Full { reason }
    } else if reason.contains("Corruption") {
        Error::Corrupt { reason }
    } else {
        Error::InDoubt { reason }
    }
}

fn reading_text(reason: String) -> Error {
    if says_full(&reason) { Error::Full { reason } } else { Error::Unavailable { reason } }
}
