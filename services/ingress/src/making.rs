//! What becomes of a record: a command, or nothing.

use std::{sync::Arc, time::SystemTime};

use klamm_log::{Record, Stored};
use klamm_machine::time::to_proto;
use klamm_messages::klamm::v1::{Batch, Command, FromTrigger, RecordHeader};
use klamm_requests::records::{self, Against, Place};
use klamm_supervise::{Health, Part};
use klamm_triggers::{BatchTerms, Decision, Effect, Fault, Format, Input, Trigger, Value};
use prost::Message;

use crate::{
    SchemaId, SchemaSource, TriggerStatuses,
    feed::{At, Feed},
    formats::{self, Formats},
    read::{self, Unread},
    waiting::Waiting,
};

/// Makes commands of records.
#[derive(Clone)]
pub(crate) struct Maker {
    pub(crate) formats: Arc<Formats>,
    pub(crate) waiting: Waiting,
    pub(crate) part: Part,
    pub(crate) statuses: Arc<TriggerStatuses>,
}

impl Maker {
    pub(crate) fn new(formats: Arc<Formats>, health: Health, part: Part, statuses: Arc<TriggerStatuses>) -> Self {
        Self { formats, waiting: Waiting::new(health, statuses.clone()), part, statuses }
    }

    /// The command of a record. `None`: the record has no effect.
    pub(crate) async fn command(&self, feed: &Feed, at: &At<'_>, stored: &Stored, against: &Against<'_>, problem: &str) -> Option<Command> {
        let place =
            Place { topic: feed.topic().to_string(), topic_id: at.source_id.to_owned(), partition: at.partition, offset: stored.offset };
        let envelope = read::envelope(&stored.record);
        match feed {
            Feed::Requests(_) => {
                let schema = match read::schema_id(&stored.record, &envelope) {
                    Some(id) => Some(self.waiting.until(problem, || self.formats.avro.get(&self.part, SchemaId::Id(id))).await),
                    None => None,
                };
                let request = read::request(&stored.record, &envelope, schema.as_deref()).map_err(|Unread(why)| why);
                let Against { namespace, namespaces, limits } = *against;
                let command = records::command(request, &envelope, &place, namespace, limits, namespaces);
                let is_too_large = command.encoded_len() > limits.command_bytes;
                Some(if is_too_large { records::too_large(command, limits, namespace) } else { command })
            }
            Feed::Trigger(declared) => {
                let trigger = &declared.trigger;
                let text = self.formats.text(trigger, &stored.record, &self.part, &self.waiting, problem).await;
                let decision = decide(trigger, &place, stored, text.as_ref());
                let from = |rule| origin(trigger, &place, &stored.record, rule);
                match decision {
                    Decision::Filtered => None,
                    Decision::DeadLetter(Fault { rule, class, reason }) => {
                        Some(records::dead_letter(class, reason, from(rule), &place, against.namespace, against.limits))
                    }
                    Decision::Effect(effect) => {
                        self.statuses.effect(&trigger.name, SystemTime::now());
                        let Effect { rule, skip_missing, skip_conflict, request, wait, batch, .. } = effect;
                        let (wait, batch) = (wait.map(to_proto), batch.map(batch_message));
                        let from = FromTrigger { skip_missing, skip_conflict, wait, batch, ..from(rule) };
                        let Against { namespace, limits, .. } = *against;
                        Some(match records::from_json(request.as_bytes()) {
                            Ok(request) => records::triggered(request, from, &envelope, &place, declared.once(at), against),
                            Err(why) => records::dead_letter("mapping", why, from, &place, namespace, limits),
                        })
                    }
                }
            }
        }
    }
}

fn batch_message(terms: BatchTerms) -> Batch {
    let BatchTerms { name, records_max, within, quiet } = terms;
    Batch { name, records_max, within: Some(to_proto(within)), quiet: quiet.map(to_proto) }
}

/// What a record does by a trigger. `text` is the value of a format of registries as JSON, or why there is none.
pub(crate) fn decide(trigger: &Trigger, place: &Place, stored: &Stored, text: Option<&Result<String, String>>) -> Decision {
    let record = &stored.record;
    let headers =
        record.headers.iter().filter_map(|(name, value)| Some((name.clone(), std::str::from_utf8(value).ok()?.to_owned()))).collect();
    let value = match (record.value.as_deref(), trigger.format, text) {
        (None, _, _) => Value::Tombstone,
        (Some(value), Format::Json, _) => Value::Json(value),
        (Some(_), Format::Raw, _) => Value::Raw,
        (Some(_), _, Some(Ok(text))) => Value::Json(text.as_bytes()),
        (Some(_), _, Some(Err(why))) => Value::Unread(why),
        (Some(_), _, None) => Value::Unread("The value was not decoded."),
    };
    trigger.decide(&Input {
        topic: &place.topic,
        partition: place.partition,
        offset: stored.offset,
        timestamp_ms: stored.timestamp_ms,
        key: record.key.as_deref(),
        headers: &headers,
        value,
        bytes: record.value.as_deref().unwrap_or_default(),
    })
}

/// What a record would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// `start`, `signal`, `signal_with_start`, `filtered` or `dead_letter`.
    pub effect: &'static str,
    /// Number of the rule, from 1; 0: none.
    pub rule: u32,
    /// The workflow that it would be about.
    pub workflow_id: String,
    /// What would be asked for, as JSON; of a dead letter, why.
    pub detail: String,
}

/// Says what a record would do, and does nothing.
pub async fn try_record(trigger: &Trigger, source: &Arc<dyn SchemaSource>, partition: u32, stored: &Stored) -> Tried {
    let text = formats::once(source, trigger, &stored.record).await;
    let place = Place { topic: trigger.topic.clone(), topic_id: String::new(), partition, offset: stored.offset };
    match decide(trigger, &place, stored, text.as_ref()) {
        Decision::Filtered => Tried { effect: "filtered", rule: 0, workflow_id: String::new(), detail: String::new() },
        Decision::DeadLetter(Fault { rule, class, reason }) => {
            Tried { effect: "dead_letter", rule, workflow_id: String::new(), detail: format!("{class}: {reason}") }
        }
        Decision::Effect(Effect { rule, kind, workflow_id, request, .. }) => Tried { effect: kind, rule, workflow_id, detail: request },
    }
}

/// The record as a whole, for the trigger's dead letters.
fn origin(trigger: &Trigger, place: &Place, record: &Record, rule: u32) -> FromTrigger {
    let headers = record.headers.iter().map(|(name, value)| RecordHeader { name: name.clone(), value: value.clone() }).collect();
    FromTrigger {
        trigger: trigger.name.clone(),
        rule,
        topic: place.topic.clone(),
        partition: place.partition.cast_signed(),
        offset: place.offset,
        key: record.key.clone(),
        value: record.value.clone(),
        headers,
        ..FromTrigger::default()
    }
}
