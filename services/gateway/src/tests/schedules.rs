//! Calls about schedules: what is refused, which commands go onto the log, what is shown.

use std::sync::Arc;

use klamm_api::workflowservice::v1::{workflow_service_server::WorkflowService, *};
use klamm_backend::{Error, Reply, ScheduleSnapshot};
use klamm_machine::Rejection;
use klamm_messages::{
    klamm::v1::{RunningAction, ScheduleDefinition, ScheduleProgress, StartingAction, VisibilityDocument, command::Body},
    temporal::{
        common::v1::{Memo, Payload, Payloads, RetryPolicy, SearchAttributes, WorkflowType},
        enums::v1::{ScheduleOverlapPolicy, WorkflowExecutionStatus, WorkflowIdReusePolicy},
        history::v1::WorkflowExecutionStartedEventAttributes,
        schedule::v1::{
            BackfillRequest, CalendarSpec, IntervalSpec, Range, Schedule, ScheduleAction, ScheduleListInfo, SchedulePatch,
            SchedulePolicies, ScheduleSpec, StructuredCalendarSpec, TriggerImmediatelyRequest, schedule_action::Action,
        },
        taskqueue::v1::TaskQueue,
        workflow::v1::{NewWorkflowExecutionInfo, VersioningOverride},
    },
};
use klamm_schedule::Answer;
use prost::Message;
use prost_types::Duration;
use tonic::{Code, Request, Status};

use super::fake::{Fake, run_state};

fn action() -> NewWorkflowExecutionInfo {
    NewWorkflowExecutionInfo {
        workflow_id: "w".to_owned(),
        workflow_type: Some(WorkflowType { name: "T".to_owned() }),
        task_queue: Some(TaskQueue { name: "q".to_owned(), ..TaskQueue::default() }),
        ..NewWorkflowExecutionInfo::default()
    }
}

fn schedule() -> Schedule {
    let interval = IntervalSpec { interval: Some(seconds(60)), phase: None };
    Schedule {
        spec: Some(ScheduleSpec { interval: vec![interval], ..ScheduleSpec::default() }),
        action: Some(ScheduleAction { action: Some(Action::StartWorkflow(action())) }),
        ..Schedule::default()
    }
}

fn create() -> CreateScheduleRequest {
    CreateScheduleRequest {
        namespace: "default".to_owned(),
        schedule_id: "s".to_owned(),
        schedule: Some(schedule()),
        request_id: "r".to_owned(),
        identity: "me".to_owned(),
        ..CreateScheduleRequest::default()
    }
}

fn seconds(seconds: i64) -> Duration {
    Duration { seconds, nanos: 0 }
}

fn start(request: &mut CreateScheduleRequest) -> &mut NewWorkflowExecutionInfo {
    let Some(Action::StartWorkflow(start)) = request.schedule.as_mut().unwrap().action.as_mut().unwrap().action.as_mut() else {
        unreachable!()
    };
    start
}

fn spec(request: &mut CreateScheduleRequest) -> &mut ScheduleSpec {
    request.schedule.as_mut().unwrap().spec.as_mut().unwrap()
}

fn payload(json: &str) -> Payload {
    Payload { metadata: [("encoding".to_owned(), "json/plain".into())].into(), data: json.as_bytes().to_vec().into(), ..Payload::default() }
}

fn attributes(name: &str, json: &str) -> Option<SearchAttributes> {
    Some(SearchAttributes { indexed_fields: [(name.to_owned(), payload(json))].into() })
}

fn blob(bytes: usize) -> Payload {
    Payload { data: vec![0; bytes].into(), ..Payload::default() }
}

fn refused<T: std::fmt::Debug>(result: Result<T, Status>) -> (Code, String) {
    let status = result.expect_err("the request is refused");
    (status.code(), status.message().to_owned())
}

type Change = fn(&mut CreateScheduleRequest);

#[tokio::test]
async fn creates_are_refused_in_temporals_words() {
    const MIB: usize = 1 << 20;
    let invalid = Code::InvalidArgument;
    let rows: Vec<(Change, Code, &str)> = vec![
        (|r| r.namespace = "nowhere".to_owned(), Code::NotFound, "Namespace nowhere is not found."),
        (|r| r.schedule_id = String::new(), invalid, "ScheduleId is not set on request."),
        (|r| r.schedule_id = "x".repeat(978), invalid, "WorkflowId exceeds maximum allowed length (1001/1000)"),
        (|r| r.request_id = String::new(), invalid, "RequestId is not set on request."),
        (|r| r.request_id = "x".repeat(1001), invalid, "RequestId length exceeds limit."),
        // The spec is checked before the action.
        (
            |r| {
                spec(r).timezone_name = "Mars/Olympus".to_owned();
                start(r).workflow_type = None;
            },
            invalid,
            "Invalid schedule spec: unknown time zone Mars/Olympus",
        ),
        (|r| spec(r).interval[0].interval = Some(seconds(0)), invalid, "Invalid schedule spec: interval is too small"),
        (
            |r| spec(r).interval[0].interval = Some(seconds(i64::MAX)),
            invalid,
            "Invalid schedule spec: interval is not a valid duration: proto: duration (seconds:9223372036854775807) exceeds +10000 years",
        ),
        (
            |r| spec(r).interval[0].phase = Some(Duration { seconds: 1, nanos: -1 }),
            invalid,
            "Invalid schedule spec: phase is not a valid duration: proto: duration (seconds:1 nanos:-1) has seconds and nanos with different signs",
        ),
        (
            |r| {
                let range = Range { start: 60, ..Range::default() };
                spec(r).structured_calendar = vec![StructuredCalendarSpec { second: vec![range], ..StructuredCalendarSpec::default() }];
            },
            invalid,
            "Invalid schedule spec: invalid calendar spec: Second Start is not in range [0-59]",
        ),
        // Then the action.
        (|r| start(r).workflow_id = "x".repeat(980), invalid, "WorkflowId exceeds maximum allowed length (1001/1000)"),
        (|r| start(r).workflow_type = None, invalid, "WorkflowType is not set on request."),
        (|r| start(r).workflow_type = Some(WorkflowType { name: "x".repeat(1001) }), invalid, "WorkflowType length exceeds limit."),
        (|r| start(r).task_queue = None, invalid, "taskQueue is not set"),
        (
            |r| start(r).workflow_run_timeout = Some(seconds(-1)),
            invalid,
            "An invalid WorkflowRunTimeoutSeconds is set on request. cause: negative duration",
        ),
        (|r| start(r).cron_schedule = "* * * * *".to_owned(), invalid, "Scheduled workflow must not contain CronSchedule"),
        (
            |r| start(r).workflow_id_reuse_policy = WorkflowIdReusePolicy::RejectDuplicate as i32,
            invalid,
            "Scheduled workflow must not contain WorkflowIDReusePolicy",
        ),
        (
            |r| start(r).search_attributes = attributes("Unknown", "1"),
            invalid,
            "Namespace default has no mapping defined for search attribute Unknown",
        ),
        // Then the schedule itself.
        (|r| r.search_attributes = attributes("Name", "5"), invalid, "invalid value for search attribute Name of type Keyword: 5"),
        (|r| r.schedule = None, invalid, "Only StartWorkflow action is supported for schedules"),
        (
            |r| {
                r.memo = Some(Memo { fields: [("m".to_owned(), blob(MIB))].into() });
                start(r).input = Some(Payloads { payloads: vec![blob(MIB)] });
            },
            invalid,
            "Blob data size exceeds limit.",
        ),
        (
            |r| r.initial_patch = Some(SchedulePatch { pause: "x".repeat(1001), ..SchedulePatch::default() }),
            invalid,
            "Schedule notes exceeds limit.",
        ),
        // Options that workflows do not have in this version.
        (
            |r| start(r).retry_policy = Some(RetryPolicy { maximum_attempts: -1, ..RetryPolicy::default() }),
            invalid,
            "MaximumAttempts cannot be negative on retry policy.",
        ),
        (
            |r| start(r).versioning_override = Some(VersioningOverride::default()),
            Code::Unimplemented,
            "versioning_override is not supported by this version of klamm.",
        ),
    ];
    for (change, code, message) in rows {
        let mut request = create();
        change(&mut request);
        let fake = Fake::new();
        assert_eq!(refused(fake.gateway().create_schedule(Request::new(request)).await), (code, message.to_owned()));
        assert!(fake.with(|state| state.commands.is_empty()), "{message}");
    }
}

#[tokio::test]
async fn specs_that_do_not_compile_are_refused() {
    let rows: Vec<Change> = vec![
        |r| spec(r).timezone_data = "no zone".into(),
        |r| spec(r).cron_string = vec!["not a cron string".to_owned()],
        |r| spec(r).calendar = vec![CalendarSpec { hour: "25".to_owned(), ..CalendarSpec::default() }],
        |r| spec(r).interval[0].phase = Some(seconds(60)),
    ];
    for (row, change) in rows.into_iter().enumerate() {
        let mut request = create();
        change(&mut request);
        let (code, message) = refused(Fake::new().gateway().create_schedule(Request::new(request)).await);
        assert_eq!(code, Code::InvalidArgument, "row {row}");
        assert!(message.starts_with("Invalid schedule spec: "), "row {row}: {message}");
    }
}

#[tokio::test]
async fn a_create_is_brought_into_form_and_stamped() {
    let fake = Fake::new();
    fake.with(|state| state.replies.push_back(Ok(Reply::Schedule(Answer::Token(vec![1, 2])))));
    let mut request = create();
    start(&mut request).search_attributes = attributes("Name", "\"x\"");
    request.schedule.as_mut().unwrap().policies =
        Some(SchedulePolicies { overlap_policy: 99, catchup_window: Some(seconds(-5)), ..SchedulePolicies::default() });
    request.initial_patch =
        Some(SchedulePatch { trigger_immediately: Some(TriggerImmediatelyRequest::default()), ..SchedulePatch::default() });
    let response = fake.gateway().create_schedule(Request::new(request)).await.unwrap().into_inner();
    assert_eq!(response.conflict_token[..], [1, 2]);
    let command = fake.with(|state| state.commands.remove(0));
    assert_eq!((command.workflow_id.as_str(), command.identity.as_str(), command.namespace.as_str()), ("s", "me", "default"));
    let settings = command.settings.unwrap();
    assert_eq!((settings.schedule_audit_retention, settings.retention), (Some(seconds(7 * 86_400)), Some(seconds(86_400))));
    let Some(Body::CreateSchedule(body)) = command.body else { panic!("no create") };
    assert_eq!(body.namespace_id, "id-of-default");
    let mut request = body.request.unwrap();
    let action = start(&mut request);
    assert_eq!(action.task_queue.as_ref().unwrap().kind, 1, "a normal queue");
    assert_eq!(action.search_attributes.as_ref().unwrap().indexed_fields["Name"].metadata["type"], "Keyword");
    let policies = request.schedule.unwrap().policies.unwrap();
    assert_eq!((policies.overlap_policy, policies.catchup_window), (0, Some(seconds(0))));
    assert!(request.initial_patch.unwrap().trigger_immediately.unwrap().scheduled_time.is_some());
}

#[tokio::test]
async fn updates_are_checked_like_creates() {
    let fake = Fake::new();
    let update = || UpdateScheduleRequest {
        namespace: "default".to_owned(),
        schedule_id: "s".to_owned(),
        schedule: Some(schedule()),
        conflict_token: vec![0, 0, 0, 0, 0, 0, 0, 9].into(),
        memo: Some(Memo::default()),
        ..UpdateScheduleRequest::default()
    };
    fake.with(|state| state.replies.push_back(Ok(Reply::Schedule(Answer::Empty))));
    fake.gateway().update_schedule(Request::new(update())).await.unwrap();
    let Some(Body::UpdateSchedule(body)) = fake.with(|state| state.commands.remove(0)).body else { panic!("no update") };
    let request = body.request.unwrap();
    assert!(!request.request_id.is_empty(), "the gateway's own re-sends take effect once");
    assert_eq!((request.conflict_token.len(), request.memo.is_some()), (8, true));

    let stale = Rejection::FailedPrecondition("mismatched conflict token".to_owned());
    fake.with(|state| state.replies.push_back(Err(Error::Rejected(stale))));
    let (code, message) = refused(fake.gateway().update_schedule(Request::new(update())).await);
    assert_eq!((code, message.as_str()), (Code::FailedPrecondition, "mismatched conflict token"));

    let nothing = UpdateScheduleRequest { schedule: None, ..update() };
    let (code, message) = refused(fake.gateway().update_schedule(Request::new(nothing)).await);
    assert_eq!((code, message.as_str()), (Code::InvalidArgument, "Only StartWorkflow action is supported for schedules"));
}

#[tokio::test]
async fn patches_are_checked_and_triggers_have_their_time() {
    let fake = Fake::new();
    let patch = |patch: Option<SchedulePatch>| PatchScheduleRequest {
        namespace: "default".to_owned(),
        schedule_id: "s".to_owned(),
        patch,
        ..PatchScheduleRequest::default()
    };
    let invalid = |message: &str| (Code::InvalidArgument, message.to_owned());
    assert_eq!(refused(fake.gateway().patch_schedule(Request::new(patch(None))).await), invalid("Patch is not set on request."));
    for notes in [
        SchedulePatch { pause: "x".repeat(1001), ..SchedulePatch::default() },
        SchedulePatch { unpause: "x".repeat(1001), ..SchedulePatch::default() },
    ] {
        let result = fake.gateway().patch_schedule(Request::new(patch(Some(notes)))).await;
        assert_eq!(refused(result), invalid("Schedule notes exceeds limit."));
    }

    fake.with(|state| state.replies.push_back(Ok(Reply::Schedule(Answer::Empty))));
    let all = ScheduleOverlapPolicy::AllowAll as i32;
    let both = SchedulePatch {
        trigger_immediately: Some(TriggerImmediatelyRequest { overlap_policy: all, scheduled_time: None }),
        backfill_request: vec![BackfillRequest { overlap_policy: 77, ..BackfillRequest::default() }],
        ..SchedulePatch::default()
    };
    fake.gateway().patch_schedule(Request::new(patch(Some(both)))).await.unwrap();
    let Some(Body::PatchSchedule(body)) = fake.with(|state| state.commands.remove(0)).body else { panic!("no patch") };
    let patch = body.request.unwrap().patch.unwrap();
    let trigger = patch.trigger_immediately.unwrap();
    assert_eq!((trigger.overlap_policy, patch.backfill_request[0].overlap_policy), (all, 0));
    let age = chrono::Utc::now().timestamp() - trigger.scheduled_time.unwrap().seconds;
    assert!((0..60).contains(&age), "{age}");
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let fake = Fake::new();
    let request = DescribeScheduleRequest { namespace: "default".to_owned(), schedule_id: "none".to_owned() };
    let (code, message) = refused(fake.gateway().describe_schedule(Request::new(request)).await);
    assert_eq!((code, message.as_str()), (Code::NotFound, "workflow not found for ID: temporal-sys-scheduler:none"));
    let request =
        ListScheduleMatchingTimesRequest { namespace: "default".to_owned(), schedule_id: "none".to_owned(), ..Default::default() };
    assert_eq!(refused(fake.gateway().list_schedule_matching_times(Request::new(request)).await).0, Code::NotFound);
    fake.with(|state| state.replies.push_back(Err(Error::Rejected(Rejection::not_found("gone")))));
    let request = DeleteScheduleRequest { namespace: "default".to_owned(), schedule_id: "none".to_owned(), ..Default::default() };
    assert_eq!(refused(fake.gateway().delete_schedule(Request::new(request)).await), (Code::NotFound, "gone".to_owned()));
}

/// Schedule `s`. With `running`, the schedule believes that its run `first` of workflow `w` is open.
fn snapshot(running: bool) -> ScheduleSnapshot {
    let run = RunningAction { workflow_id: "w".to_owned(), run_id: "first".to_owned(), ..RunningAction::default() };
    let definition = ScheduleDefinition { schedule: Some(schedule()), ..ScheduleDefinition::default() };
    let progress = ScheduleProgress { running: if running { vec![run] } else { Vec::new() }, conflict_token: 3, ..Default::default() };
    ScheduleSnapshot { definition: definition.into(), progress: progress.into() }
}

async fn running(fake: &Fake) -> usize {
    let request = DescribeScheduleRequest { namespace: "default".to_owned(), schedule_id: "s".to_owned() };
    let described = fake.gateway().describe_schedule(Request::new(request)).await.unwrap().into_inner();
    described.info.unwrap().running_workflows.len()
}

fn put_run(fake: &Fake, status: WorkflowExecutionStatus, first: &str) {
    let started = WorkflowExecutionStartedEventAttributes { first_execution_run_id: first.to_owned(), ..Default::default() };
    let mut state = run_state("last", 9, status);
    state.started = Some(started);
    fake.with(|fake| fake.runs.insert("last".to_owned(), state.into()));
}

#[tokio::test]
async fn a_describe_shows_the_runs_that_run() {
    let fake = Fake::new();
    fake.with(|state| state.schedules = [snapshot(true)].into());
    // A later run of the chain is open.
    put_run(&fake, WorkflowExecutionStatus::Running, "first");
    assert_eq!(running(&fake).await, 1);
    // The workflow id belongs to another chain by now, and the schedule does not learn of it in time.
    put_run(&fake, WorkflowExecutionStatus::Running, "other");
    assert_eq!(running(&fake).await, 0);
}

#[tokio::test]
async fn a_describe_waits_until_the_schedule_has_heard_of_a_close() {
    let fake = Fake::new();
    put_run(&fake, WorkflowExecutionStatus::Completed, "first");
    fake.with(|state| state.schedules = [snapshot(true), snapshot(true), snapshot(false)].into());
    assert_eq!(running(&fake).await, 0);
    assert_eq!(fake.with(|state| state.schedules.len()), 1, "it has looked again until then");
}

#[tokio::test]
async fn a_describe_waits_until_the_schedule_has_heard_of_the_starts_before_it() {
    let fake = Fake::new();
    let starting = |actions: &[i64]| {
        let starting = actions.iter().map(|&action| StartingAction { action, ..StartingAction::default() }).collect();
        let mut snapshot = snapshot(false);
        Arc::make_mut(&mut snapshot.progress).starting = starting;
        snapshot
    };
    fake.with(|state| {
        state.schedules = [starting(&[3, 4]), starting(&[4]), starting(&[4, 5]), starting(&[5]), starting(&[5]), starting(&[])].into()
    });
    assert_eq!(running(&fake).await, 0);
    assert_eq!(fake.with(|state| state.schedules.len()), 2, "it has looked until 4 was answered; 5 came later");
}

#[tokio::test]
async fn lists_show_what_the_index_has() {
    let fake = Fake::new();
    let info = ScheduleListInfo { notes: "note".to_owned(), paused: true, ..ScheduleListInfo::default() };
    let memo =
        |fields: Vec<(&str, Payload)>| Some(Memo { fields: fields.into_iter().map(|(name, field)| (name.to_owned(), field)).collect() });
    let own = ("ScheduleInfo", Payload { data: info.encode_to_vec().into(), ..Payload::default() });
    let document = |id: &str, memo| VisibilityDocument { workflow_id: format!("temporal-sys-scheduler:{id}"), memo, ..Default::default() };
    let mut with_attributes = document("one", memo(vec![own.clone(), ("mine", payload("1"))]));
    with_attributes.search_attributes = Some(SearchAttributes {
        indexed_fields: ["TemporalSchedulePaused", "TemporalNamespaceDivision", "Name"].map(|name| (name.to_owned(), payload("1"))).into(),
    });
    fake.with(|state| state.documents = vec![with_attributes, document("two", memo(vec![own])), document("three", None)]);
    let request = ListSchedulesRequest {
        namespace: "default".to_owned(),
        maximum_page_size: 7,
        query: "Name = 'x'".to_owned(),
        ..ListSchedulesRequest::default()
    };
    let response = fake.gateway().list_schedules(Request::new(request)).await.unwrap().into_inner();
    assert_eq!(response.next_page_token, "next");
    let [one, two, three] = response.schedules.as_slice() else { panic!("three entries") };
    assert_eq!((one.schedule_id.as_str(), one.info.as_ref()), ("one", Some(&info)));
    assert_eq!(one.memo.as_ref().unwrap().fields.keys().collect::<Vec<_>>(), ["mine"]);
    assert_eq!(one.search_attributes.as_ref().unwrap().indexed_fields.keys().collect::<Vec<_>>(), ["Name"]);
    assert_eq!((two.memo.is_some(), two.search_attributes.is_some(), two.info.is_some()), (false, false, true));
    assert_eq!((three.schedule_id.as_str(), three.info.is_some()), ("three", false));

    let request = CountSchedulesRequest { namespace: "default".to_owned(), query: "Name = 'y'".to_owned() };
    let response = fake.gateway().count_schedules(Request::new(request)).await.unwrap().into_inner();
    assert_eq!((response.count, response.groups.len()), (5, 0));
    assert_eq!(fake.with(|state| state.visibility_queries.clone()), ["schedules: Name = 'x' [7]", "schedules: Name = 'y'"]);
}
