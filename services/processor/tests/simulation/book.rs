//! What clients and workers have asked for, and what they were told.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    sync::Arc,
};

use klamm_messages::{
    klamm::v1::Command,
    temporal::{history::v1::HistoryEvent, query::v1::WorkflowQuery},
};
use klamm_processor::backend::{ActivityTask, Error, Reply, WorkflowTask};
use klamm_workflow::{answer::Answer, tables::RunKey};

use crate::executor::TaskId;

/// What a request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A client starts a workflow.
    Start,
    /// A client signals a workflow, or starts it with a signal.
    Signal,
    /// A client terminates a workflow.
    Terminate,
    /// Whatever else leaves nothing that tells it from others.
    Other,
    /// A worker completes a workflow task.
    Complete,
    /// A worker completes an activity.
    CompleteActivity {
        /// Its run.
        run: RunKey,
        /// Its event.
        scheduled_event_id: i64,
    },
}

/// A request, which may be made several times.
#[derive(Debug)]
pub struct Request {
    /// Tells it from all others: its events bear this name.
    pub name: String,
    /// What it is about.
    pub what: What,
    /// Its command.
    pub command: Command,
    /// It has been accepted.
    pub accepted: Option<Reply>,
    /// It has been refused, or nobody makes it any more.
    pub is_over: bool,
    /// It is being made.
    pub is_under_way: bool,
}

impl Request {
    /// Whether it may be made again.
    pub fn is_pending(&self) -> bool {
        self.accepted.is_none() && !self.is_over && !self.is_under_way
    }
}

/// A task in the hands of a worker.
#[derive(Debug)]
pub enum Hand {
    /// Of a workflow.
    Workflow(Box<WorkflowTask>),
    /// Of an activity.
    Activity(Box<ActivityTask>),
}

/// A call that is under way.
#[derive(Debug, Clone)]
pub struct Call {
    /// What it is, for the trace.
    pub name: String,
    /// The member that is called.
    pub member: usize,
    /// The run whose event it waits for.
    pub awaits: Option<RunKey>,
}

impl Call {
    /// One that waits for no event.
    pub fn new(name: String, member: usize) -> Self {
        Self { name, member, awaits: None }
    }
}

/// Everything that is known outside of the processes.
#[derive(Default)]
pub struct Book {
    /// All requests.
    pub requests: Vec<Request>,
    /// Calls under way.
    pub calls: BTreeMap<TaskId, Call>,
    /// Tasks that workers have.
    pub hands: Vec<Hand>,
    /// Tasks that workers have had: run, scheduled event, attempt, stamp.
    given: BTreeSet<(RunKey, i64, i32, i64)>,
    /// What readers of histories have seen.
    pub read: Vec<(RunKey, Vec<Arc<HistoryEvent>>)>,
    /// Times when partitions changed hands, counted by partition.
    pub changes_of_hands: Vec<u64>,
    /// Lines for the trace.
    pub news: Vec<String>,
}

/// The book, as calls write into it.
pub type SharedBook = Rc<RefCell<Book>>;

impl Book {
    /// Nothing has happened on so many partitions.
    pub fn new(partitions: usize) -> Self {
        Self { changes_of_hands: vec![0; partitions], ..Self::default() }
    }

    /// A new request; gives its index.
    pub fn request(&mut self, name: String, what: What, command: Command) -> usize {
        self.requests.push(Request { name, what, command, accepted: None, is_over: false, is_under_way: false });
        self.requests.len() - 1
    }

    /// Indices of the requests that may be made again.
    pub fn pending(&self) -> Vec<usize> {
        self.requests.iter().enumerate().filter(|(_, request)| request.is_pending()).map(|(index, _)| index).collect()
    }

    /// A request was answered; these queries ride on the task that came with the answer.
    pub fn answered(&mut self, index: usize, result: Result<Reply, Error>, queries: BTreeMap<String, WorkflowQuery>) {
        let request = &mut self.requests[index];
        self.news.push(format!("answer to {}: {}", request.name, told(&result)));
        match result {
            Ok(reply) => {
                if let Reply::Workflow(Answer::WorkflowTaskCompleted { new_workflow_task, activity_tasks, .. }) = &reply {
                    let run = |run_id: &str| {
                        let command = &request.command;
                        RunKey::new(&command.namespace, &command.workflow_id, run_id)
                    };
                    let activities: Vec<_> =
                        activity_tasks.iter().map(|task| ActivityTask { run: run(&task.run_id), task: task.clone() }).collect();
                    let next = new_workflow_task.as_ref().map(|task| WorkflowTask {
                        run: run(&task.run_id),
                        task: (**task).clone(),
                        query: None,
                        queries,
                        backlog_count_hint: 0,
                    });
                    self.requests[index].accepted = Some(reply);
                    activities.into_iter().for_each(|task| self.give_activity(task));
                    next.into_iter().for_each(|task| self.give_workflow(task));
                    return;
                }
                request.accepted = Some(reply);
            }
            Err(Error::Rejected(_)) => request.is_over = true,
            Err(Error::Unavailable(_) | Error::Exhausted(_) | Error::DeadlineExceeded(_)) => {}
        }
    }

    /// A worker has got a workflow task, or a query.
    pub fn give_workflow(&mut self, task: WorkflowTask) {
        if task.query.is_none() {
            let WorkflowTask { run, task, .. } = &task;
            self.give(run, task.scheduled_event_id, task.attempt, task.stamp);
        }
        self.hands.push(Hand::Workflow(Box::new(task)));
    }

    /// A worker has got an activity.
    pub fn give_activity(&mut self, task: ActivityTask) {
        let ActivityTask { run, task: started } = &task;
        self.give(run, started.scheduled_event_id, started.attempt, started.stamp);
        self.hands.push(Hand::Activity(Box::new(task)));
    }

    fn give(&mut self, run: &RunKey, scheduled_event_id: i64, attempt: i32, stamp: i64) {
        let is_new = self.given.insert((run.clone(), scheduled_event_id, attempt, stamp));
        assert!(is_new, "attempt {attempt} of the task {scheduled_event_id} of {run:?} was given to two polls");
        self.news.push(format!("{} has attempt {attempt} of {scheduled_event_id}", run.workflow_id));
    }

    /// How many signals of a workflow id have been accepted.
    pub fn accepted_signals(&self, run: &RunKey) -> usize {
        let is_of_run = |request: &&Request| match &request.accepted {
            Some(Reply::Workflow(Answer::Signaled { run_id })) => *run_id == run.run_id,
            _ => false,
        };
        self.requests.iter().filter(|request| request.what == What::Signal).filter(is_of_run).count()
    }
}

/// A request is under way until this is dropped, however its call ends.
pub struct UnderWay(SharedBook, usize);

impl UnderWay {
    /// From now on.
    pub fn new(book: &SharedBook, index: usize) -> Self {
        book.borrow_mut().requests[index].is_under_way = true;
        Self(book.clone(), index)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.borrow_mut().requests[self.1].is_under_way = false;
    }
}

/// What a result says, without ids that nobody repeats.
pub fn told<T>(result: &Result<T, Error>) -> String {
    match result {
        Ok(_) => "ok".to_owned(),
        Err(error) => error.to_string(),
    }
}
