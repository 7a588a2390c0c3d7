//! What can be seen of a schedule, of the model and of the machine.

use klamm_machine::Time;
use klamm_messages::{
    klamm::v1::{ScheduleDecision, ScheduleDecisionKind as Kind, StartWorkflow, command::Body},
    temporal::enums::v1::WorkflowExecutionStatus as Status,
};
use klamm_schedule::{STEPS_MAX, spec::Steps, view};
use klamm_spec::{
    End, Millis,
    schedule::{Action, Decision, Overlap, Schedule, Sent, Verdict},
};

use super::{
    defined::policy,
    env::{self, Env},
};

/// What describe shows, and what else can be told from commands: which actions wait, are being started, or run.
#[derive(Debug, PartialEq, Default)]
pub struct Seen {
    version: i64,
    notes: String,
    paused: bool,
    remaining: Option<i64>,
    overlap: i32,
    catchup_window: Millis,
    pause_on_failure: bool,
    created: Millis,
    updated: Option<Millis>,
    fired: i64,
    missed: i64,
    skipped: i64,
    dropped: i64,
    buffer_size: i64,
    running: Vec<(String, String)>,
    recent: Vec<Recent>,
    future: Vec<Millis>,
    buffer: Vec<(i64, Millis, bool)>,
    starting: Vec<i64>,
    overlapping: i64,
    result: Option<String>,
    failure: Option<String>,
}

/// A recent action: when it was due, when it began, workflow, run, how it ended.
type Recent = (Millis, Millis, String, String, Status);

/// What the machine shows; `None`: there is no schedule.
#[allow(deprecated, reason = "a field of Temporal's that is still shown")]
pub fn of_machine(env: &Env) -> Option<Seen> {
    if !env.exists() {
        return None;
    }
    let (definition, progress, outcome) = (env.definition(), env.progress(), env.outcome());
    let shown = view::describe(env::ID, &definition, &progress, env.now(), &mut Steps::new(STEPS_MAX));
    let info = shown.info.expect("info");
    let schedule = shown.schedule.expect("a schedule");
    let (policies, state) = (schedule.policies.expect("policies"), schedule.state.expect("a state"));
    assert_eq!(info.invalid_schedule_error, "");
    let recent = info.recent_actions.iter().map(|action| {
        let run = action.start_workflow_result.clone().expect("a run");
        (time(&action.schedule_time), time(&action.actual_time), run.workflow_id, run.run_id, action.start_workflow_status())
    });
    let window = policies.catchup_window.expect("a catch-up window");
    Some(Seen {
        version: i64::from_be_bytes(shown.conflict_token[..].try_into().expect("eight bytes")),
        notes: state.notes,
        paused: state.paused,
        remaining: state.limited_actions.then_some(state.remaining_actions),
        overlap: policies.overlap_policy,
        catchup_window: window.seconds * 1000 + i64::from(window.nanos) / 1_000_000,
        pause_on_failure: policies.pause_on_failure,
        created: time(&info.create_time),
        updated: info.update_time.as_ref().map(|time| Time::from(time).millis()),
        fired: info.action_count,
        missed: info.missed_catchup_window,
        skipped: info.overlap_skipped,
        dropped: info.buffer_dropped,
        buffer_size: info.buffer_size,
        running: info.running_workflows.into_iter().map(|run| (run.workflow_id, run.run_id)).collect(),
        recent: recent.collect(),
        future: info.future_action_times.iter().map(|time| Time::from(time).millis()).collect(),
        buffer: progress.buffer.iter().map(|action| (action.action, time(&action.nominal_time), action.manual)).collect(),
        starting: progress.starting.iter().map(|starting| starting.action).collect(),
        overlapping: progress.overlapping_count,
        result: outcome.last_completion_result.as_ref().map(text),
        failure: outcome.continued_failure.map(|failure| failure.message),
    })
}

/// What the model shows.
pub fn of_model(model: &Schedule) -> Option<Seen> {
    let definition = &model.definition;
    let run = |action: &Action| (action.workflow_id.clone(), action.run.clone());
    let recent = |action: &Action| {
        let (workflow_id, run) = run(action);
        (action.actual, action.began, workflow_id, run, action.status.map_or(Status::Running, status))
    };
    let count = |verdict| model.counts.get(&verdict).copied().unwrap_or(0);
    model.exists.then(|| Seen {
        version: model.version,
        notes: definition.notes.clone(),
        paused: definition.paused,
        remaining: definition.remaining,
        overlap: policy(Some(definition.overlap.unwrap_or(Overlap::Skip))) as i32,
        catchup_window: definition.window(),
        pause_on_failure: definition.pause_on_failure,
        created: model.created,
        updated: model.updated,
        fired: count(Verdict::Fired),
        missed: count(Verdict::MissedCatchupWindow),
        skipped: count(Verdict::SkippedOverlap),
        dropped: count(Verdict::BufferFull),
        buffer_size: model.buffer.len() as i64,
        running: model.running.iter().filter(|action| !is_apart(action)).map(run).collect(),
        recent: model.recent.iter().map(recent).collect(),
        future: model.future_times(),
        buffer: model.buffer.iter().map(|action| (action.number, action.nominal, action.manual)).collect(),
        starting: model.starting.iter().map(|action| action.number).collect(),
        overlapping: model.running.iter().filter(|action| is_apart(action)).count() as i64,
        result: model.result.clone(),
        failure: model.failure.clone(),
    })
}

/// Whether overlap policies look past an action.
pub fn is_apart(action: &Action) -> bool {
    action.overlap == Some(Overlap::AllowAll)
}

/// How a run has ended.
pub fn status(end: End) -> Status {
    match end {
        End::Completed => Status::Completed,
        End::Failed => Status::Failed,
        End::Canceled => Status::Canceled,
        End::Terminated => Status::Terminated,
        End::TimedOut => Status::TimedOut,
        other => panic!("no end of a run: {other:?}"),
    }
}

/// A command that the machine sent to a workflow, in words.
pub fn sent_by_machine(workflow_id: &str, body: &Body) -> String {
    match body {
        Body::StartWorkflow(start) => {
            let StartWorkflow { request: Some(request), scheduled_by: Some(by), .. } = &**start else { panic!("{start:?}") };
            let is_manual = request.workflow_id_reuse_policy == 1;
            let attributes = request.search_attributes.as_ref().expect("search attributes");
            let nominal = String::from_utf8(attributes.indexed_fields["TemporalScheduledStartTime"].data.to_vec()).expect("text");
            let result = request.last_completion_result.as_ref().map(text);
            let failure = request.continued_failure.as_ref().map(|failure| failure.message.clone());
            assert_eq!(request.workflow_id, workflow_id);
            format!("start {workflow_id} #{} for {nominal}, manual: {is_manual}, with {result:?} {failure:?}", by.action)
        }
        Body::RequestCancelWorkflow(body) => {
            let request = body.request.as_ref().expect("a request");
            format!("cancel {workflow_id} {}: {}", request.first_execution_run_id, request.reason)
        }
        Body::TerminateWorkflow(body) => {
            let request = body.request.as_ref().expect("a request");
            format!("terminate {workflow_id} {}: {}", request.first_execution_run_id, request.reason)
        }
        other => panic!("{other:?}"),
    }
}

/// What the model sent, in the same words.
pub fn sent_by_model(sent: &Sent) -> String {
    match sent {
        Sent::Start(Action { workflow_id, number, nominal, manual, .. }, result, failure) => {
            let nominal = klamm_spec::schedule::times::text(*nominal);
            format!("start {workflow_id} #{number} for \"{nominal}\", manual: {manual}, with {result:?} {failure:?}")
        }
        Sent::End(Action { workflow_id, run, ended_by: Some(Overlap::CancelOther), .. }) => {
            format!("cancel {workflow_id} {run}: cancelled by schedule overlap policy")
        }
        Sent::End(Action { workflow_id, run, ended_by: Some(Overlap::TerminateOther), .. }) => {
            format!("terminate {workflow_id} {run}: terminated by schedule overlap policy")
        }
        Sent::End(other) => panic!("no policy that ends runs: {other:?}"),
    }
}

/// Both have decided the same. The machine sums up decisions in a row that say the same.
pub fn compare_decisions(machine: &[std::sync::Arc<ScheduleDecision>], model: &[Decision]) {
    let mut rest = model;
    for (n, record) in machine.iter().enumerate() {
        assert_eq!(record.n, n as i64 + 1, "decisions are numbered");
        let (of_record, others) = rest.split_at(usize::try_from(record.count).expect("a count").min(rest.len()));
        let alike: Vec<_> =
            of_record.iter().map(|decision| (decision.verdict, decision.action.manual, decision.action.overlap, &decision.why)).collect();
        assert!(alike.windows(2).all(|pair| pair[0] == pair[1]), "{record:?} sums up what differs: {of_record:?}");
        let (Some(first), Some(last)) = (of_record.first(), of_record.last()) else { panic!("too much was decided: {record:?}") };
        let action = &first.action;
        let expected = ScheduleDecision {
            n: record.n,
            kind: kind(first.verdict) as i32,
            nominal_time: timestamp(action.nominal),
            last_nominal_time: if record.count > 1 { timestamp(last.action.nominal) } else { None },
            actual_time: timestamp(action.actual),
            decided_time: timestamp(last.at),
            count: of_record.len() as i64,
            manual: action.manual,
            overlap_policy: policy(action.overlap) as i32,
            workflow_id: if first.verdict == Verdict::Fired || first.verdict == Verdict::StartRejected {
                action.workflow_id.clone()
            } else {
                String::new()
            },
            run_id: action.run.clone(),
            action: action.number,
            reason: first.why.clone(),
        };
        assert_eq!(**record, expected, "a decision");
        rest = others;
    }
    assert!(rest.is_empty(), "not decided: {rest:?}");
}

fn kind(verdict: Verdict) -> Kind {
    match verdict {
        Verdict::Fired => Kind::Fired,
        Verdict::StartRejected => Kind::StartRejected,
        Verdict::Buffered => Kind::Buffered,
        Verdict::SkippedOverlap => Kind::SkippedOverlap,
        Verdict::Superseded => Kind::Superseded,
        Verdict::MissedCatchupWindow => Kind::MissedCatchupWindow,
        Verdict::BufferFull => Kind::BufferFull,
        Verdict::Paused => Kind::Paused,
        Verdict::LimitReached => Kind::LimitReached,
        Verdict::DroppedByDelete => Kind::DroppedByDelete,
    }
}

fn text(payloads: &klamm_messages::temporal::common::v1::Payloads) -> String {
    String::from_utf8(payloads.payloads[0].data.to_vec()).expect("text")
}

fn time(time: &Option<prost_types::Timestamp>) -> Millis {
    Time::from(time.as_ref().expect("a time")).millis()
}

fn timestamp(millis: Millis) -> Option<prost_types::Timestamp> {
    Some(Time::from_millis(millis).into())
}
