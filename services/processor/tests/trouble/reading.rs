//! Reads that take long: of commands, by whoever drives a partition, and of outputs, by `verify`.

use std::{thread, time::Duration};

use klamm_processor::{Backend, Committer, Intervals, Readers};

use super::{await_until, config, logs, registration, start};

const QUICK: Intervals = Intervals {
    batch: Duration::from_millis(5),
    idle_batch: Duration::from_secs(60),
    flush: Duration::from_secs(30),
    clean: Duration::from_secs(3600),
    keep_commands: Duration::from_secs(3600),
    commit_trouble: Duration::from_secs(30),
    transactions_per_second: None,
    prompt: None,
};

#[tokio::test]
async fn a_broker_that_takes_its_time_holds_up_neither_the_runtime_nor_the_partition() {
    let (_, gated) = logs();
    let processor = start(&config(), gated.clone());
    let readers = Readers::start(processor.clone()).expect("threads");
    gated.close("commands");
    // On this test's only thread: it would stand still if the runtime's threads waited for the broker.
    let submitting = tokio::spawn({
        let processor = processor.clone();
        async move { processor.submit(Box::new(registration("late", 0))).await }
    });
    while gated.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    // The partition is read and committed meanwhile: nobody holds its lock.
    for workflow in 0..20 {
        assert!(processor.run("default", &workflow.to_string(), "").await.expect("a read").is_none());
    }
    assert!(!processor.commit(0, false), "there is nothing to commit, and nobody to wait for");
    gated.open();
    submitting.await.expect("no panic").expect("accepted as soon as it is read");
    assert!(processor.namespaces().contains_key("late"));
    drop(readers);
}

#[tokio::test]
async fn a_reading_thread_that_panics_reads_on() {
    let (_, gated) = logs();
    let config = config();
    let processor = start(&config, gated.clone());
    let readers = Readers::start(processor.clone()).expect("threads");
    let committer = Committer::start(processor.clone(), QUICK).expect("a thread");
    for name in ["log-reader/0", "log-reader/1"] {
        assert!(config.supervisor.panic_in(name));
    }
    gated.close("commands");
    let submitting = tokio::spawn({
        let processor = processor.clone();
        async move { processor.submit(Box::new(registration("late", 0))).await }
    });
    while gated.waiting() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    config.supervisor.look();
    let told = config.supervisor.health().reasons().into_iter().filter(|reason| reason.source.starts_with("log-reader/"));
    assert_eq!(told.count(), 2, "both have panicked, and read again");
    gated.open();
    submitting.await.expect("no panic").expect("accepted");
    drop((committer, readers));
}

#[tokio::test]
async fn verify_holds_up_nobody_and_ends_when_the_partitions_are_lost() {
    let (_, gated) = logs();
    let processor = start(&config(), gated.clone());
    for number in 0..10 {
        processor.submit(Box::new(registration(&format!("before-{number}"), 0))).await.expect("accepted");
    }
    let verified = processor.verify(0).expect("verified");
    assert_eq!((verified.rows, verified.differences), (10, Vec::new()));

    gated.close("cluster");
    let verifying = thread::spawn({
        let processor = processor.clone();
        move || processor.verify(0)
    });
    await_until("verify folds", || gated.waiting() > 0);
    // What comes meanwhile is taken and committed, and is no difference: the store is compared as it stood.
    for number in 0..10 {
        processor.submit(Box::new(registration(&format!("meanwhile-{number}"), 0))).await.expect("accepted while it is verified");
        assert!(processor.commit(0, true));
    }
    gated.open();
    let verified = verifying.join().expect("no panic").expect("verified");
    assert_eq!((verified.rows, verified.differences), (10, Vec::new()));
    assert_eq!(processor.verify(0).expect("verified").rows, 20);

    // Something waits for its transaction, and will wait for ever.
    processor.submit(Box::new(registration("never committed", 0))).await.expect("accepted");
    processor.lose("Overtaken.".to_owned());
    let verified = processor.verify(0).expect("it ends");
    assert_eq!((verified.rows, verified.differences), (20, Vec::new()));
}
