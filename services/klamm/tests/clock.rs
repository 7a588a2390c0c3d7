//! The wall clock is set back by an hour under a running server: timers and schedules go on, none of them early.

use std::{
    io::{Read, Write},
    net::{IpAddr, Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use klamm::{
    config::{Config, Inspect},
    node::{
        alone::{self, Parts, ServerOptions},
        descriptors::{Budget, LogKind},
        namespaces::NamespaceToMake,
    },
};
use klamm_api::workflowservice::v1::{
    CreateScheduleRequest, DescribeScheduleRequest, PollWorkflowTaskQueueRequest, PollWorkflowTaskQueueResponse,
    RespondWorkflowTaskCompletedRequest, StartWorkflowExecutionRequest, workflow_service_client::WorkflowServiceClient,
};
use klamm_log::{Clock, EmbeddedLog, SystemClock, embedded::Settings as LogSettings};
use klamm_messages::temporal::{
    command::v1::{Command, StartTimerCommandAttributes, command::Attributes},
    common::v1::WorkflowType,
    enums::v1::{CommandType, EventType},
    schedule::v1::{IntervalSpec, Schedule, ScheduleAction, ScheduleSpec, schedule_action::Action},
    taskqueue::v1::TaskQueue,
    workflow::v1::NewWorkflowExecutionInfo,
};
use klamm_store::{Settings as StoreSettings, Store};
use klamm_supervise::Supervisor;
use klamm_visibility::{Index, Location};
use tonic::transport::Channel;

/// How long the timer is.
const TIMER: Duration = Duration::from_secs(2);
/// Longest wait for anything; the clock is set back by far more.
const PATIENCE: Duration = Duration::from_secs(60);

/// The machine's clocks, the wall's set as the test wants it.
#[derive(Debug)]
struct SetClock(AtomicI64);

impl Clock for SetClock {
    fn now_ms(&self) -> i64 {
        SystemClock.now_ms() + self.0.load(Ordering::SeqCst)
    }

    fn elapsed(&self) -> Duration {
        SystemClock.elapsed()
    }
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr()).expect("a port").port()
}

/// A server over this clock; its ports.
fn start(clock: Arc<SetClock>) -> (u16, u16) {
    let (port, http_port) = (free_port(), free_port());
    let mut config = Config::default();
    config.kafka.partitions = 4;
    let options = ServerOptions {
        ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        port,
        http_port,
        http_hosts: Vec::new(),
        http_origins: Vec::new(),
        config,
        namespaces: vec![NamespaceToMake {
            name: "default".to_owned(),
            retention: Duration::from_secs(3600),
            search_attributes: Vec::new(),
        }],
        store_name: "klamm",
        doors: Budget::of(1024, LogKind::Embedded, 0).expect("room").doors(klamm_connections::Settings::default()),
        inspect: Inspect::Loopback,
    };
    let parts = Parts {
        log: Arc::new(EmbeddedLog::in_memory(clock.clone(), LogSettings::default()).expect("a log")),
        store: Arc::new(Store::in_memory(&StoreSettings::default()).expect("a store")),
        index: Index::open(Location::Memory).expect("an index"),
        verify_dir: None,
        supervisor: Supervisor::default(),
        clock,
    };
    // A server runs on a thread of its own, as in its process: what it does there may not be sent between threads.
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        runtime.block_on(alone::run(options, parts)).expect("it runs");
    });
    (port, http_port)
}

async fn connect(port: u16) -> WorkflowServiceClient<Channel> {
    let begin = Instant::now();
    loop {
        match WorkflowServiceClient::connect(format!("http://127.0.0.1:{port}")).await {
            Ok(client) => return client,
            Err(error) => assert!(begin.elapsed() < PATIENCE, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn queue(name: &str) -> Option<TaskQueue> {
    Some(TaskQueue { name: name.to_owned(), ..TaskQueue::default() })
}

async fn poll(client: &mut WorkflowServiceClient<Channel>) -> PollWorkflowTaskQueueResponse {
    let request = PollWorkflowTaskQueueRequest { namespace: "default".to_owned(), task_queue: queue("timers"), ..Default::default() };
    let mut request = tonic::Request::new(request);
    request.set_timeout(PATIENCE);
    let polled = tokio::time::timeout(PATIENCE, client.poll_workflow_task_queue(request)).await;
    let task = polled.expect("a task before the wall clock has caught up").expect("a poll").into_inner();
    assert!(!task.task_token.is_empty(), "the poll waited for nothing");
    task
}

/// A workflow task that starts a timer; when it was answered.
async fn start_timer(client: &mut WorkflowServiceClient<Channel>, id: &str) -> Instant {
    let request = StartWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        workflow_id: id.to_owned(),
        workflow_type: Some(WorkflowType { name: "Timer".to_owned() }),
        task_queue: queue("timers"),
        request_id: id.to_owned(),
        ..StartWorkflowExecutionRequest::default()
    };
    client.start_workflow_execution(request).await.expect("started");
    let task = poll(client).await;
    let timer = StartTimerCommandAttributes {
        timer_id: "t".to_owned(),
        start_to_fire_timeout: Some(prost_types::Duration { seconds: TIMER.as_secs() as i64, nanos: 0 }),
    };
    let command = Command {
        command_type: CommandType::StartTimer as i32,
        attributes: Some(Attributes::StartTimerCommandAttributes(timer)),
        ..Command::default()
    };
    let begun = Instant::now();
    let completed = RespondWorkflowTaskCompletedRequest {
        namespace: "default".to_owned(),
        task_token: task.task_token,
        commands: vec![command],
        ..RespondWorkflowTaskCompletedRequest::default()
    };
    client.respond_workflow_task_completed(completed).await.expect("completed");
    begun
}

/// Waits for the task that the timer brings; it came no earlier than the timer is long.
async fn await_timer(client: &mut WorkflowServiceClient<Channel>, begun: Instant) {
    let task = poll(client).await;
    let took = begun.elapsed();
    assert!(took >= TIMER, "early: {took:?}");
    let events = task.history.expect("a history").events;
    assert!(events.iter().any(|event| event.event_type() == EventType::TimerFired), "{events:#?}");
}

async fn actions(client: &mut WorkflowServiceClient<Channel>) -> i64 {
    let request = DescribeScheduleRequest { namespace: "default".to_owned(), schedule_id: "each-second".to_owned() };
    client.describe_schedule(request).await.expect("described").into_inner().info.expect("info").action_count
}

fn health(port: u16) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("a connection");
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: klamm\r\nConnection: close\r\n\r\n").expect("written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

/// Waits until the health warns in these words; `None`: until it warns of nothing.
async fn await_warning(port: u16, words: Option<&str>) {
    let begin = Instant::now();
    loop {
        let shown = health(port);
        assert!(shown.starts_with("HTTP/1.1 200"), "{shown}");
        if words.map_or(!shown.contains("warning"), |words| shown.contains(words)) {
            return;
        }
        assert!(begin.elapsed() < PATIENCE, "{shown}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn timers_and_schedules_go_on_when_the_wall_clock_is_set_back() {
    let clock = Arc::new(SetClock(AtomicI64::new(0)));
    let (port, http_port) = start(clock.clone());
    let mut client = connect(port).await;
    let action = NewWorkflowExecutionInfo {
        workflow_id: "tick".to_owned(),
        workflow_type: Some(WorkflowType { name: "Tick".to_owned() }),
        task_queue: queue("ticks"),
        ..NewWorkflowExecutionInfo::default()
    };
    let interval = IntervalSpec { interval: Some(prost_types::Duration { seconds: 1, nanos: 0 }), phase: None };
    let mut schedule = Schedule {
        spec: Some(ScheduleSpec { interval: vec![interval], ..ScheduleSpec::default() }),
        action: Some(ScheduleAction { action: Some(Action::StartWorkflow(action)) }),
        ..Schedule::default()
    };
    schedule.policies.get_or_insert_default().overlap_policy = 6;
    let create = CreateScheduleRequest {
        namespace: "default".to_owned(),
        schedule_id: "each-second".to_owned(),
        request_id: "r".to_owned(),
        schedule: Some(schedule),
        ..CreateScheduleRequest::default()
    };
    client.create_schedule(create).await.expect("created");
    assert!(health(http_port).starts_with("HTTP/1.1 200"));

    assert!(!health(http_port).contains("warning"));

    // One timer runs when the clock is set back, one is begun after it.
    let before = start_timer(&mut client, "before").await;
    clock.0.store(-3_600_000, Ordering::SeqCst);
    let count = actions(&mut client).await;
    await_timer(&mut client, before).await;
    await_warning(http_port, Some("warning: the clock of this machine is 3")).await;
    let after = start_timer(&mut client, "after").await;
    await_timer(&mut client, after).await;
    let begin = Instant::now();
    while actions(&mut client).await < count + 3 {
        assert!(begin.elapsed() < PATIENCE, "the schedule stands still");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    clock.0.store(0, Ordering::SeqCst);
    await_warning(http_port, None).await;
}
