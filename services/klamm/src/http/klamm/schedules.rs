//! The audit of a schedule: what its spec named, and what was decided.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use klamm_api::klamm::v1::{AuditScheduleRequest, ScheduleAuditEntry, ScheduleAuditSummary, schedule_audit::Audit};
use prost_types::Timestamp;
use serde_json::{Value, json};

use super::{
    asked::{Asked, time},
    handling::{Answered, Klamm, from},
};
use crate::shown;

/// How far back an audit goes that says nothing else: a day.
const SPAN_SECONDS: i64 = 24 * 3600;

/// `namespaces/{namespace}/schedules/{schedule}/audit`
pub async fn audit(State(klamm): State<Arc<Klamm>>, Path((namespace, schedule_id)): Path<(String, String)>, asked: Asked) -> Answered {
    let to = asked.time("to")?;
    let from_time = match asked.time("from")? {
        Some(from) => from,
        None => {
            let end = to.unwrap_or_else(|| Timestamp::from(std::time::SystemTime::now()));
            Timestamp { seconds: end.seconds.saturating_sub(SPAN_SECONDS), ..end }
        }
    };
    let request = AuditScheduleRequest { namespace, schedule_id, from: Some(from_time), to };
    let mut audits = klamm.inspect().audit_schedule(from(asked.peer, request)).await?.into_inner();
    let (mut entries, mut summary) = (Vec::new(), Value::Null);
    while let Some(audit) = audits.message().await? {
        match audit.audit {
            Some(Audit::Entry(entry)) => entries.push(shown_entry(&entry)),
            Some(Audit::Summary(found)) => summary = shown_summary(&found),
            None => {}
        }
    }
    Ok(Json(json!({ "entries": entries, "summary": summary })))
}

fn shown_entry(entry: &ScheduleAuditEntry) -> Value {
    json!({
        "nominal": time(entry.nominal_time.as_ref()),
        "due": time(entry.actual_time.as_ref()),
        "started": time(shown::started(entry)),
        "lateMs": shown::late_ms(entry),
        "decided": time(entry.decided_time.as_ref()),
        "decision": shown::decision(entry),
        "expected": entry.expected,
        "manual": entry.manual,
        "earlier": entry.earlier,
        "reason": entry.reason,
        "workflowId": entry.workflow_id,
        "runId": entry.run_id,
    })
}

fn shown_summary(summary: &ScheduleAuditSummary) -> Value {
    json!({
        "knownFrom": time(summary.known_from.as_ref()),
        "expected": summary.expected,
        "fired": summary.fired,
        "notFired": summary.not_fired,
        "underWay": summary.under_way,
        "future": summary.future,
        "missing": summary.missing,
        "manual": summary.manual,
        "earlier": summary.earlier,
        "deleted": time(summary.delete_time.as_ref()),
    })
}
