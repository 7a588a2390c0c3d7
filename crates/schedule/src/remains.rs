//! What is left of a schedule after its deletion: its decisions, for as long as they are kept, and what is needed to explain them.

use std::time::Duration;

use klamm_machine::{Time, Tx, time};
use klamm_messages::klamm::v1::{
    CommandSettings, ScheduleDecision, ScheduleDefinition, ScheduleProgress, ScheduleRecord, ScheduleRemains, ScheduledBy, StartingAction,
    schedule_record::Record,
};

use crate::{
    Event, Schedule,
    audit::{forget_old, forgetting_time, retention},
    limits::FORGOTTEN_OF_DELETED_MAX,
    tables::{Remains, ScheduleKey},
};

/// How long decisions are kept that are to go at once. No time at all would stand for the default.
const AT_ONCE: Duration = Duration::from_millis(1);

/// Writes the remains of a schedule that is being deleted.
pub(crate) fn leave(tx: &mut Tx<'_, Schedule>, key: &ScheduleKey, definition: &ScheduleDefinition, progress: ScheduleProgress) {
    let mut schedule = definition.schedule.clone();
    if let Some(schedule) = &mut schedule {
        schedule.action = None;
    }
    let kept = |settings: &CommandSettings| CommandSettings {
        schedule_audit_retention: settings.schedule_audit_retention,
        ..CommandSettings::default()
    };
    let definition = ScheduleDefinition {
        incarnation: definition.incarnation.clone(),
        schedule,
        create_time: definition.create_time,
        update_time: definition.update_time,
        namespace_id: definition.namespace_id.clone(),
        settings: definition.settings.as_ref().map(kept),
        invalid_spec: definition.invalid_spec.clone(),
        ..ScheduleDefinition::default()
    };
    let progress = ScheduleProgress {
        incarnation: progress.incarnation,
        state: progress.state,
        last_processed_time: progress.last_processed_time,
        valid_from: progress.valid_from,
        starting: progress.starting,
        next_action: progress.next_action,
        first_audit: progress.first_audit,
        next_audit: progress.next_audit,
        own_audit: progress.own_audit,
        audit_expiry_time: progress.audit_expiry_time,
        ..ScheduleProgress::default()
    };
    let delete_time = Some(tx.context.now.into());
    write(tx, key, ScheduleRemains { definition: Some(definition), progress: Some(progress), delete_time });
}

/// Lets what is left of a deleted schedule go with its next wake-ups, the first of which is due now. Does nothing when it goes already.
pub(crate) fn hurry(tx: &mut Tx<'_, Schedule>, key: &ScheduleKey) {
    let Some(remains) = tx.get::<Remains>(key) else { return };
    if kept_for(&remains) <= AT_ONCE {
        return;
    }
    let mut remains = ScheduleRemains::clone(&remains);
    remains.definition.get_or_insert_default().settings.get_or_insert_default().schedule_audit_retention = Some(time::to_proto(AT_ONCE));
    let progress = remains.progress.get_or_insert_default();
    progress.wake_time = None;
    progress.audit_expiry_time = Some(tx.context.now.into());
    write(tx, key, remains);
}

/// Decides a wake-up for an id without a schedule. Decisions that have been kept long enough are removed, and with the last of them the
/// remains.
pub(crate) fn wake_up(tx: &mut Tx<'_, Schedule>, key: &ScheduleKey) {
    let now = tx.context.now;
    let Some(remains) = tx.get::<Remains>(key) else { return };
    let mut remains = ScheduleRemains::clone(&remains);
    let mut progress = remains.progress.take().unwrap_or_default();
    if progress.wake_time.as_ref().is_none_or(|time| Time::from(time) > now) {
        return;
    }
    forget_old(tx, key, &mut progress, kept_for(&remains), FORGOTTEN_OF_DELETED_MAX);
    remains.progress = Some(progress);
    if wake_time(&remains).is_none() {
        forget(tx, key);
    } else {
        write(tx, key, remains);
    }
}

/// The answer to a start that came after the schedule was deleted. If the start is among the remains of this id, `decision` makes the
/// decision about it, and that is written down.
pub(crate) fn start_answered(
    tx: &mut Tx<'_, Schedule>,
    key: &ScheduleKey,
    by: Option<&ScheduledBy>,
    decision: impl FnOnce(&StartingAction) -> ScheduleDecision,
) {
    let Some((remains, by)) = tx.get::<Remains>(key).zip(by) else { return };
    let mut remains = ScheduleRemains::clone(&remains);
    let retention = kept_for(&remains);
    let Some(progress) = remains.progress.as_mut().filter(|progress| progress.incarnation == by.incarnation) else { return };
    let Some(index) = progress.starting.iter().position(|starting| starting.action == by.action) else { return };
    let starting = progress.starting.remove(index);
    let now = tx.context.now;
    let decision = ScheduleDecision { n: progress.next_audit, decided_time: Some(now.into()), ..decision(&starting) };
    progress.next_audit += 1;
    progress.audit_expiry_time.get_or_insert_with(|| now.after(retention).into());
    record(tx, key, Record::Decision(decision));
    write(tx, key, remains);
}

/// Lets a new schedule take the place of the remains under its id: it goes on with their numbers of decisions and actions.
pub(crate) fn succeed(tx: &mut Tx<'_, Schedule>, key: &ScheduleKey, progress: &mut ScheduleProgress) {
    let Some(remains) = tx.get::<Remains>(key) else { return };
    if let Some(before) = &remains.progress {
        progress.next_action = before.next_action;
        progress.first_audit = before.first_audit;
        progress.next_audit = before.next_audit;
        progress.own_audit = before.next_audit;
        progress.audit_expiry_time = before.audit_expiry_time;
    }
    forget(tx, key);
}

/// Writes the remains, and when they want to be looked at again.
fn write(tx: &mut Tx<'_, Schedule>, key: &ScheduleKey, mut remains: ScheduleRemains) {
    let wake = wake_time(&remains);
    remains.progress.get_or_insert_default().wake_time = wake.map(Into::into);
    record(tx, key, Record::Remains(remains));
}

/// When the next decisions are to be removed; `None` when the remains may go. They may go when no decision is left. They are kept at least
/// as long as a decision of the moment of the deletion would be.
fn wake_time(remains: &ScheduleRemains) -> Option<Time> {
    let retention = kept_for(remains);
    let last = Time::or_epoch(remains.delete_time).after(retention);
    let progress = remains.progress.as_ref()?;
    if progress.first_audit < progress.next_audit {
        return Some(forgetting_time(progress, retention).unwrap_or(last));
    }
    let was_woken_then = progress.wake_time.as_ref().is_some_and(|time| Time::from(time) >= last);
    if was_woken_then { None } else { Some(last) }
}

fn kept_for(remains: &ScheduleRemains) -> std::time::Duration {
    remains.definition.as_ref().map_or_else(|| retention(&ScheduleDefinition::default()), retention)
}

fn forget(tx: &mut Tx<'_, Schedule>, key: &ScheduleKey) {
    let ScheduleKey { namespace, schedule_id } = key.clone();
    tx.emit(Event::ForgetRemains { namespace, schedule_id });
}

fn record(tx: &mut Tx<'_, Schedule>, key: &ScheduleKey, record: Record) {
    let ScheduleKey { namespace, schedule_id } = key.clone();
    tx.emit(Event::Record(Box::new(ScheduleRecord { namespace, schedule_id, record: Some(record) })));
}
