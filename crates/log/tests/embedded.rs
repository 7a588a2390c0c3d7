//! What only the embedded log has: its directory, its disk, its background work.
#![allow(dead_code, missing_docs)]

mod common;

use std::{
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use common::{Embedded, in_memory, until};
use klamm_log::{Cleanup, EmbeddedLog, Error, Log, Output, ReadLimit, Record, SystemClock, TopicSpec, contract::Harness, embedded};

#[test]
fn a_directory_has_one_log() {
    let directory = tempfile::tempdir().unwrap();
    let open = || EmbeddedLog::open(directory.path(), Arc::new(SystemClock), Embedded::settings());
    let first = open().unwrap();
    assert_eq!(open().err(), Some(Error::Locked { path: directory.path().display().to_string() }));
    drop(first);
    assert!(open().is_ok());
}

#[test]
fn a_directory_that_is_a_file_is_a_clear_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = EmbeddedLog::open(file.path(), Arc::new(SystemClock), Embedded::settings()).err().unwrap();
    assert!(error.to_string().contains(&file.path().display().to_string()), "{error}");
}

#[test]
fn a_full_disk_refuses_whole_writes_and_goes_on_when_there_is_room() {
    let free = Arc::new(AtomicU64::new(100_000));
    let seen = free.clone();
    let settings = embedded::Settings {
        free_bytes: Some(Arc::new(move || Some(seen.load(Ordering::SeqCst)))),
        reserve_bytes: 10_000,
        ..Embedded::settings()
    };
    let harness = Embedded::new(settings);
    let log = harness.log();
    log.ensure_topics(&[TopicSpec::kept("t", 2)]).unwrap();
    let mut producer = log.transactional("id").unwrap();
    free.store(5_000, Ordering::SeqCst);
    let append = |log: &dyn Log| log.append("t", 0, vec![Record::new("k", vec![1; 1_000]), Record::new("k", vec![2; 1_000])]);
    let outputs = || [0, 1].map(|partition| Output { topic: "t".into(), partition, record: Record::new("k", vec![3; 1_000]) }).to_vec();
    let mut written = 0;
    let error = loop {
        match append(&*log) {
            Ok(_) => written += 2,
            Err(error) => break error,
        }
        assert!(written < 1_000, "never full");
    };
    assert!(matches!(error, Error::Full { .. }), "{error}");
    assert!(matches!(producer.commit(outputs()), Err(Error::Full { .. })));
    assert_eq!((log.end_offset("t", 0), log.end_offset("t", 1)), (Ok(written), Ok(0)));
    assert_eq!(log.read("t", 0, 0, ReadLimit::default()).unwrap().records.len() as i64, written);
    log.trim("t", 0, written).unwrap();
    free.store(50_000, Ordering::SeqCst);
    assert_eq!(append(&*log).map(|appended| appended.first_offset), Ok(written));
    assert_eq!(producer.commit(outputs()), Ok(vec![written + 2, 0]));
}

#[test]
fn trimming_gives_disk_space_back() {
    let harness = Embedded::new(embedded::Settings { write_buffer_bytes: 256 << 10, ..Embedded::settings() });
    let log = harness.log();
    log.ensure_topics(&[TopicSpec::kept("t", 1), TopicSpec::kept("u", 1)]).unwrap();
    // Bytes that don't compress.
    let mut state = 1_u64;
    let mut noise = || {
        (0..10_000)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 56) as u8
            })
            .collect::<Vec<_>>()
    };
    for _ in 0..1_000 {
        log.append("t", 0, vec![Record::new("k", noise())]).unwrap();
    }
    log.append("u", 0, vec![Record::new("k", "stays")]).unwrap();
    until(|| harness.embedded().sizes().disk_bytes > 5 << 20);
    log.trim("t", 0, 990).unwrap();
    harness.embedded().keep_house().unwrap();
    until(|| harness.embedded().sizes().disk_bytes < 1 << 20);
    assert_eq!(log.read("t", 0, 990, ReadLimit::default()).unwrap().records.len(), 10);
    assert_eq!(log.read("u", 0, 0, ReadLimit::default()).unwrap().records.len(), 1);
}

#[test]
fn retention_takes_old_records_away() {
    let harness = Embedded::new(Embedded::settings());
    let log = harness.log();
    let cleanup = Cleanup::Delete { retention: Some(Duration::from_secs(600)) };
    log.ensure_topics(&[TopicSpec { cleanup, ..TopicSpec::kept("t", 1) }]).unwrap();
    for _ in 0..10 {
        log.append("t", 0, vec![Record::new("k", "v")]).unwrap();
        harness.advance_ms(100_000);
    }
    harness.embedded().keep_house().unwrap();
    // Ages run from 1,000 s down to 100 s.
    assert_eq!((log.start_offset("t", 0), log.end_offset("t", 0)), (Ok(4), Ok(10)));
    harness.advance_ms(10_000_000);
    harness.embedded().keep_house().unwrap();
    assert_eq!((log.start_offset("t", 0), log.end_offset("t", 0)), (Ok(10), Ok(10)));
}

#[test]
fn housekeeping_compacts_by_itself() {
    let harness = Embedded::new(embedded::Settings { housekeeping_interval: Some(Duration::from_millis(20)), ..Embedded::settings() });
    let log = harness.log();
    let cleanup = Cleanup::Compact { min_compaction_lag: Duration::ZERO, delete_retention: Duration::ZERO };
    log.ensure_topics(&[TopicSpec { cleanup, ..TopicSpec::compacted("t", 1) }]).unwrap();
    for n in 0..3_000 {
        log.append("t", 0, vec![Record::new(vec![(n % 7) as u8], "v")]).unwrap();
    }
    until(|| log.read("t", 0, 0, ReadLimit::default()).unwrap().records.len() < 2_000);
}

#[test]
fn in_memory_is_a_log_too() {
    let log = in_memory();
    log.ensure_topics(&[TopicSpec::kept("t", 1)]).unwrap();
    for n in 0..10 {
        assert_eq!(log.append("t", 0, vec![Record::new("k", "v")]).unwrap().first_offset, n);
    }
    log.sync().unwrap();
    log.trim("t", 0, 5).unwrap();
    log.keep_house().unwrap();
    assert_eq!(log.read("t", 0, 5, ReadLimit::default()).unwrap().records.len(), 5);
}

/// The other half of the next test: appends and commits, telling each acknowledged number, until it is killed.
#[test]
#[ignore = "run by a_killed_process_loses_nothing_acknowledged"]
fn writes_until_killed() {
    let directory = std::env::var("KLAMM_LOG_TEST_DIRECTORY").unwrap();
    let settings = embedded::Settings { write_buffer_bytes: 64 << 10, ..Embedded::settings() };
    let log = EmbeddedLog::open(directory, Arc::new(SystemClock), settings).unwrap();
    log.ensure_topics(&[TopicSpec::kept("t", 2)]).unwrap();
    let mut producer = log.transactional("id").unwrap();
    let mut out = std::io::stdout();
    for n in log.end_offset("t", 0).unwrap().. {
        let record = || Record::new("k", n.to_string()).with_header("filler", vec![0; 500]);
        if n % 2 == 0 {
            producer.commit([0, 1].map(|partition| Output { topic: "t".into(), partition, record: record() }).to_vec()).unwrap();
        } else {
            log.append("t", 0, vec![record()]).unwrap();
        }
        writeln!(out, "acknowledged {n}").unwrap();
    }
}

#[test]
fn a_killed_process_loses_nothing_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let mut acknowledged = -1;
    for round in 0..5 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "writes_until_killed", "--ignored", "--nocapture"])
            .env("KLAMM_LOG_TEST_DIRECTORY", directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let numbers = |line: std::io::Result<String>| line.unwrap().strip_prefix("acknowledged ").and_then(|n| n.parse::<i64>().ok());
        let target = acknowledged + 300 + 177 * round;
        while acknowledged < target {
            acknowledged = acknowledged.max(lines.next().unwrap().ok().map(Ok).and_then(numbers).unwrap_or(-1));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        for line in lines {
            // The last line may be cut.
            acknowledged = acknowledged.max(numbers(line).filter(|n| *n <= acknowledged + 1).unwrap_or(-1));
        }
        let log = EmbeddedLog::open(directory.path(), Arc::new(SystemClock), Embedded::settings()).unwrap();
        let end = log.end_offset("t", 0).unwrap();
        assert!(end > acknowledged, "{acknowledged} was acknowledged, the log ends at {end}");
        let all = ReadLimit { records: usize::MAX, bytes: usize::MAX };
        let values = |partition| -> Vec<i64> {
            let read = log.read("t", partition, 0, all).unwrap().records;
            read.iter().map(|stored| std::str::from_utf8(stored.record.value.as_ref().unwrap()).unwrap().parse().unwrap()).collect()
        };
        assert_eq!(values(0), (0..end).collect::<Vec<_>>());
        assert_eq!(values(1), (0..end).step_by(2).collect::<Vec<_>>(), "each commit stands in both partitions or in none");
    }
}

#[test]
fn appends_of_several_records_are_whole() {
    let harness = Embedded::new(Embedded::settings());
    let log = harness.log();
    log.ensure_topics(&[TopicSpec { max_message_bytes: 10_000, ..TopicSpec::compacted("t", 1) }]).unwrap();
    let half = || Record::new("k", vec![1; 5_000]);
    let too_large = Error::TooLarge { topic: "t".to_owned(), size: 2 * half().size(), limit: 10_000 };
    assert_eq!(log.append("t", 0, vec![half(), half()]), Err(too_large));
    assert!(matches!(log.append("t", 0, vec![half(), Record::default()]), Err(Error::Invalid { .. })));
    assert_eq!(log.end_offset("t", 0), Ok(0));
    std::thread::scope(|scope| {
        let appending = |key: &'static str| {
            let log = &log;
            move || {
                for _ in 0..200 {
                    let first = log.append("t", 0, vec![Record::new(key, "v"), Record::new(key, "v"), Record::new(key, "v")]).unwrap();
                    let read = log.read("t", 0, first.first_offset, ReadLimit { records: 3, bytes: usize::MAX }).unwrap().records;
                    let found: Vec<_> = read.iter().map(|stored| (stored.offset, stored.record.key.clone().unwrap())).collect();
                    assert_eq!(found, [0, 1, 2].map(|n| (first.first_offset + n, key.into())), "without gap");
                }
            }
        };
        scope.spawn(appending("a"));
        scope.spawn(appending("b"));
    });
}
