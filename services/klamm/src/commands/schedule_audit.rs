//! `klamm schedule audit`: compares what a schedule had to do with what it did.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use chrono::{DateTime, Utc};
use klamm_api::klamm::v1::{AuditScheduleRequest, ScheduleAuditEntry, ScheduleAuditGap, ScheduleAuditSummary, schedule_audit::Audit};
use prost_types::Timestamp;
use serde_json::{Value, json};
use tonic::Status;

use crate::{
    cli::{AuditOptions, connect},
    inspect::NO_NAMESPACE,
    setup_error::{Exit, SetupError},
    shown::{decision as decision_name, late_ms, rfc3339, started},
};

/// Prints the audit. [`Exit::Fine`] when every expected time that is over has its decision, [`Exit::Amiss`] otherwise.
///
/// # Errors
/// No server answers, or it has no such schedule.
pub async fn run(options: AuditOptions) -> Result<ExitCode, SetupError> {
    let mut client = connect::connect(&options.server).await?;
    let request = AuditScheduleRequest {
        namespace: options.namespace,
        schedule_id: options.schedule_id,
        from: Some(timestamp(options.from)),
        to: Some(timestamp(options.to)),
    };
    let mut audits = client.audit_schedule(request).await.map_err(refused)?.into_inner();
    let mut out = io::stdout().lock();
    if !options.json {
        // Errors of printing are ignored here and below: the reader of the pipe has ended.
        let _ = writeln!(out, "{}", row(["NOMINAL", "STARTED", "LATE", "DECISION", "WHAT"]));
    }
    let mut summary = None;
    while let Some(audit) = audits.message().await.map_err(refused)? {
        let line = match audit.audit {
            Some(Audit::Entry(entry)) if options.json => as_json(&entry).to_string(),
            Some(Audit::Entry(entry)) => as_text(&entry),
            Some(Audit::Summary(found)) => {
                let line = if options.json { summary_json(&found).to_string() } else { summary_text(&found) };
                summary = Some(found);
                line
            }
            None => continue,
        };
        let _ = writeln!(out, "{line}");
    }
    let Some(summary) = summary else {
        return Err(SetupError::new("auditing", "the server ended the report early", "see the server's log").ending(Exit::Refused));
    };
    Ok(if summary.missing == 0 { Exit::Fine } else { Exit::Amiss }.into())
}

fn refused(status: Status) -> SetupError {
    let hint = match status.message().starts_with(NO_NAMESPACE) {
        true => "`temporal operator namespace list` names all namespaces",
        false => "`temporal schedule list` names all schedules of a namespace",
    };
    connect::refused_with(status, hint)
}

fn as_text(entry: &ScheduleAuditEntry) -> String {
    let what = match (entry.reason.as_str(), entry.workflow_id.as_str(), entry.run_id.as_str()) {
        ("", workflow_id, "") => workflow_id.to_owned(),
        ("", workflow_id, run_id) => format!("{workflow_id} {run_id}"),
        (reason, ..) => reason.to_owned(),
    };
    let note = match (entry.manual, entry.expected) {
        (true, _) if entry.earlier => " (by hand, earlier)",
        (false, _) if entry.earlier => " (earlier)",
        (true, _) => " (by hand)",
        (false, false) => " (not of the present spec)",
        (false, true) => "",
    };
    let decision = format!("{}{note}", decision(entry));
    row([&shown(entry.nominal_time.as_ref()), &shown(started(entry)), &late(entry), &decision, &what])
}

/// Writes columns beside each other.
fn row(columns: [&str; 5]) -> String {
    let [nominal, started, late, decision, what] = columns;
    format!("{nominal:<24}  {started:<24}  {late:>9}  {decision:<26}  {what}").trim_end().to_owned()
}

/// The decision in words, or why there is none.
fn decision(entry: &ScheduleAuditEntry) -> String {
    match entry.gap() {
        ScheduleAuditGap::Unspecified => entry.decision.to_lowercase().replace('_', " "),
        ScheduleAuditGap::Future => "not due yet".to_owned(),
        ScheduleAuditGap::UnderWay => "under way".to_owned(),
        ScheduleAuditGap::Missing => "NO DECISION".to_owned(),
    }
}

/// The lateness for people. It is empty for actions by hand.
fn late(entry: &ScheduleAuditEntry) -> String {
    match late_ms(entry).filter(|_| !entry.manual) {
        None => String::new(),
        Some(late) if late < 10_000 => format!("{late}ms"),
        Some(late) => format!("{}s", late / 1000),
    }
}

fn as_json(entry: &ScheduleAuditEntry) -> Value {
    json!({
        "nominal": optional(entry.nominal_time.as_ref()),
        "due": optional(entry.actual_time.as_ref()),
        "started": optional(started(entry)),
        "late_ms": late_ms(entry),
        "decided": optional(entry.decided_time.as_ref()),
        "decision": decision_name(entry),
        "expected": entry.expected,
        "manual": entry.manual,
        "earlier": entry.earlier,
        "reason": entry.reason,
        "workflow_id": entry.workflow_id,
        "run_id": entry.run_id,
    })
}

fn summary_text(summary: &ScheduleAuditSummary) -> String {
    let ScheduleAuditSummary { known_from, expected, fired, not_fired, under_way, future, missing, manual, delete_time, earlier } = summary;
    let mut text = format!(
        "{expected} expected since {}: {fired} fired, {not_fired} decided otherwise, {under_way} under way, {future} not due yet, {missing} without a \
         decision; {manual} by hand",
        shown(known_from.as_ref())
    );
    if *earlier > 0 {
        text += &format!("; {earlier} of earlier schedules of this id, which were deleted");
    }
    if delete_time.is_some() {
        text += &format!("; deleted at {}", shown(delete_time.as_ref()));
    }
    text
}

fn summary_json(summary: &ScheduleAuditSummary) -> Value {
    json!({ "summary": {
        "known_from": optional(summary.known_from.as_ref()),
        "expected": summary.expected,
        "fired": summary.fired,
        "not_fired": summary.not_fired,
        "under_way": summary.under_way,
        "future": summary.future,
        "missing": summary.missing,
        "manual": summary.manual,
        "earlier": summary.earlier,
        "deleted": optional(summary.delete_time.as_ref()),
    } })
}

fn optional(time: Option<&Timestamp>) -> Option<String> {
    time.map(|time| shown(Some(time)))
}

fn shown(time: Option<&Timestamp>) -> String {
    rfc3339(time).unwrap_or_default()
}

/// A time in the form of messages.
pub(crate) fn timestamp(time: DateTime<Utc>) -> Timestamp {
    Timestamp { seconds: time.timestamp(), nanos: i32::try_from(time.timestamp_subsec_nanos()).unwrap_or_default() }
}
