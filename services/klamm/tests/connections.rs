//! File descriptors and connections: who gets how many, and a server that has few of them.

use std::{
    io::{BufRead, BufReader},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use klamm::node::descriptors::{Budget, LogKind};
use klamm_api::workflowservice::v1::{
    PollWorkflowTaskQueueRequest, StartWorkflowExecutionRequest, workflow_service_client::WorkflowServiceClient,
};
use klamm_messages::temporal::{common::v1::WorkflowType, taskqueue::v1::TaskQueue};
use tonic::{Request, Status, transport::Channel};

const KLAMM: &str = env!("CARGO_BIN_EXE_klamm");
/// Longest time that a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// `klamm dev` on free ports, in a directory of its own, with so many descriptors.
struct Server {
    child: Child,
    grpc: String,
    _dir: tempfile::TempDir,
}

impl Server {
    fn start(descriptors: u32) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let data = dir.path().to_str().expect("a path");
        let script = format!("ulimit -n {descriptors} && exec {KLAMM} dev --port 0 --http-port 0 --data-dir {data}");
        let mut child = Command::new("sh").args(["-c", &script]).stdout(Stdio::piped()).spawn().expect("klamm starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines().map(|line| line.expect("a line"));
        let line = lines.find(|line| line.starts_with("gRPC:")).expect("an address");
        let grpc = line.split_whitespace().nth(1).expect("an address").to_owned();
        Self { child, grpc, _dir: dir }
    }

    async fn client(&self) -> WorkflowServiceClient<Channel> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match WorkflowServiceClient::connect(format!("http://{}", self.grpc)).await {
                Ok(client) => return client,
                Err(error) => assert!(Instant::now() < deadline, "{error}"),
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn start(client: &mut WorkflowServiceClient<Channel>, id: &str) -> Result<String, Status> {
    let request = StartWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        workflow_id: id.to_owned(),
        request_id: format!("request-{id}"),
        workflow_type: Some(WorkflowType { name: "order".to_owned() }),
        task_queue: Some(TaskQueue { name: "orders".to_owned(), ..TaskQueue::default() }),
        ..StartWorkflowExecutionRequest::default()
    };
    let started = tokio::time::timeout(PATIENCE, client.start_workflow_execution(request)).await.expect("an answer in time");
    started.map(|response| response.into_inner().run_id)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_has_its_descriptors_whatever_clients_do() {
    let server = Server::start(200);
    let mut known = server.client().await;
    start(&mut known, "before").await.expect("started");
    let herd: Vec<_> = (0..400).map(|_| TcpStream::connect(&server.grpc).expect("the kernel takes it")).collect();
    // One client that was there before, and one that comes after all of them. Payloads make the log change its files.
    for number in 0..50 {
        start(&mut known, &format!("among-them-{number}")).await.expect("writes go on");
    }
    let mut late = server.client().await;
    start(&mut late, "late").await.expect("a place comes free");
    drop(herd);
    let mut after = server.client().await;
    start(&mut after, "after").await.expect("started");
    assert!(start(&mut known, "known").await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_polls_wait_on_one_connection_and_others_are_answered() {
    let server = Server::start(1024);
    let client = server.client().await;
    let mut polls = tokio::task::JoinSet::new();
    for number in 0..600 {
        let mut client = client.clone();
        polls.spawn(async move {
            let mut request = Request::new(PollWorkflowTaskQueueRequest {
                namespace: "default".to_owned(),
                task_queue: Some(TaskQueue { name: format!("queue-{}", number % 7), ..TaskQueue::default() }),
                identity: format!("worker-{number}"),
                ..PollWorkflowTaskQueueRequest::default()
            });
            request.set_timeout(Duration::from_secs(5));
            client.poll_workflow_task_queue(request).await
        });
    }
    let mut other = client.clone();
    for number in 0..20 {
        start(&mut other, &format!("among-polls-{number}")).await.expect("started");
    }
    while let Some(ended) = polls.join_next().await {
        ended.expect("no panic").expect("an empty answer in time");
    }
}

#[test]
fn a_process_with_too_few_descriptors_says_so() {
    let script = format!("ulimit -n 100 && exec {KLAMM} dev --in-memory --port 0 --http-port 0");
    let output = Command::new("sh").args(["-c", &script]).output().expect("klamm runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("100 open files") && error.contains("hint: raise the limit: ulimit -n"), "{error}");
}

/// An address of this machine that is not loopback, if it has one.
fn other_address() -> Option<std::net::IpAddr> {
    // Nothing is sent: the system only chooses the address from which it would be.
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|ip| !ip.is_loopback() && !ip.is_unspecified())
}

#[test]
fn topics_and_verify_are_for_clients_on_the_same_machine() {
    // A client of this machine that comes by another address than loopback is as remote as any.
    let Some(ip) = other_address() else { return eprintln!("this machine has no address but loopback") };
    for (inspect, expected) in [("loopback", false), ("any", true)] {
        let mut child = Command::new(KLAMM)
            .args(["dev", "--in-memory", "--ip", "0.0.0.0", "--port", "0", "--http-port", "0", "--inspect", inspect])
            .stdout(Stdio::piped())
            .spawn()
            .expect("klamm starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines().map(|line| line.expect("a line"));
        let line = lines.find(|line| line.starts_with("gRPC:")).expect("an address");
        let port = line.split_whitespace().nth(1).and_then(|address| address.rsplit(':').next()).expect("a port").to_owned();
        for (address, allowed) in [(format!("127.0.0.1:{port}"), true), (format!("{ip}:{port}"), expected)] {
            for command in [&["topics", "list"][..], &["verify"]] {
                let output = Command::new(KLAMM).args(command).args(["--address", &address]).output().expect("klamm runs");
                let error = String::from_utf8_lossy(&output.stderr);
                assert_eq!(output.status.success(), allowed, "{inspect} {address} {command:?}: {error}");
                assert!(allowed || error.contains("connections.inspect"), "{error}");
            }
        }
        child.kill().expect("it runs");
        child.wait().expect("it ends");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn verifications_take_turns_and_little_memory() {
    use klamm_api::klamm::v1::{VerifyRequest, inspect_client::InspectClient, verify_report::Report};
    let server = Server::start(1024);
    let mut client = server.client().await;
    for number in 0..500 {
        start(&mut client, &format!("verified-{number}")).await.expect("started");
    }
    let mut verifying = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let address = format!("http://{}", server.grpc);
        verifying.spawn(async move {
            let mut inspect = InspectClient::connect(address).await.expect("a connection");
            let mut reports = inspect.verify(VerifyRequest::default()).await.expect("allowed").into_inner();
            let mut differences = None;
            while let Some(report) = reports.message().await.expect("a report") {
                if let Some(Report::Summary(summary)) = report.report {
                    differences = Some(summary.differences);
                }
            }
            differences
        });
    }
    let mut slowest = Duration::ZERO;
    let mut number = 0;
    while !verifying.is_empty() {
        tokio::select! {
            Some(verified) = verifying.join_next() => assert_eq!(verified.expect("no panic"), Some(0)),
            () = async {} => {
                let began = Instant::now();
                start(&mut client, &format!("meanwhile-{number}")).await.expect("started");
                slowest = slowest.max(began.elapsed());
                number += 1;
            }
        }
    }
    println!("{number} starts meanwhile, the slowest took {} ms", slowest.as_millis());
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
}

#[test]
fn the_log_and_the_store_have_theirs_and_connections_the_rest() {
    for (limit, log, wanted, expected) in [
        (200, LogKind::Embedded, 0, (32, 72)),
        (1024, LogKind::Embedded, 0, (128, 704)),
        (1 << 20, LogKind::Embedded, 0, (256, 10_000)),
        (1 << 20, LogKind::Embedded, 20_000, (256, 20_000)),
        (1 << 20, LogKind::Embedded, 5, (256, 5)),
        (1024, LogKind::Kafka { partitions: 8 }, 0, (128, 640)),
        (u64::MAX, LogKind::Kafka { partitions: 1024 }, 0, (256, 10_000)),
    ] {
        let budget = Budget::of(limit, log, wanted).unwrap();
        assert_eq!((budget.tables, budget.connections), expected, "{limit} {log:?}");
    }
}

#[test]
fn too_few_are_refused_with_the_remedy() {
    let error = Budget::of(150, LogKind::Embedded, 0).unwrap_err().to_string();
    assert!(error.contains("150 open files") && error.contains("ulimit -n"), "{error}");
    assert!(Budget::of(1024, LogKind::Kafka { partitions: 64 }, 0).is_err());
}
