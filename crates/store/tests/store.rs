//! What the store promises.
#![allow(missing_docs)]

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
};

use klamm_store::{Error, Row, Settings, Store};
use proptest::prelude::*;

fn small() -> Settings {
    Settings { write_buffer_bytes: 64 << 10, cache_bytes: 1 << 20 }
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
    let table = std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().path()).find(|path| path.extension().is_some_and(|of| of == "sst"));
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

/// Row `n` of the next two tests: what write `n` does. Every write says its number and changes some of 50 rows.
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
