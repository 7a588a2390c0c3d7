//! AuditSchedule: the times that a schedule's spec names against what the schedule decided.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use klamm_api::klamm::v1::{
    AuditScheduleRequest, ScheduleAudit, ScheduleAuditEntry, ScheduleAuditGap, ScheduleAuditSummary, schedule_audit::Audit,
};
use klamm_machine::Time;
use klamm_messages::klamm::v1::{ScheduleDecision, ScheduleDecisionKind, ScheduleDefinition, ScheduleProgress};
use klamm_processor::{
    Backend, Processor,
    backend::{Error, ScheduleSnapshot},
};
use klamm_schedule::{spec::Due, view};
use prost_types::Timestamp;
use tonic::Status;

/// Most nominal times and most decisions of one audit: what a schedule of a second has in a day, and more.
const TIMES_MAX: usize = 100_000;
/// Decisions read at a time.
const PAGE: usize = 1000;
/// A start that was due no longer ago than this may be on its way.
const UNDER_WAY: Duration = Duration::from_secs(2);

/// The entries, and the summary last.
pub(super) async fn audit(processor: &Arc<Processor>, request: AuditScheduleRequest) -> Result<Vec<ScheduleAudit>, Status> {
    let AuditScheduleRequest { namespace, schedule_id, from, to } = request;
    let schedule = processor.schedule(&namespace, &schedule_id).await.map_err(status)?;
    let Some(ScheduleSnapshot { definition, progress }) = schedule else {
        return Err(Status::not_found(format!("no schedule {schedule_id:?} in namespace {namespace:?}")));
    };
    // This machine's clock: whoever compares with the log's would show times as missing that have just come due.
    let now = Time::from_millis(chrono::Utc::now().timestamp_millis());
    let from = from.as_ref().map_or(Time::default(), Time::from);
    let to = to.as_ref().map_or(now, Time::from);
    let reader = Decisions { processor, namespace: &namespace, schedule_id: &schedule_id };
    let decisions = reader.about(&progress, from, to).await?;
    let known_from = reader.known_from(&definition, &progress).await?;
    let expected = view::nominal_times(&schedule_id, &definition, from.max(known_from), to, TIMES_MAX + 1)
        .map_err(|rejection| Status::failed_precondition(rejection.to_string()))?;
    if expected.len() > TIMES_MAX {
        return Err(too_many());
    }
    Ok(compare(&expected, decisions, &progress, known_from, now))
}

/// Reads a schedule's decisions.
struct Decisions<'a> {
    processor: &'a Arc<Processor>,
    namespace: &'a str,
    schedule_id: &'a str,
}

impl Decisions<'_> {
    async fn read(&self, first: i64, end: i64, limit: usize) -> Result<Vec<Arc<ScheduleDecision>>, Status> {
        self.processor.schedule_decisions(self.namespace, self.schedule_id, first, end, limit).await.map_err(status)
    }

    /// Decisions about nominal times from `from` to `to`.
    async fn about(&self, progress: &ScheduleProgress, from: Time, to: Time) -> Result<Vec<Arc<ScheduleDecision>>, Status> {
        let mut found = Vec::new();
        let mut first = self.first_at(progress, from).await?;
        loop {
            let page = self.read(first, progress.next_audit, PAGE).await?;
            let Some(last) = page.last() else { return Ok(found) };
            first = last.n + 1;
            found.extend(page.into_iter().filter(|decision| last_nominal(decision) >= from && nominal(decision) <= to));
            if found.len() > TIMES_MAX {
                return Err(too_many());
            }
        }
    }

    /// Number of the first decision made at `time` or later. A decision is no earlier than the time that it is about, and none is made before
    /// those with lower numbers.
    async fn first_at(&self, progress: &ScheduleProgress, time: Time) -> Result<i64, Status> {
        let (mut low, mut high) = (progress.first_audit, progress.next_audit);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.read(middle, high, 1).await?.first() {
                Some(decision) if decided(decision) < time => low = decision.n + 1,
                _ => high = middle,
            }
        }
        Ok(low)
    }

    /// From when on all that the present spec names has its decision, and the decision is still kept.
    async fn known_from(&self, definition: &ScheduleDefinition, progress: &ScheduleProgress) -> Result<Time, Status> {
        let valid_from = progress.valid_from.or(definition.create_time).as_ref().map_or(Time::default(), Time::from);
        // Numbers begin with 0 or 1; when a higher one is the first, some have gone.
        if progress.first_audit <= 1 {
            return Ok(valid_from);
        }
        let oldest = self.read(progress.first_audit, progress.next_audit, 1).await?;
        Ok(oldest.first().map_or(valid_from, |decision| last_nominal(decision).max(valid_from)))
    }
}

/// Puts expected times and decisions side by side, in order of nominal times.
fn compare(
    expected: &[Due],
    decisions: Vec<Arc<ScheduleDecision>>,
    progress: &ScheduleProgress,
    known_from: Time,
    now: Time,
) -> Vec<ScheduleAudit> {
    let mut summary = ScheduleAuditSummary { known_from: Some(known_from.into()), expected: count(expected.len()), ..Default::default() };
    // Of several decisions about one time, such as to wait and then to fire, the last one counts; all of those about actions by hand are shown.
    let mut scheduled: BTreeMap<i64, Arc<ScheduleDecision>> = BTreeMap::new();
    let mut manual: Vec<Arc<ScheduleDecision>> = Vec::new();
    let mut by_hand: BTreeMap<i64, usize> = BTreeMap::new();
    for decision in decisions {
        if decision.manual {
            match by_hand.get(&decision.action).filter(|_| decision.action != 0) {
                Some(&at) => manual[at] = decision,
                None => {
                    by_hand.insert(decision.action, manual.len());
                    manual.push(decision);
                }
            }
        } else {
            scheduled.insert(nominal(&decision).millis(), decision);
        }
    }
    let under_way: BTreeSet<i64> = progress
        .starting
        .iter()
        .map(|starting| &starting.nominal_time)
        .chain(progress.buffer.iter().map(|buffered| &buffered.nominal_time))
        .flatten()
        .map(|time| Time::from(time).millis())
        .collect();
    let mut entries: Vec<(i64, ScheduleAuditEntry)> = Vec::new();
    let mut used = BTreeSet::new();
    for due in expected {
        let at = due.nominal.millis();
        let found = scheduled.range(..=at).next_back().filter(|(_, decision)| last_nominal(decision) >= due.nominal);
        if let Some((key, decision)) = found {
            used.insert(*key);
            match decision.kind() {
                ScheduleDecisionKind::Fired => summary.fired += 1,
                ScheduleDecisionKind::Buffered => summary.under_way += 1,
                _ => summary.not_fired += 1,
            }
        }
        let gap = match found {
            Some(_) => ScheduleAuditGap::Unspecified,
            None if due.actual > now => {
                summary.future += 1;
                ScheduleAuditGap::Future
            }
            None if under_way.contains(&at) || now.since(due.actual) < UNDER_WAY => {
                summary.under_way += 1;
                ScheduleAuditGap::UnderWay
            }
            None => {
                summary.missing += 1;
                ScheduleAuditGap::Missing
            }
        };
        let entry = found.map_or_else(ScheduleAuditEntry::default, |(_, decision)| entry(decision));
        let (nominal_time, actual_time) = (Some(due.nominal.into()), Some(due.actual.into()));
        entries.push((at, ScheduleAuditEntry { nominal_time, actual_time, expected: true, gap: gap as i32, ..entry }));
    }
    let others = scheduled.into_iter().filter(|(at, _)| !used.contains(at)).map(|(_, decision)| decision);
    summary.manual = count(manual.len());
    entries.extend(others.chain(manual).map(|decision| (nominal(&decision).millis(), entry(&decision))));
    entries.sort_by_key(|(at, _)| *at);
    let entries = entries.into_iter().map(|(_, entry)| Audit::Entry(entry));
    entries.chain([Audit::Summary(summary)]).map(|audit| ScheduleAudit { audit: Some(audit) }).collect()
}

/// A decision as it is shown.
fn entry(decision: &ScheduleDecision) -> ScheduleAuditEntry {
    let kind = decision.kind().as_str_name().trim_start_matches("SCHEDULE_DECISION_KIND_").to_owned();
    ScheduleAuditEntry {
        nominal_time: decision.nominal_time,
        actual_time: decision.actual_time,
        manual: decision.manual,
        decision: kind,
        decided_time: decision.decided_time,
        reason: decision.reason.clone(),
        workflow_id: decision.workflow_id.clone(),
        run_id: decision.run_id.clone(),
        ..ScheduleAuditEntry::default()
    }
}

fn nominal(decision: &ScheduleDecision) -> Time {
    time(decision.nominal_time.as_ref())
}

fn last_nominal(decision: &ScheduleDecision) -> Time {
    time(decision.last_nominal_time.as_ref().or(decision.nominal_time.as_ref()))
}

fn decided(decision: &ScheduleDecision) -> Time {
    time(decision.decided_time.as_ref())
}

fn time(time: Option<&Timestamp>) -> Time {
    time.map_or(Time::default(), Time::from)
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

fn too_many() -> Status {
    Status::invalid_argument(format!("more than {TIMES_MAX} times: narrow the range"))
}

fn status(error: Error) -> Status {
    Status::unavailable(error.to_string())
}
