//! Topics of stream task queues that are meant by a pattern: each is made when its first task comes, and one that cannot be made holds up nobody.

use std::{sync::Arc, time::Duration};

use klamm_engine::{NamespaceTopic, Topics};
use klamm_log::{Error as LogError, Log};
use klamm_messages::{
    klamm::v1::CommandSettings,
    temporal::{command::v1::ScheduleActivityTaskCommandAttributes, common::v1::ActivityType},
};
use klamm_processor::{Config, Processor};

use super::{
    PATIENCE, await_until, config, logs,
    publishing::{queue, records, schedule},
    start,
};

fn streaming() -> Config {
    let topics: Topics =
        config().topics.with_namespaces([NamespaceTopic { partitions: Some(3), ..NamespaceTopic::tasks("shop", "ship-*") }]);
    Config { topics, ..config() }
}

/// A workflow schedules an activity on the queue.
async fn ship(processor: &Processor, id: &str, task_queue: &str) {
    let activity = ScheduleActivityTaskCommandAttributes {
        activity_id: "1".to_owned(),
        activity_type: Some(ActivityType { name: "Ship".to_owned() }),
        task_queue: queue(task_queue),
        start_to_close_timeout: Some(prost_types::Duration { seconds: 10, nanos: 0 }),
        ..ScheduleActivityTaskCommandAttributes::default()
    };
    let settings = CommandSettings { stream_queues: vec!["ship-*".to_owned()], ..CommandSettings::default() };
    schedule(processor, id, Some(settings), activity).await;
}

/// Commits until nothing waits.
async fn commit_all(processor: &Arc<Processor>) {
    let committing = async {
        while processor.uncommitted_bytes() > 0 {
            let processor = processor.clone();
            let commit = move || (0..2).filter(|partition| processor.commit(*partition, true)).count();
            tokio::task::spawn_blocking(commit).await.expect("no panic");
        }
    };
    tokio::time::timeout(PATIENCE, committing).await.expect("everything is written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_of_a_pattern_is_made_for_its_first_task_as_soon_as_it_can_be() {
    let (memory, gated) = logs();
    let config = streaming();
    let processor = start(&config, gated.clone());
    let sending = tokio::spawn(klamm_processor::awaiting_sends::run(processor.clone()));
    gated.refuse_topics(Some(LogError::Unavailable { reason: "no answer".to_owned() }));
    ship(&processor, "a", "ship-eu").await;
    let committed = tokio::time::timeout(Duration::from_millis(100), commit_all(&processor)).await;
    assert!(committed.is_err(), "the transaction waits until the task is on its topic");
    gated.refuse_topics(None);
    commit_all(&processor).await;
    ship(&processor, "b", "ship-eu").await;
    ship(&processor, "c", "ship-us").await;
    ship(&processor, "d", "other").await;
    commit_all(&processor).await;
    let count = |topic: &str| records(&memory, topic).len();
    assert_eq!((count("klamm.tasks.shop.ship-eu"), count("klamm.tasks.shop.ship-us")), (2, 1));
    assert_eq!(memory.topic("klamm.tasks.shop.ship-us").expect("a topic").spec.partitions, 3);
    assert!(memory.topic("klamm.tasks.shop.other").is_err());
    assert_eq!(config.supervisor.health().reasons().iter().filter(|reason| reason.source.starts_with("tasks/")).count(), 0);
    sending.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_cannot_be_made_holds_up_nobody_and_is_asked_for_again() {
    let (memory, gated) = logs();
    let config = streaming();
    let processor = start(&config, gated.clone());
    let sending = tokio::spawn(klamm_processor::awaiting_sends::run(processor.clone()));
    let denied = LogError::Denied {
        operation: "create topic".to_owned(),
        reason: "not authorized".to_owned(),
        remedy: "allow it".to_owned(),
        topic: None,
    };
    gated.refuse_topics(Some(denied));
    ship(&processor, "a", "ship-eu").await;
    commit_all(&processor).await;
    let reasons = config.supervisor.health().reasons();
    let told = reasons.iter().find(|reason| reason.source == "tasks/klamm.tasks.shop.ship-eu").expect("health says so");
    assert!(told.text.contains("not authorized"), "{}", told.text);
    gated.refuse_topics(None);
    ship(&processor, "b", "ship-eu").await;
    commit_all(&processor).await;
    assert_eq!(records(&memory, "klamm.tasks.shop.ship-eu").len(), 1, "that of the second workflow");
    assert!(!config.supervisor.health().reasons().iter().any(|reason| reason.source.starts_with("tasks/")));
    sending.abort();
}

#[tokio::test]
async fn tasks_of_a_pattern_that_were_not_sent_are_sent_by_the_next_owner() {
    let (memory, gated) = logs();
    let config = streaming();
    let processor = start(&config, gated.clone());
    gated.refuse_topics(Some(LogError::Unavailable { reason: "no answer".to_owned() }));
    ship(&processor, "a", "ship-eu").await;
    await_until("the topic is asked for", || gated.refused() > 0);
    drop(processor);
    gated.refuse_topics(None);
    let next = start(&config, gated);
    assert_eq!(records(&memory, "klamm.tasks.shop.ship-eu").len(), 1);
    for partition in 0..2 {
        assert_eq!(next.verify(partition).expect("verified").differences, Vec::<String>::new());
    }
}
