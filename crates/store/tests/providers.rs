//! What every provider of a store promises.
#![allow(missing_docs)]

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use klamm_store::{Error, Row, Rows, Settings, Snapshot, Store, View};
use proptest::prelude::*;

fn small() -> Settings {
    Settings { write_buffer_bytes: 64 << 10, cache_bytes: 1 << 20, reserve_bytes: 0, free_bytes: None, ..Settings::default() }
}

/// An empty store of each provider.
fn each(settings: &Settings) -> [Store; 2] {
    [Store::in_memory(settings).unwrap(), Store::in_maps(settings)]
}

fn put(store: &Store, partition: u16, key: &[u8], value: &[u8]) {
    store.write(partition, [(key, Some(value))]).unwrap();
}

fn row(key: &[u8], value: &[u8]) -> Row {
    (key.to_vec(), value.to_vec())
}

#[test]
fn partitions_do_not_see_each_other() {
    for store in each(&small()) {
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
}

#[test]
fn an_empty_range_is_no_error() {
    for store in each(&small()) {
        put(&store, 0, b"b", b"");
        assert_eq!(store.scan(0, b"c", b"a", 10).unwrap(), []);
        assert_eq!(store.scan(0, b"b", b"b", 10).unwrap(), []);
        assert_eq!(store.scan(0, b"a", b"c", 0).unwrap(), []);
        assert_eq!(store.scan_reverse(0, b"a", b"c", 0).unwrap(), []);
        store.write(0, Vec::<(Vec<u8>, Option<Vec<u8>>)>::new()).unwrap();
    }
}

#[test]
fn a_snapshot_does_not_see_later_writes() {
    for store in each(&small()) {
        let rows = |value: &'static str| (0..5u8).map(move |key| (vec![key], Some(value)));
        store.write(1, rows("before")).unwrap();
        store.write(2, rows("another partition")).unwrap();
        let look = |snapshot: &Snapshot<'_>| {
            store.write(1, rows("after"))?;
            store.write(1, [(vec![3], None::<&str>)])?;
            assert_eq!(snapshot.get(1, &[3])?, Some(b"before".to_vec()));
            assert_eq!(snapshot.get(1, &[9])?, None);
            let seen = snapshot.scan(1, &[1], &[], 3)?;
            assert_eq!(seen, [1, 2, 3].map(|key| (vec![key], b"before".to_vec())));
            assert_eq!(Rows::scan(&store, 1, &[], &[], 10)?.len(), 4);
            snapshot.scan(1, &[], &[], 0)
        };
        assert_eq!(store.with_snapshot::<_, Error>(look).unwrap(), []);
    }
}

#[test]
fn pages_end_by_rows_or_bytes_and_say_whether_there_is_more() {
    for store in each(&small()) {
        for n in 0..5_u8 {
            put(&store, 1, &[n], &[n; 9]);
        }
        put(&store, 2, b"k", b"another partition");
        let page = |from: &[u8], rows, bytes| store.page(1, from, rows, bytes).map(|(rows, more)| (rows.len(), more));
        assert_eq!(page(&[], 10, 1_000), Ok((5, false)));
        assert_eq!(page(&[], 2, 1_000), Ok((2, true)));
        assert_eq!(page(&[], 10, 25), Ok((3, true)), "the last row may pass the bytes");
        assert_eq!(page(&[3], 10, 1_000), Ok((2, false)));
        assert_eq!(page(&[9], 10, 1_000), Ok((0, false)));
    }
}

#[test]
fn a_visitor_sees_the_rows_as_they_were_and_may_stop() {
    for store in each(&small()) {
        for n in 0..5_u8 {
            put(&store, 1, &[n], b"v");
        }
        let mut seen = Vec::new();
        let visit = |key: &[u8], _: &[u8]| {
            put(&store, 1, b"later", b"v");
            seen.push(key.to_vec());
            key != [3]
        };
        store.for_each(1, &[1], &[], visit).unwrap();
        assert_eq!(seen, [[1], [2], [3]]);
        let mut all = 0;
        let count = |_: &[u8], _: &[u8]| {
            put(&store, 1, &[200 + all], b"v");
            all += 1;
            true
        };
        store.for_each(1, &[], &[], count).unwrap();
        assert_eq!(all, 6);
    }
}

#[test]
fn a_damaged_store_is_renewed_once_and_views_of_the_old_one_end() {
    let directory = tempfile::tempdir().unwrap();
    for store in each(&small()).into_iter().chain([Store::open(directory.path(), &small()).unwrap()]) {
        let store = Arc::new(store);
        let generation = store.generation();
        let (old, other) = (View::new(store.clone()), View::new(store.clone()));
        put(&store, 0, b"k", b"v");
        put(&store, 7, b"k", b"v");
        assert_eq!(old.get_with(0, b"k", <[u8]>::to_vec), Ok(Some(b"v".to_vec())));
        assert_eq!(store.renew(generation), Ok(true));
        assert_eq!(store.renew(generation), Ok(false), "somebody was faster");
        assert_eq!(old.get_with(0, b"k", <[u8]>::len), Err(Error::Renewed));
        assert_eq!(other.scan(0, &[], &[], 1), Err(Error::Renewed));
        assert_eq!(other.write(0, [(b"k", Some(b"late"))]), Err(Error::Renewed));
        assert_eq!((store.get(0, b"k"), store.get(7, b"k")), (Ok(None), Ok(None)));
        let new = View::new(store.clone());
        new.write(0, [(b"k", Some(b"new"))]).unwrap();
        assert_eq!(store.get(0, b"k"), Ok(Some(b"new".to_vec())));
    }
    let store = Store::open(directory.path(), &small()).unwrap();
    assert_eq!(store.get(7, b"k"), Ok(None), "it is gone from the disk too");
}

#[test]
fn a_full_disk_refuses_whole_writes_and_goes_on_when_there_is_room() {
    let free = Arc::new(AtomicU64::new(1_000_000));
    let seen = free.clone();
    let free_bytes: klamm_store::FreeBytes = Arc::new(move || Some(seen.load(Ordering::SeqCst)));
    let settings = Settings { reserve_bytes: 10_000, free_bytes: Some(free_bytes), ..small() };
    for store in each(&settings) {
        free.store(1_000_000, Ordering::SeqCst);
        put(&store, 0, b"a", b"1");
        free.store(10_500, Ordering::SeqCst);
        let rows = || [(b"a", Some(vec![2; 600])), (b"b", Some(vec![2; 1]))];
        assert!(matches!(store.write(0, rows()), Err(Error::Full { .. })));
        assert_eq!(store.scan(0, &[], &[], 10).unwrap(), [row(b"a", b"1")]);
        free.store(20_000, Ordering::SeqCst);
        store.write(0, rows()).unwrap();
        assert_eq!(store.scan(0, &[], &[], 10).unwrap().len(), 2);
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
        for store in each(&small()) {
            let mut model: BTreeMap<(u16, Vec<u8>), Vec<u8>> = BTreeMap::new();
            for step in &steps {
                match step {
                    Step::Write(partition, rows) => {
                        store.write(*partition, rows.iter().map(|(key, value)| (key, value.map(|value| [value])))).unwrap();
                        for (key, value) in rows {
                            match value {
                                Some(value) => drop(model.insert((*partition, key.clone()), vec![*value])),
                                None => drop(model.remove(&(*partition, key.clone()))),
                            }
                        }
                    }
                    Step::Scan(partition, from, to, limit) => {
                        let inside = model.iter().filter(|((of, key), _)| of == partition && key >= from && (to.is_empty() || key < to));
                        let mut rows: Vec<_> = inside.map(|((_, key), value)| (key.clone(), value.clone())).collect();
                        let reversed: Vec<_> = rows.iter().rev().take(*limit).cloned().collect();
                        rows.truncate(*limit);
                        prop_assert_eq!(store.scan(*partition, from, to, *limit).unwrap(), rows);
                        prop_assert_eq!(store.scan_reverse(*partition, from, to, *limit).unwrap(), reversed);
                    }
                    Step::Get(partition, key) => {
                        let got = store.get(*partition, key).unwrap();
                        prop_assert_eq!(got, model.get(&(*partition, key.clone())).cloned());
                    }
                    Step::Clear(partition) => {
                        store.clear(*partition).unwrap();
                        model.retain(|(of, _), _| of != partition);
                    }
                    Step::Flush => store.flush().unwrap(),
                }
            }
        }
    }
}
