//! How far the log has been acknowledged. This mark is kept in a file beside RocksDB.
//!
//! A record that was being written when the process died was never acknowledged and may be lost. The loss of an acknowledged record must be
//! reported. RocksDB alone cannot tell the two apart: both look like a log that ends early. So each write puts RocksDB's sequence number
//! into a small file of its own before the write is acknowledged. A log that ends below that number has lost acknowledged records.
//!
//! The file is locked as long as the log is open. RocksDB's own lock is not enough, because the file is read before RocksDB takes that
//! lock.
//!
//! Fields, little-endian: `klammark` | acknowledged u64 | synced u64 | boot id, 36 bytes of text or zeros | FNV-1a of all before, u64.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::Path,
};

use parking_lot::Mutex;
use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};

use crate::Error;

/// Name of the file in the log's directory.
pub(super) const FILE: &str = "ACKNOWLEDGED";

const FORM: &[u8; 8] = b"klammark";
const BOOT_ID_BYTES: usize = 36;
const BODY_BYTES: usize = 8 + 8 + 8 + BOOT_ID_BYTES;
const FILE_BYTES: usize = BODY_BYTES + 8;

/// RocksDB's sequence numbers: one per row written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Progress {
    /// Acknowledged: survives the death of the process.
    pub(super) acknowledged: u64,
    /// Synced: survives a power loss too.
    pub(super) synced: u64,
}

/// What a mark said when it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Before {
    pub(super) progress: Progress,
    /// The machine has not been restarted since the mark was written.
    pub(super) same_boot: bool,
}

/// The open file.
pub(super) struct Mark {
    file: File,
    boot_id: [u8; BOOT_ID_BYTES],
    written: Mutex<Progress>,
}

impl Mark {
    /// Opens the mark in the directory `path` and locks it; makes it if it is missing. Gives what the mark said, if it is whole.
    pub(super) fn open(path: &Path) -> Result<(Self, Option<Before>), Error> {
        let name = path.join(FILE);
        let unavailable = |error: io::Error| Error::Unavailable { reason: format!("can't use {}: {error}", name.display()) };
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&name).map_err(unavailable)?;
        // Other errors are ignored: some network file systems have no such locks, and RocksDB takes its own lock too.
        if flock(&file, FlockOperation::NonBlockingLockExclusive) == Err(Errno::WOULDBLOCK) {
            return Err(Error::Locked { path: path.display().to_string() });
        }
        let boot_id = boot_id();
        let mut bytes = Vec::new();
        io::Read::read_to_end(&mut &file, &mut bytes).map_err(unavailable)?;
        let before = decode(&bytes).map(|(progress, id)| Before { progress, same_boot: id == boot_id });
        if before.is_none() && !bytes.is_empty() {
            tracing::warn!(file = %name.display(), "the log's mark of what was acknowledged is damaged: the end of the log is not checked this time");
        }
        Ok((Self { file, boot_id, written: Mutex::default() }, before))
    }

    /// Writes the mark anew.
    pub(super) fn set(&self, progress: Progress) -> Result<(), Error> {
        self.write(&mut self.written.lock(), progress)
    }

    /// Everything up to this sequence number is written, and also synced if `synced`.
    pub(super) fn advance(&self, sequence: u64, synced: bool) -> Result<(), Error> {
        let mut written = self.written.lock();
        let progress = Progress {
            acknowledged: written.acknowledged.max(sequence),
            synced: if synced { written.synced.max(sequence) } else { written.synced },
        };
        if progress == *written { Ok(()) } else { self.write(&mut written, progress) }
    }

    fn write(&self, written: &mut Progress, progress: Progress) -> Result<(), Error> {
        let bytes = encode(progress, &self.boot_id);
        // The record itself was written, but without a mark its loss could not be noticed later. So it must not be acknowledged.
        self.file.write_all_at(&bytes, 0).map_err(|error| Error::InDoubt { reason: format!("can't write {FILE}: {error}") })?;
        *written = progress;
        Ok(())
    }
}

fn encode(progress: Progress, boot_id: &[u8; BOOT_ID_BYTES]) -> [u8; FILE_BYTES] {
    let mut bytes = [0; FILE_BYTES];
    bytes[..8].copy_from_slice(FORM);
    bytes[8..16].copy_from_slice(&progress.acknowledged.to_le_bytes());
    bytes[16..24].copy_from_slice(&progress.synced.to_le_bytes());
    bytes[24..BODY_BYTES].copy_from_slice(boot_id);
    let sum = checksum(&bytes[..BODY_BYTES]);
    bytes[BODY_BYTES..].copy_from_slice(&sum.to_le_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> Option<(Progress, [u8; BOOT_ID_BYTES])> {
    let bytes: &[u8; FILE_BYTES] = bytes.try_into().ok()?;
    let number = |at: usize| bytes[at..at + 8].try_into().map(u64::from_le_bytes).ok();
    if bytes[..8] != *FORM || number(BODY_BYTES)? != checksum(&bytes[..BODY_BYTES]) {
        return None;
    }
    let progress = Progress { acknowledged: number(8)?, synced: number(16)? };
    Some((progress, bytes[24..BODY_BYTES].try_into().ok()?))
}

/// 64-bit FNV-1a.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Linux draws a new boot id at each boot. On other systems there is none, and the id here is always zeros.
fn boot_id() -> [u8; BOOT_ID_BYTES] {
    let mut id = [0; BOOT_ID_BYTES];
    if let Ok(text) = std::fs::read("/proc/sys/kernel/random/boot_id")
        && let Some(text) = text.get(..BOOT_ID_BYTES)
    {
        id.copy_from_slice(text);
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_says_what_was_written_last_and_is_locked() {
        let directory = tempfile::tempdir().unwrap();
        let (mark, before) = Mark::open(directory.path()).unwrap();
        assert_eq!(before, None);
        mark.advance(7, false).unwrap();
        mark.advance(5, true).unwrap();
        assert!(matches!(Mark::open(directory.path()), Err(Error::Locked { .. })));
        drop(mark);
        let (mark, before) = Mark::open(directory.path()).unwrap();
        let progress = Progress { acknowledged: 7, synced: 5 };
        assert_eq!(before, Some(Before { progress, same_boot: true }));
        drop(mark);
        let name = directory.path().join(FILE);
        let whole = std::fs::read(&name).unwrap();
        for at in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 1;
            std::fs::write(&name, flipped).unwrap();
            assert_eq!(Mark::open(directory.path()).unwrap().1, None, "byte {at}");
        }
    }
}
