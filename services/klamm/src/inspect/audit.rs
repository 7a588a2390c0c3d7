//! AuditSchedule: compares the times that a schedule's spec names with what the schedule decided.

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
use klamm_schedule::{
    spec::{Due, Steps},
    view,
};
use tonic::Status;

use super::asking::NO_NAMESPACE;

/// Most nominal times and most decisions of one audit. A schedule that acts every second has fewer in a day.
const TIMES_MAX: usize = 100_000;
/// Steps that finding the nominal times may take.
const STEPS_MAX: u64 = 20 * klamm_schedule::STEPS_MAX;
/// Decisions read at a time.
const PAGE: usize = 1000;
/// If a start was due no longer ago than this, it may still be under way.
const UNDER_WAY: Duration = Duration::from_secs(2);

/// The entries, with the summary last.
pub(super) async fn audit(processor: &Arc<Processor>, request: AuditScheduleRequest) -> Result<Vec<ScheduleAudit>, Status> {
    let AuditScheduleRequest { namespace, schedule_id, from, to } = request;
    if !processor.namespaces().contains_key(&namespace) {
        return Err(Status::not_found(format!("{NO_NAMESPACE} {namespace:?}")));
    }
    let Some((ScheduleSnapshot { definition, progress }, delete_time)) = find(processor, &namespace, &schedule_id).await? else {
        return Err(Status::not_found(format!("no schedule {schedule_id:?} in namespace {namespace:?}, and no decisions of one are kept")));
    };
    // The wall clock of this machine, not the log's time. When the log's time is ahead of it, times that have just come due would look
    // missing to the client.
    let mut now = Time::from_millis(chrono::Utc::now().timestamp_millis());
    let from = Time::or_epoch(from);
    let mut to = to.as_ref().map_or(now, Time::from);
    let reader = Decisions { processor, namespace: &namespace, schedule_id: &schedule_id };
    let decisions = reader.about(&progress, from, to).await?;
    if let Some(deleted) = delete_time {
        // After its deletion the schedule names no times. So the audit shows the state at the deletion.
        (now, to) = (deleted, to.min(deleted));
    }
    let known_from = reader.known_from(&definition, &progress).await?;
    let expected = tokio::task::spawn_blocking(move || {
        view::nominal_times(&schedule_id, &definition, from.max(known_from), to, TIMES_MAX + 1, &mut Steps::new(STEPS_MAX))
    });
    let expected = expected.await.map_err(|error| Status::internal(error.to_string()))?;
    let expected = expected.map_err(|rejection| Status::failed_precondition(rejection.to_string()))?;
    if expected.len() > TIMES_MAX {
        return Err(too_many());
    }
    Ok(compare(&expected, decisions, &progress, known_from, now, delete_time))
}

/// The schedule, with `None`. For a deleted schedule: what is left of it, and when it was deleted.
async fn find(processor: &Arc<Processor>, namespace: &str, schedule_id: &str) -> Result<Option<(ScheduleSnapshot, Option<Time>)>, Status> {
    if let Some(found) = processor.schedule(namespace, schedule_id).await.map_err(status)? {
        return Ok(Some((found, None)));
    }
    let remains = processor.deleted_schedule(namespace, schedule_id).map_err(status)?;
    Ok(remains.map(|remains| {
        let definition = Arc::new(remains.definition.clone().unwrap_or_default());
        let progress = Arc::new(remains.progress.clone().unwrap_or_default());
        (ScheduleSnapshot { definition, progress }, Some(Time::or_epoch(remains.delete_time)))
    }))
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

    /// Number of the first decision made at `time` or later. Decisions are numbered in the order of their times. A decision is never made
    /// before the time that it is about.
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

    /// The time from which on every time that the present spec names has its decision, and the decision is still kept.
    async fn known_from(&self, definition: &ScheduleDefinition, progress: &ScheduleProgress) -> Result<Time, Status> {
        let valid_from = Time::or_epoch(definition.create_time).max(Time::or_epoch(definition.update_time));
        // If a higher number comes first, then some of this schedule's own decisions are gone.
        if progress.first_audit <= progress.own_audit {
            return Ok(valid_from);
        }
        let oldest = self.read(progress.first_audit, progress.next_audit, 1).await?;
        Ok(oldest.first().map_or(valid_from, |decision| last_nominal(decision).max(valid_from)))
    }
}

/// Puts expected times and decisions side by side, in order of nominal times. Decisions of earlier schedules with this id are shown too.
fn compare(
    expected: &[Due],
    decisions: Vec<Arc<ScheduleDecision>>,
    progress: &ScheduleProgress,
    known_from: Time,
    now: Time,
    delete_time: Option<Time>,
) -> Vec<ScheduleAudit> {
    let mut summary = ScheduleAuditSummary {
        known_from: Some(known_from.into()),
        expected: count(expected.len()),
        delete_time: delete_time.map(Into::into),
        ..Default::default()
    };
    // There may be several decisions about one time, such as to wait and then to fire. The last one counts. Decisions about actions by hand
    // are all shown.
    let mut scheduled: BTreeMap<i64, Arc<ScheduleDecision>> = BTreeMap::new();
    let mut manual: Vec<Arc<ScheduleDecision>> = Vec::new();
    let mut by_hand: BTreeMap<i64, usize> = BTreeMap::new();
    let mut earlier: BTreeMap<(i64, i64), Arc<ScheduleDecision>> = BTreeMap::new();
    for decision in decisions {
        if decision.n < progress.own_audit {
            // Successive schedules with the same id share one sequence of action numbers. Each decision without an action stands for
            // itself, so its own number tells it from others.
            let number = if decision.action == 0 { -decision.n } else { decision.action };
            earlier.insert((nominal(&decision).millis(), number), decision);
        } else if decision.manual {
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
    let inactive = inactive(progress);
    let taken = Time::or_epoch(progress.last_processed_time);
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
            None if inactive.is_some() && due.actual > taken => {
                summary.not_fired += 1;
                ScheduleAuditGap::Unspecified
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
        let entry = match found {
            Some((_, decision)) => entry(decision),
            None if gap == ScheduleAuditGap::Unspecified => entry(&inactive.clone().unwrap_or_default()),
            None => ScheduleAuditEntry::default(),
        };
        let (nominal_time, actual_time) = (Some(due.nominal.into()), Some(due.actual.into()));
        entries.push((at, ScheduleAuditEntry { nominal_time, actual_time, expected: true, gap: gap as i32, ..entry }));
    }
    let others = scheduled.into_iter().filter(|(at, _)| !used.contains(at)).map(|(_, decision)| decision);
    summary.manual = count(manual.len());
    summary.earlier = count(earlier.len());
    let earlier = earlier.into_iter().map(|((at, _), decision)| (at, ScheduleAuditEntry { earlier: true, ..entry(&decision) }));
    entries.extend(earlier);
    entries.extend(others.chain(manual).map(|decision| (nominal(&decision).millis(), entry(&decision))));
    entries.sort_by_key(|(at, _)| *at);
    let entries = entries.into_iter().map(|(_, entry)| Audit::Entry(entry));
    entries.chain([Audit::Summary(summary)]).map(|audit| ScheduleAudit { audit: Some(audit) }).collect()
}

/// The decision about the times of a schedule that does not act by itself now; `None` if it does act. This decision is not on the topic
/// yet: the schedule writes one decision for all these times when it acts again.
fn inactive(progress: &ScheduleProgress) -> Option<ScheduleDecision> {
    let state = progress.state.as_ref()?;
    let (kind, reason) = if state.paused {
        (ScheduleDecisionKind::Paused, "paused now")
    } else if state.limited_actions && state.remaining_actions == 0 {
        (ScheduleDecisionKind::LimitReached, "no actions remain")
    } else {
        return None;
    };
    Some(ScheduleDecision { kind: kind as i32, reason: reason.to_owned(), ..ScheduleDecision::default() })
}

/// A decision in the form in which it is shown.
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
    Time::or_epoch(decision.nominal_time)
}

fn last_nominal(decision: &ScheduleDecision) -> Time {
    Time::or_epoch(decision.last_nominal_time.or(decision.nominal_time))
}

fn decided(decision: &ScheduleDecision) -> Time {
    Time::or_epoch(decision.decided_time)
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

#[cfg(test)]
mod tests {
    use klamm_messages::{klamm::v1::StartingAction, temporal::schedule::v1::ScheduleState};

    use super::*;

    const MINUTE: i64 = 60_000;

    fn at(minute: i64) -> Time {
        Time::from_millis(minute * MINUTE)
    }

    /// A time each minute, due a second later.
    fn expected(minutes: std::ops::RangeInclusive<i64>) -> Vec<Due> {
        minutes.map(|minute| Due { nominal: at(minute), actual: at(minute).after(Duration::from_secs(1)) }).collect()
    }

    fn decision(n: i64, minute: i64, kind: ScheduleDecisionKind) -> ScheduleDecision {
        let nominal_time = Some(at(minute).into());
        ScheduleDecision { n, nominal_time, kind: kind as i32, action: n, decided_time: Some(at(minute + 1).into()), ..Default::default() }
    }

    /// A line for each entry (minute, decision or gap, whether expected or by hand), and the summary's numbers.
    fn compared(expected: &[Due], decisions: Vec<ScheduleDecision>, progress: &ScheduleProgress, now: Time) -> (String, [i64; 7]) {
        let decisions = decisions.into_iter().map(Arc::new).collect();
        let mut audits = compare(expected, decisions, progress, at(0), now, None);
        let Some(Audit::Summary(summary)) = audits.pop().and_then(|audit| audit.audit) else { panic!("no summary at the end") };
        let lines: Vec<_> = audits
            .into_iter()
            .map(|audit| {
                let Some(Audit::Entry(entry)) = audit.audit else { panic!("no entry") };
                let minute = Time::or_epoch(entry.nominal_time).millis() / MINUTE;
                let gap = entry.gap().as_str_name().trim_start_matches("SCHEDULE_AUDIT_GAP_").to_lowercase();
                let what = if entry.decision.is_empty() { gap } else { entry.decision.clone() };
                let by = match (entry.expected, entry.manual) {
                    _ if entry.earlier => " earlier",
                    (true, false) => "",
                    (_, true) => " by hand",
                    _ => " unexpected",
                };
                format!("{minute} {what}{by}")
            })
            .collect();
        let ScheduleAuditSummary { expected, fired, not_fired, under_way, future, missing, manual, .. } = summary;
        (lines.join(", "), [expected, fired, not_fired, under_way, future, missing, manual])
    }

    #[test]
    fn each_expected_time_has_its_last_decision_or_why_there_is_none() {
        use ScheduleDecisionKind::{Buffered, Fired, SkippedOverlap};
        let mut skipped = decision(4, 3, SkippedOverlap);
        skipped.last_nominal_time = Some(at(5).into());
        let decisions = vec![decision(1, 1, Fired), decision(2, 2, Buffered), decision(3, 2, Fired), skipped];
        let starting = StartingAction { nominal_time: Some(at(7).into()), ..StartingAction::default() };
        let progress = ScheduleProgress { starting: vec![starting], ..ScheduleProgress::default() };
        let (lines, summary) = compared(&expected(1..=9), decisions, &progress, at(9));
        assert_eq!(
            lines,
            "1 FIRED, 2 FIRED, 3 SKIPPED_OVERLAP, 4 SKIPPED_OVERLAP, 5 SKIPPED_OVERLAP, 6 missing, 7 under_way, 8 missing, 9 future"
        );
        assert_eq!(summary, [9, 2, 3, 1, 1, 2, 0]);
    }

    #[test]
    fn what_has_just_come_due_is_under_way() {
        let progress = ScheduleProgress::default();
        let now = at(1).after(Duration::from_millis(1500));
        assert_eq!(compared(&expected(1..=1), Vec::new(), &progress, now).0, "1 under_way");
        let now = at(1).after(Duration::from_secs(3));
        assert_eq!(compared(&expected(1..=1), Vec::new(), &progress, now).0, "1 missing");
    }

    #[test]
    fn actions_by_hand_and_those_of_an_earlier_spec_stand_beside() {
        use ScheduleDecisionKind::{Buffered, Fired};
        let by_hand = |n, kind, action| ScheduleDecision { manual: true, action, ..decision(n, 2, kind) };
        let decisions = vec![decision(1, 1, Fired), by_hand(2, Buffered, 7), by_hand(3, Fired, 8), by_hand(4, Fired, 7)];
        let (lines, summary) = compared(&expected(2..=2), decisions, &ScheduleProgress::default(), at(9));
        assert_eq!(lines, "1 FIRED unexpected, 2 missing, 2 FIRED by hand, 2 FIRED by hand");
        assert_eq!(summary, [1, 0, 0, 0, 0, 1, 2]);
    }

    #[test]
    fn decisions_of_earlier_schedules_of_the_id_stand_beside_and_are_expected_by_nobody() {
        use ScheduleDecisionKind::{Buffered, Fired, SkippedOverlap};
        let action = |n, minute, kind, action| ScheduleDecision { action, ..decision(n, minute, kind) };
        let decisions = vec![
            action(1, 1, Buffered, 7),
            action(2, 2, SkippedOverlap, 0),
            action(3, 1, Fired, 7),
            // Another action at the same time.
            action(4, 2, Fired, 8),
            action(5, 2, Fired, 9),
        ];
        let progress = ScheduleProgress { own_audit: 5, ..ScheduleProgress::default() };
        let (lines, summary) = compared(&expected(2..=3), decisions, &progress, at(9));
        assert_eq!(lines, "1 FIRED earlier, 2 FIRED, 2 SKIPPED_OVERLAP earlier, 2 FIRED earlier, 3 missing");
        assert_eq!(summary, [2, 1, 0, 0, 0, 1, 0]);
    }

    #[test]
    fn times_of_a_schedule_that_does_not_act_are_not_missing() {
        let state = |paused, limited_actions| Some(ScheduleState { paused, limited_actions, ..ScheduleState::default() });
        let taken = Some(at(1).after(Duration::from_secs(1)).into());
        let progress = |state| ScheduleProgress { state, last_processed_time: taken, ..ScheduleProgress::default() };
        let lines = |state| compared(&expected(1..=3), vec![], &progress(state), at(3)).0;
        assert_eq!(lines(state(true, false)), "1 missing, 2 PAUSED, 3 future");
        assert_eq!(lines(state(false, true)), "1 missing, 2 LIMIT_REACHED, 3 future");
        assert_eq!(lines(state(false, false)), "1 missing, 2 missing, 3 future");
    }
}
