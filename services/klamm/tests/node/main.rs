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
    config::{Config, Inspect, Namespace, Publish, Requests},
    node::{
        descriptors::{Budget, LogKind},
        front::Front,
        member,
        namespaces::NamespaceToMake,
        parts::{NodeOptions, NodeParts},
        schemas,
    },
    telemetry::Sources,
};
use klamm_api::{
    klamm::v1::{ApplyRequest, ListDeclaredTopicsRequest, inspect_client::InspectClient},
    workflowservice::v1::{
        DescribeWorkflowExecutionRequest, StartWorkflowExecutionRequest, workflow_service_client::WorkflowServiceClient,
    },
};
use klamm_engine::Topics;
use klamm_ingress::NoSchemas;
use klamm_log::{EmbeddedLog, Log, SystemClock, TopicSpec, embedded::Settings as LogSettings};
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
use tonic::{Code, Response, Status, transport::Channel};

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
    config().topics()
}

/// Two partitions, and a namespace with requests and a destination.
fn config() -> Config {
    let mut config = Config::default();
    config.kafka.partitions = 2;
    let publish = Publish { topics: vec!["invoices=shop.invoices".to_owned()], ..Publish::default() };
    let namespace = Namespace { requests: Some(Requests::default()), publish: Some(publish), ..Namespace::default() };
    config.namespaces.insert("default".to_owned(), namespace);
    config
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
    let options = NodeOptions {
        config: Arc::new(config()),
        subjects: schemas::subjects(&topics),
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
        producers_schemas: Arc::new(NoSchemas),
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

/// Whoever takes the partitions over next knows the topics that were declared; calls wait meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn topics_that_are_declared_count_for_whoever_owns_the_partitions() {
    let log = log();
    log.ensure_topics(&[TopicSpec::kept("shop.notes", 1)]).expect("a topic of others");
    let (first, second) = (start(&log).await, start(&log).await);
    first.healthy().await;
    second.healthy().await;
    let mut here = first.client().await;
    let run = insist_on_start(&mut here, "a").await;
    let mut klamm = InspectClient::connect(format!("http://{}", second.address)).await.expect("a connection");
    for (text, change) in [("topics_of: default\nopenlineage: {types: [\"order\"]}\n", "created"), ("topics_of: default\n", "deleted")] {
        let request = ApplyRequest { texts: vec![text.to_owned()], ..ApplyRequest::default() };
        // Whoever forwards to an owner that goes is told so, and asks again.
        let changes = insisting(&mut klamm, async |klamm| klamm.apply(request.clone()).await).await.changes;
        // What was asked for again may have been done the first time.
        assert!(changes[0].kind == "topics" && [change, "unchanged"].contains(&&*changes[0].change), "{changes:?}");
        let id = format!("with {change}");
        insist_on_start(&mut here, &id).await;
        // Commands that came before the new owner began have the terms of the old one.
        let deadline = Instant::now() + PATIENCE;
        let told =
            || log.end_offset("klamm.openlineage.default", 0).and_then(|end| Ok(end + log.end_offset("klamm.openlineage.default", 1)?));
        let mut number = 0;
        while change == "created" && told().expect("the topic") == 0 {
            assert!(Instant::now() < deadline, "runs tell of themselves");
            insist_on_start(&mut here, &format!("{id} {number}")).await;
            number += 1;
        }
    }
    assert_eq!(run_of_insisting(&mut here, "a").await, run);
    let listed = insisting(&mut klamm, async |klamm| klamm.list_declared_topics(ListDeclaredTopicsRequest {}).await).await.declared;
    assert!(listed.is_empty(), "{listed:?}");
    first.stop().await;
    second.stop().await;
}

/// Unavailable is tried again.
async fn insisting<T>(
    klamm: &mut InspectClient<Channel>,
    mut call: impl AsyncFnMut(&mut InspectClient<Channel>) -> Result<Response<T>, Status>,
) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match call(klamm).await {
            Ok(response) => return response.into_inner(),
            Err(status) => assert!(status.code() == Code::Unavailable && Instant::now() < deadline, "{status}"),
        }
    }
}
