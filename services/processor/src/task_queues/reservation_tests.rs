//! Polls that ride in commands: which polls may ride, and that each ends with a task or back in its queue.

use klamm_workflow::answer::{StartedReservation, StartedTask, StartedWorkflowTask};

use super::{super::*, *};

const WORKFLOW: TaskType = TaskType::Workflow;

/// A task that was started for a poll that rode along. Its scheduled event tells it from others.
fn started(poll_id: &str, scheduled_event_id: i64) -> StartedReservation {
    let run = RunKey::new("default", "w", "r");
    let task = StartedWorkflowTask {
        run_id: "r".to_owned(),
        workflow_type: "W".to_owned(),
        scheduled_event_id,
        started_event_id: scheduled_event_id + 1,
        attempt: 1,
        stamp: 1,
        previous_started_event_id: 0,
        scheduled_time: Time::default(),
        started_time: Time::default(),
        transient_events: Vec::new(),
        last_stored_event_id: scheduled_event_id + 1,
        workflow_task_queue: TaskQueue::default(),
        sticky: false,
        messages: Vec::new(),
        history_size_bytes: 0,
    };
    StartedReservation { poll_id: poll_id.to_owned(), run, task: StartedTask::Workflow(Box::new(task)) }
}

fn reserve(queues: &TaskQueues) -> Option<Reserved> {
    queues.reserve(&id("q")).map(|(reserved, _)| reserved)
}

/// Scheduled event of the started task that the poll has got.
async fn given(parked: &mut Parked) -> i64 {
    match parked.offer().await {
        Some(Offer::Started(started)) => match started.task {
            StartedTask::Workflow(task) => task.scheduled_event_id,
            StartedTask::Activity(task) => panic!("an activity: {task:?}"),
        },
        offer => panic!("nothing started: {offer:?}"),
    }
}

#[tokio::test]
async fn a_rider_is_given_the_task_that_was_started_for_it() {
    let queues = TaskQueues::default();
    let mut parked = queues.park(WORKFLOW, poll("q"));
    let (reserved, polled) = queues.reserve(&id("q")).unwrap();
    assert_eq!((polled.identity.as_str(), polled.task_queue.name.as_str()), ("me", "q"));
    let id = reserved.poll_id().to_owned();
    reserved.deliver(started(&id, 5));
    assert_eq!(given(&mut parked).await, 5);
    let description = queues.describe("default", "q", WORKFLOW);
    let total = description.total();
    assert!(total.tasks_add_rate > 0.0 && total.tasks_dispatch_rate > 0.0, "it counts as added and dispatched");
}

#[tokio::test]
async fn no_poll_is_spared_while_something_waits_or_a_limit_is_in_force() {
    let queues = TaskQueues::default();
    assert!(reserve(&queues).is_none(), "nobody polls");

    add(&queues, row("q", 1, 3));
    assert!(reserve(&queues).is_none(), "a task waits");
    assert_eq!(next(&queues, "q").await, 1);

    let limited = Poll { max_tasks_per_second: Some(20.0), ..poll("q") };
    let _parked = queues.park(WORKFLOW, limited);
    assert!(reserve(&queues).is_none(), "a limit is in force");
}

#[tokio::test]
async fn the_rate_that_stands_for_no_limit_is_none() {
    let queues = TaskQueues::default();
    let _parked = queues.park(WORKFLOW, Poll { max_tasks_per_second: Some(100_000.0), ..poll("q") });
    assert!(reserve(&queues).is_some());
}

#[tokio::test]
async fn a_rider_that_got_nothing_waits_on_at_its_old_place() {
    let queues = TaskQueues::default();
    let mut first = queues.park(WORKFLOW, poll("q"));
    let mut second = queues.park(WORKFLOW, poll("q"));
    let (one, two) = (reserve(&queues).unwrap(), reserve(&queues).unwrap());
    assert!(reserve(&queues).is_none());
    drop(two);
    drop(one);
    add(&queues, row("q", 1, 3));
    add(&queues, row("q", 2, 3));
    assert!(matches!(first.offer().await, Some(Offer::Task(task)) if task.row.scheduled_event_id == 1));
    assert!(matches!(second.offer().await, Some(Offer::Task(task)) if task.row.scheduled_event_id == 2));
}

#[tokio::test]
async fn a_rider_that_comes_back_takes_what_has_come_meanwhile() {
    let queues = TaskQueues::default();
    let mut parked = queues.park(WORKFLOW, poll("q"));
    let reserved = reserve(&queues).unwrap();
    add(&queues, row("q", 1, 3));
    assert_eq!(queues.backlog(), 1, "it rides: it is not there to take the task");
    drop(reserved);
    assert!(matches!(parked.offer().await, Some(Offer::Task(task)) if task.row.scheduled_event_id == 1));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_was_started_for_a_rider_that_went_away_goes_to_another_poll() {
    let queues = TaskQueues::default();
    for another_waits in [true, false] {
        let gone = queues.park(WORKFLOW, poll("q"));
        let reserved = reserve(&queues).unwrap();
        let before = another_waits.then(|| queues.park(WORKFLOW, poll("q")));
        drop(gone);
        let id = reserved.poll_id().to_owned();
        reserved.deliver(started(&id, 5));
        let mut another = before.unwrap_or_else(|| queues.park(WORKFLOW, poll("q")));
        assert_eq!(given(&mut another).await, 5, "another waits: {another_waits}");
    }

    let gone = queues.park(WORKFLOW, poll("q"));
    let reserved = reserve(&queues).unwrap();
    let id = reserved.poll_id().to_owned();
    reserved.deliver(started(&id, 7));
    drop(gone);
    tokio::time::advance(Duration::from_secs(11)).await;
    let mut late = queues.park(WORKFLOW, poll("q"));
    let nothing = tokio::time::timeout(Duration::from_secs(1), late.offer()).await;
    assert!(nothing.is_err(), "by then its own time-out is near, or over");
}

#[tokio::test]
async fn a_rider_that_went_away_is_neither_spared_nor_put_back() {
    let queues = TaskQueues::default();
    let gone = queues.park(WORKFLOW, poll("q"));
    let reserved = reserve(&queues).unwrap();
    drop(gone);
    add(&queues, row("q", 1, 3));
    drop(reserved);
    assert_eq!(next(&queues, "q").await, 1, "the task was not handed to nobody");
    drop(queues.park(WORKFLOW, poll("q")));
    assert!(reserve(&queues).is_none());
}

#[tokio::test]
async fn a_worker_that_shuts_down_ends_its_riders_too_but_keeps_what_was_started_for_them() {
    let queues = TaskQueues::default();
    let (mut empty, mut lucky) = (queues.park(WORKFLOW, poll("q")), queues.park(WORKFLOW, poll("q")));
    let (first, second) = (reserve(&queues).unwrap(), reserve(&queues).unwrap());
    queues.forget_worker(&super::goodbye("worker-1", "q"));
    drop(first);
    assert!(empty.offer().await.is_none());
    let id = second.poll_id().to_owned();
    second.deliver(started(&id, 7));
    assert_eq!(given(&mut lucky).await, 7);
}

#[test]
fn a_queue_whose_polls_all_ride_has_pollers() {
    let queues = TaskQueues::default();
    let _parked = queues.park(WORKFLOW, poll("q"));
    let _reserved = reserve(&queues).unwrap();
    assert!(queues.has_poller(&id("q"), Duration::ZERO));
}
