//! The processor as a gateway's backend.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use klamm_machine::Rejection;
use klamm_messages::{
    klamm::v1::{Command, NamespaceState, ScheduleDecision},
    temporal::{
        history::v1::HistoryEvent,
        query::v1::{WorkflowQuery, WorkflowQueryResult},
    },
};
use klamm_workflow::tables::RunKey;

use crate::{
    Backend, Processor,
    backend::{
        ActivityTask, Error, Poll, QueryOutcome, Reply, RunSnapshot, ScheduleSnapshot, TaskQueueDescription, TaskQueueSide, WorkflowTask,
    },
};

impl Backend for Arc<Processor> {
    async fn submit(&self, command: Command) -> Result<Reply, Error> {
        self.submit_to(self.partition_of(&command), command).await
    }

    async fn run(&self, namespace: &str, workflow_id: &str, run_id: &str) -> Result<Option<RunSnapshot>, Error> {
        self.read_run(namespace, workflow_id, run_id)
    }

    async fn history(&self, run: &RunKey, first: i64, end: i64, limit: usize) -> Result<Vec<Arc<HistoryEvent>>, Error> {
        self.read_history(run, first, end, limit)
    }

    async fn wait_for_event(&self, run: &RunKey, event_id: i64, deadline: Instant) -> Result<Option<RunSnapshot>, Error> {
        self.ownership.while_owned(self.await_event(run, event_id, deadline)).await
    }

    async fn schedule(&self, namespace: &str, schedule_id: &str) -> Result<Option<ScheduleSnapshot>, Error> {
        self.read_schedule(namespace, schedule_id)
    }

    async fn schedule_decisions(
        &self,
        namespace: &str,
        schedule_id: &str,
        first: i64,
        end: i64,
        limit: usize,
    ) -> Result<Vec<Arc<ScheduleDecision>>, Error> {
        self.read_decisions(namespace, schedule_id, first, end, limit)
    }

    async fn poll_workflow_task(&self, poll: Poll) -> Result<Option<WorkflowTask>, Error> {
        self.ownership.while_owned(self.await_workflow_task(poll)).await
    }

    async fn poll_activity_task(&self, poll: Poll) -> Result<Option<ActivityTask>, Error> {
        self.ownership.while_owned(self.await_activity_task(poll)).await
    }

    async fn query(&self, run: &RunKey, query: WorkflowQuery, deadline: Instant) -> Result<QueryOutcome, Error> {
        self.ownership.while_owned(self.ask(run, query, deadline)).await
    }

    fn complete_query_task(&self, query_id: &str, result: WorkflowQueryResult) -> Result<(), Error> {
        if self.queries.answer_direct(query_id, result) {
            return Ok(());
        }
        Err(Rejection::not_found("query task not found, or already expired").into())
    }

    fn complete_queries(&self, run: &RunKey, results: Vec<(String, WorkflowQueryResult)>) {
        self.queries.landed(run, results);
    }

    fn describe_task_queue(&self, namespace: &str, task_queue: &str, side: TaskQueueSide) -> TaskQueueDescription {
        self.task_queues.describe(namespace, task_queue, side)
    }

    fn forget_worker(&self, namespace: &str, sticky_task_queue: &str, worker_instance_key: &str) {
        if !sticky_task_queue.is_empty() {
            self.task_queues.forget_sticky(namespace, sticky_task_queue);
        }
        self.task_queues.end_polls(namespace, worker_instance_key);
    }

    fn namespaces(&self) -> Arc<BTreeMap<String, NamespaceState>> {
        self.namespaces.read().clone()
    }
}
