//! Waiting for records.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Wake, Waker},
    time::{Duration, Instant},
};

use super::harness::{Harness, append, kept, output, record};
use crate::wait::wait_any;

/// Longer than any provider takes.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn waiting_ends_with_a_record_or_the_time(harness: &mut dyn Harness) {
    let topic = kept(harness, "waited-for", 2);
    let log = harness.log();
    let began = Instant::now();
    assert_eq!(log.wait(&topic, 0, 0, Duration::from_millis(30)), Ok(false));
    assert!(began.elapsed() >= Duration::from_millis(30));
    assert_eq!(log.wait(&topic, 0, 0, Duration::ZERO), Ok(false));

    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| log.wait(&topic, 0, 1, PATIENCE));
        append(&*log, &topic, 0, record("k", "offset 0 isn't enough"));
        append(&*log, &topic, 0, record("k", "v"));
        assert_eq!(waiting.join().unwrap(), Ok(true));
    });
    assert_eq!(log.wait(&topic, 0, 1, Duration::ZERO), Ok(true));
    assert_eq!(log.wait(&topic, 0, 2, Duration::ZERO), Ok(false));

    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| wait_any(&*log, &[(&topic, 0, 2), (&topic, 1, 0)], PATIENCE));
        append(&*log, &topic, 1, record("k", "v"));
        assert_eq!(waiting.join().unwrap(), Ok(true));
    });
}

struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

pub(super) fn a_waker_is_woken_by_append_and_commit(harness: &mut dyn Harness) {
    let topic = kept(harness, "woken", 1);
    let log = harness.log();
    let mut producer = log.transactional(&harness.topic_name("id")).unwrap();
    let count = Arc::new(Count(AtomicUsize::new(0)));
    let waker = Waker::from(count.clone());
    let await_count = |wanted: usize| {
        let deadline = Instant::now() + PATIENCE;
        while count.0.load(Ordering::SeqCst) < wanted {
            assert!(Instant::now() < deadline, "the waker wasn't woken");
            std::thread::yield_now();
        }
    };
    assert_eq!(log.readable(&topic, 0, 0, &waker), Ok(false));
    append(&*log, &topic, 0, record("k", "v"));
    await_count(1);
    let end = log.end_offset(&topic, 0).unwrap();
    assert_eq!(log.readable(&topic, 0, end - 1, &waker), Ok(true));
    assert_eq!(log.readable(&topic, 0, end, &waker), Ok(false));
    producer.commit(vec![output(&topic, 0, record("k", "v"))]).unwrap();
    await_count(2);
}
