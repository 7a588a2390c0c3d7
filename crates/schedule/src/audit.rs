//! What a schedule decided, written down: one record per decision, equal ones about many times in a row summed up.

use std::time::Duration;

use klamm_machine::{Time, time};
use klamm_messages::klamm::v1::{
    BufferedAction, ScheduleDecision, ScheduleDecisionKind as Kind, ScheduleDefinition, schedule_record::Record,
};

use crate::{
    Event,
    limits::{AUDIT_RECORDS_MAX, AUDIT_RETENTION_DEFAULT, FORGOTTEN_MAX, SUMMED_UP_AFTER},
    tables::Decisions,
    work::Work,
};

impl Work<'_, '_> {
    /// Writes down what became of an action, and why, in words (or none).
    pub(crate) fn decided(&mut self, kind: Kind, action: &BufferedAction, reason: &str) {
        self.note(ScheduleDecision { reason: reason.to_owned(), ..self.decision(kind, action) });
    }

    /// A decision about an action, that is yet to be written down.
    pub(crate) fn decision(&self, kind: Kind, action: &BufferedAction) -> ScheduleDecision {
        ScheduleDecision {
            kind: kind as i32,
            nominal_time: action.nominal_time,
            actual_time: action.actual_time,
            count: 1,
            manual: action.manual,
            overlap_policy: self.resolve(action.overlap_policy) as i32,
            action: action.action,
            ..ScheduleDecision::default()
        }
    }

    /// Writes down a decision; its number and time are given here.
    pub(crate) fn note(&mut self, mut decision: ScheduleDecision) {
        decision.decided_time = Some(self.now.into());
        if self.decisions.is_empty() && is_late(&decision, self.now) {
            let last = self.tx.get::<Decisions>(&(self.key.clone(), self.progress.next_audit - 1));
            if let Some(last) = last.filter(|last| is_alike(last, &decision)) {
                self.decisions.push(ScheduleDecision::clone(&last));
            }
        }
        if let Some(last) = self.decisions.last_mut().filter(|last| is_alike(last, &decision)) {
            last.last_nominal_time = decision.last_nominal_time.or(decision.nominal_time);
            last.count = last.count.saturating_add(decision.count);
            last.decided_time = decision.decided_time;
            return;
        }
        decision.n = self.progress.next_audit;
        self.progress.next_audit += 1;
        self.decisions.push(decision);
    }

    /// Emits what was written down, and forgets what has been kept long enough.
    pub(crate) fn finish_audit(&mut self) {
        for decision in std::mem::take(&mut self.decisions) {
            self.record(Record::Decision(decision));
        }
        let retention = retention(&self.definition);
        let expiry = |decision: &ScheduleDecision| decision.decided_time.as_ref().map(|decided| Time::from(decided).after(retention));
        let (first, end) = (self.progress.first_audit, self.progress.next_audit);
        // Those that are too many go before their time.
        let excess = usize::try_from(end - first - AUDIT_RECORDS_MAX).unwrap_or(0);
        if excess == 0 && self.progress.audit_expiry_time.as_ref().is_some_and(|expiry| Time::from(expiry) > self.now) {
            return;
        }
        let (from, to) = Decisions::range(&self.key, first, end);
        let oldest = self.tx.range::<Decisions>(&from, &to, FORGOTTEN_MAX + 1);
        let expiries: Vec<_> = oldest.iter().map(|(_, decision)| expiry(decision)).collect();
        let kept = first_kept(&expiries, excess, self.now).map(|index| &oldest[index]);
        self.progress.first_audit = kept.map_or(end, |(_, decision)| decision.n);
        self.progress.audit_expiry_time = kept.and_then(|(_, decision)| expiry(decision)).map(Into::into);
        if self.progress.first_audit > first {
            self.tx.emit(Event::ForgetDecisions {
                namespace: self.key.namespace.clone(),
                schedule_id: self.key.schedule_id.clone(),
                first,
                end: self.progress.first_audit,
            });
        }
    }

    /// When the oldest decisions want to be forgotten if nothing else happens before: a while after their time, since what happens takes
    /// those along that are due.
    pub(crate) fn forgetting_time(&self) -> Option<Time> {
        let expiry = Time::from(self.progress.audit_expiry_time.as_ref()?);
        Some(expiry.after(retention(&self.definition) / 6))
    }
}

/// How long decisions of the schedule are kept.
fn retention(definition: &ScheduleDefinition) -> Duration {
    let setting = definition.settings.as_ref().and_then(|settings| settings.schedule_audit_retention.as_ref());
    time::duration_or_none(setting).unwrap_or(AUDIT_RETENTION_DEFAULT)
}

/// Which of the oldest decisions is the first that stays, by when each expires: not one of the `excess` first, nor one that has expired, but
/// one command forgets only so many. `None`: all go.
fn first_kept(expiries: &[Option<Time>], excess: usize, now: Time) -> Option<usize> {
    let kept = expiries.iter().skip(excess).position(|expiry| expiry.is_some_and(|expiry| expiry > now)).map(|index| index + excess);
    Some(kept.unwrap_or(expiries.len()).min(FORGOTTEN_MAX)).filter(|index| *index < expiries.len())
}

/// Whether the time that the decision is about lies far back.
fn is_late(decision: &ScheduleDecision, now: Time) -> bool {
    decision.actual_time.as_ref().is_some_and(|actual| now.since(Time::from(actual)) > SUMMED_UP_AFTER)
}

/// Whether both say the same, of different times in order.
fn is_alike(last: &ScheduleDecision, next: &ScheduleDecision) -> bool {
    let is_summed_up = matches!(
        next.kind(),
        Kind::SkippedOverlap | Kind::MissedCatchupWindow | Kind::BufferFull | Kind::Paused | Kind::LimitReached | Kind::Superseded
    );
    let told = |decision: &ScheduleDecision| (decision.kind, decision.manual, decision.overlap_policy, decision.action);
    let nominal = |time: &Option<prost_types::Timestamp>| time.as_ref().map(Time::from);
    is_summed_up
        && next.action == 0
        && told(last) == told(next)
        && last.reason == next.reason
        && nominal(&last.last_nominal_time.or(last.nominal_time)) < nominal(&next.nominal_time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_expired_or_are_too_many_go_so_many_at_a_time() {
        let now = Time::from_millis(1_000);
        let expiries = |times: &[i64]| times.iter().map(|time| Some(Time::from_millis(*time))).collect::<Vec<_>>();
        assert_eq!(first_kept(&expiries(&[900, 1_000, 1_100]), 0, now), Some(2));
        assert_eq!(first_kept(&expiries(&[900, 1_000]), 0, now), None);
        assert_eq!(first_kept(&expiries(&[1_100, 1_200, 1_300]), 0, now), Some(0));
        assert_eq!(first_kept(&expiries(&[1_100, 1_200, 1_300]), 2, now), Some(2));
        let many = [1_100; FORGOTTEN_MAX + 1];
        assert_eq!(first_kept(&expiries(&many), 500, now), Some(FORGOTTEN_MAX));
        assert_eq!(first_kept(&expiries(&[1; FORGOTTEN_MAX + 1]), 0, now), Some(FORGOTTEN_MAX));
    }
}
