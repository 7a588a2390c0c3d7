//! What the workflows of a simulation do: the same for the same workflow id, whichever worker has it.

use std::{sync::Arc, time::Duration};

use klamm_machine::time::to_proto;
use klamm_messages::temporal::{
    command::v1::{
        CancelWorkflowExecutionCommandAttributes, Command, CompleteWorkflowExecutionCommandAttributes,
        ContinueAsNewWorkflowExecutionCommandAttributes, ScheduleActivityTaskCommandAttributes,
        StartChildWorkflowExecutionCommandAttributes, StartTimerCommandAttributes, command::Attributes,
    },
    common::v1::{ActivityType, Payload, Payloads, RetryPolicy, WorkflowType},
    enums::v1::{CommandType, EventType, ParentClosePolicy},
    history::v1::{HistoryEvent, WorkflowExecutionStartedEventAttributes, history_event::Attributes as Event},
    taskqueue::v1::TaskQueue,
};

/// The queue of all workflow tasks.
pub const WORKFLOWS: &str = "workflows";
/// The queue of all activities.
pub const ACTIVITIES: &str = "activities";

/// Most workflows are of this type.
const LASTING: &str = "W";
/// Of workflows of this type only the outcome is kept.
pub const FORGOTTEN: &str = "F";

/// What a workflow does before it completes.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// So many activities at once.
    pub activities: u64,
    /// A timer beside them.
    pub has_timer: bool,
    /// The last run of its chain waits for so many signals.
    pub signals: usize,
    /// So many runs follow the first one.
    pub further_runs: usize,
    /// Each run has so many children.
    pub children: u64,
}

/// Ids of children begin so.
const CHILD: char = 'c';

/// Events that end a child, or say that it was not started.
const ENDS_OF_CHILDREN: [EventType; 6] = [
    EventType::StartChildWorkflowExecutionFailed,
    EventType::ChildWorkflowExecutionCompleted,
    EventType::ChildWorkflowExecutionFailed,
    EventType::ChildWorkflowExecutionCanceled,
    EventType::ChildWorkflowExecutionTimedOut,
    EventType::ChildWorkflowExecutionTerminated,
];

/// FNV-1a.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The type of the workflows that are started under an id.
pub fn workflow_type(workflow_id: &str) -> WorkflowType {
    let is_forgotten = (hash(workflow_id) >> 33).is_multiple_of(4);
    WorkflowType { name: if is_forgotten { FORGOTTEN } else { LASTING }.to_owned() }
}

/// The plan of a workflow id.
pub fn plan(workflow_id: &str) -> Plan {
    let hash = hash(workflow_id);
    // Nobody signals those that a schedule or another workflow has started.
    let is_asked_for = !workflow_id.starts_with(['s', CHILD]);
    Plan {
        activities: (hash >> 40) % 3,
        has_timer: (hash >> 44).is_multiple_of(3),
        signals: if is_asked_for { (hash >> 48) as usize % 3 } else { 0 },
        further_runs: usize::from((hash >> 52).is_multiple_of(5)),
        children: if workflow_id.starts_with(CHILD) { 0 } else { ((hash >> 56) % 5).saturating_sub(2) },
    }
}

/// What a worker makes of a workflow's history. `eager`: it would run activities itself.
pub fn go_on(workflow_id: &str, history: &[Arc<HistoryEvent>], eager: bool) -> Vec<Command> {
    let plan = plan(workflow_id);
    let count = |event_type: EventType| history.iter().filter(|event| event.event_type() == event_type).count();
    if count(EventType::WorkflowExecutionCancelRequested) > 0 {
        let attributes = CancelWorkflowExecutionCommandAttributes::default();
        return vec![command(CommandType::CancelWorkflowExecution, Attributes::CancelWorkflowExecutionCommandAttributes(attributes))];
    }
    let mut commands = Vec::new();
    let scheduled = count(EventType::ActivityTaskScheduled);
    if scheduled == 0 {
        commands.extend((0..plan.activities).map(|n| activity(n, eager)));
    }
    if plan.has_timer && count(EventType::TimerStarted) == 0 {
        commands.push(timer());
    }
    let children = count(EventType::StartChildWorkflowExecutionInitiated);
    if children == 0 {
        let left = runs_left(workflow_id, history);
        commands.extend((0..plan.children).map(|n| child(&format!("{CHILD}{n}.{left} of {workflow_id}"), n)));
    }
    if !commands.is_empty() {
        return commands;
    }
    let open_activities = scheduled - count(EventType::ActivityTaskCompleted) - count(EventType::ActivityTaskFailed);
    let open_timers = count(EventType::TimerStarted) - count(EventType::TimerFired);
    let open_children = children - ENDS_OF_CHILDREN.into_iter().map(count).sum::<usize>();
    if open_activities + open_timers + open_children > 0 {
        return Vec::new();
    }
    match runs_left(workflow_id, history) {
        0 if signals(history) < plan.signals => Vec::new(),
        0 => {
            let attributes = CompleteWorkflowExecutionCommandAttributes { result: Some(payloads("done")) };
            vec![command(CommandType::CompleteWorkflowExecution, Attributes::CompleteWorkflowExecutionCommandAttributes(attributes))]
        }
        left => {
            let attributes = ContinueAsNewWorkflowExecutionCommandAttributes {
                workflow_type: started(history).and_then(|started| started.workflow_type.clone()),
                task_queue: Some(queue(WORKFLOWS)),
                input: Some(payloads(&(left - 1).to_string())),
                ..ContinueAsNewWorkflowExecutionCommandAttributes::default()
            };
            let attributes = Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(attributes);
            vec![command(CommandType::ContinueAsNewWorkflowExecution, attributes)]
        }
    }
}

/// Signals that the history shows.
pub fn signals(history: &[Arc<HistoryEvent>]) -> usize {
    history.iter().filter(|event| event.event_type() == EventType::WorkflowExecutionSignaled).count()
}

/// How many runs are to follow this one.
pub fn runs_left(workflow_id: &str, history: &[Arc<HistoryEvent>]) -> usize {
    let input = started(history).and_then(|started| text(started.input.as_ref()));
    input.map_or(plan(workflow_id).further_runs, |left| left.parse().expect("a number"))
}

/// The first event of a run.
fn started(history: &[Arc<HistoryEvent>]) -> Option<&WorkflowExecutionStartedEventAttributes> {
    match history.first()?.attributes.as_ref()? {
        Event::WorkflowExecutionStartedEventAttributes(started) => Some(started),
        _ => None,
    }
}

/// A payload of a text.
pub fn payloads(text: &str) -> Payloads {
    Payloads { payloads: vec![Payload { data: text.as_bytes().to_vec().into(), ..Payload::default() }] }
}

/// The text of a payload.
pub fn text(payloads: Option<&Payloads>) -> Option<String> {
    let payload = payloads?.payloads.first()?;
    Some(String::from_utf8(payload.data.to_vec()).expect("text"))
}

/// A task queue that all workers share.
pub fn queue(name: &str) -> TaskQueue {
    TaskQueue { name: name.to_owned(), kind: 1, ..TaskQueue::default() }
}

fn activity(n: u64, eager: bool) -> Command {
    let attributes = ScheduleActivityTaskCommandAttributes {
        activity_id: format!("a{n}"),
        activity_type: Some(ActivityType { name: "A".to_owned() }),
        task_queue: Some(queue(ACTIVITIES)),
        start_to_close_timeout: Some(to_proto(Duration::from_secs(4))),
        heartbeat_timeout: Some(to_proto(Duration::from_secs(3))),
        retry_policy: Some(RetryPolicy {
            initial_interval: Some(to_proto(Duration::from_millis(200))),
            backoff_coefficient: 1.0,
            ..RetryPolicy::default()
        }),
        request_eager_execution: eager,
        ..ScheduleActivityTaskCommandAttributes::default()
    };
    command(CommandType::ScheduleActivityTask, Attributes::ScheduleActivityTaskCommandAttributes(attributes))
}

/// A child. What becomes of it when its parent closes differs.
fn child(workflow_id: &str, n: u64) -> Command {
    let policies = [ParentClosePolicy::Terminate, ParentClosePolicy::Abandon, ParentClosePolicy::RequestCancel];
    let policy = policies[(n as usize + workflow_id.len()) % policies.len()];
    let attributes = StartChildWorkflowExecutionCommandAttributes {
        workflow_id: workflow_id.to_owned(),
        workflow_type: Some(workflow_type(workflow_id)),
        task_queue: Some(queue(WORKFLOWS)),
        workflow_task_timeout: Some(to_proto(Duration::from_secs(4))),
        parent_close_policy: policy as i32,
        ..StartChildWorkflowExecutionCommandAttributes::default()
    };
    command(CommandType::StartChildWorkflowExecution, Attributes::StartChildWorkflowExecutionCommandAttributes(attributes))
}

fn timer() -> Command {
    let start_to_fire_timeout = Some(to_proto(Duration::from_millis(1_500)));
    let attributes = StartTimerCommandAttributes { timer_id: "t".to_owned(), start_to_fire_timeout };
    command(CommandType::StartTimer, Attributes::StartTimerCommandAttributes(attributes))
}

fn command(command_type: CommandType, attributes: Attributes) -> Command {
    Command { command_type: command_type as i32, attributes: Some(attributes), ..Command::default() }
}
