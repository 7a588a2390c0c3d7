//! What a store in RocksDB promises beyond that (`providers`): files, crashes, full disks.
#![allow(missing_docs)]

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
};

use klamm_store::{Error, Settings, Store};

fn small() -> Settings {
    Settings { write_buffer_bytes: 64 << 10, cache_bytes: 1 << 20, reserve_bytes: 0, free_bytes: None, ..Settings::default() }
}

fn put(store: &Store, partition: u16, key: &[u8], value: &[u8]) {
    store.write(partition, [(key, Some(value))]).unwrap();
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

/// RocksDB 11 reads one record for ever where a type in its manifest is one that a manifest never has.
#[test]
fn a_flipped_bit_in_any_header_of_the_manifest_is_told_of_or_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), &small()).unwrap();
    put(&store, 0, b"k", b"v");
    store.flush().unwrap();
    let left = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(directory.path()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), left.path().join(entry.file_name())).unwrap();
    }
    drop(store);
    let names: Vec<_> = std::fs::read_dir(left.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let manifest = names.iter().find(|name| name.to_string_lossy().starts_with("MANIFEST")).unwrap();
    let whole = std::fs::read(left.path().join(manifest)).unwrap();
    let (mut at, mut told) = (0, 0);
    while at + 7 <= whole.len() {
        for bit in 0..56 {
            let damaged = tempfile::tempdir().unwrap();
            for name in &names {
                std::fs::copy(left.path().join(name), damaged.path().join(name)).unwrap();
            }
            let mut bytes = whole.clone();
            bytes[at + bit / 8] ^= 1 << (bit % 8);
            std::fs::write(damaged.path().join(manifest), bytes).unwrap();
            match Store::open(damaged.path(), &small()).and_then(|store| store.get(0, b"k")) {
                Ok(value) => assert_eq!(value.as_deref(), Some(&b"v"[..]), "bit {bit} of the header at {at}"),
                Err(error) => {
                    assert!(error.is_damage(), "bit {bit} of the header at {at}: {error}");
                    told += 1;
                }
            }
        }
        at += 7 + usize::from(u16::from_le_bytes([whole[at + 4], whole[at + 5]]));
    }
    assert!(told > 100, "{told} flips were told of");
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
    let first = store.get(0, &[1]).unwrap().map_or(0, |n| u64::from_be_bytes(n[..].try_into().unwrap()) + 1);
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
        let last = store.get(0, &[1]).unwrap().map(|n| u64::from_be_bytes(n[..].try_into().unwrap()));
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
