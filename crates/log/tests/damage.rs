//! Damage to the files of the embedded log: all that was acknowledged is there, or somebody is told.
#![allow(dead_code, missing_docs)]

mod common;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use common::{Embedded, copy};
use klamm_log::{EmbeddedLog, Error, Log, ManualClock, Output, ReadLimit, Record, TopicSpec, embedded};

/// Records that are acknowledged, on each of two topics.
const RECORDS: i64 = 400;

fn settings() -> embedded::Settings {
    embedded::Settings { write_buffer_bytes: 64 << 10, ..Embedded::settings() }
}

fn open(path: &Path, settings: embedded::Settings) -> Result<EmbeddedLog, Error> {
    EmbeddedLog::open(path, Arc::new(ManualClock::new(1)), settings)
}

/// A log as a process leaves it that was killed: `RECORDS` appends and as many commits, all acknowledged. With small memtables, which
/// RocksDB may be flushing just then, as one leaves it that has closed it.
fn killed(root: &Path, settings: embedded::Settings) -> PathBuf {
    let (live, left) = (root.join("live"), root.join("left"));
    let is_small = settings.write_buffer_bytes < 1 << 20;
    let log = open(&live, settings).unwrap();
    log.ensure_topics(&[TopicSpec::kept("t", 1), TopicSpec::compacted("u", 1)]).unwrap();
    let mut producer = log.transactional("id").unwrap();
    for n in 0..RECORDS {
        log.append("t", 0, vec![record(n)]).unwrap();
        producer.commit(vec![Output { topic: "u".into(), partition: 0, record: record(n) }]).unwrap();
    }
    if is_small {
        drop(producer);
        drop(log);
    }
    copy(&live, &left);
    left
}

fn record(n: i64) -> Record {
    Record::new(n.to_string(), n.to_string().repeat(200))
}

/// What a log holds of one topic; an error when a part of it can't be read.
fn records(log: &EmbeddedLog, topic: &str) -> Result<Vec<Record>, Error> {
    let read = log.read(topic, 0, 0, ReadLimit { records: usize::MAX, bytes: usize::MAX })?;
    Ok(read.records.into_iter().map(|stored| Record { timestamp_ms: 0, ..stored.record }).collect())
}

fn expected() -> Vec<Record> {
    (0..RECORDS).map(|n| Record { timestamp_ms: 0, ..record(n) }).collect()
}

fn files(path: &Path, is: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| is(&file.file_name().unwrap().to_string_lossy()));
    files.sort();
    files
}

/// The tables that RocksDB reads. Others may lie there: a compaction that the close has interrupted leaves them.
fn tables(path: &Path) -> Vec<PathBuf> {
    let looked_at = tempfile::tempdir().unwrap();
    copy(path, looked_at.path());
    let db = rocksdb::DB::open_for_read_only(&rocksdb::Options::default(), looked_at.path(), false).unwrap();
    let live: Vec<_> = db.live_files().unwrap().into_iter().map(|file| file.name).collect();
    files(path, |name| live.iter().any(|live| live.trim_start_matches('/') == name))
}

/// Flips a bit at `at` of the file, in a copy of the directory.
fn flipped(left: &Path, file: &Path, at: usize, bit: u8) -> tempfile::TempDir {
    let damaged = tempfile::tempdir().unwrap();
    copy(left, damaged.path());
    let name = damaged.path().join(file.file_name().unwrap());
    let mut bytes = fs::read(&name).unwrap();
    bytes[at] ^= 1 << bit;
    fs::write(&name, bytes).unwrap();
    damaged
}

/// Flips bits all over a file; how many flips were told of.
fn flip_all_over(left: &Path, file: &Path, flips: usize) -> usize {
    let length = fs::metadata(file).unwrap().len() as usize;
    let mut told = 0;
    for n in 0..flips.min(length * 8) {
        // The beginning, the end, and places between, each time another bit.
        let at = if n < 16 {
            n.min(length - 1)
        } else if n < 32 {
            length - 1 - (n - 16).min(length - 1)
        } else {
            n * 7919 % length
        };
        told += flip(left, file, at, (n % 8) as u8);
    }
    told
}

/// Flips one bit: 1 if it is told of; else nothing has changed.
fn flip(left: &Path, file: &Path, at: usize, bit: u8) -> usize {
    let damaged = flipped(left, file, at, bit);
    let place = format!("bit {bit} of byte {at} of {}", file.display());
    match open(damaged.path(), settings()) {
        Ok(log) => {
            assert_eq!(records(&log, "t").unwrap(), expected(), "{place}");
            assert_eq!(records(&log, "u").unwrap(), expected(), "{place}");
            0
        }
        Err(error @ Error::Corrupt { .. }) => {
            assert!(error.to_string().starts_with("the log is damaged: "), "{place}: {error}");
            1
        }
        Err(error) => panic!("{place}: {error}"),
    }
}

#[test]
fn a_flipped_bit_anywhere_in_the_write_ahead_log_is_told_of_or_changes_nothing() {
    let root = tempfile::tempdir().unwrap();
    let left = killed(root.path(), embedded::Settings { write_buffer_bytes: 8 << 20, ..settings() });
    let logs = files(&left, |name| name.ends_with(".log"));
    assert_eq!(logs.len(), 1, "all is in the write-ahead log");
    let told = flip_all_over(&left, &logs[0], 150);
    assert!(told > 140, "{told} of 150 flips were told of");
}

#[test]
fn a_flipped_bit_anywhere_in_tables_and_manifest_is_told_of_or_changes_nothing() {
    let root = tempfile::tempdir().unwrap();
    let left = killed(root.path(), settings());
    let tables = tables(&left);
    assert!(!tables.is_empty(), "memtables were flushed");
    // RocksDB may have made one table of all meanwhile. Then that one gets the flips of two.
    let flips = 120 / tables.len().min(2);
    let told: usize = tables.iter().take(2).map(|table| flip_all_over(&left, table, flips)).sum();
    assert!(told > 60, "{told} flips in tables were told of: {tables:?}");
    for file in files(&left, |name| name.starts_with("MANIFEST") || name == "CURRENT" || name.ends_with(".log")) {
        flip_all_over(&left, &file, 60);
    }
}

/// The framing of the manifest (RocksDB, db/log_format.h): a header of 7 bytes, its length at 4 and 5. Few places of a file of a kilobyte: each
/// bit of each header.
#[test]
fn a_flipped_bit_in_any_header_of_the_manifest_is_told_of_or_changes_nothing() {
    let root = tempfile::tempdir().unwrap();
    let left = killed(root.path(), settings());
    let manifest = files(&left, |name| name.starts_with("MANIFEST")).pop().unwrap();
    let bytes = fs::read(&manifest).unwrap();
    assert!(bytes.len() < 32 << 10, "one block");
    let (mut at, mut told) = (0, 0);
    while at + 7 <= bytes.len() {
        for bit in 0..56 {
            told += flip(&left, &manifest, at + bit / 8, (bit % 8) as u8);
        }
        at += 7 + usize::from(u16::from_le_bytes([bytes[at + 4], bytes[at + 5]]));
    }
    assert_eq!(at, bytes.len());
    assert!(told > 56, "{told} flips were told of");
}

#[test]
fn files_that_are_gone_are_told_of() {
    let root = tempfile::tempdir().unwrap();
    let left = killed(root.path(), settings());
    let whole_log = killed(&root.path().join("whole"), embedded::Settings { write_buffer_bytes: 8 << 20, ..settings() });
    let logs = files(&whole_log, |name| name.ends_with(".log")).into_iter();
    let named = files(&left, |name| name == "CURRENT" || name.starts_with("MANIFEST"));
    for file in tables(&left).into_iter().chain(named).chain(logs) {
        let damaged = tempfile::tempdir().unwrap();
        copy(file.parent().unwrap(), damaged.path());
        fs::remove_file(damaged.path().join(file.file_name().unwrap())).unwrap();
        let error = open(damaged.path(), settings()).err();
        assert!(matches!(error, Some(Error::Corrupt { .. })), "without {}: {error:?}", file.display());
    }
}

#[test]
fn a_record_that_was_never_acknowledged_may_be_torn() {
    let root = tempfile::tempdir().unwrap();
    let left = killed(root.path(), embedded::Settings { write_buffer_bytes: 8 << 20, ..settings() });
    let log = files(&left, |name| name.ends_with(".log")).pop().unwrap();
    // As the process dies in the middle of a write: the mark is that of the write before.
    let whole = fs::read(&log).unwrap();
    let marked = fs::read(left.join("ACKNOWLEDGED")).unwrap();
    {
        let log = open(&left, settings()).unwrap();
        log.append("t", 0, vec![Record::new("torn", vec![7; 3_000])]).unwrap();
    }
    let grown = files(&left, |name| name.ends_with(".log")).pop().unwrap();
    let written = fs::read(&grown).unwrap();
    assert_ne!(whole, written);
    for cut in [1, 10, 1_000, written.len() / 2] {
        fs::write(&grown, &written[..written.len() - cut]).unwrap();
        fs::write(left.join("ACKNOWLEDGED"), &marked).unwrap();
        let copied = tempfile::tempdir().unwrap();
        copy(&left, copied.path());
        let log = open(copied.path(), settings()).unwrap_or_else(|error| panic!("{cut} bytes missing: {error}"));
        assert_eq!(records(&log, "t").unwrap(), expected(), "{cut} bytes missing");
        assert_eq!(log.append("t", 0, vec![record(0)]).unwrap().first_offset, RECORDS);
    }
}

#[test]
fn an_acknowledged_record_may_not_be_torn() {
    let root = tempfile::tempdir().unwrap();
    let left = killed(root.path(), embedded::Settings { write_buffer_bytes: 8 << 20, ..settings() });
    let name = files(&left, |name| name.ends_with(".log")).pop().unwrap();
    let whole = fs::read(&name).unwrap();
    fs::write(&name, &whole[..whole.len() - 1]).unwrap();
    let Err(Error::Corrupt { reason }) = open(&left, settings()) else { panic!("the last acknowledged record went without a word") };
    assert!(reason.contains("last 1 acknowledged changes"), "{reason}");
    // Nothing was changed by looking.
    fs::write(&name, whole).unwrap();
    assert_eq!(records(&open(&left, settings()).unwrap(), "u").unwrap(), expected());
}

#[test]
fn salvage_keeps_what_stands_before_the_damage_and_a_copy_of_the_rest() {
    let root = tempfile::tempdir().unwrap();
    let left = killed(root.path(), embedded::Settings { write_buffer_bytes: 8 << 20, ..settings() });
    let log = files(&left, |name| name.ends_with(".log")).pop().unwrap();
    let mut bytes = fs::read(&log).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    fs::write(&log, &bytes).unwrap();
    assert!(matches!(open(&left, settings()), Err(Error::Corrupt { .. })));
    let salvaging = embedded::Settings { salvage: true, ..settings() };
    let kept = {
        let log = open(&left, salvaging).unwrap();
        let kept = records(&log, "t").unwrap();
        assert!(kept.len() > 100 && kept.len() < 300, "{} are left", kept.len());
        assert_eq!(kept, expected()[..kept.len()]);
        let committed = records(&log, "u").unwrap().len();
        assert!(committed == kept.len() || committed + 1 == kept.len(), "one point in time");
        log.append("t", 0, vec![record(0)]).unwrap();
        kept.len()
    };
    assert_eq!(records(&open(&left, settings()).unwrap(), "t").unwrap().len(), kept + 1, "and goes on as ever");
    let copied = files(root.path(), |name| name.starts_with("left-damaged-"));
    assert_eq!(fs::read(copied[0].join(log.file_name().unwrap())).unwrap(), bytes);
}

#[test]
fn a_log_of_a_klamm_that_kept_no_mark_is_opened_and_its_middle_is_checked() {
    let root = tempfile::tempdir().unwrap();
    let left = killed(root.path(), embedded::Settings { write_buffer_bytes: 8 << 20, ..settings() });
    fs::remove_file(left.join("ACKNOWLEDGED")).unwrap();
    let log = files(&left, |name| name.ends_with(".log")).pop().unwrap();
    let damaged = flipped(&left, &log, fs::metadata(&log).unwrap().len() as usize / 2, 1);
    assert!(matches!(open(damaged.path(), settings()), Err(Error::Corrupt { .. })));
    assert_eq!(records(&open(&left, settings()).unwrap(), "t").unwrap(), expected());
}
