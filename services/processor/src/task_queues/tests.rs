//! Who gets which task, and that none is lost.

use std::time::Duration;

use klamm_machine::{Table, Time};
use klamm_messages::temporal::taskqueue::v1::TaskQueue;
use klamm_workflow::tables::{RunKey, Tasks};

use super::*;

#[path = "reservation_tests.rs"]
mod reservations;

fn row(queue: &str, scheduled_event_id: i64, priority: i32) -> TaskRow {
    TaskRow {
        kind: TaskKind::Workflow as i32,
        namespace: "default".to_owned(),
        task_queue: queue.to_owned(),
        workflow_id: "w".to_owned(),
        run_id: "r".to_owned(),
        scheduled_event_id,
        scheduled_time: Some(Time::from_millis(1_000 + scheduled_event_id).into()),
        priority,
        ..TaskRow::default()
    }
}

fn add(queues: &TaskQueues, row: TaskRow) -> Vec<u8> {
    let key = Tasks::key(&row);
    queues.add(key.clone(), Arc::new(row));
    key
}

fn poll(queue: &str) -> Poll {
    Poll {
        namespace: "default".to_owned(),
        task_queue: TaskQueue { name: queue.to_owned(), ..TaskQueue::default() },
        identity: "me".to_owned(),
        worker_version: None,
        worker_instance_key: "worker-1".to_owned(),
        max_tasks_per_second: None,
        deadline: Instant::now() + Duration::from_secs(60),
    }
}

async fn next(queues: &TaskQueues, queue: &str) -> i64 {
    match queues.park(TaskQueueSide::Workflow, poll(queue)).offer().await {
        Some(Offer::Task(task)) => task.row.scheduled_event_id,
        offer => panic!("no task: {offer:?}"),
    }
}

#[tokio::test]
async fn urgent_tasks_go_first_then_older_ones() {
    let queues = TaskQueues::default();
    for (id, priority) in [(5, 3), (2, 3), (9, 1)] {
        add(&queues, row("q", id, priority));
    }
    assert_eq!(queues.backlog(), 3);
    assert_eq!([next(&queues, "q").await, next(&queues, "q").await, next(&queues, "q").await], [9, 2, 5]);
}

#[tokio::test]
async fn a_waiting_poll_gets_the_next_task() {
    let queues = TaskQueues::default();
    let mut parked = queues.park(TaskQueueSide::Workflow, poll("q"));
    add(&queues, row("other", 1, 3));
    add(&queues, row("q", 2, 3));
    assert!(matches!(parked.offer().await, Some(Offer::Task(task)) if task.row.scheduled_event_id == 2));
    assert_eq!(queues.backlog(), 1);
}

#[tokio::test]
async fn a_poll_that_goes_away_gives_back_what_it_was_handed() {
    let queues = TaskQueues::default();
    let parked = queues.park(TaskQueueSide::Workflow, poll("q"));
    add(&queues, row("q", 7, 3));
    assert_eq!(queues.backlog(), 0);
    drop(parked);
    assert_eq!(next(&queues, "q").await, 7);
}

#[tokio::test]
async fn a_task_that_is_gone_is_not_handed_out() {
    let queues = TaskQueues::default();
    let key = add(&queues, row("q", 1, 3));
    add(&queues, row("q", 2, 3));
    queues.remove(&key);
    assert_eq!(next(&queues, "q").await, 2);
}

#[tokio::test]
async fn a_sticky_task_goes_to_the_normal_queue_when_its_worker_is_gone() {
    let queues = TaskQueues::default();
    let sticky = |id| TaskRow { sticky: true, normal_task_queue: "normal".to_owned(), ..row("sticky", id, 3) };
    let first = add(&queues, sticky(1));
    assert_eq!(queues.backlog_of("default", "normal", TaskQueueSide::Workflow), 1);
    queues.remove(&first);
    assert_eq!(queues.backlog(), 0, "it is found under its own key, wherever it went");

    drop(queues.park(TaskQueueSide::Workflow, poll("sticky")));
    add(&queues, sticky(2));
    assert_eq!(queues.backlog_of("default", "sticky", TaskQueueSide::Workflow), 1, "its worker has polled just now");
    queues.forget_sticky("default", "sticky");
    assert_eq!(next(&queues, "normal").await, 2, "its worker said goodbye");
}

#[tokio::test]
async fn a_worker_that_shuts_down_ends_its_polls_empty() {
    let queues = TaskQueues::default();
    let mut parked = queues.park(TaskQueueSide::Workflow, poll("q"));
    queues.end_polls("default", "another");
    queues.end_polls("default", "worker-1");
    assert!(parked.offer().await.is_none());
}

#[tokio::test]
async fn queries_go_before_tasks_and_can_be_taken_back() {
    let queues = TaskQueues::default();
    add(&queues, row("q", 1, 3));
    let query = |id: &str| QueryTask { id: id.to_owned(), run: RunKey::new("default", "w", "r"), query: Default::default(), sticky: false };
    queues.add_query("default", "q", query("a"));
    queues.add_query("default", "q", query("b"));
    queues.remove_query("default", "q", "a");
    let offer = queues.park(TaskQueueSide::Workflow, poll("q")).offer().await;
    assert!(matches!(offer, Some(Offer::Query(query)) if query.id == "b"));
    assert_eq!(next(&queues, "q").await, 1);
}

#[tokio::test]
async fn a_rate_limit_spaces_tasks_out() {
    let queues = TaskQueues::default();
    let limited = Poll { max_tasks_per_second: Some(20.0), ..poll("q") };
    (1..=3).for_each(|id| drop(add(&queues, row("q", id, 3))));
    let started = Instant::now();
    for _ in 0..3 {
        assert!(queues.park(TaskQueueSide::Workflow, limited.clone()).offer().await.is_some());
    }
    assert!(started.elapsed() >= Duration::from_millis(100), "two gaps of 50 ms");
}

#[test]
fn pollers_and_backlog_are_described() {
    let queues = TaskQueues::default();
    drop(queues.park(TaskQueueSide::Workflow, poll("q")));
    add(&queues, row("q", 1, 3));
    let description = queues.describe("default", "q", TaskQueueSide::Workflow);
    assert_eq!((description.pollers.len(), description.backlog_count), (1, 1));
    assert_eq!(description.pollers[0].identity, "me");
    assert!(queues.describe("default", "q", TaskQueueSide::Activity).pollers.is_empty());
}
