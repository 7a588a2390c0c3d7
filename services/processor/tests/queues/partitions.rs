//! A partition that has stopped, or takes nothing for now, holds up its own runs and nobody else's.

use std::{collections::BTreeSet, time::Duration};

use klamm_processor::{
    Backend, Committer, Intervals,
    backend::{Error, TaskQueueSide},
};
use klamm_workflow::tables::RunKey;

use super::env::{Env, PARTITIONS};

const SECOND: Duration = Duration::from_secs(1);

/// The workflow ids of the tasks that so many polls get; `None` for a poll that got nothing.
async fn polled(env: &Env, polls: usize) -> Vec<Option<String>> {
    let mut polled = Vec::new();
    for _ in 0..polls {
        let task = env.poll(SECOND).await.expect("a poll of a shared queue fails for no partition's sake");
        polled.push(task.map(|task| task.run.workflow_id));
    }
    polled
}

#[tokio::test(start_paused = true)]
async fn tasks_of_a_partition_that_has_stopped_do_not_block_their_queue() {
    let env = Env::new();
    let ids = env.ids(5);
    for (_, id) in &ids {
        env.start(id).await.expect("started");
    }
    env.break_partition(0);
    let stopped = ids.iter().find(|(number, _)| *number == 0).map(|(_, id)| id.clone()).expect("there is one");
    let refused = env.signal(&stopped).await.expect_err("nobody handles it");
    assert!(matches!(&refused, Error::Unavailable(reason) if reason.contains("Partition 0 has stopped")), "{refused}");

    let polled = polled(&env, 60).await;
    let given: BTreeSet<_> = polled.iter().flatten().cloned().collect();
    let able: BTreeSet<_> = ids.iter().filter(|(number, _)| *number != 0).map(|(_, id)| id.clone()).collect();
    assert_eq!(given, able);
    assert_eq!(polled.iter().flatten().count(), able.len(), "each once");
    let described = env.processor.describe_task_queue("default", "q", TaskQueueSide::Workflow);
    assert_eq!(described.total().backlog_count, 5, "what is stuck is shown");
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_partition_is_told_when_it_stops() {
    let env = Env::new();
    let id = env.ids(1).swap_remove(0).1;
    env.start(&id).await.expect("started");
    let run = RunKey::new("default", &id, format!("run of {id}"));
    let deadline = (tokio::time::Instant::now() + Duration::from_secs(600)).into_std();
    let (processor, waiting_run) = (env.processor.clone(), run.clone());
    let waiting = tokio::spawn(async move { processor.wait_for_event(&waiting_run, 100, deadline).await.map(drop) });
    let processor = env.processor.clone();
    let asking = tokio::spawn(async move { processor.query(&run, Default::default(), deadline).await.map(drop) });
    tokio::time::sleep(SECOND).await;

    env.break_partition(0);
    let began = tokio::time::Instant::now();
    env.signal(&id).await.expect_err("nobody handles it");
    for told in [waiting.await.expect("no panic"), asking.await.expect("no panic")] {
        assert!(matches!(&told, Err(Error::Unavailable(reason)) if reason.contains("Partition 0 has stopped")), "{told:?}");
    }
    assert!(began.elapsed() < SECOND);
    assert!(matches!(env.signal(&id).await, Err(Error::Unavailable(_))));
}

#[tokio::test(start_paused = true)]
async fn tasks_of_a_full_partition_wait_aside_until_it_takes_commands_again() {
    // The take-over record counts, too.
    let env = Env::with(|config| config.uncommitted_commands_max = 6);
    let ids = env.ids(2);
    for (_, id) in &ids {
        env.start(id).await.expect("started");
    }
    let full = ids[0].clone();
    while env.signal(&full.1).await.is_ok() {}
    assert!(matches!(env.signal(&full.1).await, Err(Error::Exhausted(_))));

    let given: Vec<_> = polled(&env, 10).await.into_iter().flatten().collect();
    assert!(given.iter().all(|id| env.partition_of(id) != full.0), "{given:?}");
    assert_eq!(given.len(), 2 * (PARTITIONS as usize - 1));

    let _committer = Committer::start(env.processor.clone(), Intervals::default()).expect("a thread");
    while env.signal(&full.1).await.is_err() {
        // The committer lives in real time.
        std::thread::sleep(Duration::from_millis(10));
    }
    let given: BTreeSet<_> = [env.poll(10 * SECOND).await, env.poll(10 * SECOND).await]
        .into_iter()
        .filter_map(|task| Some(task.expect("no error")?.run.workflow_id))
        .collect();
    assert_eq!(given, ids.iter().filter(|(number, _)| *number == full.0).map(|(_, id)| id.clone()).collect());
}
