//! A disk that is really full: RocksDB itself meets it, the log's own reserve being off.
//!
//! `mount -t tmpfs -o size=64m none DIR; KLAMM_SMALL_DISK=DIR cargo test --release -p klamm-log --test small_disk -- --ignored`
#![allow(dead_code, missing_docs)]

mod common;

use std::{path::PathBuf, sync::Arc};

use common::{Embedded, until};
use klamm_log::{EmbeddedLog, Error, Log, Offset, Output, ReadLimit, Record, SystemClock, TopicSpec, embedded};

fn noise(state: &mut u64) -> Vec<u8> {
    (0..20_000)
        .map(|_| {
            *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (*state >> 56) as u8
        })
        .collect()
}

fn check(reserve_bytes: u64) {
    let disk = PathBuf::from(std::env::var("KLAMM_SMALL_DISK").expect("KLAMM_SMALL_DISK names a directory on a small file system"));
    let directory = disk.join(format!("log-{reserve_bytes}"));
    let filler = disk.join("filler");
    let settings = embedded::Settings { write_buffer_bytes: 1 << 20, reserve_bytes, ..Embedded::settings() };
    let open = || EmbeddedLog::open(&directory, Arc::new(SystemClock), settings.clone()).unwrap();
    let log = open();
    log.ensure_topics(&[TopicSpec::kept("t", 2)]).unwrap();
    let mut producer = log.transactional("id").unwrap();
    let mut state = 1;
    let mut acknowledged: Vec<(Offset, Vec<u8>)> = Vec::new();
    for round in 0..2 {
        std::fs::write(&filler, vec![0; 8 << 20]).unwrap();
        let full = loop {
            assert!(acknowledged.len() < 5_000, "never full");
            let value = noise(&mut state);
            match log.append("t", 0, vec![Record::new("k", value.clone())]) {
                Ok(appended) => acknowledged.push((appended.first_offset, value)),
                Err(error) => break error,
            }
        };
        assert!(matches!(full, Error::Full { .. }), "{full:?}");
        let outputs =
            || [0, 1].map(|partition| Output { topic: "t".into(), partition, record: Record::new("k", vec![9; 20_000]) }).to_vec();
        let full = producer.commit(outputs()).unwrap_err();
        assert!(matches!(full, Error::Full { .. }), "{full:?}");
        println!("round {round}: full after {} records: {full}", acknowledged.len());
        assert_eq!(log.end_offset("t", 0), Ok(acknowledged.len() as Offset));
        assert_eq!(log.read("t", 0, 0, ReadLimit::default()).unwrap().records[0].offset, 0);
        std::fs::remove_file(&filler).unwrap();
        until(|| {
            let value = noise(&mut state);
            match log.append("t", 0, vec![Record::new("k", value.clone())]) {
                Ok(appended) => {
                    acknowledged.push((appended.first_offset, value));
                    true
                }
                Err(Error::Full { .. }) => false,
                Err(error) => panic!("{error}"),
            }
        });
    }
    drop((producer, log));
    let log = open();
    let (mut next, mut read) = (0, Vec::new());
    while next < log.end_offset("t", 0).unwrap() {
        let batch = log.read("t", 0, next, ReadLimit::default()).unwrap();
        read.extend(batch.records.into_iter().map(|stored| (stored.offset, stored.record.value.unwrap().to_vec())));
        next = batch.next_offset;
    }
    assert_eq!(read.len(), acknowledged.len());
    assert!(read == acknowledged, "what was acknowledged stands, and nothing that was refused");
    assert_eq!(log.end_offset("t", 1), Ok(0));
    drop(log);
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
#[ignore = "needs a small file system"]
fn a_full_disk_met_by_rocksdb_refuses_and_recovers() {
    check(0);
}

#[test]
#[ignore = "needs a small file system"]
fn a_full_disk_met_by_the_reserve_refuses_and_recovers() {
    check(6 << 20);
}
