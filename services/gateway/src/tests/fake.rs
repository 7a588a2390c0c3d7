//! A fake backend and visibility index, which hold what a test puts into them.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
    time::Instant,
};

use klamm_backend::{
    ActivityTask, Backend, Error, Goodbye, Poll, QueryOutcome, RefusedPoll, Reply, RunSnapshot, ScheduleSnapshot, TaskQueueDescription,
    TaskQueueFigures, TaskQueueSide, UpdateStatus, UpdateWait, WorkflowTask,
};
use klamm_filters::{Count, Group, Page, Scope, VisibilityQueries, index::Error as IndexError};
use klamm_messages::{
    klamm::v1::{Command, NamespaceState, RunState, ScheduleDecision, VisibilityDocument},
    temporal::{
        enums::v1::{EventType, NamespaceState as Lifecycle, WorkflowExecutionStatus},
        history::v1::HistoryEvent,
        query::v1::{WorkflowQuery, WorkflowQueryResult},
    },
};
use klamm_workflow::{Answer, answer::StartedWorkflowTask, tables::RunKey};

use crate::{Config, Gateway};

/// What the test can see and set.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) namespaces: BTreeMap<String, NamespaceState>,
    /// Commands submitted, in order.
    pub(crate) commands: Vec<Command>,
    /// Answers to the commands, in order; `Answer::Empty` when there are no more.
    pub(crate) replies: VecDeque<Result<Reply, Error>>,
    pub(crate) runs: BTreeMap<String, Arc<RunState>>,
    pub(crate) events: Vec<Arc<HistoryEvent>>,
    /// What each successive look at schedule `s` finds.
    pub(crate) schedules: VecDeque<ScheduleSnapshot>,
    /// The decisions of schedule `s`.
    pub(crate) decisions: Vec<Arc<ScheduleDecision>>,
    /// The event ids that `wait_for_event` was asked for, and (`after_wait`) the state that it then finds.
    pub(crate) waits: Vec<i64>,
    pub(crate) after_wait: Option<RunState>,
    pub(crate) polls: Vec<Poll>,
    pub(crate) refused: Vec<RefusedPoll>,
    pub(crate) goodbyes: Vec<Goodbye>,
    /// Queries for the next workflow task.
    pub(crate) waiting_queries: BTreeMap<String, WorkflowQuery>,
    pub(crate) workflow_task: Option<WorkflowTask>,
    pub(crate) activity_task: Option<ActivityTask>,
    pub(crate) query_outcome: Option<QueryOutcome>,
    /// What comes of the next waits for updates; Unavailable when there are no more.
    pub(crate) updates: VecDeque<Result<UpdateStatus, Error>>,
    /// The updates that were waited for, and how.
    pub(crate) update_waits: Vec<(String, UpdateWait)>,
    pub(crate) completed_queries: Vec<(String, WorkflowQueryResult)>,
    pub(crate) completions: usize,
    /// URLs to which callbacks are blocked.
    pub(crate) blocked: Vec<String>,
    /// What visibility finds.
    pub(crate) documents: Vec<VisibilityDocument>,
    /// Filter texts given to visibility.
    pub(crate) visibility_queries: Vec<String>,
}

#[derive(Clone, Default)]
pub(crate) struct Fake(pub(crate) Arc<Mutex<State>>);

impl Fake {
    /// With the namespaces `default` (registered) and `old` (deprecated).
    pub(crate) fn new() -> Self {
        let namespace = |name: &str, state: Lifecycle| NamespaceState {
            name: name.to_owned(),
            id: format!("id-of-{name}"),
            state: state as i32,
            retention: Some(prost_types::Duration { seconds: 86_400, nanos: 0 }),
            search_attributes: [("Name".to_owned(), 2)].into(),
            ..NamespaceState::default()
        };
        let fake = Self::default();
        fake.with(|state| {
            for (name, lifecycle) in [("default", Lifecycle::Registered), ("old", Lifecycle::Deprecated)] {
                state.namespaces.insert(name.to_owned(), namespace(name, lifecycle));
            }
        });
        fake
    }

    pub(crate) fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.0.lock().unwrap())
    }

    fn next_update(&self, update_id: &str, wait: UpdateWait) -> Result<UpdateStatus, Error> {
        self.with(|state| {
            state.update_waits.push((update_id.to_owned(), wait));
            state.updates.pop_front().unwrap_or(Err(Error::Unavailable("no update".to_owned())))
        })
    }

    pub(crate) fn gateway(&self) -> Gateway<Self, Self> {
        Gateway::new(Arc::new(self.clone()), self.clone(), Config::default())
    }

    /// A run of workflow id `w` with `count` events, open or closed by the last one.
    pub(crate) fn put_run(&self, run_id: &str, count: i64, status: WorkflowExecutionStatus) {
        self.with(|state| {
            state.events = (1..=count).map(event).collect();
            state.runs.insert(run_id.to_owned(), Arc::new(run_state(run_id, count + 1, status)));
        });
    }
}

pub(crate) fn run_state(run_id: &str, next_event_id: i64, status: WorkflowExecutionStatus) -> RunState {
    RunState {
        namespace: "default".to_owned(),
        workflow_id: "w".to_owned(),
        run_id: run_id.to_owned(),
        status: status as i32,
        next_event_id,
        last_completed_workflow_task_started_event_id: 3,
        ..RunState::default()
    }
}

pub(crate) fn event(event_id: i64) -> Arc<HistoryEvent> {
    Arc::new(HistoryEvent { event_id, event_type: EventType::WorkflowExecutionSignaled as i32, ..HistoryEvent::default() })
}

impl Backend for Fake {
    async fn submit(&self, command: Box<Command>) -> Result<Reply, Error> {
        self.with(|state| {
            state.commands.push(*command);
            state.replies.pop_front().unwrap_or(Ok(Reply::Workflow(Answer::Empty)))
        })
    }

    async fn run(&self, namespace: &str, workflow_id: &str, run_id: &str) -> Result<Option<RunSnapshot>, Error> {
        Ok(self.with(|state| {
            let found = if run_id.is_empty() { state.runs.values().next_back() } else { state.runs.get(run_id) };
            found.filter(|run| run.workflow_id == workflow_id).map(|run| RunSnapshot {
                run: RunKey::new(namespace, workflow_id, &run.run_id),
                state: run.clone(),
                is_current: true,
            })
        }))
    }

    async fn history(&self, _run: &RunKey, first: i64, end: i64, limit: usize) -> Result<Vec<Arc<HistoryEvent>>, Error> {
        Ok(self.with(|state| {
            let wanted = state.events.iter().filter(|event| (first..end).contains(&event.event_id));
            wanted.take(limit).cloned().collect()
        }))
    }

    async fn wait_for_event(&self, run: &RunKey, event_id: i64, _deadline: Instant) -> Result<Option<RunSnapshot>, Error> {
        self.with(|state| {
            state.waits.push(event_id);
            if let Some(after) = state.after_wait.take() {
                state.events.extend((state.events.len() as i64 + 1..after.next_event_id).map(event));
                state.runs.insert(run.run_id.clone(), Arc::new(after));
            }
        });
        self.run(&run.namespace, &run.workflow_id, &run.run_id).await
    }

    async fn schedule(&self, _namespace: &str, schedule_id: &str) -> Result<Option<ScheduleSnapshot>, Error> {
        Ok(self.with(|state| {
            // The last snapshot stays.
            let snapshot = if state.schedules.len() > 1 { state.schedules.pop_front() } else { state.schedules.front().cloned() };
            snapshot.filter(|_| schedule_id == "s")
        }))
    }

    async fn schedule_decisions(
        &self,
        _namespace: &str,
        _schedule_id: &str,
        first: i64,
        end: i64,
        limit: usize,
    ) -> Result<Vec<Arc<ScheduleDecision>>, Error> {
        Ok(self.with(|state| state.decisions.iter().filter(|decision| (first..end).contains(&decision.n)).take(limit).cloned().collect()))
    }

    async fn poll_workflow_task(&self, poll: Poll) -> Result<Option<WorkflowTask>, Error> {
        Ok(self.with(|state| {
            state.polls.push(poll);
            state.workflow_task.take()
        }))
    }

    async fn poll_activity_task(&self, poll: Poll) -> Result<Option<ActivityTask>, Error> {
        Ok(self.with(|state| {
            state.polls.push(poll);
            state.activity_task.take()
        }))
    }

    async fn query(&self, _run: &RunKey, _query: WorkflowQuery, _deadline: Instant) -> Result<QueryOutcome, Error> {
        Ok(self.with(|state| state.query_outcome.take()).unwrap_or(QueryOutcome::TimedOut))
    }

    async fn update(
        &self,
        command: Box<Command>,
        update_id: &str,
        wait: UpdateWait,
    ) -> Result<(Reply, Result<UpdateStatus, Error>), Error> {
        let reply = self.submit(command).await?;
        Ok((reply, self.next_update(update_id, wait)))
    }

    async fn await_update(&self, _run: &RunKey, update_id: &str, wait: UpdateWait) -> Result<Option<UpdateStatus>, Error> {
        self.next_update(update_id, wait).map(Some)
    }

    fn complete_query_task(&self, query_id: &str, result: WorkflowQueryResult) -> Result<(), Error> {
        self.with(|state| state.completed_queries.push((query_id.to_owned(), result)));
        Ok(())
    }

    fn complete_queries(&self, _run: &RunKey, results: Vec<(String, WorkflowQueryResult)>) {
        self.with(|state| {
            state.completions += 1;
            state.completed_queries.extend(results);
        });
    }

    fn poll_refused(&self, poll: RefusedPoll) {
        self.with(|state| state.refused.push(poll));
    }

    fn carry_queries(&self, _run: &RunKey, _task: &StartedWorkflowTask) -> BTreeMap<String, WorkflowQuery> {
        self.with(|state| std::mem::take(&mut state.waiting_queries))
    }

    fn describe_task_queue(&self, _namespace: &str, _task_queue: &str, side: TaskQueueSide) -> TaskQueueDescription {
        let backlog_count = match side {
            TaskQueueSide::Workflow => 7,
            TaskQueueSide::Activity => 8,
        };
        TaskQueueDescription {
            by_priority: BTreeMap::from([(3, TaskQueueFigures { backlog_count, ..TaskQueueFigures::default() })]),
            ..TaskQueueDescription::default()
        }
    }

    fn forget_worker(&self, goodbye: Goodbye) {
        self.with(|state| state.goodbyes.push(goodbye));
    }

    fn is_callback_blocked(&self, url: &str) -> bool {
        self.with(|state| state.blocked.iter().any(|blocked| blocked == url))
    }

    fn namespaces(&self) -> Arc<BTreeMap<String, NamespaceState>> {
        Arc::new(self.with(|state| state.namespaces.clone()))
    }
}

impl VisibilityQueries for Fake {
    async fn list(
        &self,
        scope: Scope,
        _namespace: &NamespaceState,
        query: &str,
        page_size: usize,
        _token: &[u8],
    ) -> Result<Page, IndexError> {
        self.with(|state| state.visibility_queries.push(format!("{}{query} [{page_size}]", prefix(scope))));
        Ok(Page { documents: self.with(|state| state.documents.clone()), next_page_token: b"next".to_vec() })
    }

    async fn count(&self, scope: Scope, _namespace: &NamespaceState, query: &str) -> Result<Count, IndexError> {
        self.with(|state| state.visibility_queries.push(format!("{}{query}", prefix(scope))));
        let group = |value: &str, count| Group { value: value.to_owned(), count };
        Ok(Count { total: 5, groups: vec![group("Running", 3), group("Completed", 2)] })
    }
}

/// A prefix that tells queries about schedules from those about workflows.
fn prefix(scope: Scope) -> &'static str {
    match scope {
        Scope::Workflows => "",
        Scope::Schedules => "schedules: ",
    }
}
