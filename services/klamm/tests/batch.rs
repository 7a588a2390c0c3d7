//! A batch operation outlives the process that carries it out.

mod running;

use std::time::{Duration, Instant};

use klamm_api::workflowservice::v1::{
    CountWorkflowExecutionsRequest, DescribeBatchOperationRequest, DescribeBatchOperationResponse, GetWorkflowExecutionHistoryRequest,
    StartBatchOperationRequest, StartWorkflowExecutionRequest, start_batch_operation_request::Operation,
};
use klamm_messages::temporal::{
    batch::v1::BatchOperationSignal,
    common::v1::{WorkflowExecution, WorkflowType},
    enums::v1::{BatchOperationState, EventType},
    taskqueue::v1::TaskQueue,
};

use running::{Server, server};

/// How long something may take that takes some seconds.
const PATIENCE: Duration = Duration::from_secs(90);
/// Workflows; dealing with them takes a second at least.
const COUNT: i64 = 60;

impl Server {
    async fn start(&mut self) {
        for n in 0..COUNT {
            let start = StartWorkflowExecutionRequest {
                namespace: "default".to_owned(),
                workflow_id: format!("w{n}"),
                workflow_type: Some(WorkflowType { name: "T".to_owned() }),
                task_queue: Some(TaskQueue { name: "q".to_owned(), ..TaskQueue::default() }),
                ..StartWorkflowExecutionRequest::default()
            };
            self.client.start_workflow_execution(start).await.expect("started");
        }
        let deadline = Instant::now() + PATIENCE;
        while self.count().await < COUNT {
            assert!(Instant::now() < deadline, "the list does not know the workflows");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn count(&mut self) -> i64 {
        let count = CountWorkflowExecutionsRequest { namespace: "default".to_owned(), query: "TaskQueue = 'q'".to_owned() };
        self.client.count_workflow_executions(count).await.expect("counted").into_inner().count
    }

    async fn signal_all(&mut self) {
        let operation = Operation::SignalOperation(BatchOperationSignal { signal: "s".to_owned(), ..BatchOperationSignal::default() });
        let start = StartBatchOperationRequest {
            namespace: "default".to_owned(),
            job_id: "job".to_owned(),
            reason: "why".to_owned(),
            visibility_query: "TaskQueue = 'q'".to_owned(),
            operation: Some(operation),
            ..StartBatchOperationRequest::default()
        };
        self.client.start_batch_operation(start).await.expect("the job is started");
    }

    async fn job(&mut self) -> DescribeBatchOperationResponse {
        let describe = DescribeBatchOperationRequest { namespace: "default".to_owned(), job_id: "job".to_owned() };
        self.client.describe_batch_operation(describe).await.expect("described").into_inner()
    }

    /// How many signals a workflow has got.
    async fn signals(&mut self, n: i64) -> usize {
        let history = GetWorkflowExecutionHistoryRequest {
            namespace: "default".to_owned(),
            execution: Some(WorkflowExecution { workflow_id: format!("w{n}"), run_id: String::new() }),
            ..GetWorkflowExecutionHistoryRequest::default()
        };
        let events = self.client.get_workflow_execution_history(history).await.expect("a history").into_inner().history.unwrap_or_default();
        events.events.iter().filter(|event| event.event_type() == EventType::WorkflowExecutionSignaled).count()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_goes_on_in_the_next_process() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut first = server(dir.path(), &[]).await;
    first.start().await;
    first.signal_all().await;
    let deadline = Instant::now() + PATIENCE;
    while first.signals(0).await + first.signals(COUNT - 1).await == 0 {
        assert!(Instant::now() < deadline, "the job does not begin");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    drop(first);

    let mut second = server(dir.path(), &[]).await;
    let deadline = Instant::now() + PATIENCE;
    let job = loop {
        let job = second.job().await;
        if job.state() != BatchOperationState::Running {
            break job;
        }
        assert!(Instant::now() < deadline, "{job:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!((job.state(), job.complete_operation_count, job.failure_operation_count), (BatchOperationState::Completed, COUNT, 0));
    for n in 0..COUNT {
        assert_eq!(second.signals(n).await, 1, "workflow {n}");
    }
}
