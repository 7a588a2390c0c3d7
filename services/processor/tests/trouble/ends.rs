//! Partitions that end, or are built anew again and again: what they leave behind, and how often it is tried.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use klamm_log::{
    Error as LogError,
    memory::{Fault, Operation},
};
use klamm_processor::{Backend, Committer, Config, Intervals, backend::Error};

use super::{await_until, config, logs, registration, start};

fn quick() -> Intervals {
    Intervals { batch: Duration::from_millis(5), ..Intervals::default() }
}

#[tokio::test]
async fn what_a_partition_held_counts_no_more_once_it_has_stopped() {
    let (_, gated) = logs();
    let config = config();
    let processor = start(&config, gated);
    processor.submit(Box::new(registration("kept", 100_000))).await.expect("accepted");
    assert!(processor.uncommitted_bytes() > 100_000);
    assert!(config.supervisor.panic_in("partition/0"));
    let told = processor.submit(Box::new(registration("late", 0))).await.expect_err("its partition panics");
    assert!(matches!(&told, Error::Unavailable(reason) if reason.contains("Partition 0 has stopped: a panic")), "{told}");
    assert_eq!(processor.uncommitted_bytes(), 0);
    assert!(!processor.commit(0, true), "it commits nothing any more");
}

#[tokio::test]
async fn a_process_that_has_lost_its_partitions_says_nothing_about_them() {
    let (_, gated) = logs();
    // It takes more than that.
    let config = Config { memory_limit: Some(1 << 20), ..config() };
    let health = config.supervisor.health().clone();
    let processor = start(&config, gated.clone());
    let committer = Committer::start(processor.clone(), quick()).expect("a thread");
    gated.complain("the log is no good");
    let told = |source: &str| health.reasons().into_iter().any(|reason| reason.source == source);
    await_until("memory and the log are told of", || told("memory") && told("log"));
    processor.lose("Overtaken.".to_owned());
    drop(committer);
    assert_eq!(health.reasons(), []);
}

#[tokio::test]
async fn a_partition_that_cannot_be_rebuilt_is_tried_less_and_less_often() {
    let (memory, gated) = logs();
    let processor = start(&config(), gated);
    let tries = Arc::new(AtomicUsize::new(0));
    let counted = tries.clone();
    memory.set_fault_hook(Some(Box::new(move |operation| match operation {
        // One of its commands has to be passed over, so it is built anew…
        Operation::Commit { outputs, .. } => {
            let refused = outputs.iter().find(|output| output.topic.ends_with("cluster"))?;
            let size = refused.record.size();
            Some(Fault::Refuse(LogError::TooLarge { topic: refused.topic.to_string(), size, limit: size - 1 }))
        }
        // …which fails for now.
        Operation::Initialize { .. } => {
            counted.fetch_add(1, Ordering::SeqCst);
            Some(Fault::unavailable())
        }
        _ => None,
    })));
    processor.submit(Box::new(registration("too large", 0))).await.expect("the command log takes it");
    let committer = Committer::start(processor.clone(), quick()).expect("a thread");
    await_until("it is tried", || tries.load(Ordering::SeqCst) > 0);
    thread::sleep(Duration::from_millis(1_000));
    // At once, after 250 ms, after 500 ms more.
    let tried = tries.load(Ordering::SeqCst);
    assert!((2..=3).contains(&tried), "{tried} tries in a second");
    memory.set_fault_hook(None);
    await_until("it is mended in the end", || processor.failure().is_none());
    processor.submit(Box::new(registration("after", 0))).await.expect("it works again");
    assert!(!processor.namespaces().contains_key("too large"), "the command was passed over");
    drop(committer);
}
