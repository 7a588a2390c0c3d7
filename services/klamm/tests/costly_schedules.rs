//! Schedules whose times take long to find hold nobody up: while they are created, searched and backfilled, everybody else is answered.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use klamm_api::workflowservice::v1::{
    CreateScheduleRequest, DescribeNamespaceRequest, DescribeScheduleRequest, ListScheduleMatchingTimesRequest, PatchScheduleRequest,
    workflow_service_client::WorkflowServiceClient,
};
use klamm_messages::temporal::{
    common::v1::WorkflowType,
    enums::v1::ScheduleOverlapPolicy,
    schedule::v1::{
        BackfillRequest, IntervalSpec, Range, Schedule, ScheduleAction, SchedulePatch, ScheduleSpec, StructuredCalendarSpec,
        schedule_action::Action,
    },
    taskqueue::v1::TaskQueue,
    workflow::v1::NewWorkflowExecutionInfo,
};
use tonic::{Code, transport::Channel};

const KLAMM: &str = env!("CARGO_BIN_EXE_klamm");
/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(120);
/// Longest that anybody else may wait meanwhile, on a machine that does much else: it was 19 s.
const OTHERS_WAIT_MAX: Duration = Duration::from_secs(3);

/// A running `klamm dev` on free ports.
struct Server {
    child: Child,
    address: String,
    http: String,
}

impl Server {
    fn start() -> Self {
        let mut child = Command::new(KLAMM)
            .args(["dev", "--in-memory", "--port", "0", "--http-port", "0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("klamm starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines().map(|line| line.expect("a line"));
        let mut address = |what: &str| {
            let line = lines.by_ref().find(|line| line.starts_with(what)).expect("an address");
            line.split_whitespace().nth(1).expect("an address").trim_start_matches("http://").to_owned()
        };
        let (address, http) = (address("gRPC:"), address("HTTP:"));
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address, http }
    }

    /// How long `/healthz` takes.
    fn health(&self) -> Duration {
        let begin = Instant::now();
        let mut stream = TcpStream::connect(&self.http).expect("a connection");
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: klamm\r\nConnection: close\r\n\r\n").expect("written");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        begin.elapsed()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// 45,000 intervals of even numbers of seconds, and every even second excluded: none of their times comes, and each has to be looked at.
fn spec() -> ScheduleSpec {
    let all = |start, end| vec![Range { start, end, step: 1 }];
    let even_seconds = StructuredCalendarSpec {
        second: vec![Range { start: 0, end: 58, step: 2 }],
        minute: all(0, 59),
        hour: all(0, 23),
        day_of_month: all(1, 31),
        month: all(1, 12),
        year: Vec::new(),
        day_of_week: all(0, 6),
        comment: String::new(),
    };
    let seconds = |seconds| Some(prost_types::Duration { seconds, nanos: 0 });
    ScheduleSpec {
        interval: (1..=45_000).map(|n| IntervalSpec { interval: seconds(2 * n), phase: None }).collect(),
        exclude_structured_calendar: vec![even_seconds],
        ..ScheduleSpec::default()
    }
}

fn create(schedule_id: &str) -> CreateScheduleRequest {
    let action = NewWorkflowExecutionInfo {
        workflow_id: "never".to_owned(),
        workflow_type: Some(WorkflowType { name: "Never".to_owned() }),
        task_queue: Some(TaskQueue { name: "q".to_owned(), ..TaskQueue::default() }),
        ..NewWorkflowExecutionInfo::default()
    };
    CreateScheduleRequest {
        namespace: "default".to_owned(),
        schedule_id: schedule_id.to_owned(),
        request_id: format!("create-{schedule_id}"),
        schedule: Some(Schedule {
            spec: Some(spec()),
            action: Some(ScheduleAction { action: Some(Action::StartWorkflow(action)) }),
            ..Schedule::default()
        }),
        ..CreateScheduleRequest::default()
    }
}

/// Everything that may be asked of such a schedule; what describe says in the end.
#[allow(deprecated, reason = "it says why a spec cannot be used")]
async fn burn(mut client: WorkflowServiceClient<Channel>, schedule_id: String) -> String {
    client.create_schedule(create(&schedule_id)).await.expect("created");
    let century = |start: i64, end: i64| BackfillRequest {
        start_time: Some(prost_types::Timestamp { seconds: start, nanos: 0 }),
        end_time: Some(prost_types::Timestamp { seconds: end, nanos: 0 }),
        overlap_policy: ScheduleOverlapPolicy::AllowAll as i32,
    };
    let patch = SchedulePatch { backfill_request: vec![century(0, 3_155_760_000)], ..SchedulePatch::default() };
    let request = PatchScheduleRequest {
        namespace: "default".to_owned(),
        schedule_id: schedule_id.clone(),
        patch: Some(patch),
        ..PatchScheduleRequest::default()
    };
    client.patch_schedule(request).await.expect("patched");
    let times = ListScheduleMatchingTimesRequest {
        namespace: "default".to_owned(),
        schedule_id: schedule_id.clone(),
        start_time: Some(prost_types::Timestamp { seconds: 0, nanos: 0 }),
        end_time: Some(prost_types::Timestamp { seconds: 3_155_760_000, nanos: 0 }),
    };
    let refused = client.list_schedule_matching_times(times).await.expect_err("too much to look at");
    assert_eq!((refused.code(), refused.message()), (Code::InvalidArgument, klamm_schedule::view::TOO_MANY_EXCLUSIONS));
    let deadline = Instant::now() + PATIENCE;
    loop {
        let request = DescribeScheduleRequest { namespace: "default".to_owned(), schedule_id: schedule_id.clone() };
        let info = client.describe_schedule(request).await.expect("described").into_inner().info.expect("info");
        if !info.invalid_schedule_error.is_empty() {
            return info.invalid_schedule_error;
        }
        assert!(Instant::now() < deadline, "the search does not end");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn schedules_that_take_long_to_search_hold_nobody_up() {
    let server = Arc::new(Server::start());
    let connect = || async {
        let client = WorkflowServiceClient::connect(format!("http://{}", server.address)).await.expect("a connection");
        client.max_decoding_message_size(64 << 20)
    };
    let is_over = Arc::new(AtomicBool::new(false));
    let health = {
        let (server, is_over) = (server.clone(), is_over.clone());
        std::thread::spawn(move || {
            let mut longest = Duration::ZERO;
            while !is_over.load(Ordering::Relaxed) {
                longest = longest.max(server.health());
                std::thread::sleep(Duration::from_millis(10));
            }
            longest
        })
    };
    let calls = {
        let (mut client, is_over) = (connect().await, is_over.clone());
        tokio::spawn(async move {
            let mut longest = Duration::ZERO;
            while !is_over.load(Ordering::Relaxed) {
                let begin = Instant::now();
                let request = DescribeNamespaceRequest { namespace: "default".to_owned(), ..DescribeNamespaceRequest::default() };
                client.describe_namespace(request).await.expect("described");
                longest = longest.max(begin.elapsed());
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            longest
        })
    };
    let mut burning = Vec::new();
    for n in 0..4 {
        burning.push(tokio::spawn(burn(connect().await, format!("costly-{n}"))));
    }
    for schedule in burning {
        assert_eq!(schedule.await.expect("it ends"), klamm_schedule::view::TOO_MANY_EXCLUSIONS);
    }
    is_over.store(true, Ordering::Relaxed);
    let (health, calls) = (health.join().expect("it ends"), calls.await.expect("it ends"));
    assert!(health < OTHERS_WAIT_MAX && calls < OTHERS_WAIT_MAX, "health took up to {health:?}, another call {calls:?}");
}
