//! Queues with fairness keys, and queues that are configured, in virtual time.

use klamm_messages::temporal::taskqueue::v1::{RateLimit, RateLimitConfig};
use proptest::prelude::*;
use tokio::time::Instant as VirtualInstant;

use super::{super::*, *};

const WORKFLOW: TaskType = TaskType::Workflow;

/// A task of a fairness key.
fn of(id: i64, fairness_key: &str, fairness_weight: f32) -> TaskRow {
    TaskRow { fairness_key: fairness_key.to_owned(), fairness_weight, ..row("q", id, 3) }
}

/// Fairness keys of the next tasks.
async fn next(queues: &TaskQueues, count: usize) -> String {
    let mut keys = String::new();
    for _ in 0..count {
        match queues.park(WORKFLOW, poll("q")).offer().await {
            Some(Offer::Task(task)) => keys += &task.row.fairness_key,
            offer => panic!("no task: {offer:?}"),
        }
    }
    keys
}

fn count(keys: &str, key: char) -> usize {
    keys.chars().filter(|other| *other == key).count()
}

fn configure(queues: &TaskQueues, config: TaskQueueConfig) {
    queues.configure(&TaskQueueState {
        namespace: "default".to_owned(),
        task_queue: "q".to_owned(),
        task_queue_type: TaskQueueType::Workflow as i32,
        config: Some(config),
    });
}

fn limit(per_second: f32) -> Option<RateLimitConfig> {
    Some(RateLimitConfig { rate_limit: Some(RateLimit { requests_per_second: per_second }), metadata: None })
}

#[tokio::test]
async fn keys_of_equal_weight_take_turns_and_their_tasks_go_by_time() {
    let queues = TaskQueues::default();
    (1..=100).for_each(|id| drop(add(&queues, of(id, "a", 0.0))));
    (101..=102).for_each(|id| drop(add(&queues, of(id, "b", 1.0))));
    drop(add(&queues, of(103, "", 0.0)));
    let first = next(&queues, 5).await;
    assert_eq!(first, "abab", "and one without a key: {first}");
    let mut last = 0;
    while queues.backlog() > 0 {
        match queues.park(WORKFLOW, poll("q")).offer().await {
            Some(Offer::Task(task)) => {
                assert!(task.row.scheduled_event_id > last);
                last = task.row.scheduled_event_id;
            }
            offer => panic!("no task: {offer:?}"),
        }
    }
}

#[tokio::test]
async fn a_key_gets_as_many_tasks_as_its_weight_tells() {
    let queues = TaskQueues::default();
    for id in 1..=100 {
        drop(add(&queues, of(id, "a", 2.0)));
        drop(add(&queues, of(id + 100, "b", 1.0)));
        drop(add(&queues, of(id + 200, "c", 0.5)));
    }
    let got = next(&queues, 70).await;
    assert_eq!((count(&got, 'a'), count(&got, 'b'), count(&got, 'c')), (40, 20, 10));

    let fairness_weight_overrides = [("c".to_owned(), 4.0)].into();
    configure(&queues, TaskQueueConfig { fairness_weight_overrides, ..TaskQueueConfig::default() });
    let got = next(&queues, 70).await;
    assert!((38..=42).contains(&count(&got, 'c')) && (18..=22).contains(&count(&got, 'a')), "the queue's weight counts: {got}");
}

#[tokio::test]
async fn an_urgent_task_passes_all_keys() {
    let queues = TaskQueues::default();
    drop(add(&queues, of(1, "a", 1.0)));
    drop(add(&queues, TaskRow { priority: 1, ..of(2, "b", 0.001) }));
    assert_eq!(next(&queues, 2).await, "ba");
}

#[tokio::test]
async fn a_key_that_comes_back_begins_at_the_present() {
    let queues = TaskQueues::default();
    drop(add(&queues, of(1, "b", 1.0)));
    (2..=60).for_each(|id| drop(add(&queues, of(id, "a", 1.0))));
    assert_eq!(count(&next(&queues, 41).await, 'a'), 40);
    (61..=80).for_each(|id| drop(add(&queues, of(id, "b", 1.0))));
    let got = next(&queues, 20).await;
    assert!((9..=11).contains(&count(&got, 'a')), "{got}");
}

#[tokio::test(start_paused = true)]
async fn a_key_that_has_used_its_limit_waits_and_others_pass() {
    let queues = TaskQueues::default();
    configure(&queues, TaskQueueConfig { fairness_keys_rate_limit_default: limit(1.0), ..TaskQueueConfig::default() });
    (1..=5).for_each(|id| drop(add(&queues, of(id, "a", 1.0))));
    (11..=15).for_each(|id| drop(add(&queues, of(id, "b", 2.0))));
    let start = VirtualInstant::now();
    let mut times = Vec::new();
    for _ in 0..10 {
        let key = next(&queues, 1).await;
        times.push((key, start.elapsed().as_millis()));
    }
    let of_key = |key: &str| times.iter().filter(|(of, _)| of == key).map(|(_, at)| *at).collect::<Vec<_>>();
    assert_eq!(of_key("a"), [0, 0, 1_000, 2_000, 3_000]);
    assert_eq!(of_key("b"), [0, 0, 0, 500, 1_000], "with twice the weight");
}

#[tokio::test(start_paused = true)]
async fn a_configured_limit_counts_more_than_the_workers_and_holds_for_queues_to_come() {
    let queues = TaskQueues::default();
    configure(&queues, TaskQueueConfig { queue_rate_limit: limit(0.0), ..TaskQueueConfig::default() });
    drop(add(&queues, of(1, "a", 1.0)));
    let mut waiting = queues.park(WORKFLOW, Poll { max_tasks_per_second: Some(100.0), ..poll("q") });
    assert!(tokio::time::timeout(Duration::from_secs(3_600), waiting.offer()).await.is_err(), "nothing is handed out");
    let described = queues.describe("default", "q", WORKFLOW);
    assert_eq!((described.rate_limit.0, described.rate_limit.1.as_str_name()), (0.0, "RATE_LIMIT_SOURCE_API"));

    let none = Some(RateLimitConfig::default());
    configure(&queues, TaskQueueConfig { queue_rate_limit: none, ..TaskQueueConfig::default() });
    let offer = tokio::time::timeout(Duration::from_millis(1), waiting.offer()).await;
    assert!(matches!(offer, Ok(Some(Offer::Task(_)))), "without one the poll that waits gets it");
    let described = queues.describe("default", "q", WORKFLOW);
    assert_eq!((described.rate_limit.0, described.rate_limit.1.as_str_name()), (100.0, "RATE_LIMIT_SOURCE_WORKER"));
}

#[tokio::test]
async fn what_waits_is_told_by_priority() {
    let queues = TaskQueues::default();
    (1..=3).for_each(|id| drop(add(&queues, row("q", id, 1))));
    drop(add(&queues, row("q", 4, 5)));
    drop(next(&queues, 1).await);
    let described = queues.describe("default", "q", WORKFLOW);
    let counts: Vec<_> = described.by_priority.iter().map(|(priority, figures)| (*priority, figures.backlog_count)).collect();
    assert_eq!(counts, [(1, 2), (5, 1)]);
    assert!(described.by_priority[&1].tasks_dispatch_rate > 0.0 && described.by_priority[&5].tasks_dispatch_rate == 0.0);
}

/// What happens to a queue.
#[derive(Debug, Clone)]
enum Step {
    Add { id: i64, priority: i32, key: u8, weight: f32 },
    TakeBack(prop::sample::Index),
    Poll,
    Weigh { key: u8, weight: f32 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..1_000i64, 1..=5, 0..4u8, 0.0..5f32).prop_map(|(id, priority, key, weight)| Step::Add { id, priority, key, weight }),
        1 => any::<prop::sample::Index>().prop_map(Step::TakeBack),
        3 => Just(Step::Poll),
        1 => (0..4u8, 0.1..5f32).prop_map(|(key, weight)| Step::Weigh { key, weight }),
    ]
}

proptest! {
    #[test]
    fn each_task_is_handed_out_once_urgent_ones_first_and_those_of_a_key_by_time(steps in prop::collection::vec(step(), 1..200)) {
        let queues = TaskQueues::default();
        let mut waiting: Vec<(Vec<u8>, TaskRow)> = Vec::new();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for step in steps {
            match step {
                Step::Add { id, priority, key, weight } => {
                    let row = TaskRow { priority, ..of(id, &format!("k{key}"), weight) };
                    let key = add(&queues, row.clone());
                    waiting.retain(|(known, _)| *known != key);
                    waiting.push((key, row));
                }
                Step::TakeBack(index) if !waiting.is_empty() => {
                    let (key, _) = waiting.remove(index.index(waiting.len()));
                    queues.take_back(&key);
                }
                Step::Poll if !waiting.is_empty() => {
                    let offer = runtime.block_on(queues.park(WORKFLOW, poll("q")).offer());
                    let Some(Offer::Task(task)) = offer else { panic!("no task") };
                    let at = waiting.iter().position(|(key, _)| *key == task.key).expect("a task that waits");
                    let (key, row) = waiting.remove(at);
                    prop_assert_eq!(&row, &*task.row);
                    for (other, of) in &waiting {
                        prop_assert!(of.priority >= row.priority);
                        prop_assert!(of.priority != row.priority || of.fairness_key != row.fairness_key || *other > key);
                    }
                }
                Step::Weigh { key, weight } => {
                    let fairness_weight_overrides = [(format!("k{key}"), weight)].into();
                    configure(&queues, TaskQueueConfig { fairness_weight_overrides, ..TaskQueueConfig::default() });
                }
                Step::TakeBack(_) | Step::Poll => {}
            }
            prop_assert_eq!(queues.backlog(), waiting.len());
        }
    }
}
