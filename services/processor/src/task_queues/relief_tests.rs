//! Workers whose polls all wait on the wrong queue, in virtual time.

use klamm_messages::temporal::enums::v1::TaskQueueKind;

use super::{super::*, *};
use crate::task_queues::relief::PATIENCE;

const WORKFLOW: TaskType = TaskType::Workflow;

/// A poll of a worker's sticky queue.
fn sticky(worker: &str) -> Poll {
    let task_queue = TaskQueue { name: worker.to_owned(), kind: TaskQueueKind::Sticky as i32, normal_name: "q".to_owned() };
    Poll { task_queue, ..poll("q") }
}

/// Whether the poll was ended.
async fn is_ended(parked: &mut Parked) -> bool {
    tokio::time::timeout(Duration::ZERO, parked.offer()).await.is_ok_and(|offer| offer.is_none())
}

/// How many of the polls were ended.
async fn ended(polls: &mut [Parked]) -> usize {
    let mut count = 0;
    for parked in polls {
        count += usize::from(is_ended(parked).await);
    }
    count
}

async fn wait(queues: &TaskQueues) {
    tokio::time::advance(PATIENCE).await;
    queues.relieve();
}

#[tokio::test(start_paused = true)]
async fn one_idle_sticky_poll_of_each_worker_is_ended_when_nobody_polls_the_normal_queue() {
    let queues = TaskQueues::default();
    let mut polls: Vec<_> = ["one", "one", "two", "two"].map(|worker| queues.park(WORKFLOW, sticky(worker))).into();
    wait(&queues).await;
    assert_eq!(ended(&mut polls).await, 0, "nothing waits");
    add(&queues, row("q", 1, 3));
    queues.relieve();
    assert_eq!(ended(&mut polls).await, 0, "a poll may come at once");
    wait(&queues).await;
    assert!(is_ended(&mut polls[0]).await && is_ended(&mut polls[2]).await, "those that have waited longest");
    queues.relieve();
    assert!(!is_ended(&mut polls[1]).await, "the worker is given time to poll anew");
    wait(&queues).await;
    assert!(is_ended(&mut polls[1]).await && is_ended(&mut polls[3]).await);
    assert_eq!(next(&queues, "q").await, 1, "it waited for the poll that comes instead");
}

#[tokio::test(start_paused = true)]
async fn sticky_polls_are_left_alone_while_somebody_polls_the_normal_queue() {
    let queues = TaskQueues::default();
    let mut idle = [queues.park(WORKFLOW, sticky("one"))];
    for id in 1..=20 {
        // There are more tasks than polls, but polls do come, so the queue does not starve.
        add(&queues, row("q", 2 * id, 3));
        add(&queues, row("q", 2 * id + 1, 3));
        next(&queues, "q").await;
        tokio::time::advance(PATIENCE / 2).await;
        queues.relieve();
    }
    assert_eq!(ended(&mut idle).await, 0);
    wait(&queues).await;
    wait(&queues).await;
    assert_eq!(ended(&mut idle).await, 1);
}

#[tokio::test(start_paused = true)]
async fn sticky_polls_of_other_queues_and_busy_ones_are_left_alone() {
    let queues = TaskQueues::default();
    let elsewhere = TaskQueue { normal_name: "another".to_owned(), ..sticky("other").task_queue };
    let mut others = [
        queues.park(WORKFLOW, Poll { task_queue: elsewhere, ..poll("q") }),
        queues.park(WORKFLOW, Poll { namespace: "foreign".to_owned(), ..sticky("one") }),
        queues.park(TaskType::Activity, poll("q")),
    ];
    add(&queues, row("q", 1, 3));
    wait(&queues).await;
    let mut fresh = [queues.park(WORKFLOW, sticky("late"))];
    wait(&queues).await;
    assert_eq!(ended(&mut others).await, 0);
    assert_eq!(ended(&mut fresh).await, 1, "it has waited for as long as the task by now");
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_rides_for_the_normal_queue_counts_as_one_that_waits_there() {
    let queues = TaskQueues::default();
    let _normal = queues.park(WORKFLOW, poll("q"));
    let _riding = queues.reserve(&id("q")).unwrap();
    let mut idle = [queues.park(WORKFLOW, sticky("one"))];
    add(&queues, row("q", 1, 3));
    wait(&queues).await;
    assert_eq!(ended(&mut idle).await, 0);
}
