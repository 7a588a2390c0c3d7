//! Commits that fail: it is said, and what waits does not grow for ever.

use std::time::Duration;

use klamm_log::memory::{Fault, Operation};
use klamm_processor::{Backend, Committer, Config, Intervals, backend::Error};
use klamm_supervise::Severity;

use super::{await_until, config, logs, registration, start};

const KIB: usize = 1024;

#[tokio::test]
async fn commits_that_fail_for_long_make_the_process_unready_until_they_succeed() {
    let (memory, gated) = logs();
    let config = config();
    let health = config.supervisor.health();
    let processor = start(&config, gated);
    let intervals = Intervals { batch: Duration::from_millis(5), commit_trouble: Duration::from_millis(100), ..Intervals::default() };
    let committer = Committer::start(processor.clone(), intervals).expect("a thread");
    memory.set_fault_hook(Some(Box::new(|operation| matches!(operation, Operation::Commit { .. }).then(Fault::unavailable))));
    processor.submit(Box::new(registration("kept", 0))).await.expect("the command log takes it");
    await_until("health says so", || !health.is_ready());
    let reason = health.reasons().into_iter().next().expect("a reason");
    assert_eq!((reason.source.as_str(), reason.severity), ("commits", Severity::Failure));
    assert!(
        reason.text.starts_with("What partition 0 has changed could not be written for more than 0 s: log unavailable"),
        "{}",
        reason.text
    );
    memory.set_fault_hook(None);
    await_until("it is written, and health says so", || health.is_ready());
    drop(committer);
}

#[tokio::test]
async fn what_cannot_be_committed_takes_no_more_memory_than_it_may() {
    let (memory, gated) = logs();
    let config = Config { uncommitted_bytes_max: 512 * KIB, ..config() };
    let processor = start(&config, gated);
    memory.set_fault_hook(Some(Box::new(|operation| matches!(operation, Operation::Commit { .. }).then(Fault::unavailable))));
    let mut taken = 0;
    let refused = loop {
        match processor.submit(Box::new(registration(&format!("n{taken}"), 16 * KIB))).await {
            Ok(_) => taken += 1,
            Err(error) => break error,
        }
        // A batch is under way from the first on: it counts, too.
        processor.commit(0, true);
        assert!(taken < 1_000, "there is no end");
    };
    assert!(matches!(refused, Error::Exhausted(_)), "{refused}");
    // Each is held at least twice: as an output, and as a row.
    assert!((8..=16).contains(&taken), "{taken} of 16 KiB each were taken");
    assert!(processor.uncommitted_bytes() < 640 * KIB, "{} bytes", processor.uncommitted_bytes());

    memory.set_fault_hook(None);
    processor.commit(0, true);
    processor.submit(Box::new(registration("after", 16 * KIB))).await.expect("there is room again");
    while processor.commit(0, true) {}
    assert_eq!(processor.uncommitted_bytes(), 0);
}
