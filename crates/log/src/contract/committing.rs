//! Transactions.

use super::harness::{Harness, append, kept, make, output, read_all, record, texts};
use crate::{Error, Record, TopicSpec};

pub(super) fn commits_reach_all_their_partitions_in_order(harness: &mut dyn Harness) {
    let (first, second) = (kept(harness, "first", 2), kept(harness, "second", 1));
    let log = harness.log();
    let mut producer = log.transactional(&harness.topic_name("id")).unwrap();
    assert_eq!(producer.commit(vec![]), Ok(vec![]));
    let mut expected = Vec::new();
    for round in 0..5 {
        append(&*log, &first, 1, record("other", "x"));
        let places = [(&first, 1), (&second, 0), (&first, 1), (&first, 0), (&second, 0), (&first, 1)];
        let outputs =
            places.iter().enumerate().map(|(n, (topic, partition))| output(topic, *partition, record("k", &format!("{round}.{n}"))));
        let offsets = producer.commit(outputs.collect()).unwrap();
        assert_eq!(offsets.len(), places.len());
        for (n, ((topic, partition), offset)) in places.iter().zip(offsets).enumerate() {
            expected.push(((*topic).clone(), *partition, offset, format!("{round}.{n}")));
        }
    }
    for (topic, partition) in [(&first, 0), (&first, 1), (&second, 0)] {
        let committed: Vec<_> = texts(&*log, topic, partition).into_iter().filter(|(_, key, _)| key == "k").collect();
        let wanted = expected.iter().filter(|(of, at, ..)| of == topic && *at == partition);
        assert_eq!(committed, wanted.map(|(.., offset, value)| (*offset, "k".to_owned(), Some(value.clone()))).collect::<Vec<_>>());
    }
    let times: Vec<_> = read_all(&*log, &first, 1).iter().map(|stored| stored.timestamp_ms).collect();
    assert!(times.is_sorted());
}

pub(super) fn refused_commits_write_nothing_anywhere(harness: &mut dyn Harness) {
    let topic = kept(harness, "whole", 2);
    let spec = TopicSpec { max_message_bytes: 1_000, ..TopicSpec::compacted(harness.topic_name("picky"), 1) };
    let picky = make(harness, spec);
    let log = harness.log();
    let mut producer = log.transactional(&harness.topic_name("id")).unwrap();
    let good = || output(&topic, 0, record("k", "v"));
    let large = output(&picky, 0, Record::new("k", vec![0; 2_000]));
    assert!(matches!(producer.commit(vec![good(), large, good()]), Err(Error::TooLarge { limit: 1_000, .. })));
    let keyless = output(&picky, 0, Record::default());
    assert!(matches!(producer.commit(vec![good(), keyless]), Err(Error::Invalid { .. })));
    assert_eq!((log.end_offset(&topic, 0), log.end_offset(&picky, 0)), (Ok(0), Ok(0)));
    // The limit is for single records, not for their sum.
    let many = (0..10).map(|_| output(&picky, 0, Record::new("k", vec![0; 500])));
    assert_eq!(producer.commit(many.chain([good()]).collect()).map(|offsets| offsets.len()), Ok(11));
    assert_eq!((read_all(&*log, &picky, 0).len(), read_all(&*log, &topic, 0).len()), (10, 1));
}

pub(super) fn a_new_holder_fences_the_old_one(harness: &mut dyn Harness) {
    let topic = kept(harness, "fenced", 1);
    let id = harness.topic_name("id");
    let log = harness.log();
    let mut old = log.transactional(&id).unwrap();
    // To prepare for holding the id does not fence the holder.
    log.prepare_transactional(vec![id.clone()]);
    old.commit(vec![output(&topic, 0, record("k", "old"))]).unwrap();
    let mut new = log.transactional(&id).unwrap();
    let end = log.end_offset(&topic, 0).unwrap();
    for _ in 0..2 {
        assert!(matches!(old.commit(vec![output(&topic, 0, record("k", "late"))]), Err(Error::Fenced { .. })));
        assert_eq!(log.end_offset(&topic, 0), Ok(end));
    }
    new.commit(vec![output(&topic, 0, record("k", "new"))]).unwrap();
    drop((old, new, log));
    harness.restart();
    let log = harness.log();
    let mut newest = log.transactional(&id).unwrap();
    newest.commit(vec![output(&topic, 0, record("k", "newest"))]).unwrap();
    let values: Vec<_> = texts(&*log, &topic, 0).into_iter().filter_map(|(.., value)| value).collect();
    assert_eq!(values, ["old", "new", "newest"]);
}

pub(super) fn holders_of_different_ids_do_not_meet(harness: &mut dyn Harness) {
    let topic = kept(harness, "both", 1);
    let log = harness.log();
    let mut first = log.transactional(&harness.topic_name("id-1")).unwrap();
    let mut second = log.transactional(&harness.topic_name("id-2")).unwrap();
    for _ in 0..3 {
        first.commit(vec![output(&topic, 0, record("k", "1"))]).unwrap();
        second.commit(vec![output(&topic, 0, record("k", "2"))]).unwrap();
    }
    let values: Vec<_> = texts(&*log, &topic, 0).into_iter().filter_map(|(.., value)| value).collect();
    assert_eq!(values, ["1", "2", "1", "2", "1", "2"]);
}
