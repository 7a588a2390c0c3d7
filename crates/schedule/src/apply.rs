//! Events to tables. Whatever is missing, an event changes what it can.

use klamm_machine::{Tables, TablesExt, Time, wakes};
use klamm_messages::klamm::v1::{ScheduleProgress, ScheduleRecord, WakeRow, schedule_record::Record};

use crate::{
    Event, MACHINE,
    tables::{Decisions, Definitions, Outcomes, Progresses, ScheduleKey},
};

/// Applies one event.
pub(crate) fn apply(tables: &mut dyn Tables, event: &Event) {
    match event {
        Event::Record(record) => put(tables, record),
        Event::Delete { namespace, schedule_id, .. } => delete(tables, &ScheduleKey::new(namespace, schedule_id)),
        Event::ForgetDecisions { namespace, schedule_id, first, end } => {
            let (from, to) = Decisions::range(&ScheduleKey::new(namespace, schedule_id), *first, *end);
            remove_decisions(tables, &from, &to);
        }
    }
}

/// Each record states the whole of what it describes.
fn put(tables: &mut dyn Tables, record: &ScheduleRecord) {
    let key = ScheduleKey::new(&record.namespace, &record.schedule_id);
    match &record.record {
        Some(Record::Definition(definition)) => tables.put::<Definitions>(&key, definition.clone()),
        Some(Record::Progress(progress)) => {
            set_wake(tables, &key, wake_time(progress));
            tables.put::<Progresses>(&key, progress.clone());
        }
        Some(Record::Outcome(outcome)) => tables.put::<Outcomes>(&key, outcome.clone()),
        Some(Record::Decision(decision)) => tables.put::<Decisions>(&(key, decision.n), decision.clone()),
        None => {}
    }
}

/// Every row of the schedule goes, its wake row too.
fn delete(tables: &mut dyn Tables, key: &ScheduleKey) {
    set_wake(tables, key, None);
    tables.remove::<Definitions>(key);
    tables.remove::<Progresses>(key);
    tables.remove::<Outcomes>(key);
    let (from, to) = Decisions::all(key);
    remove_decisions(tables, &from, &to);
}

/// Removes the decisions in these bounds that are there.
fn remove_decisions(tables: &mut dyn Tables, from: &[u8], to: &[u8]) {
    for (key, _) in tables.range::<Decisions>(from, to, usize::MAX) {
        tables.save(key, None);
    }
}

/// Moves the schedule's wake row from where its progress has it.
fn set_wake(tables: &mut dyn Tables, key: &ScheduleKey, new: Option<Time>) {
    let old = tables.get::<Progresses>(key).and_then(|progress| wake_time(&progress));
    let entity =
        WakeRow { machine: MACHINE.to_owned(), namespace: key.namespace.clone(), id: key.schedule_id.clone(), ..WakeRow::default() };
    wakes::set(tables, &entity, old, new);
}

/// When the schedule is to be looked at again.
pub(crate) fn wake_time(progress: &ScheduleProgress) -> Option<Time> {
    progress.wake_time.as_ref().map(Time::from)
}
