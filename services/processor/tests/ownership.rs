//! Two processes over one log: who was overtaken says so, commits nothing and answers nothing; nothing is lost or doubled.

use std::{sync::Arc, time::Duration};

use klamm_engine::{Topics, topic};
use klamm_log::{EmbeddedLog, Log, Offset, ReadLimit, SystemClock, embedded::Settings as LogSettings};
use klamm_messages::klamm::v1::{ClusterCommand, Command, RegisterNamespace, cluster_command, command::Body};
use klamm_processor::{
    Backend, Config, Lease, Processor,
    backend::{Error, Poll, TaskQueueSide},
    lease::boot_ms,
};
use klamm_store::{Settings as StoreSettings, Store};

const PARTITIONS: u32 = 4;

fn topics() -> Topics {
    Topics::new("klamm.", PARTITIONS)
}

fn log() -> Arc<dyn Log> {
    let log = EmbeddedLog::in_memory(Arc::new(SystemClock), LogSettings::default()).expect("a log");
    log.ensure_topics(&topics().specs()).expect("topics");
    Arc::new(log)
}

fn store() -> Arc<Store> {
    Arc::new(Store::in_memory(&StoreSettings::default()).expect("a store"))
}

/// A process with a store of its own.
fn start(log: &Arc<dyn Log>, member: &str) -> Arc<Processor> {
    let (processor, _) = Processor::start(Config::new(topics(), member.to_owned()), log.clone(), store()).expect("a processor");
    Arc::new(processor)
}

fn registration(name: &str) -> Box<Command> {
    let retention = Some(klamm_machine::time::to_proto(Duration::from_secs(86_400)));
    let register = RegisterNamespace { name: name.to_owned(), id: format!("id of {name}"), retention, ..RegisterNamespace::default() };
    Box::new(Command {
        version: 1,
        workflow_id: name.to_owned(),
        body: Some(Body::Cluster(ClusterCommand { command: Some(cluster_command::Command::RegisterNamespace(register)) })),
        ..Command::default()
    })
}

/// Keys of all records of a topic's partition, klamm's own left out.
fn keys(log: &dyn Log, name: &str, partition: u32) -> Vec<String> {
    let mut from: Offset = 0;
    let mut keys = Vec::new();
    loop {
        let read = log.read(&topics().full(name), partition, from, ReadLimit::default()).expect("a read");
        keys.extend(
            read.records.iter().map(|stored| String::from_utf8_lossy(stored.record.key.as_deref().unwrap_or_default()).into_owned()),
        );
        from = read.next_offset;
        if from >= read.end_offset {
            return keys.into_iter().filter(|key| !key.starts_with('~')).collect();
        }
    }
}

#[tokio::test]
async fn the_owner_that_was_overtaken_gives_up_and_the_new_one_knows_all() {
    let log = log();
    let first = start(&log, "first");
    first.submit(registration("before")).await.expect("accepted");
    // Not committed yet: the new owner has it from the command log.
    let second = start(&log, "second");
    assert!(second.namespaces().contains_key("before"));
    second.submit(registration("after")).await.expect("accepted");

    let refused = first.submit(registration("too late")).await.expect_err("it owns no more");
    assert!(matches!(&refused, Error::Unavailable(reason) if reason.contains("taken over by second")), "{refused}");
    assert!(first.ownership().lost().is_some());
    assert!(!first.commit(0, true), "it commits nothing");
    // Its command stands on the log all the same: whoever owns decides it.
    second.commit(0, true);
    second.submit(registration("one more")).await.expect("accepted");
    assert!(second.namespaces().contains_key("too late"));
    second.commit(0, true);
    assert_eq!(keys(&*log, topic::CLUSTER, 0), ["before", "after", "too late", "one more"].map(|name| format!("namespace/{name}")));
}

#[tokio::test]
async fn a_zombie_that_wakes_in_mid_transaction_is_fenced() {
    let log = log();
    let zombie = start(&log, "zombie");
    zombie.submit(registration("before")).await.expect("accepted");
    let owner = start(&log, "owner");
    // It has not read the take-over record: it goes straight into its commit.
    zombie.commit(0, true);
    assert!(zombie.ownership().lost().is_some(), "fenced, it looked who owns");
    owner.commit(0, true);
    assert_eq!(keys(&*log, topic::CLUSTER, 0), ["namespace/before"], "once");
}

#[tokio::test]
async fn an_older_owner_that_woke_late_does_not_stop_the_newer_one() {
    let log = log();
    let owner = start(&log, "owner");
    owner.submit(registration("kept")).await.expect("accepted");
    // Somebody whose take-over record is older comes to its fencing only now.
    let _late = log.transactional(&topics().transactional_id(0)).expect("a holder");
    // Fenced, it looks who owns; then it makes a holder anew and settles; then it commits again.
    for _ in 0..3 {
        owner.commit(0, true);
        assert_eq!(owner.ownership().lost(), None, "its own record is the newest");
    }
    assert_eq!(keys(&*log, topic::CLUSTER, 0), ["namespace/kept"]);
}

#[tokio::test]
async fn when_bids_cross_at_most_one_owns_and_the_next_one_finds_everything() {
    for round in 0..20 {
        let log = log();
        let first = start(&log, "first");
        first.submit(registration("kept")).await.expect("accepted");
        let starting = ["left", "right"].map(|member| {
            let log = log.clone();
            std::thread::spawn(move || {
                let config = Config::new(topics(), member.to_owned());
                Processor::start(config, log, store()).map(|(processor, _)| (member, Arc::new(processor)))
            })
        });
        // A bidder may find itself overtaken while it still recovers: then there is none.
        let bidders: Vec<_> = starting.into_iter().filter_map(|thread| thread.join().expect("no panic").ok()).collect();
        // A round of everybody's committer: reads what stands there, and commits.
        for _ in 0..2 {
            for (_, processor) in bidders.iter().chain([&("first", first.clone())]) {
                for partition in 0..PARTITIONS {
                    processor.commit(partition, true);
                }
                let _ = processor.submit(registration(&format!("round {round}"))).await;
            }
        }
        // Whoever has started and whose bids are the newest everywhere owns.
        let newest = newest_bids(&*log);
        let owners: Vec<_> =
            bidders.iter().filter(|(_, processor)| processor.ownership().lost().is_none()).map(|(name, _)| *name).collect();
        let mut expected = bidders.iter().map(|(name, _)| *name).filter(|name| newest.iter().all(|bidder| bidder == name));
        assert!(owners.len() <= 1, "{owners:?} own");
        assert!(expected.all(|name| owners == [name]), "{owners:?} own, the newest bids are of {newest:?}");
        assert!(first.ownership().lost().is_some());

        let last = start(&log, "last");
        assert!(last.namespaces().contains_key("kept"));
        last.submit(registration("of the last")).await.expect("the owner takes commands");
        // Those before it come once more. An owner that is fenced looks who owns, makes a holder anew, and commits again.
        for (_, processor) in &bidders {
            processor.commit(0, true);
            processor.submit(registration("of nobody")).await.expect_err("it owns no more");
        }
        for _ in 0..3 {
            last.commit(0, true);
        }
        assert_eq!(last.ownership().lost(), None, "there is an owner in the end");
        assert!(bidders.iter().all(|(_, processor)| processor.ownership().lost().is_some()), "and no other");
        let standing = keys(&*log, topic::CLUSTER, 0);
        for kept in ["namespace/kept", "namespace/of the last"] {
            assert_eq!(standing.iter().filter(|key| *key == kept).count(), 1, "{kept}: {standing:?}");
        }
    }
}

/// Who wrote the newest take-over record of each partition.
fn newest_bids(log: &dyn Log) -> Vec<String> {
    let newest = |partition| {
        let commands = topics().full(topic::COMMANDS);
        let read = log.read(&commands, partition, 0, ReadLimit::default()).expect("a read");
        let bidder = |value: &[u8]| match klamm_avro::frame::decode::<Command>(value).expect("a command").body {
            Some(Body::TakeOver(take_over)) => Some(take_over.member),
            _ => None,
        };
        read.records.iter().rev().find_map(|stored| bidder(stored.record.value.as_deref()?)).expect("somebody has bid")
    };
    (0..PARTITIONS).map(newest).collect()
}

#[tokio::test]
async fn polls_that_wait_end_unavailable_when_the_partitions_are_lost() {
    let log = log();
    let processor = start(&log, "first");
    let poll = Poll {
        namespace: "default".to_owned(),
        task_queue: klamm_messages::temporal::taskqueue::v1::TaskQueue { name: "q".to_owned(), ..Default::default() },
        identity: "worker".to_owned(),
        worker_version: None,
        worker_instance_key: String::new(),
        max_tasks_per_second: None,
        deadline: std::time::Instant::now() + Duration::from_secs(60),
    };
    let polling = tokio::spawn({
        let processor = processor.clone();
        async move { processor.poll_workflow_task(poll).await.map(drop) }
    });
    while processor.describe_task_queue("default", "q", TaskQueueSide::Workflow).pollers.is_empty() {
        tokio::task::yield_now().await;
    }
    processor.lose("Overtaken.".to_owned());
    assert_eq!(polling.await.expect("no panic"), Err(Error::Unavailable("Overtaken.".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn reads_wait_for_the_lease_and_commands_do_not() {
    let log = log();
    let lease = Lease::ended();
    let config = Config { lease: lease.clone(), ..Config::new(topics(), "first".to_owned()) };
    let (processor, _) = Processor::start(config, log, store()).expect("a processor");
    let processor = Arc::new(processor);
    processor.submit(registration("kept")).await.expect("the order on the log is the same for all");
    let refused = processor.run("kept", "any", "").await.expect_err("no lease for long");
    assert!(matches!(refused, Error::Unavailable(_)), "{refused}");
    let extending = async {
        tokio::time::sleep(Duration::from_secs(4)).await;
        lease.extend(boot_ms() + 60_000);
    };
    let (read, ()) = tokio::join!(processor.run("kept", "any", ""), extending);
    assert!(read.expect("a read, as soon as the lease is there").is_none());
}
