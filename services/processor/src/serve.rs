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
use klamm_workflow::{
    answer::StartedWorkflowTask,
    tables::{RunKey, callbacks::destination},
};

use crate::{
    Backend, Processor,
    backend::{
        ActivityTask, Error, Goodbye, Poll, QueryOutcome, RefusedPoll, Reply, RunSnapshot, ScheduleSnapshot, TaskQueueDescription,
        TaskQueueSide, UpdateStatus, UpdateWait, WorkflowTask,
    },
    queue_metrics::Started,
};

impl Backend for Processor {
    async fn submit(&self, command: Box<Command>) -> Result<Reply, Error> {
        self.submitter.submit(command).await
    }

    async fn run(&self, namespace: &str, workflow_id: &str, run_id: &str) -> Result<Option<RunSnapshot>, Error> {
        let partition = self.reader.partition_of(namespace, workflow_id);
        self.reader.confirmed(partition, async { self.reader.run(namespace, workflow_id, run_id) }).await
    }

    async fn history(&self, run: &RunKey, first: i64, end: i64, limit: usize) -> Result<Vec<Arc<HistoryEvent>>, Error> {
        let partition = self.reader.partition_of(&run.namespace, &run.workflow_id);
        self.reader.confirmed(partition, async { self.reader.history(run, first, end, limit) }).await
    }

    async fn wait_for_event(&self, run: &RunKey, event_id: i64, deadline: Instant) -> Result<Option<RunSnapshot>, Error> {
        let partition = self.reader.partition_of(&run.namespace, &run.workflow_id);
        self.reader.confirmed(partition, self.reader.await_event(run, event_id, deadline)).await
    }

    async fn schedule(&self, namespace: &str, schedule_id: &str) -> Result<Option<ScheduleSnapshot>, Error> {
        let partition = self.reader.partition_of(namespace, schedule_id);
        self.reader.confirmed(partition, async { self.reader.schedule(namespace, schedule_id) }).await
    }

    async fn schedule_decisions(
        &self,
        namespace: &str,
        schedule_id: &str,
        first: i64,
        end: i64,
        limit: usize,
    ) -> Result<Vec<Arc<ScheduleDecision>>, Error> {
        let partition = self.reader.partition_of(namespace, schedule_id);
        self.reader.confirmed(partition, async { self.reader.decisions(namespace, schedule_id, first, end, limit) }).await
    }

    async fn poll_workflow_task(&self, poll: Poll) -> Result<Option<WorkflowTask>, Error> {
        let polling = self.queue_metrics.begin(TaskQueueSide::Workflow, &poll);
        let task = self.process.ownership.while_owned(self.dispatcher.await_workflow_task(poll)).await?;
        match &task {
            // A query is not started, so it has no times.
            Some(got) => {
                polling.got(got.query.is_none().then_some(Started { scheduled: got.task.scheduled_time, started: got.task.started_time }))
            }
            None => polling.empty(),
        }
        match &task {
            // A query task was made from memory, so ownership has to be confirmed. Other tasks were started by a command.
            Some(WorkflowTask { query: Some(_), .. }) => self.process.ownership.confirm().await.map(|()| task),
            _ => Ok(task),
        }
    }

    async fn poll_activity_task(&self, poll: Poll) -> Result<Option<ActivityTask>, Error> {
        let polling = self.queue_metrics.begin(TaskQueueSide::Activity, &poll);
        let task = self.process.ownership.while_owned(self.dispatcher.await_activity_task(poll)).await?;
        match &task {
            Some(got) => polling.got(Some(Started { scheduled: got.task.attempt_scheduled_time, started: got.task.started_time })),
            None => polling.empty(),
        }
        Ok(task)
    }

    fn poll_refused(&self, poll: RefusedPoll) {
        self.queues.refuse(poll);
    }

    async fn query(&self, run: &RunKey, query: WorkflowQuery, deadline: Instant) -> Result<QueryOutcome, Error> {
        let partition = self.reader.partition_of(&run.namespace, &run.workflow_id);
        let asking = self.partitions.while_here(partition, self.asking.ask(run, query, deadline));
        self.reader.confirmed(partition, asking).await
    }

    async fn update(
        &self,
        command: Box<Command>,
        update_id: &str,
        wait: UpdateWait,
    ) -> Result<(Reply, Result<UpdateStatus, Error>), Error> {
        self.updating.update(command, update_id, wait).await
    }

    async fn await_update(&self, run: &RunKey, update_id: &str, wait: UpdateWait) -> Result<Option<UpdateStatus>, Error> {
        self.updating.await_update(run, update_id, wait).await
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

    fn carry_queries(&self, run: &RunKey, task: &StartedWorkflowTask) -> BTreeMap<String, WorkflowQuery> {
        self.queries.carry(run, task.started_event_id)
    }

    fn describe_task_queue(&self, namespace: &str, task_queue: &str, side: TaskQueueSide) -> TaskQueueDescription {
        self.queues.describe(namespace, task_queue, side.into())
    }

    fn forget_worker(&self, goodbye: Goodbye) {
        self.queues.forget_worker(&goodbye);
    }

    fn is_callback_blocked(&self, url: &str) -> bool {
        self.breakers.is_open(destination(url))
    }

    fn namespaces(&self) -> Arc<BTreeMap<String, NamespaceState>> {
        self.process.namespaces.all()
    }
}
