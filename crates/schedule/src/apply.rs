//! How events change the tables. Where a row is missing, an event changes what it can.

use klamm_machine::{Tables, TablesExt, Time, wakes};
use klamm_messages::klamm::v1::{ScheduleProgress, ScheduleRecord, WakeRow, schedule_record::Record};

use crate::{
    Event, MACHINE,
    tables::{Decisions, Definitions, Outcomes, Progresses, Remains, ScheduleKey},
};

/// Applies one event.
pub(crate) fn apply(tables: &mut dyn Tables, event: &Event) {
    match event {
        Event::Record(record) => put(tables, record),
        Event::Delete { namespace, schedule_id } => delete(tables, &ScheduleKey::new(namespace, schedule_id)),
        Event::ForgetRemains { namespace, schedule_id } => forget_remains(tables, &ScheduleKey::new(namespace, schedule_id)),
        Event::ForgetDecisions { namespace, schedule_id, first, end } => {
            let (from, to) = Decisions::range(&ScheduleKey::new(namespace, schedule_id), *first, *end);
            remove_decisions(tables, &from, &to);
        }
    }
}

/// Puts the row of a record. Each record states the whole of what it describes.
fn put(tables: &mut dyn Tables, record: &ScheduleRecord) {
    let key = ScheduleKey::new(&record.namespace, &record.schedule_id);
    match &record.record {
        Some(Record::Definition(definition)) => tables.put::<Definitions>(&key, definition.clone()),
        Some(Record::Progress(progress)) => {
            set_wake(tables, &key, Some(progress));
            tables.put::<Progresses>(&key, progress.clone());
        }
        Some(Record::Outcome(outcome)) => tables.put::<Outcomes>(&key, outcome.clone()),
        Some(Record::Decision(decision)) => tables.put::<Decisions>(&(key, decision.n), decision.clone()),
        Some(Record::Remains(remains)) => {
            set_remains_wake(tables, &key, remains.progress.as_ref());
            tables.put::<Remains>(&key, remains.clone());
        }
        None => {}
    }
}

/// Removes every row of the schedule but its decisions, and its wake row.
fn delete(tables: &mut dyn Tables, key: &ScheduleKey) {
    set_wake(tables, key, None);
    tables.remove::<Definitions>(key);
    tables.remove::<Progresses>(key);
    tables.remove::<Outcomes>(key);
}

/// Removes what is left of a deleted schedule, and its wake row.
fn forget_remains(tables: &mut dyn Tables, key: &ScheduleKey) {
    set_remains_wake(tables, key, None);
    tables.remove::<Remains>(key);
}

/// Removes the decisions within these bounds.
fn remove_decisions(tables: &mut dyn Tables, from: &[u8], to: &[u8]) {
    for (key, _) in tables.range::<Decisions>(from, to, usize::MAX) {
        tables.save(key, None);
    }
}

/// Moves the schedule's wake row from the time in its present progress to the one in `new`.
fn set_wake(tables: &mut dyn Tables, key: &ScheduleKey, new: Option<&ScheduleProgress>) {
    let old = tables.get::<Progresses>(key).and_then(|progress| wake_time(&progress));
    wakes::set(tables, entity(key), old, new.and_then(wake_time));
}

/// The same for what is left of a deleted schedule. Schedule and remains share the one wake row, since only one of them exists at a time.
fn set_remains_wake(tables: &mut dyn Tables, key: &ScheduleKey, new: Option<&ScheduleProgress>) {
    let old = tables.get::<Remains>(key).and_then(|remains| remains.progress.as_ref().and_then(wake_time));
    wakes::set(tables, entity(key), old, new.and_then(wake_time));
}

fn entity(key: &ScheduleKey) -> WakeRow {
    WakeRow { machine: MACHINE.to_owned(), namespace: key.namespace.clone(), id: key.schedule_id.clone(), ..WakeRow::default() }
}

/// When the schedule wants to be looked at again.
pub(crate) fn wake_time(progress: &ScheduleProgress) -> Option<Time> {
    progress.wake_time.as_ref().map(Time::from)
}
