//! What the next run of a chain gets, and from where.
//!
//! Temporal: mutable_state_impl.go (addWorkflowExecutionStartedEventForContinueAsNew), retry.go (SetupNewWorkflowForRetryOrCron).

use klamm_machine::Time;
use klamm_messages::{
    klamm::v1::{CommandSettings, RunState},
    temporal::{
        common::v1::{Header, Memo, Payloads, RetryPolicy, SearchAttributes, WorkflowType},
        enums::v1::ContinueAsNewInitiator,
        failure::v1::Failure,
        history::v1::{HistoryEvent, WorkflowExecutionStartedEventAttributes, history_event::Attributes},
        taskqueue::v1::TaskQueue,
    },
};

use super::{backoff::backoff, reset_points::rolled_over};
use crate::{
    askers::Asker,
    callback,
    decide::start_workflow::{Start, without_nulls_memo, without_nulls_search_attributes},
    run::first_run_id,
};

/// What the one who makes the next run says of it. The rest is inherited, see [`start_of`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Next {
    /// Why it follows. UNSPECIFIED stands for WORKFLOW.
    pub(crate) initiator: ContinueAsNewInitiator,
    /// How long its first workflow task is to wait. It waits longer where the run before it has lived for less than a second.
    pub(crate) backoff: Option<prost_types::Duration>,
    /// The last result of the chain.
    pub(crate) last_result: LastResult,
    /// The failure of the run before it.
    pub(crate) failure: Option<Failure>,
    /// What it does. `None`: the same as the run before it, from the beginning.
    pub(crate) work: Option<Work>,
}

/// The last result of a chain, as the next run is told it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum LastResult {
    /// This one, or none.
    Told(Option<Payloads>),
    /// The one that the run before was told: it has none of its own.
    Kept,
}

impl Default for LastResult {
    fn default() -> Self {
        Self::Told(None)
    }
}

/// What a run does.
#[derive(Debug, Clone, Default)]
pub(crate) struct Work {
    /// Its workflow type.
    pub(crate) workflow_type: Option<WorkflowType>,
    /// Its task queue.
    pub(crate) task_queue: Option<TaskQueue>,
    /// Its input.
    pub(crate) input: Option<Payloads>,
    /// Its header.
    pub(crate) header: Option<Header>,
    /// Its memo.
    pub(crate) memo: Option<Memo>,
    /// Its search attributes.
    pub(crate) search_attributes: Option<SearchAttributes>,
    /// How long it may take.
    pub(crate) run_timeout: Option<prost_types::Duration>,
    /// How long each of its workflow tasks may take.
    pub(crate) task_timeout: Option<prost_types::Duration>,
    /// Whether and when it is tried again after a failure.
    pub(crate) retry_policy: Option<RetryPolicy>,
    /// When it is run again after it has ended.
    pub(crate) cron_schedule: String,
}

impl Work {
    /// What a run did from its beginning. What it has upserted since is not part of this.
    fn of(start_event: &HistoryEvent) -> Self {
        let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = &start_event.attributes else { return Self::default() };
        let started = started.clone();
        Self {
            workflow_type: started.workflow_type,
            task_queue: started.task_queue,
            input: started.input,
            header: started.header,
            memo: started.memo,
            search_attributes: started.search_attributes,
            run_timeout: started.workflow_run_timeout,
            task_timeout: started.workflow_task_timeout,
            retry_policy: started.retry_policy,
            cron_schedule: started.cron_schedule,
        }
    }
}

/// How the next run begins: the table of what is inherited. `state` and `start_event` are of the run before it, which is still open.
///
/// All attributes are listed, so that a new one of the API does not compile before its place is known.
pub(super) fn start_of(next: Next, state: &RunState, start_event: &HistoryEvent, now: Time, settings: &CommandSettings) -> Start {
    let before = state.started.clone().unwrap_or_default();
    let last_completion_result = match next.last_result {
        LastResult::Told(result) => result,
        LastResult::Kept => last_result(start_event).cloned(),
    };
    let work = next.work.unwrap_or_else(|| Work::of(start_event));
    let initiator = match next.initiator {
        ContinueAsNewInitiator::Unspecified => ContinueAsNewInitiator::Workflow,
        told => told,
    };
    let attributes = WorkflowExecutionStartedEventAttributes {
        // What the run does: told, or the same as before.
        workflow_type: work.workflow_type,
        task_queue: work.task_queue,
        input: work.input,
        header: work.header,
        memo: without_nulls_memo(work.memo),
        search_attributes: without_nulls_search_attributes(work.search_attributes),
        workflow_run_timeout: work.run_timeout,
        workflow_task_timeout: work.task_timeout,
        retry_policy: work.retry_policy,
        cron_schedule: work.cron_schedule,

        // Why it follows: told.
        initiator: initiator as i32,
        first_workflow_task_backoff: backoff(next.backoff, state, now),
        last_completion_result,
        continued_failure: next.failure,

        // The chain: handed on from run to run.
        first_execution_run_id: first_run_id(state),
        workflow_execution_timeout: before.workflow_execution_timeout,
        workflow_execution_expiration_time: before.workflow_execution_expiration_time,
        priority: before.priority,
        prev_auto_reset_points: Some(rolled_over(state, now, settings)),
        parent_workflow_namespace: before.parent_workflow_namespace,
        parent_workflow_namespace_id: before.parent_workflow_namespace_id,
        parent_workflow_execution: before.parent_workflow_execution,
        parent_initiated_event_id: before.parent_initiated_event_id,
        parent_initiated_event_version: before.parent_initiated_event_version,
        root_workflow_execution: before.root_workflow_execution,
        completion_callbacks: callback::handed_on(state, initiator),

        // Its place in the chain.
        continued_execution_run_id: state.run_id.clone(),
        attempt: if initiator == ContinueAsNewInitiator::Retry { before.attempt.max(1).saturating_add(1) } else { 1 },

        // Its own: the start fills them in.
        workflow_id: String::new(),
        original_execution_run_id: String::new(),

        // Not handed on: nobody requests the run, or what they belong to is not built.
        identity: String::new(),
        eager_execution_accepted: false,
        source_version_stamp: None,
        inherited_build_id: String::new(),
        versioning_override: None,
        parent_pinned_worker_deployment_version: String::new(),
        inherited_pinned_version: None,
        inherited_auto_upgrade_info: None,
        declined_target_version_upgrade: None,
        time_skipping_config: None,
        time_skipping_state_propagation: None,
    };
    Start {
        attributes,
        // Besides the attributes, the event that started the run before hands on its links, and not its user metadata.
        event: HistoryEvent { links: start_event.links.clone(), ..HistoryEvent::default() },
        // Each run has a request id of its own.
        request_id: String::new(),
        // Those who wait for the end of the chain.
        askers: state.execution.as_ref().map(Asker::of_run).unwrap_or_default(),
    }
}

/// The last result of the chain that the run was told.
fn last_result(start_event: &HistoryEvent) -> Option<&Payloads> {
    match &start_event.attributes {
        Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) => started.last_completion_result.as_ref(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use klamm_messages::{
        klamm::v1::{AttachedCallback, ExecutionState, ScheduledBy},
        temporal::{
            common::v1::{Callback, Link, Payload, Priority, WorkflowExecution},
            sdk::v1::UserMetadata,
            workflow::v1::{ResetPointInfo, ResetPoints, VersioningOverride},
        },
    };

    use super::*;

    fn seconds(seconds: i64) -> prost_types::Duration {
        prost_types::Duration { seconds, nanos: 0 }
    }

    fn payload(text: &str) -> Payload {
        Payload { data: text.to_owned().into(), ..Payload::default() }
    }

    fn payloads(text: &str) -> Option<Payloads> {
        Some(Payloads { payloads: vec![payload(text)] })
    }

    fn failure(message: &str) -> Option<Failure> {
        Some(Failure { message: message.to_owned(), ..Failure::default() })
    }

    fn execution(workflow_id: &str) -> Option<WorkflowExecution> {
        Some(WorkflowExecution { workflow_id: workflow_id.to_owned(), run_id: "r".to_owned() })
    }

    fn memo(text: &str) -> Option<Memo> {
        Some(Memo { fields: [("key".to_owned(), payload(text))].into() })
    }

    fn search_attributes(text: &str) -> Option<SearchAttributes> {
        Some(SearchAttributes { indexed_fields: [("Key".to_owned(), payload(text))].into() })
    }

    fn header(text: &str) -> Option<Header> {
        Some(Header { fields: [("key".to_owned(), payload(text))].into() })
    }

    /// When the run before closes: two seconds after it began.
    const NOW: Time = Time::from_millis(12_000);

    /// What the event that began the run before says: all that can be handed on, and some that is not.
    fn begun() -> WorkflowExecutionStartedEventAttributes {
        WorkflowExecutionStartedEventAttributes {
            workflow_type: Some(WorkflowType { name: "T".to_owned() }),
            task_queue: Some(TaskQueue { name: "q".to_owned(), ..TaskQueue::default() }),
            input: payloads("input"),
            header: header("begun"),
            memo: memo("begun"),
            search_attributes: search_attributes("begun"),
            workflow_run_timeout: Some(seconds(20)),
            workflow_task_timeout: Some(seconds(5)),
            retry_policy: Some(RetryPolicy { maximum_attempts: 3, ..RetryPolicy::default() }),
            cron_schedule: "@daily".to_owned(),
            initiator: ContinueAsNewInitiator::Workflow as i32,
            last_completion_result: payloads("earlier"),
            continued_failure: failure("earlier"),
            first_execution_run_id: "run-1".to_owned(),
            workflow_execution_timeout: Some(seconds(100)),
            workflow_execution_expiration_time: Some(Time::from_millis(100_000).into()),
            priority: Some(Priority { priority_key: 2, ..Priority::default() }),
            parent_workflow_namespace: "default".to_owned(),
            parent_workflow_namespace_id: "id".to_owned(),
            parent_workflow_execution: execution("parent"),
            parent_initiated_event_id: 5,
            parent_initiated_event_version: 6,
            root_workflow_execution: execution("root"),
            continued_execution_run_id: "run-1".to_owned(),
            attempt: 4,
            workflow_id: "w".to_owned(),
            original_execution_run_id: "run-2".to_owned(),
            identity: "client".to_owned(),
            completion_callbacks: vec![Callback::default()],
            versioning_override: Some(VersioningOverride::default()),
            ..WorkflowExecutionStartedEventAttributes::default()
        }
    }

    /// What it hands on of this, whoever makes the next run and whatever the next run does.
    fn handed_on() -> WorkflowExecutionStartedEventAttributes {
        let points = vec![ResetPointInfo {
            run_id: "run-2".to_owned(),
            expire_time: Some(Time::from_millis(72_000).into()),
            ..ResetPointInfo::default()
        }];
        WorkflowExecutionStartedEventAttributes {
            continued_execution_run_id: "run-2".to_owned(),
            attempt: 1,
            prev_auto_reset_points: Some(ResetPoints { points }),
            workflow_id: String::new(),
            original_execution_run_id: String::new(),
            identity: String::new(),
            completion_callbacks: vec![Callback::default()],
            versioning_override: None,
            ..begun()
        }
    }

    fn links() -> Vec<Link> {
        vec![Link::default()]
    }

    fn scheduled_by() -> ScheduledBy {
        ScheduledBy { schedule_id: "s".to_owned(), ..ScheduledBy::default() }
    }

    fn next_of(next: Next) -> Start {
        let points = vec![ResetPointInfo { run_id: "run-2".to_owned(), ..ResetPointInfo::default() }];
        let state = RunState {
            workflow_id: "w".to_owned(),
            run_id: "run-2".to_owned(),
            start_time: Some(Time::from_millis(10_000).into()),
            started: Some(begun()),
            memo: memo("upserted"),
            search_attributes: search_attributes("upserted"),
            auto_reset_points: Some(ResetPoints { points }),
            callbacks: [(1, AttachedCallback { callback: Some(Callback::default()), ..AttachedCallback::default() })].into(),
            execution: Some(ExecutionState {
                start_request_id: "request".to_owned(),
                scheduled_by: Some(scheduled_by()),
                ..ExecutionState::default()
            }),
            ..RunState::default()
        };
        let start_event = HistoryEvent {
            attributes: Some(Attributes::WorkflowExecutionStartedEventAttributes(Box::new(begun()))),
            links: links(),
            user_metadata: Some(Box::new(UserMetadata { summary: Some(payload("summary")), details: None })),
            ..HistoryEvent::default()
        };
        let settings = CommandSettings { retention: Some(seconds(60)), ..CommandSettings::default() };
        start_of(next, &state, &start_event, NOW, &settings)
    }

    #[test]
    fn the_same_again_is_what_the_run_before_was_started_to_do() {
        let (retry, cron) = (ContinueAsNewInitiator::Retry, ContinueAsNewInitiator::CronSchedule);
        for (initiator, attempt, completion_callbacks) in [(retry, 5, vec![Callback::default()]), (cron, 1, Vec::new())] {
            let next = Next {
                initiator,
                backoff: Some(seconds(7)),
                last_result: LastResult::Told(payloads("result")),
                failure: failure("boom"),
                work: None,
            };
            let expected = WorkflowExecutionStartedEventAttributes {
                initiator: initiator as i32,
                attempt,
                first_workflow_task_backoff: Some(seconds(7)),
                last_completion_result: payloads("result"),
                continued_failure: failure("boom"),
                completion_callbacks,
                ..handed_on()
            };
            assert_eq!(next_of(next).attributes, expected);
        }
    }

    #[test]
    fn a_result_and_a_failure_are_not_inherited() {
        let next = next_of(Next::default()).attributes;
        assert_eq!((next.last_completion_result, next.continued_failure), (None, None));
    }

    #[test]
    fn other_work_is_taken_as_it_is_told() {
        let work = Work {
            workflow_type: Some(WorkflowType { name: "U".to_owned() }),
            task_queue: Some(TaskQueue { name: "other".to_owned(), ..TaskQueue::default() }),
            input: payloads("more"),
            header: header("told"),
            memo: Some(Memo { fields: [("key".to_owned(), payload("told")), ("gone".to_owned(), payload("null"))].into() }),
            search_attributes: search_attributes("told"),
            run_timeout: Some(seconds(30)),
            task_timeout: Some(seconds(3)),
            retry_policy: None,
            cron_schedule: String::new(),
        };
        let expected = WorkflowExecutionStartedEventAttributes {
            workflow_type: work.workflow_type.clone(),
            task_queue: work.task_queue.clone(),
            input: work.input.clone(),
            header: work.header.clone(),
            memo: memo("told"),
            search_attributes: work.search_attributes.clone(),
            workflow_run_timeout: Some(seconds(30)),
            workflow_task_timeout: Some(seconds(3)),
            retry_policy: None,
            cron_schedule: String::new(),
            initiator: ContinueAsNewInitiator::Workflow as i32,
            first_workflow_task_backoff: None,
            last_completion_result: None,
            continued_failure: None,
            ..handed_on()
        };
        assert_eq!(next_of(Next { work: Some(work), ..Next::default() }).attributes, expected);
        let nothing = next_of(Next { work: Some(Work::default()), ..Next::default() }).attributes;
        assert_eq!((nothing.input, nothing.memo, nothing.search_attributes), (None, None, None), "what is not told is not inherited");
    }

    #[test]
    fn what_stands_besides_the_attributes_is_handed_on_too() {
        let next = next_of(Next::default());
        assert_eq!(next.event.links, links());
        assert_eq!(next.event.user_metadata, None);
        assert_eq!(next.askers, [Asker::Schedule(scheduled_by())]);
        assert_eq!(next.request_id, "");
    }
}
