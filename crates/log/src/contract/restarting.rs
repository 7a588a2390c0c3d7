//! What a new process finds after another one died.

use super::harness::{Harness, append, kept, output, record, texts};

pub(super) fn acknowledged_records_survive_a_restart(harness: &mut dyn Harness) {
    let topic = kept(harness, "surviving", 2);
    let id = harness.topic_name("id");
    let mut expected = [Vec::new(), Vec::new()];
    for round in 0..4 {
        let log = harness.log();
        let mut producer = log.transactional(&id).unwrap();
        for n in 0..50 {
            let value = format!("{round}.{n}");
            let offset = append(&*log, &topic, 0, record("a", &value));
            expected[0].push((offset, "a".to_owned(), Some(value.clone())));
            let offsets = producer.commit(vec![output(&topic, 0, record("c", &value)), output(&topic, 1, record("c", &value))]).unwrap();
            for (rows, offset) in expected.iter_mut().zip(offsets) {
                rows.push((offset, "c".to_owned(), Some(value.clone())));
            }
        }
        drop((producer, log));
        harness.restart();
        let log = harness.log();
        assert_eq!([texts(&*log, &topic, 0), texts(&*log, &topic, 1)], expected);
    }
}

pub(super) fn bounds_survive_a_restart(harness: &mut dyn Harness) {
    let topic = kept(harness, "bounded", 1);
    for _ in 0..10 {
        append(&*harness.log(), &topic, 0, record("k", "v"));
    }
    let end = harness.log().end_offset(&topic, 0).unwrap();
    harness.log().trim(&topic, 0, 5).unwrap();
    harness.restart();
    let log = harness.log();
    assert_eq!((log.start_offset(&topic, 0), log.end_offset(&topic, 0)), (Ok(5), Ok(end)));
    assert_eq!(texts(&*log, &topic, 0).len(), 5);
    log.sync().unwrap();
}
