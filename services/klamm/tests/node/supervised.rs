//! Every part of a process is made to panic: it runs again, or what it worked on stops and says so.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use klamm_engine::Topics;
use klamm_log::{EmbeddedLog, Log, SystemClock, embedded::Settings as LogSettings};
use klamm_supervise::{Reason, Severity, Supervisor};

use super::{PATIENCE, insist_on_start, start_supervised, topics};

/// Parts that begin anew. A part that is new in the process belongs here, or to those that stop something.
const RUN_AGAIN: &[&str] = &[
    "batch",
    "callbacks/0",
    "callbacks/1",
    "care",
    "cleaner",
    "committer",
    "destinations",
    "log-housekeeper",
    "members",
    "memory",
    "reclaimer",
    "requests/0",
    "requests/1",
    "scheduler/0",
    "scheduler/1",
    "standby",
    "topics-watcher",
    "triggers/0",
    "triggers/1",
    "visibility-feeder",
];
/// What is in doubt when these panic: a partition stops.
const STOP_A_PARTITION: &[(&str, &str)] = &[("sends/0", "partition 0"), ("partition/1", "partition 1")];
/// They come round only when there is something to read that is not at hand; the processor's own tests kill them.
const WAIT_FOR_WORK: &[&str] = &["log-reader/0", "log-reader/1"];

fn log(supervisor: &Supervisor) -> Arc<dyn Log> {
    let housekeeping_interval = Some(Duration::from_millis(50));
    let settings = LogSettings { supervisor: supervisor.clone(), housekeeping_interval, ..LogSettings::default() };
    let log = EmbeddedLog::in_memory(Arc::new(SystemClock), settings).expect("a log");
    log.ensure_topics(&topics().specs()).expect("topics");
    Arc::new(log)
}

/// The reason that `source` gives, once it gives one.
async fn reason_of(supervisor: &Supervisor, source: &str) -> Reason {
    let deadline = Instant::now() + PATIENCE;
    loop {
        supervisor.look();
        if let Some(reason) = supervisor.health().reasons().into_iter().find(|reason| reason.source == source) {
            return reason;
        }
        assert!(Instant::now() < deadline, "{source} says nothing: {:?}", supervisor.health().reasons());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_part_that_panics_runs_again_or_says_what_has_stopped() {
    let supervisor = Supervisor::default();
    let log = log(&supervisor);
    let node = start_supervised(&log, supervisor.clone()).await;
    node.healthy().await;
    let mut client = node.client().await;
    insist_on_start(&mut client, "before").await;

    let stopping = STOP_A_PARTITION.iter().map(|(part, _)| *part).chain(["partition/0", "sends/1"]);
    let mut known: Vec<_> = RUN_AGAIN.iter().chain(WAIT_FOR_WORK).copied().chain(stopping).collect();
    known.sort_unstable();
    // A task that was begun may have its first turn later than the partition has answered.
    let deadline = Instant::now() + PATIENCE;
    while supervisor.running() != known && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(supervisor.running(), known, "every part is killed by this test");

    for name in RUN_AGAIN {
        assert!(supervisor.panic_in(name));
        let reason = reason_of(&supervisor, name).await;
        assert_eq!(reason.severity, Severity::Warning, "{reason:?}");
        assert!(reason.text.contains("panicked and runs again: a test asked for this panic"), "{reason:?}");
        assert!(supervisor.running().iter().any(|running| running == name), "{name}");
        insist_on_start(&mut client, name).await;
        assert!(supervisor.health().is_live());
    }
    // Whatever they do, they do it again: the list index, the topics, the beats, of which another one would have heard.
    node.healthy().await;
    assert_eq!(supervisor.running(), known);

    for (name, stopped) in STOP_A_PARTITION {
        assert!(supervisor.panic_in(name));
        let reason = reason_of(&supervisor, stopped).await;
        assert_eq!(reason.severity, Severity::Failure, "{reason:?}");
        assert!(reason.text.contains("a test asked for this panic"), "{reason:?}");
        assert!(!supervisor.health().is_ready() && supervisor.health().is_live());
    }
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_committer_that_panicked_commits_on() {
    let supervisor = Supervisor::default();
    let log = log(&supervisor);
    let node = start_supervised(&log, supervisor.clone()).await;
    node.healthy().await;
    let mut client = node.client().await;
    let history = Topics::new("klamm.", 2).full("history");
    let ends = || (0..2).map(|partition| log.end_offset(&history, partition).expect("an end")).sum::<i64>();
    for round in 0..5 {
        assert!(supervisor.panic_in("committer"));
        let before = ends();
        insist_on_start(&mut client, &format!("round {round}")).await;
        let deadline = Instant::now() + PATIENCE;
        while ends() == before {
            assert!(Instant::now() < deadline, "nothing is committed any more");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    node.stop().await;
}
