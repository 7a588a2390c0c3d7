//! Appends of which nobody knows whether they stand: what they start for a poll that rides in them, or that they are from, is not lost.

use std::time::Duration;

use klamm_log::{Error as LogError, memory::Fault};
use klamm_processor::{
    Backend,
    backend::{ActivityTask, Error},
};
use tokio::task::JoinHandle;

use super::env::{Env, poll, schedule};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// A poll for an activity that waits already.
async fn poll_activity(env: &Env) -> JoinHandle<Result<Option<ActivityTask>, Error>> {
    let (processor, poll) = (env.processor.clone(), poll("activities", MINUTE));
    let polling = tokio::spawn(async move { processor.poll_activity_task(poll).await });
    tokio::time::sleep(Duration::from_millis(1)).await;
    polling
}

/// The append does not come to stand, and nobody is told so.
fn lost() -> Fault {
    Fault::Refuse(LogError::InDoubt { reason: "the broker is silent".to_owned() })
}

#[tokio::test(start_paused = true)]
async fn an_activity_goes_to_the_poll_that_rode_in_a_completion_in_doubt() {
    let env = Env::new();
    env.start("w").await.expect("started");
    let task = env.poll(MINUTE).await.expect("no error").expect("a task");
    let polling = poll_activity(&env).await;
    env.log.fail_next_write(Fault::LoseAnswer);
    let told = env.complete(&task, vec![schedule("a")]).await.expect_err("nobody knows");
    assert!(matches!(told, Error::Unavailable(_)), "{told}");
    // No poll comes after this one: the activity would wait for its time-out.
    let began = tokio::time::Instant::now();
    let activity = polling.await.expect("no panic").expect("no error").expect("the activity");
    assert_eq!((activity.task.scheduled.activity_id.as_str(), activity.task.attempt), ("a", 1));
    assert!(began.elapsed() < 2 * SECOND, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_rode_in_a_completion_that_never_came_to_stand_serves_the_next_one() {
    let env = Env::new();
    env.start("w").await.expect("started");
    let task = env.poll(MINUTE).await.expect("no error").expect("a task");
    let polling = poll_activity(&env).await;
    env.log.fail_next_write(lost());
    env.complete(&task, vec![schedule("a")]).await.expect_err("nobody knows");
    tokio::time::sleep(2 * SECOND).await;
    env.complete(&task, vec![schedule("b")]).await.expect("the worker tries again");
    let activity = polling.await.expect("no panic").expect("no error").expect("the activity");
    assert_eq!(activity.task.scheduled.activity_id, "b");
}

#[tokio::test(start_paused = true)]
async fn a_task_goes_to_the_poll_whose_start_is_in_doubt() {
    let env = Env::new();
    env.start("w").await.expect("started");
    env.log.fail_next_write(Fault::LoseAnswer);
    let began = tokio::time::Instant::now();
    let task = env.poll(MINUTE).await.expect("no error").expect("the task");
    assert!(began.elapsed() < 2 * SECOND, "{:?}", began.elapsed());
    env.complete(&task, Vec::new()).await.expect("it is this poll's");
}

#[tokio::test(start_paused = true)]
async fn a_task_whose_start_never_came_to_stand_is_offered_again() {
    let env = Env::new();
    env.start("w").await.expect("started");
    env.log.fail_next_write(lost());
    let task = env.poll(MINUTE).await.expect("no error").expect("the task");
    assert_eq!(task.task.attempt, 1);
    env.complete(&task, Vec::new()).await.expect("it is this poll's");
}

#[tokio::test(start_paused = true)]
async fn a_task_whose_poll_goes_away_while_its_start_is_in_doubt_goes_to_another_poll() {
    let env = Env::new();
    env.start("w").await.expect("started");
    env.log.fail_next_write(lost());
    tokio::time::timeout(SECOND / 10, env.poll(MINUTE)).await.expect_err("it waits until it is known whether its start stands");
    // It does not stand, and its caller is gone: nothing but the queue knows of the task.
    let began = tokio::time::Instant::now();
    let task = env.poll(MINUTE).await.expect("no error").expect("the task");
    assert!(began.elapsed() < 2 * SECOND, "{:?}", began.elapsed());
    env.complete(&task, Vec::new()).await.expect("it is this poll's");
}
