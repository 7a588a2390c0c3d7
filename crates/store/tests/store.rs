//! What the store promises.
#![allow(missing_docs)]

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use klamm_store::{Error, Row, Settings, Store};
use proptest::prelude::*;

fn small() -> Settings {
    Settings { write_buffer_bytes: 64 << 10, cache_bytes: 1 << 20, reserve_bytes: 0, free_bytes: None }
}

fn put(store: &Store, partition: u16, key: &[u8], value: &[u8]) {
    store.write(partition, [(key, Some(value))]).unwrap();
}

fn row(key: &[u8], value: &[u8]) -> Row {
    (key.to_vec(), value.to_vec())
}

#[test]
fn partitions_do_not_see_each_other() {
    let store = Store::in_memory(&small()).unwrap();
    for partition in [0, 1, 255, 256, 65_534] {
        put(&store, partition, b"k", &partition.to_be_bytes());
        put(&store, partition, &[0xff; 200], b"long");
    }
    for partition in [0_u16, 1, 255, 256, 65_534] {
        assert_eq!(store.get(partition, b"k").unwrap().as_deref(), Some(&partition.to_be_bytes()[..]));
        assert_eq!(store.get(partition, &[0xff; 200]).unwrap().as_deref(), Some(&b"long"[..]));
        let all = [row(b"k", &partition.to_be_bytes()), row(&[0xff; 200], b"long")];
        assert_eq!(store.scan(partition, &[], &[], 10).unwrap(), all);
        assert_eq!(store.scan_reverse(partition, &[], &[], 10).unwrap(), [all[1].clone(), all[0].clone()]);
    }
    assert!(store.get(2, b"k").unwrap().is_none());
    assert_eq!(store.scan(2, &[], &[], 10).unwrap(), []);
    store.clear(255).unwrap();
    assert_eq!(store.scan(255, &[], &[], 10).unwrap(), []);
    assert_eq!(store.scan(256, &[], &[], 10).unwrap().len(), 2);
    assert_eq!(store.scan(1, &[], &[], 10).unwrap().len(), 2);
    put(&store, 255, b"k", b"again");
    assert_eq!(store.scan(255, &[], &[], 10).unwrap(), [row(b"k", b"again")]);
}

#[test]
fn an_empty_range_is_no_error() {
    let store = Store::in_memory(&small()).unwrap();
    put(&store, 0, b"b", b"");
    assert_eq!(store.scan(0, b"c", b"a", 10).unwrap(), []);
    assert_eq!(store.scan(0, b"b", b"b", 10).unwrap(), []);
    assert_eq!(store.scan(0, b"a", b"c", 0).unwrap(), []);
    assert_eq!(store.scan_reverse(0, b"a", b"c", 0).unwrap(), []);
    store.write(0, Vec::<(Vec<u8>, Option<Vec<u8>>)>::new()).unwrap();
}

#[test]
fn a_directory_has_one_store_and_closing_keeps_everything() {
    let directory = tempfile::tempdir().unwrap();
    let open = || Store::open(directory.path(), &small());
    let store = open().unwrap();
    assert_eq!(open().err(), Some(Error::Locked { path: directory.path().display().to_string() }));
    put(&store, 0, b"k", b"v");
    drop(store);
    assert_eq!(open().unwrap().get(0, b"k").unwrap().as_deref(), Some(&b"v"[..]));
}

#[test]
fn damage_is_told_apart_from_other_trouble() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), &small()).unwrap();
    for n in 0..1_000_u32 {
        put(&store, 0, &n.to_be_bytes(), &[n as u8; 100]);
    }
    store.flush().unwrap();
    drop(store);
    let table = std::fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|of| of == "sst"));
    let table = table.unwrap();
    let mut bytes = std::fs::read(&table).unwrap();
    bytes[50..1000].fill(0x55);
    std::fs::write(&table, bytes).unwrap();
    let read = Store::open(directory.path(), &small()).and_then(|store| store.scan(0, &[], &[], usize::MAX));
    assert!(matches!(read, Err(Error::Corrupt { .. })), "{read:?}");
    std::fs::remove_file(&table).unwrap();
    let read = Store::open(directory.path(), &small()).and_then(|store| store.scan(0, &[], &[], usize::MAX));
    assert!(matches!(read, Err(Error::Corrupt { .. })), "{read:?}");
    let error = Store::open(tempfile::NamedTempFile::new().unwrap().path(), &small()).err().unwrap();
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");
}

#[test]
fn a_full_disk_refuses_whole_writes_and_goes_on_when_there_is_room() {
    let free = Arc::new(AtomicU64::new(1_000_000));
    let seen = free.clone();
    let free_bytes: klamm_store::FreeBytes = Arc::new(move || Some(seen.load(Ordering::SeqCst)));
    let settings = Settings { reserve_bytes: 10_000, free_bytes: Some(free_bytes), ..small() };
    let store = Store::in_memory(&settings).unwrap();
    put(&store, 0, b"a", b"1");
    free.store(10_500, Ordering::SeqCst);
    let rows = || [(b"a", Some(vec![2; 600])), (b"b", Some(vec![2; 1]))];
    assert!(matches!(store.write(0, rows()), Err(Error::Full { .. })));
    assert_eq!(store.scan(0, &[], &[], 10).unwrap(), [row(b"a", b"1")]);
    free.store(20_000, Ordering::SeqCst);
    store.write(0, rows()).unwrap();
    assert_eq!(store.scan(0, &[], &[], 10).unwrap().len(), 2);
}

/// What write `n` does in the next two tests. Every write says its number and changes some of 50 rows.
fn write_number(n: u64) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
    let changed = (0..5).map(|k| {
        let slot = (n * 7 + k * 11) % 50;
        let value = (!(n + k).is_multiple_of(3)).then(|| [&n.to_be_bytes()[..], &[k as u8; 300]].concat());
        (vec![2, slot as u8], value)
    });
    changed.chain([(vec![1], Some(n.to_be_bytes().to_vec()))]).collect()
}

#[test]
#[ignore = "run by a_killed_process_leaves_what_some_first_writes_made"]
fn writes_until_killed() {
    let store = Store::open(std::env::var("KLAMM_STORE_TEST_DIRECTORY").unwrap(), &small()).unwrap();
    let first = store.get(0, &[1]).unwrap().map_or(0, |n| u64::from_be_bytes(n.as_ref().try_into().unwrap()) + 1);
    let mut out = std::io::stdout();
    for n in first.. {
        store.write(0, write_number(n)).unwrap();
        if n % 100 == 0 {
            writeln!(out, "written {n}").unwrap();
        }
    }
}

#[test]
fn a_killed_process_leaves_what_some_first_writes_made() {
    let directory = tempfile::tempdir().unwrap();
    let mut model: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    let mut next = 0;
    for round in 0..6_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "writes_until_killed", "--ignored", "--nocapture"])
            .env("KLAMM_STORE_TEST_DIRECTORY", directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let enough = lines.map_while(Result::ok).filter(|line| line.starts_with("written")).nth(20 + 13 * round as usize);
        assert!(enough.is_some(), "the writer died by itself");
        child.kill().unwrap();
        child.wait().unwrap();
        let store = Store::open(directory.path(), &small()).unwrap();
        let last = store.get(0, &[1]).unwrap().map(|n| u64::from_be_bytes(n.as_ref().try_into().unwrap()));
        assert!(last.is_some_and(|last| last >= next), "hundreds of KiB were written, and nothing reached the disk");
        for n in next..=last.unwrap() {
            for (key, value) in write_number(n) {
                match value {
                    Some(value) => drop(model.insert(key, value)),
                    None => drop(model.remove(&key)),
                }
            }
        }
        next = last.unwrap() + 1;
        assert_eq!(store.scan(0, &[], &[], usize::MAX).unwrap(), model.clone().into_iter().collect::<Vec<_>>());
    }
}

#[derive(Debug, Clone)]
enum Step {
    Write(u16, Vec<(Vec<u8>, Option<u8>)>),
    Scan(u16, Vec<u8>, Vec<u8>, usize),
    Get(u16, Vec<u8>),
    Clear(u16),
    Flush,
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(prop_oneof![Just(0_u8), Just(1), Just(255)], 1..4)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (0..3_u16, proptest::collection::vec((key(), proptest::option::of(any::<u8>())), 0..5)).prop_map(|(p, rows)| Step::Write(p, rows)),
        3 => (0..3_u16, key(), prop_oneof![1 => Just(vec![]), 4 => key()], 1..6_usize).prop_map(|(p, from, to, limit)| Step::Scan(p, from, to, limit)),
        2 => (0..3_u16, key()).prop_map(|(p, key)| Step::Get(p, key)),
        1 => (0..3_u16).prop_map(Step::Clear),
        1 => Just(Step::Flush),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]
    #[test]
    fn it_is_an_ordered_map_per_partition(steps in proptest::collection::vec(step(), 1..60)) {
        let store = Store::in_memory(&small()).unwrap();
        let mut model: BTreeMap<(u16, Vec<u8>), Vec<u8>> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Write(partition, rows) => {
                    store.write(partition, rows.iter().map(|(key, value)| (key, value.map(|value| [value])))).unwrap();
                    for (key, value) in rows {
                        match value {
                            Some(value) => drop(model.insert((partition, key), vec![value])),
                            None => drop(model.remove(&(partition, key))),
                        }
                    }
                }
                Step::Scan(partition, from, to, limit) => {
                    let inside = model.iter().filter(|((of, key), _)| *of == partition && *key >= from && (to.is_empty() || *key < to));
                    let mut rows: Vec<_> = inside.map(|((_, key), value)| (key.clone(), value.clone())).collect();
                    let reversed: Vec<_> = rows.iter().rev().take(limit).cloned().collect();
                    rows.truncate(limit);
                    prop_assert_eq!(store.scan(partition, &from, &to, limit).unwrap(), rows);
                    prop_assert_eq!(store.scan_reverse(partition, &from, &to, limit).unwrap(), reversed);
                }
                Step::Get(partition, key) => {
                    let got = store.get(partition, &key).unwrap().map(|value| value.to_vec());
                    prop_assert_eq!(got, model.get(&(partition, key)).cloned());
                }
                Step::Clear(partition) => {
                    store.clear(partition).unwrap();
                    model.retain(|(of, _), _| *of != partition);
                }
                Step::Flush => store.flush().unwrap(),
            }
        }
    }
}

/// `mount -t tmpfs -o size=32m none DIR; KLAMM_SMALL_DISK=DIR cargo test --release -p klamm-store -- --ignored small_disk`
#[test]
#[ignore = "needs a small file system"]
fn a_small_disk_refuses_and_recovers() {
    let disk =
        std::path::PathBuf::from(std::env::var("KLAMM_SMALL_DISK").expect("KLAMM_SMALL_DISK names a directory on a small file system"));
    let filler = disk.join("store-filler");
    let directory = disk.join("store");
    let store = Store::open(&directory, &Settings { write_buffer_bytes: 1 << 20, reserve_bytes: 6 << 20, ..small() }).unwrap();
    std::fs::write(&filler, vec![0; 8 << 20]).unwrap();
    let mut state = 1_u64;
    let mut noise = || {
        let next = |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        };
        (0..20_000).map(next).collect::<Vec<_>>()
    };
    let mut written = Vec::new();
    let full = loop {
        assert!(written.len() < 5_000, "never full");
        let value = noise();
        match store.write(0, [((written.len() as u32).to_be_bytes(), Some(&value))]) {
            Ok(()) => written.push(value),
            Err(error) => break error,
        }
    };
    assert!(matches!(full, Error::Full { .. }), "{full:?}");
    assert!(store.get(0, &0_u32.to_be_bytes()).unwrap().is_some());
    std::fs::remove_file(&filler).unwrap();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while let Err(error) = store.write(0, [(b"after", Some(b"v"))]) {
        assert!(matches!(error, Error::Full { .. }), "{error:?}");
        assert!(std::time::Instant::now() < deadline, "never recovered: {error}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    store.flush().unwrap();
    for (n, value) in written.iter().enumerate() {
        assert!(store.get(0, &(n as u32).to_be_bytes()).unwrap().as_deref() == Some(&value[..]), "row {n}");
    }
    drop(store);
    std::fs::remove_dir_all(directory).unwrap();
}
