//! A completion callback outlives the process that was to call it.

mod running;

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
    time::{Duration, Instant},
};

use klamm_api::workflowservice::v1::{DescribeWorkflowExecutionRequest, StartWorkflowExecutionRequest, TerminateWorkflowExecutionRequest};
use klamm_messages::temporal::{
    common::v1::{
        Callback, WorkflowExecution, WorkflowType,
        callback::{Nexus, Variant},
    },
    enums::v1::CallbackState,
    taskqueue::v1::TaskQueue,
    workflow::v1::CallbackInfo,
};

use running::{Server, server};

/// How long something may take that takes a moment.
const PATIENCE: Duration = Duration::from_secs(60);
/// Callbacks may go to this machine.
const OPTIONS: &[&str] = &["--limit", "callback_addresses=http://127.0.0.1:*"];

fn execution() -> Option<WorkflowExecution> {
    Some(WorkflowExecution { workflow_id: "w".to_owned(), run_id: String::new() })
}

impl Server {
    /// Starts a workflow with a callback to this address, and terminates it.
    async fn start_and_terminate(&mut self, address: SocketAddr) {
        let nexus = Nexus { url: format!("http://{address}/done"), ..Nexus::default() };
        let start = StartWorkflowExecutionRequest {
            namespace: "default".to_owned(),
            workflow_id: "w".to_owned(),
            workflow_type: Some(WorkflowType { name: "T".to_owned() }),
            task_queue: Some(TaskQueue { name: "q".to_owned(), ..TaskQueue::default() }),
            completion_callbacks: vec![Callback { variant: Some(Variant::Nexus(nexus)), links: Vec::new() }],
            ..StartWorkflowExecutionRequest::default()
        };
        self.client.start_workflow_execution(start).await.expect("started");
        let terminate = TerminateWorkflowExecutionRequest {
            namespace: "default".to_owned(),
            workflow_execution: execution(),
            ..TerminateWorkflowExecutionRequest::default()
        };
        self.client.terminate_workflow_execution(terminate).await.expect("terminated");
    }

    /// The callback, once it is in this state.
    async fn until(&mut self, state: CallbackState) -> CallbackInfo {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let describe = DescribeWorkflowExecutionRequest { namespace: "default".to_owned(), execution: execution() };
            let description = self.client.describe_workflow_execution(describe).await.expect("described").into_inner();
            let callback = description.callbacks.into_iter().next().expect("a callback");
            if callback.state() == state {
                return callback;
            }
            assert!(Instant::now() < deadline, "{callback:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Takes one request and answers it; what it said.
fn take_one(listener: &TcpListener) -> String {
    let (mut stream, _) = listener.accept().expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
    let mut request = vec![0; 64 * 1024];
    let mut length = 0;
    // Headers and body may come in two parts.
    while !String::from_utf8_lossy(&request[..length]).contains("operation terminated") {
        let read = stream.read(&mut request[length..]).expect("a request");
        assert!(read > 0, "it ended early");
        length += read;
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").expect("answered");
    String::from_utf8_lossy(&request[..length]).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_callback_that_nobody_took_is_called_by_the_next_process() {
    let dir = tempfile::tempdir().expect("a directory");
    let reserved = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = reserved.local_addr().expect("its address");
    drop(reserved);

    let mut first = server(dir.path(), OPTIONS).await;
    first.start_and_terminate(address).await;
    let tried = first.until(CallbackState::BackingOff).await;
    assert!(tried.last_attempt_failure.is_some_and(|failure| failure.message.contains("refused")));
    drop(first);

    let listener = TcpListener::bind(address).expect("the port is still free");
    let taken = tokio::task::spawn_blocking(move || take_one(&listener));
    let mut second = server(dir.path(), OPTIONS).await;
    let callback = second.until(CallbackState::Succeeded).await;
    assert!(callback.attempt > tried.attempt, "{callback:?}");
    let request = taken.await.expect("a request");
    assert!(request.starts_with("POST /done HTTP/1.1"), "{request}");
}
