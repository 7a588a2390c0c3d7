//! Queries of a run whose workflow task is under way.

use std::time::Duration;

use klamm_messages::temporal::query::v1::{WorkflowQuery, WorkflowQueryResult};
use klamm_processor::{
    Backend,
    backend::{Error, QueryOutcome},
};
use klamm_workflow::tables::RunKey;
use tokio::{task::JoinHandle, time::Instant};

use super::env::Env;

const MINUTE: Duration = Duration::from_secs(60);

fn ask(env: &Env, patience: Duration) -> JoinHandle<Result<QueryOutcome, Error>> {
    let (processor, run) = (env.processor.clone(), RunKey::new("default", "w", "run of w"));
    let query = WorkflowQuery { query_type: "state".to_owned(), ..WorkflowQuery::default() };
    let deadline = (Instant::now() + patience).into_std();
    tokio::spawn(async move { processor.query(&run, query, deadline).await })
}

fn result() -> WorkflowQueryResult {
    WorkflowQueryResult { result_type: 1, ..WorkflowQueryResult::default() }
}

/// Lets everything that can go on go on.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_query_that_was_not_sent_with_the_task_goes_out_when_the_task_ends() {
    let env = Env::new();
    env.start("w").await.expect("started");
    let task = env.poll(MINUTE).await.expect("no error").expect("a task");
    let asking = ask(&env, MINUTE);
    settle().await;
    let began = Instant::now();
    env.complete(&task, Vec::new()).await.expect("completed");
    let (id, _) = env.poll(MINUTE).await.expect("no error").expect("a task").query.expect("the query");
    env.processor.complete_query_task(&id, result()).expect("somebody waits");
    assert!(matches!(asking.await.expect("no panic"), Ok(QueryOutcome::Answered(_))));
    assert!(began.elapsed() < Duration::from_millis(10), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_query_knows_of_every_signal_that_was_acknowledged_before_it() {
    let env = Env::new();
    // A poll that waits gets its task as the run starts; the signal comes before the poll is answered.
    let processor = env.processor.clone();
    let polling = tokio::spawn(async move { processor.poll_workflow_task(super::env::poll("q", MINUTE)).await });
    settle().await;
    env.start("w").await.expect("started");
    env.signal("w").await.expect("signalled");
    let run = RunKey::new("default", "w", "run of w");
    let query = WorkflowQuery { query_type: "state".to_owned(), ..WorkflowQuery::default() };
    let mut asking = Box::pin(env.processor.query(&run, query, (Instant::now() + MINUTE).into_std()));
    assert!(std::future::poll_fn(|context| std::task::Poll::Ready(asking.as_mut().poll(context).is_pending())).await);
    let first = polling.await.expect("no panic").expect("no error").expect("a task");
    assert!(first.queries.is_empty(), "the first task does not know of the signal");
    env.complete(&first, Vec::new()).await.expect("completed");
    let second = env.poll(MINUTE).await.expect("no error").expect("a task");
    let (id, _) = second.queries.iter().next().expect("it rides on the task of the signal");
    env.complete(&second, Vec::new()).await.expect("completed");
    env.processor.complete_queries(&second.run, vec![(id.clone(), result())]);
    assert!(matches!(asking.await, Ok(QueryOutcome::Answered(_))));
}

#[tokio::test(start_paused = true)]
async fn a_query_that_was_sent_with_the_task_gets_the_answer_of_its_completion() {
    let env = Env::new();
    env.start("w").await.expect("started");
    let asking = ask(&env, MINUTE);
    settle().await;
    let task = env.poll(MINUTE).await.expect("no error").expect("a task");
    let (id, _) = task.queries.iter().next().expect("it rides");
    env.complete(&task, Vec::new()).await.expect("completed");
    settle().await;
    env.processor.complete_queries(&task.run, vec![(id.clone(), result())]);
    assert!(matches!(asking.await.expect("no panic"), Ok(QueryOutcome::Answered(_))));
}

#[tokio::test(start_paused = true)]
async fn a_query_without_a_worker_says_what_temporal_says() {
    let env = Env::new();
    env.start("w").await.expect("started");
    let waits_for_a_task = ask(&env, Duration::from_secs(10)).await.expect("no panic");
    assert_eq!(waits_for_a_task, Ok(QueryOutcome::TimedOut), "whether or not somebody polls");

    let task = env.poll(MINUTE).await.expect("no error").expect("a task");
    env.complete(&task, Vec::new()).await.expect("completed");
    let polled_of_late = ask(&env, Duration::from_secs(10)).await.expect("no panic");
    assert_eq!(polled_of_late, Ok(QueryOutcome::TimedOut));
    let nobody = ask(&env, Duration::from_secs(30)).await.expect("no panic");
    assert_eq!(nobody, Ok(QueryOutcome::NoPoller));

    let silent = ask(&env, Duration::from_secs(30));
    assert!(env.poll(MINUTE).await.expect("no error").expect("a task").query.is_some());
    tokio::time::sleep(Duration::from_secs(25)).await;
    assert_eq!(silent.await.expect("no panic"), Ok(QueryOutcome::TimedOut), "a worker has it");
}
