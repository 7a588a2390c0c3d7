//! Which poll gets which task, and that no task is lost.

use std::time::{Duration, Instant};

use klamm_machine::{Table, Time};
use klamm_messages::{
    klamm::v1::TaskRow,
    temporal::{enums::v1::TaskQueueKind, taskqueue::v1::TaskQueue},
};
use klamm_workflow::tables::{RunKey, Tasks};

use super::*;
use crate::backend::{Goodbye, RefusedPoll, TaskQueueSide};

#[path = "fairness_tests.rs"]
mod fairness;
#[path = "limit_tests.rs"]
mod limits;
#[path = "relief_tests.rs"]
mod relief;
#[path = "reservation_tests.rs"]
mod reservations;

/// The partition whose tasks are offered.
const PARTITION: u32 = 7;

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
    add_from(PARTITION, queues, row)
}

fn add_from(partition: u32, queues: &TaskQueues, row: TaskRow) -> Vec<u8> {
    let key = Tasks::key(&row);
    let origin = Origin { partition, machine: klamm_workflow::MACHINE };
    queues.offer(Offered { origin, key: key.clone(), row: Arc::new(row) });
    key
}

/// The queue of workflow tasks that all workers share.
fn id(queue: &str) -> QueueId {
    QueueId::normal("default", queue, TaskType::Workflow)
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
    match queues.park(TaskType::Workflow, poll(queue)).offer().await {
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
    let mut parked = queues.park(TaskType::Workflow, poll("q"));
    add(&queues, row("other", 1, 3));
    add(&queues, row("q", 2, 3));
    assert!(matches!(parked.offer().await, Some(Offer::Task(task)) if task.row.scheduled_event_id == 2));
    assert_eq!(queues.backlog(), 1);
}

#[tokio::test]
async fn a_poll_that_goes_away_gives_back_what_it_was_handed() {
    let queues = TaskQueues::default();
    let parked = queues.park(TaskType::Workflow, poll("q"));
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
    queues.take_back(&key);
    assert_eq!(next(&queues, "q").await, 2);
}

#[tokio::test]
async fn a_sticky_task_goes_to_the_normal_queue_when_its_worker_is_gone() {
    let queues = TaskQueues::default();
    let sticky = |id| TaskRow { sticky: true, normal_task_queue: "normal".to_owned(), ..row("sticky", id, 3) };
    let first = add(&queues, sticky(1));
    assert_eq!(queues.backlog_of(&id("normal")), 1);
    queues.take_back(&first);
    assert_eq!(queues.backlog(), 0, "it is found under its own key, wherever it went");

    let task_queue = TaskQueue { name: "sticky".to_owned(), kind: TaskQueueKind::Sticky as i32, normal_name: "normal".to_owned() };
    drop(queues.park(TaskType::Workflow, Poll { task_queue, ..poll("sticky") }));
    add(&queues, sticky(2));
    assert_eq!(queues.backlog_of(&QueueId::sticky("default", "sticky")), 1, "its worker has polled just now");
    queues.forget_worker(&Goodbye { sticky_task_queue: "sticky".to_owned(), ..goodbye("", "") });
    assert_eq!(next(&queues, "normal").await, 2, "its worker said goodbye");
}

#[tokio::test]
async fn a_worker_that_shuts_down_ends_its_polls_empty() {
    let queues = TaskQueues::default();
    let mut parked = queues.park(TaskType::Workflow, poll("q"));
    queues.forget_worker(&goodbye("another", "q"));
    queues.forget_worker(&goodbye("worker-1", ""));
    add(&queues, row("q", 1, 3));
    assert!(parked.offer().await.is_some(), "it polls on");
    let mut parked = queues.park(TaskType::Workflow, poll("q"));
    assert_eq!(queues.describe("default", "q", TaskType::Workflow).pollers.len(), 1);
    queues.forget_worker(&goodbye("worker-1", "q"));
    assert!(parked.offer().await.is_none());
    assert!(queues.describe("default", "q", TaskType::Workflow).pollers.is_empty());
    // A poll of its own that comes late does not take a task with it.
    add(&queues, row("q", 2, 3));
    assert!(queues.park(TaskType::Workflow, poll("q")).offer().await.is_none());
    assert_eq!(queues.backlog(), 1);
}

fn goodbye(worker_instance_key: &str, task_queue: &str) -> Goodbye {
    Goodbye {
        namespace: "default".to_owned(),
        worker_instance_key: worker_instance_key.to_owned(),
        identity: "me".to_owned(),
        task_queue: task_queue.to_owned(),
        sides: vec![TaskQueueSide::Workflow],
        ..Goodbye::default()
    }
}

#[tokio::test]
async fn queries_go_before_tasks_and_can_be_taken_back() {
    let queues = TaskQueues::default();
    add(&queues, row("q", 1, 3));
    let query = |id: &str| QueryTask { id: id.to_owned(), run: RunKey::new("default", "w", "r"), query: Default::default(), sticky: false };
    let id = QueueId::normal("default", "q", TaskType::Query);
    queues.add_query(&id, query("a"));
    queues.add_query(&id, query("b"));
    assert!(queues.remove_query(&id, "a") && !queues.remove_query(&id, "a"));
    let offer = queues.park(TaskType::Workflow, poll("q")).offer().await;
    assert!(matches!(offer, Some(Offer::Query(query)) if query.id == "b"));
    assert_eq!(next(&queues, "q").await, 1);
}

#[test]
fn pollers_and_backlog_are_described() {
    let queues = TaskQueues::default();
    drop(queues.park(TaskType::Workflow, poll("q")));
    add(&queues, row("q", 1, 3));
    let description = queues.describe("default", "q", TaskType::Workflow);
    assert_eq!((description.pollers.len(), description.total().backlog_count), (1, 1));
    assert_eq!(description.pollers[0].identity, "me");
    assert!(queues.describe("default", "q", TaskType::Activity).pollers.is_empty());
}

#[test]
fn a_refused_poller_is_shown_and_counts_for_nothing() {
    let queues = TaskQueues::default();
    queues.refuse(RefusedPoll {
        namespace: "default".to_owned(),
        task_queue: "q".to_owned(),
        side: TaskQueueSide::Workflow,
        identity: "me".to_owned(),
        reason: "not built yet".to_owned(),
        deployment: None,
    });
    let described = queues.describe("default", "q", TaskType::Workflow);
    assert_eq!(described.pollers[0].identity, "me (refused: not built yet)");
    queues.sweep();
    assert_eq!(queues.describe("default", "q", TaskType::Workflow).pollers.len(), 1, "it is shown as long as others");
    assert!(!queues.has_poller(&id("q"), Duration::from_secs(60)));
}

#[tokio::test(start_paused = true)]
async fn what_is_set_aside_does_not_stand_in_the_way_and_comes_back() {
    let queues = TaskQueues::default();
    add(&queues, row("q", 1, 3));
    add(&queues, row("q", 2, 3));
    let Some(Offer::Task(stuck)) = queues.park(TaskType::Workflow, poll("q")).offer().await else { panic!("no task") };
    let key = stuck.key.clone();
    queues.set_aside(stuck.clone());
    assert_eq!(queues.describe("default", "q", TaskType::Workflow).total().backlog_count, 2, "it still waits");
    assert_eq!(next(&queues, "q").await, 2);

    queues.offer_again(|_| true);
    assert_eq!(queues.backlog(), 0, "its partition is given a pause");
    tokio::time::advance(Duration::from_millis(250)).await;
    queues.offer_again(|partition| partition != PARTITION);
    assert_eq!(queues.backlog(), 0, "its partition is not able");
    queues.offer_again(|_| true);
    assert_eq!(next(&queues, "q").await, 1);

    queues.set_aside(stuck.clone());
    queues.take_back(&key);
    queues.works(PARTITION);
    assert_eq!(queues.backlog(), 0, "it has been started after all");
    queues.set_aside(stuck);
    queues.works(PARTITION);
    assert_eq!(queues.backlog(), 1, "its partition has started another");
}

#[test]
fn figures_tell_each_queue_by_its_name() {
    let queues = TaskQueues::default();
    add(&queues, TaskRow { namespace: "shop".to_owned(), kind: TaskKind::Activity as i32, ..row("orders", 5, 3) });
    let figures = queues.figures();
    let [figures] = &figures[..] else { panic!("{figures:?}") };
    assert_eq!(figures.queue, QueueId::normal("shop", "orders", TaskType::Activity));
    assert_eq!((figures.backlog_count, figures.pollers), (1, 0));
}

#[tokio::test]
async fn what_a_lost_partition_has_offered_counts_no_more() {
    let queues = TaskQueues::default();
    let sticky = TaskRow { sticky: true, normal_task_queue: "q".to_owned(), ..row("sticky", 3, 3) };
    add_from(1, &queues, row("q", 1, 3));
    add_from(2, &queues, row("q", 2, 3));
    add_from(1, &queues, sticky);
    let Some(Offer::Task(task)) = queues.park(TaskType::Workflow, poll("q")).offer().await else { panic!("no task") };
    assert_eq!(task.origin.partition, 1);
    queues.set_aside(task);
    queues.forget(1);
    assert_eq!((queues.backlog(), queues.describe("default", "q", TaskType::Workflow).total().backlog_count), (1, 1));
    assert!(queues.elsewhere.lock().is_empty() && queues.aside.lock().is_empty());
    assert_eq!(next(&queues, "q").await, 2);
}

#[tokio::test]
async fn a_sticky_queue_and_a_normal_one_of_the_same_name_are_two() {
    let queues = TaskQueues::default();
    let task_queue = TaskQueue { kind: TaskQueueKind::Sticky as i32, normal_name: "normal".to_owned(), ..poll("q").task_queue };
    let mut parked = queues.park(TaskType::Workflow, Poll { task_queue, ..poll("q") });
    assert_eq!(queues.describe("default", "q", TaskType::Workflow).pollers.len(), 1, "it is found by its name, as the only one");
    add(&queues, row("q", 1, 3));
    assert_eq!(next(&queues, "q").await, 1);
    let sticky = |id| TaskRow { sticky: true, normal_task_queue: "normal".to_owned(), ..row("q", id, 3) };
    add(&queues, sticky(2));
    assert!(matches!(parked.offer().await, Some(Offer::Task(task)) if task.row.scheduled_event_id == 2));
    let key = add(&queues, sticky(3));
    assert_eq!(queues.backlog_of(&QueueId::sticky("default", "q")), 1);
    queues.take_back(&key);
    assert_eq!(queues.backlog(), 0);
    assert!(queues.figures().iter().all(|figures| !figures.queue.sticky));
}

/// A routing where tasks with even event ids belong to workers of one version.
struct Versions;

fn version() -> Option<WorkerVersion> {
    Some(WorkerVersion { deployment: "shop".to_owned(), build_id: "2".to_owned() })
}

impl Routing for Versions {
    fn queue_of_task(&self, row: &TaskRow, is_polled: &dyn Fn(&QueueId) -> bool) -> QueueId {
        let pinned = QueueId { version: version(), ..QueueId::of_task(row) };
        if row.scheduled_event_id % 2 == 0 && is_polled(&pinned) { pinned } else { QueueId::of_task(row) }
    }

    fn queue_of_poll(&self, poll: &Poll, task_type: TaskType) -> QueueId {
        let version = if poll.identity == "pinned" { version() } else { None };
        QueueId { version, ..QueueId::of(&poll.namespace, &poll.task_queue, task_type) }
    }
}

#[tokio::test]
async fn tasks_and_polls_meet_where_the_routing_says_and_may_be_routed_again() {
    let queues = TaskQueues::new(Versions);
    let pinned = || Poll { identity: "pinned".to_owned(), ..poll("q") };
    let first = add(&queues, row("q", 2, 3));
    let mut parked = queues.park(TaskType::Workflow, pinned());
    assert_eq!(queues.backlog_of(&id("q")), 1, "nobody of that version polled when it came");
    queues.route_again(&id("q"));
    assert!(matches!(parked.offer().await, Some(Offer::Task(task)) if task.row.scheduled_event_id == 2));
    let odd = add(&queues, row("q", 3, 3));
    let even = add(&queues, row("q", 4, 3));
    let versioned = QueueId { version: version(), ..id("q") };
    assert_eq!((queues.backlog_of(&id("q")), queues.backlog_of(&versioned)), (1, 1));
    [first, even, odd].iter().for_each(|key| queues.take_back(key));
    assert_eq!(queues.backlog(), 0, "each is found where it waits");
    assert!(queues.elsewhere.lock().is_empty());
}
