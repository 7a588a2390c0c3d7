//! What a schedule did and where it stands, as text.

use klamm_machine::Time;
use klamm_messages::{
    klamm::v1::{Command, ScheduleDecision, command::Body},
    temporal::enums::v1::{ScheduleOverlapPolicy, WorkflowExecutionStatus, WorkflowIdReusePolicy},
};
use prost_types::Timestamp;

use crate::env::{Env, START};

/// Begins the workflow ids of most tests.
const DAY: &str = "w-2026-01-01T";

impl Env {
    /// What was decided since decision number `from`, a line each.
    pub fn audit_from(&self, from: i64) -> String {
        self.decisions().iter().filter(|decision| decision.n >= from).map(|decision| line(decision)).collect::<Vec<_>>().join("\n")
    }

    /// All that was decided.
    pub fn audit(&self) -> String {
        self.audit_from(0)
    }

    /// What was sent since the last look, a line each.
    pub fn sent(&mut self) -> String {
        std::mem::take(&mut self.sent).iter().map(command).collect::<Vec<_>>().join("\n")
    }

    /// Counters, runs, buffer and pause.
    pub fn stands(&self) -> String {
        let progress = self.progress();
        let state = progress.state.clone().unwrap_or_default();
        let mut parts = vec![format!("{} actions", progress.action_count)];
        for (count, what) in [
            (progress.overlap_skipped, "skipped"),
            (progress.missed_catchup_window, "missed"),
            (progress.buffer_dropped, "dropped"),
            (progress.overlapping_count, "overlapping"),
            (progress.backfills.len() as i64, "backfills"),
        ] {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        }
        let ids = |ids: Vec<String>| ids.join(" ");
        let starting: Vec<_> = progress.starting.iter().map(|starting| short(&starting.workflow_id)).collect();
        let running: Vec<_> = progress.running.iter().map(|running| short(&running.workflow_id)).collect();
        let waiting: Vec<_> = progress.buffer.iter().map(|action| time(&action.nominal_time)).collect();
        for (list, what) in [(starting, "starting"), (running, "running"), (waiting, "waiting")] {
            if !list.is_empty() {
                parts.push(format!("{what} {}", ids(list)));
            }
        }
        if state.limited_actions {
            parts.push(format!("{} remaining", state.remaining_actions));
        }
        if state.paused {
            parts.push("paused".to_owned());
        }
        if !state.notes.is_empty() {
            parts.push(format!("{:?}", state.notes));
        }
        parts.push(format!("token {}", progress.conflict_token));
        if let Some(close) = &progress.idle_close_time {
            parts.push(format!("closes {}", time(&Some(*close))));
        }
        if progress.wake_time.is_some() {
            parts.push(format!("wakes {}", time(&progress.wake_time)));
        }
        parts.join(", ")
    }
}

/// One decision.
fn line(decision: &ScheduleDecision) -> String {
    let mut line = format!(
        "{} {} {}",
        decision.n,
        decision.kind().as_str_name().trim_start_matches("SCHEDULE_DECISION_KIND_"),
        time(&decision.nominal_time)
    );
    if decision.actual_time != decision.nominal_time {
        line += &format!(" (at {})", time(&decision.actual_time));
    }
    if decision.last_nominal_time.is_some() {
        line += &format!(" to {} x{}", time(&decision.last_nominal_time), decision.count);
    } else {
        assert_eq!(decision.count, 1);
    }
    if decision.manual {
        line += " manual";
    }
    if decision.overlap_policy() != ScheduleOverlapPolicy::Skip {
        line += " ";
        line += decision.overlap_policy().as_str_name().trim_start_matches("SCHEDULE_OVERLAP_POLICY_");
    }
    if decision.action > 0 {
        line += &format!(" #{}", decision.action);
    }
    if !decision.workflow_id.is_empty() {
        line += &format!(" {}", short(&decision.workflow_id));
    }
    assert_eq!(decision.run_id.is_empty(), !line.contains("FIRED"));
    if !decision.reason.is_empty() {
        line += &format!(" ({})", decision.reason.replace(DAY, ""));
    }
    line
}

/// One command sent.
fn command(command: &Command) -> String {
    let id = short(&command.workflow_id);
    match command.body.as_ref().expect("a body") {
        Body::StartWorkflow(start) => {
            let request = start.request.as_ref().expect("a request");
            let policy = WorkflowIdReusePolicy::try_from(request.workflow_id_reuse_policy).expect("a policy");
            format!("start {id} {}", policy.as_str_name().trim_start_matches("WORKFLOW_ID_REUSE_POLICY_"))
        }
        Body::RequestCancelWorkflow(cancel) => {
            let request = cancel.request.as_ref().expect("a request");
            format!("cancel {id}: {}", request.reason)
        }
        Body::TerminateWorkflow(terminate) => {
            let request = terminate.request.as_ref().expect("a request");
            format!("terminate {id}: {}", request.reason)
        }
        other => panic!("{other:?}"),
    }
}

/// A status.
pub fn status(status: i32) -> String {
    let status = WorkflowExecutionStatus::try_from(status).expect("a status");
    status.as_str_name().trim_start_matches("WORKFLOW_EXECUTION_STATUS_").to_lowercase()
}

/// A workflow id without what most have in common.
pub fn short(workflow_id: &str) -> String {
    workflow_id.strip_prefix(DAY).map_or_else(|| workflow_id.to_owned(), |time| time.trim_end_matches('Z').to_owned())
}

/// A time of the first day, or of one after: "00:01:00", "7d 00:01:00.250".
pub fn time(time: &Option<Timestamp>) -> String {
    let Some(time) = time else { return "never".to_owned() };
    let millis = Time::from(time).millis() - START;
    let (day, rest) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
    let seconds = rest / 1000;
    let mut text = if day == 0 { String::new() } else { format!("{day}d ") };
    text += &format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if rest % 1000 != 0 {
        text += &format!(".{:03}", rest % 1000);
    }
    text
}
