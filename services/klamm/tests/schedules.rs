//! A schedule on `klamm dev`: it fires, is described, listed and audited, survives a restart and the loss of the store, and goes.

use std::{
    future::Future,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use klamm_api::workflowservice::v1::{
    CountSchedulesRequest, CreateScheduleRequest, DeleteScheduleRequest, DescribeScheduleRequest, DescribeScheduleResponse,
    ListSchedulesRequest, ListWorkflowExecutionsRequest, PatchScheduleRequest, TerminateWorkflowExecutionRequest,
    workflow_service_client::WorkflowServiceClient,
};
use klamm_messages::temporal::{
    common::v1::WorkflowType,
    enums::v1::ScheduleOverlapPolicy,
    schedule::v1::{IntervalSpec, Schedule, ScheduleAction, SchedulePatch, SchedulePolicies, ScheduleSpec, schedule_action::Action},
    taskqueue::v1::TaskQueue,
    workflow::v1::NewWorkflowExecutionInfo,
};
use rustix::process::{Pid, Signal, kill_process};
use tonic::{Code, Status, transport::Channel};

const KLAMM: &str = env!("CARGO_BIN_EXE_klamm");
/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running `klamm dev` on free ports.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(data: &str) -> Self {
        let mut child = Command::new(KLAMM)
            .args(["dev", "--port", "0", "--http-port", "0", "--data-dir", data])
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("klamm starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let line = lines.by_ref().map(|line| line.expect("a line")).find(|line| line.starts_with("gRPC:")).expect("an address");
        let address = line.split_whitespace().nth(1).expect("an address").trim_start_matches("http://").to_owned();
        // The rest of its output is nobody's business, and must not block it.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    async fn client(&self) -> WorkflowServiceClient<Channel> {
        WorkflowServiceClient::connect(format!("http://{}", self.address)).await.expect("a connection")
    }

    fn ask(&self, arguments: &[&str]) -> Output {
        Command::new(KLAMM).args(arguments).args(["--address", &self.address]).output().expect("klamm runs")
    }

    /// What `klamm schedule audit` prints for the last hour, and its exit code.
    fn audit(&self, schedule_id: &str) -> (Vec<serde_json::Value>, Option<i32>) {
        let output = self.ask(&["schedule", "audit", schedule_id, "--from", "1h", "--json"]);
        let lines = String::from_utf8(output.stdout).expect("text");
        (lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect(), output.status.code())
    }

    /// SIGTERM, and the exit code.
    fn stop(mut self) -> Option<i32> {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("it runs");
        self.child.wait().expect("it ends").code()
    }
}

async fn await_until<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "{what} did not come");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn create(schedule_id: &str, overlap_policy: ScheduleOverlapPolicy) -> CreateScheduleRequest {
    let interval = IntervalSpec { interval: Some(prost_types::Duration { seconds: 1, nanos: 0 }), phase: None };
    let action = NewWorkflowExecutionInfo {
        workflow_id: "ping".to_owned(),
        workflow_type: Some(WorkflowType { name: "Ping".to_owned() }),
        task_queue: Some(TaskQueue { name: "q".to_owned(), ..TaskQueue::default() }),
        ..NewWorkflowExecutionInfo::default()
    };
    CreateScheduleRequest {
        namespace: "default".to_owned(),
        schedule_id: schedule_id.to_owned(),
        request_id: format!("create-{schedule_id}"),
        schedule: Some(Schedule {
            spec: Some(ScheduleSpec { interval: vec![interval], ..ScheduleSpec::default() }),
            action: Some(ScheduleAction { action: Some(Action::StartWorkflow(action)) }),
            policies: Some(SchedulePolicies { overlap_policy: overlap_policy as i32, ..SchedulePolicies::default() }),
            ..Schedule::default()
        }),
        ..CreateScheduleRequest::default()
    }
}

async fn describe(client: &WorkflowServiceClient<Channel>, schedule_id: &str) -> Result<DescribeScheduleResponse, Status> {
    let request = DescribeScheduleRequest { namespace: "default".to_owned(), schedule_id: schedule_id.to_owned() };
    client.clone().describe_schedule(request).await.map(tonic::Response::into_inner)
}

/// What does not change while a schedule is paused.
fn kept(described: &DescribeScheduleResponse) -> impl PartialEq + std::fmt::Debug {
    let info = described.info.clone().unwrap_or_default();
    let lasting = (info.action_count, info.overlap_skipped, info.recent_actions, info.running_workflows, info.create_time);
    (described.schedule.clone(), lasting, described.conflict_token.clone())
}

async fn pause(client: &WorkflowServiceClient<Channel>, schedule_id: &str) {
    let request = PatchScheduleRequest {
        namespace: "default".to_owned(),
        schedule_id: schedule_id.to_owned(),
        patch: Some(SchedulePatch { pause: "enough".to_owned(), ..SchedulePatch::default() }),
        ..PatchScheduleRequest::default()
    };
    client.clone().patch_schedule(request).await.expect("paused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_fires_and_tells_of_it_whatever_happens_to_the_store() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().to_str().expect("a path");
    let server = Server::start(data);
    let client = server.client().await;
    let token = client.clone().create_schedule(create("s", ScheduleOverlapPolicy::AllowAll)).await.expect("created").into_inner();
    assert_eq!(token.conflict_token[..], 1_i64.to_be_bytes());
    let again = CreateScheduleRequest { request_id: "another".to_owned(), ..create("s", ScheduleOverlapPolicy::AllowAll) };
    let taken = client.clone().create_schedule(again).await.expect_err("taken");
    assert_eq!((taken.code(), taken.message()), (Code::AlreadyExists, "schedule \"s\" is already registered"));

    await_until("the third run", || async {
        describe(&client, "s").await.ok().filter(|described| described.info.as_ref().is_some_and(|info| info.action_count >= 3))
    })
    .await;
    pause(&client, "s").await;
    let before = describe(&client, "s").await.expect("described");
    let info = before.info.clone().expect("info");
    assert!(
        before.schedule.as_ref().and_then(|schedule| schedule.state.as_ref()).is_some_and(|state| state.paused && state.notes == "enough")
    );
    for action in &info.recent_actions {
        let run = action.start_workflow_result.as_ref().expect("a run");
        assert!(run.workflow_id.starts_with("ping-20") && run.workflow_id.ends_with('Z') && !run.run_id.is_empty(), "{run:?}");
    }

    // In lists: runs by their schedule, schedules by themselves.
    let runs = ListWorkflowExecutionsRequest {
        namespace: "default".to_owned(),
        query: "TemporalScheduledById = 's' AND TemporalScheduledStartTime > '2020-01-01T00:00:00Z'".to_owned(),
        ..ListWorkflowExecutionsRequest::default()
    };
    let count = usize::try_from(info.action_count).expect("a count");
    let listed = await_until("the list of runs", || async {
        let runs = client.clone().list_workflow_executions(runs.clone()).await.expect("a list").into_inner().executions;
        (runs.len() == count).then_some(runs)
    })
    .await;
    assert!(listed.iter().all(|run| run.r#type.as_ref().is_some_and(|kind| kind.name == "Ping")), "no schedule is among them");
    let schedules = ListSchedulesRequest {
        namespace: "default".to_owned(),
        query: "TemporalSchedulePaused = true AND ScheduleId = 's'".to_owned(),
        ..ListSchedulesRequest::default()
    };
    let listed = await_until("the list of schedules", || async {
        client.clone().list_schedules(schedules.clone()).await.expect("a list").into_inner().schedules.pop()
    })
    .await;
    assert_eq!(listed.schedule_id, "s");
    assert!(listed.info.is_some_and(|info| info.paused && info.notes == "enough" && !info.recent_actions.is_empty()));
    let counted = client.clone().count_schedules(CountSchedulesRequest { namespace: "default".to_owned(), query: String::new() }).await;
    assert_eq!(counted.expect("a count").into_inner().count, 1);

    // Audited: every time since the create has its decision.
    let (entries, code) = server.audit("s");
    assert_eq!(code, Some(0), "{entries:#?}");
    let fired: Vec<_> = entries.iter().filter(|entry| entry["decision"] == "fired").collect();
    assert_eq!(fired.len(), count, "{entries:#?}");
    assert!(fired.iter().all(|entry| entry["expected"] == true && entry["late_ms"].as_i64().is_some_and(|late| late >= 0)), "{fired:#?}");
    assert_eq!(entries.last().expect("a summary")["summary"]["fired"], count);
    let paused =
        await_until("a time while it is paused", || async { server.audit("s").0.into_iter().find(|entry| entry["decision"] == "paused") })
            .await;
    assert_eq!((&paused["expected"], &paused["started"]), (&true.into(), &serde_json::Value::Null));
    assert_eq!(server.audit("none").1, Some(4));
    assert_eq!(server.stop(), Some(0));

    // Restarted; then without its store.
    for lose_the_store in [false, true] {
        if lose_the_store {
            std::fs::remove_dir_all(Path::new(data).join("store")).expect("the store goes");
        }
        let server = Server::start(data);
        let client = server.client().await;
        assert_eq!(kept(&describe(&client, "s").await.expect("described")), kept(&before));
        let (again, _) = server.audit("s");
        let again: Vec<_> = again.into_iter().filter(|entry| entry["decision"] == "fired").collect();
        assert_eq!(again.iter().collect::<Vec<_>>(), fired);
        let verified = server.ask(&["verify"]);
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
        assert_eq!(server.stop(), Some(0));
    }

    let server = Server::start(data);
    let client = server.client().await;
    let delete = DeleteScheduleRequest { namespace: "default".to_owned(), schedule_id: "s".to_owned(), ..Default::default() };
    client.clone().delete_schedule(delete.clone()).await.expect("deleted");
    assert_eq!(describe(&client, "s").await.expect_err("gone").code(), Code::NotFound);
    assert_eq!(client.clone().delete_schedule(delete).await.expect_err("gone").code(), Code::NotFound);
    // What it decided is still told, and that it was deleted.
    let (kept, code) = server.audit("s");
    assert_eq!(code, Some(0), "{kept:#?}");
    assert!(kept.last().expect("a summary")["summary"]["deleted"].is_string(), "{kept:#?}");
    let kept: Vec<_> = kept.into_iter().filter(|entry| entry["decision"] == "fired").collect();
    assert_eq!(kept.iter().collect::<Vec<_>>(), fired);
    await_until("the end in lists", || async {
        let request = CountSchedulesRequest { namespace: "default".to_owned(), query: String::new() };
        (client.clone().count_schedules(request).await.expect("a count").into_inner().count == 0).then_some(())
    })
    .await;
    assert!(server.ask(&["verify"]).status.success());
    assert_eq!(server.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_hears_of_the_end_of_its_runs() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(dir.path().to_str().expect("a path"));
    let client = server.client().await;
    client.clone().create_schedule(create("one-at-a-time", ScheduleOverlapPolicy::Skip)).await.expect("created");
    let running = || async {
        let info = describe(&client, "one-at-a-time").await.ok()?.info?;
        Some((info.running_workflows.first()?.clone(), info.overlap_skipped))
    };
    let (first, _) = await_until("the first run", running).await;
    await_until("a skipped time", || async { running().await.filter(|(_, skipped)| *skipped > 0) }).await;
    let terminate = TerminateWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        workflow_execution: Some(first.clone()),
        ..TerminateWorkflowExecutionRequest::default()
    };
    client.clone().terminate_workflow_execution(terminate).await.expect("terminated");
    await_until("another run", || async { running().await.filter(|(run, _)| *run != first) }).await;
    let (entries, code) = server.audit("one-at-a-time");
    assert_eq!(code, Some(0), "{entries:#?}");
    assert!(entries.iter().any(|entry| entry["decision"] == "skipped_overlap" && entry["reason"] != ""), "{entries:#?}");
    assert_eq!(server.stop(), Some(0));
}
