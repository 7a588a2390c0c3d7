//! Calls of clients and workers: each is a task that ends with an answer.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use klamm_messages::temporal::{
    enums::v1::QueryResultType,
    history::v1::WorkflowExecutionStartedEventAttributes,
    query::v1::{WorkflowQuery, WorkflowQueryResult},
    taskqueue::v1::TaskQueue,
};
use klamm_processor::{
    Backend, Processor,
    backend::{Poll, QueryOutcome, Reply, WorkflowTask},
};
use klamm_workflow::{answer::Answer, tables::RunKey};
use tokio::time::Instant;

use crate::{
    book::{SharedBook, UnderWay, What, told},
    program::{self, FORGOTTEN, payloads, text},
    requests::{self, Completion, NAMESPACE},
};

/// Makes a request.
pub async fn submit(processor: Arc<Processor>, book: SharedBook, index: usize, _under_way: UnderWay) {
    let command = book.borrow().requests[index].command.clone();
    let result = processor.submit(Box::new(command)).await;
    book.borrow_mut().answered(index, result, BTreeMap::new());
}

/// A poll of a worker.
pub struct Polling {
    /// The polled queue.
    pub task_queue: TaskQueue,
    /// The worker's key.
    pub worker: &'static str,
    /// So many tasks per second may leave the queue.
    pub rate: Option<f64>,
    /// How long it waits.
    pub patience: Duration,
}

/// Polls for a workflow task.
pub async fn poll_workflow(processor: Arc<Processor>, book: SharedBook, polling: Polling) {
    let result = processor.poll_workflow_task(poll(polling)).await;
    let mut book = book.borrow_mut();
    match result {
        Ok(Some(task)) => book.give_workflow(task),
        Ok(None) => book.news.push("no workflow task".to_owned()),
        Err(error) => book.news.push(format!("no workflow task: {error}")),
    }
}

/// Polls for an activity.
pub async fn poll_activity(processor: Arc<Processor>, book: SharedBook, polling: Polling) {
    let result = processor.poll_activity_task(poll(polling)).await;
    let mut book = book.borrow_mut();
    match result {
        Ok(Some(task)) => book.give_activity(task),
        Ok(None) => book.news.push("no activity".to_owned()),
        Err(error) => book.news.push(format!("no activity: {error}")),
    }
}

/// Does a workflow task: reads the history, answers the queries, and completes the task. `name` tells the completion from all others.
pub async fn work(processor: Arc<Processor>, book: SharedBook, task: WorkflowTask, name: String, completion: Completion, eager: bool) {
    let end = task.task.last_stored_event_id + 1;
    let history = match processor.history(&task.run, 1, end, usize::MAX).await {
        Ok(history) => history,
        Err(error) => return book.borrow_mut().news.push(format!("{name} cannot read: {error}")),
    };
    if task.task.workflow_type == FORGOTTEN && (history.len() as i64) < end - 1 {
        return book.borrow_mut().news.push(format!("{name} comes too late: only the outcome is left"));
    }
    assert_eq!(history.len() as i64, end - 1, "the history of a task of {:?}", task.run);
    let answer = WorkflowQueryResult {
        result_type: QueryResultType::Answered as i32,
        answer: Some(payloads(&program::signals(&history).to_string())),
        ..WorkflowQueryResult::default()
    };
    if let Some((id, _)) = &task.query {
        // Whoever has asked may have gone.
        let result = processor.complete_query_task(id, answer);
        return book.borrow_mut().news.push(format!("{name} answers a query: {}", told(&result)));
    }
    let commands = program::go_on(&task.run.workflow_id, &history, eager);
    let command = requests::complete(&task, &name, commands, completion);
    let index = book.borrow_mut().request(name, What::Complete, command.clone());
    let _under_way = UnderWay::new(&book, index);
    let result = processor.submit(Box::new(command)).await;
    if result.is_ok() {
        let results = task.queries.keys().map(|id| (id.clone(), answer.clone())).collect();
        processor.complete_queries(&task.run, results);
    }
    let queries = match &result {
        Ok(Reply::Workflow(Answer::WorkflowTaskCompleted { new_workflow_task: Some(next), .. })) => {
            processor.carry_queries(&RunKey { run_id: next.run_id.clone(), ..task.run }, next)
        }
        _ => BTreeMap::new(),
    };
    book.borrow_mut().answered(index, result, queries);
}

/// Asks a run how many signals it knows of.
pub async fn query(processor: Arc<Processor>, book: SharedBook, run: RunKey, partition: usize, patience: Duration) {
    let (known, changes) = {
        let book = book.borrow();
        (book.accepted_signals(&run), book.changes_of_hands[partition])
    };
    let query = WorkflowQuery { query_type: "signals".to_owned(), ..WorkflowQuery::default() };
    let result = processor.query(&run, query, deadline(patience)).await;
    let mut book = book.borrow_mut();
    if let Ok(QueryOutcome::Answered(answer)) = &result
        && book.changes_of_hands[partition] == changes
    {
        let answer: usize = text(answer.answer.as_ref()).expect("an answer").parse().expect("a number");
        assert!(answer >= known, "a query of {run:?} knows of {answer} signals, and {known} had been accepted");
    }
    let outcome = match &result {
        Ok(QueryOutcome::Answered(_)) => "answered".to_owned(),
        Ok(outcome) => format!("{outcome:?}"),
        Err(error) => error.to_string(),
    };
    book.news.push(format!("query of {}: {outcome}", run.workflow_id));
}

/// Waits for an event of a run, and reads its history.
pub async fn read(processor: Arc<Processor>, book: SharedBook, run: RunKey, event_id: i64, patience: Duration) {
    let until = Instant::now() + patience;
    let result = processor.wait_for_event(&run, event_id, until.into_std()).await;
    let snapshot = match result {
        Ok(Some(snapshot)) => snapshot,
        other => return book.borrow_mut().news.push(format!("no event {event_id} of {}: {}", run.workflow_id, told(&other))),
    };
    let (next, is_open) = (snapshot.state.next_event_id, snapshot.state.close_time.is_none());
    assert!(next > event_id || !is_open || Instant::now() >= until, "{run:?} has no event {event_id}, and nobody waited for it");
    let result = processor.history(&run, 1, next, usize::MAX).await;
    let mut book = book.borrow_mut();
    book.news.push(format!("events of {}: {}", run.workflow_id, told(&result)));
    if let Ok(events) = result {
        let is_forgotten = snapshot.state.started.as_ref().is_some_and(|started| of_type(started, FORGOTTEN));
        assert!(is_forgotten || events.len() as i64 >= next - 1, "{run:?} has {} events of {}", events.len(), next - 1);
        book.read.push((run, events));
    }
}

fn of_type(started: &WorkflowExecutionStartedEventAttributes, name: &str) -> bool {
    started.workflow_type.as_ref().is_some_and(|workflow_type| workflow_type.name == name)
}

fn poll(polling: Polling) -> Poll {
    Poll {
        namespace: NAMESPACE.to_owned(),
        task_queue: polling.task_queue,
        identity: polling.worker.to_owned(),
        worker_version: None,
        worker_instance_key: polling.worker.to_owned(),
        max_tasks_per_second: polling.rate,
        deadline: deadline(polling.patience),
    }
}

fn deadline(patience: Duration) -> std::time::Instant {
    (Instant::now() + patience).into_std()
}
