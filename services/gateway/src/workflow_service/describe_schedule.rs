//! DescribeSchedule: shows the present state of a schedule.

use std::time::{Duration, Instant};

use klamm_backend::{Backend, ScheduleSnapshot};
use klamm_filters::VisibilityQueries;
use klamm_machine::Time;
use klamm_messages::{
    klamm::v1::RunningAction,
    temporal::{
        enums::v1::WorkflowExecutionStatus,
        workflowservice::v1::{DescribeScheduleRequest, DescribeScheduleResponse},
    },
};
use klamm_requests::Result;
use klamm_schedule::spec::Steps;

use super::schedules;
use crate::{call::Call, gateway::Gateway};

/// How long the call waits for the schedule to learn of a run that has started or closed.
const WAIT_MAX: Duration = Duration::from_secs(1);
/// Pause between two looks at the schedule.
const WAIT_STEP: Duration = Duration::from_millis(5);

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    _call: Call,
    request: DescribeScheduleRequest,
) -> Result<DescribeScheduleResponse> {
    let DescribeScheduleRequest { namespace, schedule_id } = request;
    let namespaces = gateway.backend.namespaces();
    gateway.namespace(&namespaces, &namespace)?;
    let (ScheduleSnapshot { definition, progress }, closed) = settled(gateway, &namespace, &schedule_id).await?;
    let now = Time::from(&schedules::now());
    let shown = definition.clone();
    let describe = move |steps: &mut Steps| klamm_schedule::view::describe(&schedule_id, &shown, &progress, now, steps);
    let mut described = schedules::search(gateway, &definition, describe).await?;
    if let Some(info) = &mut described.info {
        info.running_workflows
            .retain(|run| !closed.iter().any(|closed| closed.workflow_id == run.workflow_id && closed.run_id == run.run_id));
    }
    Ok(described)
}

/// The schedule, once it has learned the outcome of the starts that it had asked for before the call, and of the closes of its own runs.
/// After [`WAIT_MAX`] it is given as it is, together with the closed runs that it has not learned of.
async fn settled<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    namespace: &str,
    schedule_id: &str,
) -> Result<(ScheduleSnapshot, Vec<RunningAction>)> {
    let deadline = Instant::now() + WAIT_MAX;
    let mut asked_for = None;
    loop {
        let snapshot = schedules::find(gateway, namespace, schedule_id).await?;
        let starting = || snapshot.progress.starting.iter().map(|starting| starting.action);
        // Actions are numbered in order, so starts that the schedule asks for during the call have higher numbers.
        let newest = *asked_for.get_or_insert_with(|| starting().max());
        let all_answered = newest.is_none_or(|newest| starting().all(|action| action > newest));
        let mut closed = Vec::new();
        for running in &snapshot.progress.running {
            if !is_running(gateway, namespace, running).await? {
                closed.push(running.clone());
            }
        }
        if (all_answered && closed.is_empty()) || Instant::now() >= deadline {
            return Ok((snapshot, closed));
        }
        tokio::time::sleep(WAIT_STEP).await;
    }
}

/// Whether the newest run of the workflow id is open and belongs to the chain that the schedule started.
async fn is_running<B: Backend, V: VisibilityQueries>(gateway: &Gateway<B, V>, namespace: &str, running: &RunningAction) -> Result<bool> {
    let newest = gateway.backend.run(namespace, &running.workflow_id, "").await?;
    Ok(newest.is_some_and(|run| {
        let open = matches!(run.state.status(), WorkflowExecutionStatus::Running | WorkflowExecutionStatus::Paused);
        let first = run.state.started.as_ref().map_or("", |started| &started.first_execution_run_id);
        open && first == running.run_id
    }))
}
