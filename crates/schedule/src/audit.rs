//! The audit: what a schedule decided, one record per decision. Decisions that say the same about many times in a row are summed up in one
//! record.

use std::time::Duration;

use klamm_machine::{Time, Tx, time};
use klamm_messages::klamm::v1::{
    BufferedAction, ScheduleDecision, ScheduleDecisionKind as Kind, ScheduleDefinition, ScheduleProgress, schedule_record::Record,
};

use crate::{
    Event, Schedule,
    limits::{AUDIT_RECORDS_MAX, AUDIT_RETENTION_DEFAULT, FORGOTTEN_MAX, SUMMED_UP_AFTER},
    tables::{Decisions, ScheduleKey},
    work::Work,
};

impl Work<'_, '_> {
    /// Writes down what became of an action, and the reason in words (which may be empty).
    pub(crate) fn decided(&mut self, kind: Kind, action: &BufferedAction, reason: &str) {
        self.note(ScheduleDecision { reason: reason.to_owned(), ..self.decision(kind, action) });
    }

    /// A decision about an action. It is not written down yet.
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

    /// Writes down a decision. Its number and time are set here.
    pub(crate) fn note(&mut self, mut decision: ScheduleDecision) {
        decision.decided_time = Some(self.now.into());
        if self.decisions.is_empty() && is_late(&decision, self.now) {
            let last = self.tx.get::<Decisions>(&(self.key.clone(), self.progress.next_audit - 1));
            // A decision of an earlier schedule with this id is left as it is.
            if let Some(last) = last.filter(|last| last.n >= self.progress.own_audit && is_alike(last, &decision)) {
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

    /// Emits the decisions that were written down, and forgets those that have been kept long enough.
    pub(crate) fn finish_audit(&mut self) {
        let retention = retention(&self.definition);
        // The oldest decision need not be read where it is one of this command's.
        if let Some(first) = self.decisions.first().filter(|first| first.n == self.progress.first_audit)
            && self.progress.audit_expiry_time.is_none()
        {
            self.progress.audit_expiry_time = expiry(first, retention).map(Into::into);
        }
        for decision in std::mem::take(&mut self.decisions) {
            self.record(Record::Decision(decision));
        }
        forget_old(self.tx, &self.key, &mut self.progress, retention, FORGOTTEN_MAX);
    }

    /// When the oldest decisions are to be forgotten, if no other command comes before. This is some time after they expire, because every
    /// command forgets expired ones anyway.
    pub(crate) fn forgetting_time(&self) -> Option<Time> {
        forgetting_time(&self.progress, retention(&self.definition))
    }
}

/// See [`Work::forgetting_time`].
pub(crate) fn forgetting_time(progress: &ScheduleProgress, retention: Duration) -> Option<Time> {
    Some(Time::from(progress.audit_expiry_time.as_ref()?).after(retention / 6))
}

/// Forgets decisions that have been kept long enough. When there are too many, the oldest go before their time. One call forgets at most
/// `limit`.
pub(crate) fn forget_old(tx: &mut Tx<'_, Schedule>, key: &ScheduleKey, progress: &mut ScheduleProgress, retention: Duration, limit: usize) {
    let now = tx.context.now;
    let (first, end) = (progress.first_audit, progress.next_audit);
    let excess = usize::try_from(end - first - AUDIT_RECORDS_MAX).unwrap_or(0);
    if excess == 0 && progress.audit_expiry_time.as_ref().is_some_and(|expiry| Time::from(expiry) > now) {
        return;
    }
    let (from, to) = Decisions::range(key, first, end);
    let oldest = tx.range::<Decisions>(&from, &to, limit + 1);
    let expiries: Vec<_> = oldest.iter().map(|(_, decision)| expiry(decision, retention)).collect();
    let kept = first_kept(&expiries, excess, now, limit).map(|index| &oldest[index]);
    progress.first_audit = kept.map_or(end, |(_, decision)| decision.n);
    progress.audit_expiry_time = kept.and_then(|(_, decision)| expiry(decision, retention)).map(Into::into);
    if progress.first_audit > first {
        tx.emit(Event::ForgetDecisions {
            namespace: key.namespace.clone(),
            schedule_id: key.schedule_id.clone(),
            first,
            end: progress.first_audit,
        });
    }
}

/// How long decisions of the schedule are kept.
pub(crate) fn retention(definition: &ScheduleDefinition) -> Duration {
    let setting = definition.settings.as_ref().and_then(|settings| settings.schedule_audit_retention.as_ref());
    time::duration_or_none(setting).unwrap_or(AUDIT_RETENTION_DEFAULT)
}

/// When the decision has been kept long enough.
fn expiry(decision: &ScheduleDecision, retention: Duration) -> Option<Time> {
    decision.decided_time.as_ref().map(|decided| Time::from(decided).after(retention))
}

/// Index of the first of the oldest decisions that is kept; `None`: all of them go. The first `excess` go, and those that have expired, but
/// at most `limit`.
fn first_kept(expiries: &[Option<Time>], excess: usize, now: Time, limit: usize) -> Option<usize> {
    let kept = expiries.iter().skip(excess).position(|expiry| expiry.is_some_and(|expiry| expiry > now)).map(|index| index + excess);
    Some(kept.unwrap_or(expiries.len()).min(limit)).filter(|index| *index < expiries.len())
}

/// Whether the time that the decision is about is long past.
fn is_late(decision: &ScheduleDecision, now: Time) -> bool {
    decision.actual_time.as_ref().is_some_and(|actual| now.since(Time::from(actual)) > SUMMED_UP_AFTER)
}

/// Whether both decisions say the same about two times, the second one later.
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
        assert_eq!(first_kept(&expiries(&[900, 1_000, 1_100]), 0, now, FORGOTTEN_MAX), Some(2));
        assert_eq!(first_kept(&expiries(&[900, 1_000]), 0, now, FORGOTTEN_MAX), None);
        assert_eq!(first_kept(&expiries(&[1_100, 1_200, 1_300]), 0, now, FORGOTTEN_MAX), Some(0));
        assert_eq!(first_kept(&expiries(&[1_100, 1_200, 1_300]), 2, now, FORGOTTEN_MAX), Some(2));
        let many = [1_100; FORGOTTEN_MAX + 1];
        assert_eq!(first_kept(&expiries(&many), 500, now, FORGOTTEN_MAX), Some(FORGOTTEN_MAX));
        assert_eq!(first_kept(&expiries(&[1; FORGOTTEN_MAX + 1]), 0, now, FORGOTTEN_MAX), Some(FORGOTTEN_MAX));
    }
}
