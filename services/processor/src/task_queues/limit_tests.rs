//! Queues with a rate limit, in virtual time.

use tokio::time::Instant as VirtualInstant;

use super::{super::*, *};

const WORKFLOW: TaskType = TaskType::Workflow;

fn limited(per_second: f64) -> Poll {
    Poll { max_tasks_per_second: Some(per_second), ..poll("q") }
}

/// When each of so many polls, one after the other, gets its task, in milliseconds.
async fn times(queues: &TaskQueues, per_second: f64, count: usize) -> Vec<u128> {
    let start = VirtualInstant::now();
    let mut times = Vec::new();
    for _ in 0..count {
        assert!(queues.park(WORKFLOW, limited(per_second)).offer().await.is_some());
        times.push(start.elapsed().as_millis());
    }
    times
}

#[tokio::test(start_paused = true)]
async fn a_limit_lets_a_second_of_tasks_pass_and_then_spaces_them_out() {
    let queues = TaskQueues::default();
    (1..=10).for_each(|id| drop(add(&queues, row("q", id, 3))));
    assert_eq!(times(&queues, 5.0, 10).await, [0, 0, 0, 0, 0, 0, 200, 400, 600, 800]);
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_rises_is_in_force_at_once_for_polls_that_wait_already() {
    let queues = TaskQueues::default();
    (1..=4).for_each(|id| drop(add(&queues, row("q", id, 3))));
    assert!(queues.park(WORKFLOW, limited(0.01)).offer().await.is_some());
    let mut waiting = [queues.park(WORKFLOW, limited(0.01)), queues.park(WORKFLOW, limited(0.01))];
    let start = VirtualInstant::now();
    // These polls would wait for most of two minutes. Then a new poll raises the limit.
    assert!(tokio::time::timeout(Duration::from_secs(1), waiting[0].offer()).await.is_err());
    let mut newer = queues.park(WORKFLOW, limited(1_000.0));
    for parked in waiting.iter_mut().chain([&mut newer]) {
        assert!(parked.offer().await.is_some());
    }
    assert!(start.elapsed() < Duration::from_millis(1_100), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_poll_without_a_limit_lifts_it() {
    let queues = TaskQueues::default();
    (1..=3).for_each(|id| drop(add(&queues, row("q", id, 3))));
    assert!(queues.park(WORKFLOW, limited(0.0001)).offer().await.is_some());
    let mut stuck = queues.park(WORKFLOW, limited(0.0001));
    assert!(tokio::time::timeout(Duration::from_secs(60), stuck.offer()).await.is_err());
    assert_eq!(next(&queues, "q").await, 3, "the older poll was served before");
    assert!(stuck.offer().await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_poll_in_front_that_goes_leaves_the_looking_after_the_limit_to_the_next() {
    let queues = TaskQueues::default();
    (1..=3).for_each(|id| drop(add(&queues, row("q", id, 3))));
    assert!(queues.park(WORKFLOW, limited(1.0)).offer().await.is_some());
    assert!(queues.park(WORKFLOW, limited(1.0)).offer().await.is_some());
    let (first, mut second) = (queues.park(WORKFLOW, limited(1.0)), queues.park(WORKFLOW, limited(1.0)));
    let start = VirtualInstant::now();
    let (offer, ()) = tokio::join!(second.offer(), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        drop(first);
    });
    assert!(offer.is_some());
    assert_eq!(start.elapsed(), Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn no_task_is_lost_when_limited_polls_time_out_at_any_moment() {
    let queues = Arc::new(TaskQueues::default());
    let count = 200;
    let mut given = Vec::new();
    let mut added = 0;
    for round in 0..2_000_u64 {
        if round % 5 == 0 && added < count {
            added += 1;
            add(&queues, row("q", added, 3));
        }
        // The polls' deadlines fall onto the moments at which the limit lets a task pass.
        let mut polls = Vec::new();
        for wait in [1, 10, 10, 11] {
            let queues = queues.clone();
            polls.push(tokio::spawn(async move {
                let mut parked = queues.park(WORKFLOW, limited(100.0));
                tokio::time::timeout(Duration::from_millis(wait), parked.offer()).await.ok().flatten()
            }));
        }
        for polled in polls {
            if let Some(Offer::Task(task)) = polled.await.unwrap() {
                given.push(task.row.scheduled_event_id);
            }
        }
    }
    given.sort_unstable();
    assert_eq!(given, (1..=count).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_task_that_was_none_any_more_does_not_count_for_the_limit() {
    let queues = TaskQueues::default();
    (1..=2).for_each(|id| drop(add(&queues, row("q", id, 3))));
    assert!(queues.park(WORKFLOW, limited(0.01)).offer().await.is_some());
    let mut parked = queues.park(WORKFLOW, limited(0.01));
    queues.recycle(&id("q"));
    assert!(tokio::time::timeout(Duration::from_millis(1), parked.offer()).await.is_ok_and(|offer| offer.is_some()));
}

#[tokio::test(start_paused = true)]
async fn a_task_whose_poll_goes_before_it_takes_it_gives_its_turn_back() {
    let queues = TaskQueues::default();
    add(&queues, row("q", 1, 3));
    drop(queues.park(WORKFLOW, limited(0.01)));
    let mut parked = queues.park(WORKFLOW, limited(0.01));
    assert!(tokio::time::timeout(Duration::from_millis(1), parked.offer()).await.is_ok_and(|offer| offer.is_some()));
}
