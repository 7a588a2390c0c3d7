//! Looking at a log on the disk before it is opened for writing.
//!
//! RocksDB recovers to a point in time: it reads its write-ahead log (WAL) up to the first record that is not whole, and then deletes the
//! WAL. That is right for a record that was being written when the process died. For damage in the middle it would be a silent loss. So the
//! log is first opened for reading only, which changes nothing, and its last sequence number is compared with the [mark](super::mark).

use std::path::{Path, PathBuf};

use klamm_disk::manifest;
use rocksdb::{DB, DBRecoveryMode};

use super::{errors, mark::Before, settings::Settings};
use crate::Error;

/// Checks that everything acknowledged is there, or that the settings allow going on without it.
pub(super) fn inspect(path: &Path, before: Option<Before>, settings: &Settings) -> Result<(), Error> {
    if !path.join("CURRENT").exists() {
        return nothing_there(path, before, settings);
    }
    let unreadable =
        |error: std::io::Error| Error::Unavailable { reason: format!("can't read the manifest in {}: {error}", path.display()) };
    if let Some(reason) = manifest::damaged(path).map_err(unreadable)? {
        if !settings.salvage {
            return Err(Error::Corrupt { reason: format!("{reason} ({}); nothing was changed", path.display()) });
        }
        tracing::error!(reason, "the log is damaged: what it names may be given up");
    }
    let mut options = settings.options(None);
    options.create_if_missing(false);
    if before.is_none() {
        // Without a mark nobody knows how far the log reached. This mode at least finds damage before the last record.
        options.set_wal_recovery_mode(DBRecoveryMode::TolerateCorruptedTailRecords);
    }
    let reaches = match DB::open_for_read_only(&options, path, false) {
        Ok(db) => db.latest_sequence_number(),
        Err(error) if before.is_none() && settings.salvage => {
            tracing::error!(error = %error, "the log is damaged: the records behind the damage are given up");
            return keep_copy(path);
        }
        Err(error) => return Err(errors::opening(path, error)),
    };
    let Some(Before { progress, same_boot }) = before.filter(|before| reaches < before.progress.acknowledged) else { return Ok(()) };
    let lost = progress.acknowledged - reaches;
    if settings.salvage {
        tracing::error!(lost, "the log is damaged: its last acknowledged changes are given up");
        return keep_copy(path);
    }
    if !same_boot && reaches >= progress.synced {
        tracing::error!(
            lost,
            "the machine was restarted before the log's last acknowledged changes were on the disk: they are gone (--fsync would have kept them)"
        );
        return Ok(());
    }
    let reason = format!(
        "its last {lost} acknowledged changes of {} can't be read (write-ahead log in {}); nothing was changed",
        progress.acknowledged,
        path.display()
    );
    Err(Error::Corrupt { reason })
}

/// RocksDB's own file is missing: the directory holds no log yet, or the log has lost everything.
fn nothing_there(path: &Path, before: Option<Before>, settings: &Settings) -> Result<(), Error> {
    match before {
        Some(before) if before.progress.acknowledged > 0 && !settings.salvage => {
            let reason = format!(
                "{} has no file CURRENT, yet {} changes were acknowledged; nothing was changed",
                path.display(),
                before.progress.acknowledged
            );
            Err(Error::Corrupt { reason })
        }
        _ => Ok(()),
    }
}

/// Keeps a copy of the write-ahead logs, for people who may be able to read more of them.
fn keep_copy(path: &Path) -> Result<(), Error> {
    let failed = |error: std::io::Error| Error::Unavailable { reason: format!("can't keep a copy of the damaged log: {error}") };
    let aside = free_name(path);
    std::fs::create_dir_all(&aside).map_err(failed)?;
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.path().extension().is_some_and(|extension| extension == "log") {
            std::fs::copy(entry.path(), aside.join(entry.file_name())).map_err(failed)?;
        }
    }
    tracing::error!(directory = %aside.display(), "a copy of the damaged write-ahead log is kept");
    Ok(())
}

fn free_name(path: &Path) -> PathBuf {
    let name = |n: u32| PathBuf::from(format!("{}-damaged-{n}", path.display()));
    (1..).map(name).find(|name| !name.exists()).unwrap_or_else(|| name(0))
}
