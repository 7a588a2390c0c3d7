//! Processes of a cluster over one log in memory: one owns, others forward; who is cut off is followed, and comes back as a standby.

mod inspecting;
mod severed;
mod supervised;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use klamm::{
    config::Inspect,
    node::{
        descriptors::{Budget, LogKind},
        front::Front,
        member,
        namespaces::NamespaceToMake,
        parts::{NodeOptions, NodeParts},
    },
    telemetry::Sources,
};
use klamm_api::workflowservice::v1::{
    DescribeWorkflowExecutionRequest, StartWorkflowExecutionRequest, workflow_service_client::WorkflowServiceClient,
};
use klamm_engine::{NamespaceTopic, Topics};
use klamm_ingress::NoSchemas;
use klamm_log::{EmbeddedLog, Log, SystemClock, embedded::Settings as LogSettings};
use klamm_messages::temporal::{
    common::v1::{WorkflowExecution, WorkflowType},
    taskqueue::v1::TaskQueue,
};
use klamm_processor::Intervals;
use klamm_store::{Settings as StoreSettings, Store};
use klamm_supervise::Supervisor;
use klamm_visibility::{Index, Location};
use severed::Severed;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tonic::{Code, Status, transport::Channel};

/// Longest time until a cluster answers again: the design's two seconds for a take-over, with room for a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// One process.
struct Node {
    address: String,
    front: Front,
    cut: Arc<AtomicBool>,
    supervisor: Supervisor,
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), String>>,
}

async fn start(log: &Arc<dyn Log>) -> Node {
    start_supervised(log, Supervisor::default()).await
}

/// klamm's topics, and those of the namespace that the node makes.
fn topics() -> Topics {
    Topics::new("klamm.", 2).with_namespaces([NamespaceTopic::requests("default"), NamespaceTopic::outcomes("default")])
}

async fn start_supervised(log: &Arc<dyn Log>, supervisor: Supervisor) -> Node {
    let topics = topics();
    let cut = Arc::new(AtomicBool::new(false));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let (stop, stopped) = watch::channel(false);
    let front = Front::new("starting", Inspect::Loopback);
    let doors = Budget::of(4096, LogKind::Embedded, 0).expect("enough").doors(klamm_connections::Settings::default());
    member::serve(&front, listener, doors, stopped.clone());
    let destinations = klamm_requests::Destinations::new([("invoices".to_owned(), "shop.invoices".to_owned())]);
    let publishing = klamm_gateway::Limits { destinations, ..klamm_gateway::Limits::default() };
    let options = NodeOptions {
        topics,
        advertised_address: address.clone(),
        store_dir: "memory".into(),
        verify_dir: None,
        namespaces: vec![NamespaceToMake {
            name: "default".to_owned(),
            retention: Duration::from_secs(86_400),
            search_attributes: Vec::new(),
        }],
        intervals: Intervals { batch: Duration::from_millis(20), clean: Duration::from_millis(50), ..Intervals::default() },
        uncommitted_commands_max: 10_000,
        uncommitted_bytes_max: 1 << 26,
        limits: klamm_gateway::Limits::default(),
        namespace_limits: [("default".to_owned(), publishing)].into(),
        producers_schemas: Arc::new(NoSchemas),
        share_groups: Vec::new(),
        inspect: Inspect::Loopback,
    };
    let parts = NodeParts {
        log: Arc::new(Severed::new(log.clone(), cut.clone())),
        beats_log: Arc::new(Severed::new(log.clone(), cut.clone())),
        store: Arc::new(Store::in_memory(&StoreSettings::default()).expect("a store")),
        index: Index::open(Location::Memory).expect("an index"),
        supervisor: supervisor.clone(),
        sources: Sources::default(),
    };
    let standing = front.clone();
    let task = tokio::spawn(async move { member::run(options, parts, &front, stopped).await.map_err(|error| error.to_string()) });
    Node { address, front: standing, cut, supervisor, stop, task }
}

impl Node {
    async fn healthy(&self) {
        tokio::time::timeout(PATIENCE, self.supervisor.health().until_ready()).await.expect("it becomes healthy");
    }

    async fn client(&self) -> WorkflowServiceClient<Channel> {
        WorkflowServiceClient::connect(format!("http://{}", self.address)).await.expect("a connection")
    }

    async fn stop(self) {
        self.stop.send(true).expect("it runs");
        tokio::time::timeout(PATIENCE, self.task).await.expect("it stops").expect("no panic").expect("a clean stop");
    }
}

fn log() -> Arc<dyn Log> {
    let log = EmbeddedLog::in_memory(Arc::new(SystemClock), LogSettings::default()).expect("a log");
    log.ensure_topics(&topics().specs()).expect("topics");
    Arc::new(log)
}

async fn start_workflow(client: &mut WorkflowServiceClient<Channel>, id: &str) -> Result<String, Status> {
    let request = StartWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        workflow_id: id.to_owned(),
        request_id: format!("request-{id}"),
        workflow_type: Some(WorkflowType { name: "order".to_owned() }),
        task_queue: Some(TaskQueue { name: "orders".to_owned(), ..TaskQueue::default() }),
        ..StartWorkflowExecutionRequest::default()
    };
    client.start_workflow_execution(request).await.map(|response| response.into_inner().run_id)
}

/// Insists as SDKs do: Unavailable is tried again.
async fn insist_on_start(client: &mut WorkflowServiceClient<Channel>, id: &str) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match start_workflow(client, id).await {
            Ok(run_id) => return run_id,
            Err(status) => {
                assert_eq!(status.code(), Code::Unavailable, "{status}");
                assert!(Instant::now() < deadline, "{status}");
            }
        }
    }
}

async fn run_of(client: &mut WorkflowServiceClient<Channel>, id: &str) -> Result<String, Status> {
    let request = DescribeWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        execution: Some(WorkflowExecution { workflow_id: id.to_owned(), run_id: String::new() }),
    };
    let response = client.describe_workflow_execution(request).await?.into_inner();
    Ok(response.workflow_execution_info.and_then(|info| info.execution).expect("a run").run_id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn both_answer_one_owns_and_what_one_took_the_other_knows() {
    let log = log();
    let (first, second) = (start(&log).await, start(&log).await);
    first.healthy().await;
    second.healthy().await;
    // Each says what it is.
    let (owner, standby) = (first.front.standing(), second.front.standing());
    let (owner, standby, address) = match owner == "it owns the partitions" {
        true => (owner, standby, &first.address),
        false => (standby, owner, &second.address),
    };
    assert_eq!(owner, "it owns the partitions");
    assert_eq!(standby, format!("it stands by, and forwards calls to the owner at {address}"));
    let (mut here, mut there) = (first.client().await, second.client().await);
    let run = insist_on_start(&mut here, "a").await;
    assert_eq!(run_of(&mut there, "a").await.expect("known to the other"), run);
    assert_eq!(insist_on_start(&mut there, "a").await, run, "the same request again, by the other door");
    first.stop().await;
    assert_eq!(insist_on_start(&mut there, "a").await, run, "whoever is left knows it");
    assert_eq!(run_of(&mut there, "a").await.expect("known"), run);
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_is_cut_off_reads_nothing_and_is_followed_and_comes_back_as_a_standby() {
    let log = log();
    let first = start(&log).await;
    first.healthy().await;
    let second = start(&log).await;
    second.healthy().await;
    let (mut here, mut there) = (first.client().await, second.client().await);
    let run = insist_on_start(&mut here, "a").await;

    first.cut.store(true, Ordering::SeqCst);
    let cut = Instant::now();
    insist_on_start(&mut there, "b").await;
    println!("answered again {} ms after the owner was cut off", cut.elapsed().as_millis());
    let status = run_of(&mut here, "a").await.expect_err("its lease has ended");
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    assert_eq!(run_of(&mut there, "a").await.expect("taken over"), run);

    first.cut.store(false, Ordering::SeqCst);
    // It finds that it was overtaken, and forwards.
    let deadline = Instant::now() + PATIENCE;
    let known = loop {
        match run_of(&mut here, "b").await {
            Ok(run) => break run,
            Err(status) => assert!(status.code() == Code::Unavailable && Instant::now() < deadline, "{status}"),
        }
    };
    assert_eq!(known, run_of(&mut there, "b").await.expect("known"));
    second.stop().await;
    assert_eq!(run_of_insisting(&mut here, "b").await, known, "it can own again");
    first.stop().await;
}

async fn run_of_insisting(client: &mut WorkflowServiceClient<Channel>, id: &str) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match run_of(client, id).await {
            Ok(run) => return run,
            Err(status) => assert!(status.code() == Code::Unavailable && Instant::now() < deadline, "{status}"),
        }
    }
}
