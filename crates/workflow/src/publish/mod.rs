//! The activity `klamm.publish` on the task queue `klamm`: no worker does it. It is done in the decision that lets it wait, so that its record and
//! its ActivityTaskCompleted are of one transaction: readers of committed records see both or neither.
//!
//! What cannot be written fails the activity here. A topic that breaks later gets its record into a topic of dead letters, in that same
//! transaction (`Partition::divert` in crates/engine).

mod avro;
mod failure;
mod input;
mod stamp;

pub use stamp::drop_unused_schemas;

use klamm_machine::{ForeignRecord, Publication, Tx, key};
use klamm_messages::{
    klamm::v1::{Command, Destination, DestinationSchema, PendingActivity, RunState, history_record::Record},
    temporal::{
        common::v1::{Payload, Payloads},
        failure::v1::Failure,
        history::v1::{ActivityTaskScheduledEventAttributes, history_event::Attributes},
    },
};
use prost::bytes::Bytes;

use self::{avro::Refusal, input::Value};
use crate::{
    Event, Workflow,
    activity::{self, close, fail, start},
    answer::StartedActivityTask,
    closed_run::trace,
    concerned,
    run::Run,
    tables::Runs,
};

/// The task queue of activities that klamm does itself.
const TASK_QUEUE: &str = "klamm";
/// What names of such activities begin with. Others are a worker's, on this queue too.
const PREFIX: &str = "klamm.";
/// The only one so far.
const PUBLISH: &str = "klamm.publish";
/// Identity of klamm as a worker.
pub(crate) const IDENTITY: &str = "klamm";
/// What a record costs on Kafka beyond its key, value and headers, with the batch around it.
const RECORD_OVERHEAD_BYTES: usize = 256;

/// Does all of klamm's own activities that wait in the runs that the command concerns. Where nothing can be published, only those that were
/// scheduled just now are looked for: they fail for good, so none waits.
pub(crate) fn perform(tx: &mut Tx<'_, Workflow>, command: &Command) {
    let Some(settings) = &command.settings else { return };
    if settings.destinations.is_empty() && !tx.emitted().iter().any(schedules) {
        return;
    }
    for key in concerned::runs(tx, command) {
        let Some(state) = tx.get::<Runs>(&key) else { continue };
        let waiting: Vec<_> = state.activities.iter().filter(|(_, it)| waits(&state, it)).map(|(id, _)| *id).collect();
        drop(state);
        let mut run = Run::new(tx, key);
        for scheduled_event_id in waiting {
            publish(&mut run, scheduled_event_id, &settings.destinations);
        }
    }
}

/// Whether klamm does the activity itself.
pub(crate) fn is_own(run: &Run<'_, '_>, scheduled_event_id: i64) -> bool {
    let state = run.state();
    let scheduled = state.activities.get(&scheduled_event_id).and_then(|activity| activity.scheduled.as_ref());
    scheduled.is_some_and(is_klamms)
}

fn waits(run: &RunState, activity: &PendingActivity) -> bool {
    activity.scheduled.as_ref().is_some_and(is_klamms) && activity::task_row(run, activity).is_some()
}

/// Whether klamm does the activity itself.
pub(crate) fn is_klamms(scheduled: &ActivityTaskScheduledEventAttributes) -> bool {
    scheduled.task_queue.as_ref().is_some_and(|queue| queue.name == TASK_QUEUE) && type_of(scheduled).starts_with(PREFIX)
}

fn type_of(scheduled: &ActivityTaskScheduledEventAttributes) -> &str {
    scheduled.activity_type.as_ref().map_or("", |of| &of.name)
}

fn schedules(event: &Event) -> bool {
    let Event::Record(record) = event else { return false };
    let Some(Record::Event(event)) = &record.record else { return false };
    matches!(&event.attributes, Some(Attributes::ActivityTaskScheduledEventAttributes(scheduled)) if is_klamms(scheduled))
}

/// Starts the activity, and completes or fails it.
fn publish(run: &mut Run<'_, '_>, scheduled_event_id: i64, destinations: &[Destination]) {
    let Some(started) = start::start_without_worker(run, scheduled_event_id, IDENTITY) else { return };
    let (record, destination) = match record(run, &started, destinations) {
        Ok(made) => made,
        Err(failure) => {
            // It was started just now, so it is there and may fail.
            let _ = fail::fail_by_server(run, &started.token(&run.key), &failure, IDENTITY);
            return;
        }
    };
    let result = serde_json::json!({ "destination": destination, "topic": record.topic, "partition": record.partition });
    let metadata = [("encoding".to_owned(), Bytes::from_static(b"json/plain"))].into();
    let payload = Payload { metadata, data: result.to_string().into(), ..Payload::default() };
    run.tx.publish(Publication::Foreign(Box::new(record)));
    let Some(state) = run.state().activities.get(&scheduled_event_id).and_then(|activity| activity.state.clone()) else { return };
    let result = Some(Payloads { payloads: vec![payload] });
    close::end(run, &state, close::Outcome::Completed { result, identity: IDENTITY.to_owned(), worker_version: None });
    run.schedule_workflow_task();
}

/// The record that the activity asks for, and the destination's name.
fn record(run: &Run<'_, '_>, started: &StartedActivityTask, destinations: &[Destination]) -> Result<(ForeignRecord, String), Box<Failure>> {
    let activity_type = type_of(&started.scheduled);
    if activity_type != PUBLISH {
        return Err(failure::invalid(format!("klamm has no activity {activity_type:?}: on task queue {TASK_QUEUE:?} it has {PUBLISH:?}")));
    }
    let input = input::read(started.scheduled.input.as_ref()).map_err(failure::invalid)?;
    let Some(destination) = destinations.iter().find(|destination| destination.name == input.destination) else {
        return Err(failure::unknown(&input.destination, destinations));
    };
    if destination.partitions == 0 {
        return Err(failure::missing(destination));
    }
    if destination.needs_key && input.key.is_none() {
        return Err(failure::invalid(format!("destination {:?} needs a key: topic {} is compacted", destination.name, destination.topic)));
    }
    let value = match input.value {
        Value::Bytes(bytes) => Some(bytes),
        Value::Avro(json) => Some(in_avro(destination, &json)?),
        Value::Tombstone => None,
    };
    let trace = trace::traceparent(started.scheduled.header.as_ref());
    let headers = headers(run, started, input.headers, trace);
    let size = input.key.as_ref().map_or(0, String::len)
        + value.as_ref().map_or(0, Bytes::len)
        + headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
    if size + RECORD_OVERHEAD_BYTES > destination.record_bytes_max as usize {
        return Err(failure::too_large(destination, Some(size)));
    }
    // As Java's default partitioner does it. A record without key has none there either; here the activity decides, so that a replay gives the same.
    let spread = || key::hash(&format!("{}/{}", started.run_id, started.scheduled_event_id));
    let partition = input.key.as_deref().map_or_else(spread, key::hash) % destination.partitions;
    let topic = destination.topic.clone();
    Ok((ForeignRecord { topic, partition, key: input.key.map(Into::into), value, headers }, destination.name.clone()))
}

/// The value in Avro, by the destination's schema as the command has it.
fn in_avro(destination: &Destination, json: &str) -> Result<Bytes, Box<Failure>> {
    let Some(DestinationSchema { subject, id, text, problem }) = &destination.schema else { return Err(failure::no_subject(destination)) };
    if *id == 0 {
        return Err(failure::no_schema(destination, subject, problem));
    }
    if text.is_empty() {
        return Err(failure::no_schema(destination, subject, "it did not come with the command; the next attempt has it"));
    }
    avro::framed(*id, text, json, destination.record_bytes_max as usize).map(Into::into).map_err(|refusal| match refusal {
        Refusal::Schema(why) => failure::no_schema(destination, subject, &why),
        Refusal::Value(why) => failure::misfit(subject, &why),
        Refusal::Large => failure::too_large(destination, None),
    })
}

/// The input's headers, and those that say where the record comes from.
fn headers(
    run: &Run<'_, '_>,
    started: &StartedActivityTask,
    of_input: Vec<(String, String)>,
    trace: Option<String>,
) -> Vec<(String, Bytes)> {
    let mut headers: Vec<(String, Bytes)> = of_input.into_iter().map(|(name, value)| (name, value.into())).collect();
    let origin = [
        ("klamm-namespace", Some(run.key.namespace.clone())),
        ("klamm-workflow-id", Some(run.key.workflow_id.clone())),
        ("klamm-run-id", Some(run.key.run_id.clone())),
        ("klamm-activity-id", Some(started.scheduled.activity_id.clone())),
        ("traceparent", trace),
    ];
    for (name, value) in origin {
        // What the workflow says counts.
        if let Some(value) = value.filter(|_| headers.iter().all(|(other, _)| other != name)) {
            headers.push((name.to_owned(), value.into()));
        }
    }
    headers
}
