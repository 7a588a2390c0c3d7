//! A process that owns some of the partitions: each is gained and lost by itself.

use std::{collections::BTreeSet, time::Duration};

use klamm_processor::{
    Backend,
    backend::{Error, TaskQueueSide},
};
use klamm_scheduler::WakeSource;
use klamm_workflow::tables::RunKey;

use super::env::Env;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// A workflow id of each partition.
fn ids(env: &Env) -> Vec<String> {
    env.ids(1).into_iter().map(|(_, id)| id).collect()
}

/// The workflow ids of all tasks that wait.
async fn polled(env: &Env) -> BTreeSet<String> {
    let mut polled = BTreeSet::new();
    while let Some(task) = env.poll(SECOND).await.expect("polls serve all partitions that are here") {
        polled.insert(task.run.workflow_id);
    }
    polled
}

fn set(ids: &[&String]) -> BTreeSet<String> {
    ids.iter().map(|id| (*id).clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_process_answers_for_the_partitions_that_it_owns_and_for_no_other() {
    let env = Env::owning(&[0, 2]);
    let ids = ids(&env);
    for number in [0, 2] {
        env.start(&ids[number]).await.expect("started");
    }
    for number in [1, 3] {
        let refused = env.start(&ids[number]).await.expect_err("nobody owns it");
        assert_eq!(refused, Error::Unavailable(format!("This process does not own partition {number}; try again.")));
        let refused = env.processor.run("default", &ids[number], "").await.expect_err("nobody owns it");
        assert!(matches!(refused, Error::Unavailable(_)), "{refused}");
    }
    assert_eq!(env.processor.take_overs(), [0, -1, 0, -1]);
    assert_eq!(polled(&env).await, set(&[&ids[0], &ids[2]]));
    assert_eq!(env.processor.failure(), None, "nothing is wrong");

    let here = env.processor.partitions();
    env.processor.gain(&[1]).expect("it gains one more");
    assert!(here.has_changed().expect("the processor is there"), "the scheduler is told");
    env.start(&ids[1]).await.expect("started");
    assert_eq!(polled(&env).await, set(&[&ids[1]]));
}

#[tokio::test(start_paused = true)]
async fn a_partition_that_is_lost_takes_no_other_with_it() {
    let env = Env::owning(&[0, 1, 2, 3]);
    let ids = ids(&env);
    for id in &ids {
        env.start(id).await.expect("started");
    }
    let run = RunKey::new("default", &ids[2], format!("run of {}", ids[2]));
    let deadline = (tokio::time::Instant::now() + 10 * MINUTE).into_std();
    let waiting = tokio::spawn({
        let (processor, run) = (env.processor.clone(), run.clone());
        async move { processor.wait_for_event(&run, 100, deadline).await.map(drop) }
    });
    tokio::time::sleep(SECOND).await;
    let held = env.processor.uncommitted_bytes();
    env.processor.lose_partition(2, "It was given up.".to_owned());
    assert_eq!(waiting.await.expect("no panic"), Err(Error::Unavailable("It was given up.".to_owned())));
    assert!(env.processor.uncommitted_bytes() < held, "what it held is free");
    assert!(env.processor.ownership().lost().is_none());
    env.signal(&ids[2]).await.expect_err("it is not here");
    env.signal(&ids[3]).await.expect("others go on");

    let described = env.processor.describe_task_queue("default", "q", TaskQueueSide::Workflow);
    assert_eq!(described.total().backlog_count, 3, "its tasks are not offered any more");
    // Another process has it from its log, uncommitted as it was.
    let other = env.another(&[2]);
    assert_eq!(polled(&other).await, set(&[&ids[2]]));
    assert_eq!(polled(&env).await, set(&[&ids[0], &ids[1], &ids[3]]));
    let snapshot = other.processor.run("default", &ids[2], "").await.expect("a read").expect("the run");
    assert_eq!(snapshot.run, run);
}

#[tokio::test(start_paused = true)]
async fn an_owner_that_is_overtaken_on_one_partition_gives_up_that_one() {
    let env = Env::owning(&[0, 1, 2, 3]);
    let ids = ids(&env);
    env.start(&ids[1]).await.expect("started");
    let other = env.another(&[1]);
    let told = env.signal(&ids[1]).await.expect_err("it owns it no more");
    assert!(matches!(&told, Error::Unavailable(reason) if reason.contains("taken over by another")), "{told}");
    assert!(env.processor.take_overs()[1] < 0 && env.processor.take_overs()[0] >= 0);
    env.start(&ids[0]).await.expect("others go on");
    assert_eq!(polled(&other).await, set(&[&ids[1]]));
    // And back again: the other one finds itself overtaken.
    env.processor.gain(&[1]).expect("gained");
    env.signal(&ids[1]).await.expect("it is here again");
    other.signal(&ids[1]).await.expect_err("it owns it no more");
    assert!(other.processor.ownership().lost().is_none(), "it may gain another one");
}

#[tokio::test(start_paused = true)]
async fn polls_wait_on_while_partitions_come_and_go() {
    let env = Env::owning(&[0]);
    let ids = ids(&env);
    let polling = tokio::spawn({
        let (processor, poll) = (env.processor.clone(), super::env::poll("q", MINUTE));
        async move { processor.poll_workflow_task(poll).await }
    });
    tokio::time::sleep(SECOND).await;
    env.processor.lose_partition(0, "It was given up.".to_owned());
    env.processor.gain(&[3]).expect("gained");
    env.start(&ids[3]).await.expect("started");
    let task = polling.await.expect("no panic").expect("polls serve all partitions").expect("a task");
    assert_eq!(task.run.workflow_id, ids[3]);
}
