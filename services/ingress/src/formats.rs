//! Values in the formats of a schema registry, as JSON texts.

use std::sync::Arc;

use klamm_log::Record;
use klamm_supervise::Part;
use klamm_triggers::{Format, SchemaIds, Trigger, limits::VALUE_BYTES_MAX};

use crate::{
    SchemaSource,
    avro::{self, Avro},
    framing::{self, Framed},
    protobuf::{self, Protobuf},
    schemas::{Schemas, Usable},
    waiting::Waiting,
};

/// The schemas that were asked for, of each format.
pub(crate) struct Formats {
    pub(crate) avro: Schemas<Avro>,
    protobuf: Schemas<Protobuf>,
}

impl Formats {
    pub(crate) fn new(source: &Arc<dyn SchemaSource>) -> Self {
        Self { avro: Schemas::new(source.clone()), protobuf: Schemas::new(source.clone()) }
    }

    /// The JSON text of a record's value, or why there is none. `None`: the trigger's format has no framing, or there is no value. Waits for
    /// a registry that is away.
    pub(crate) async fn text(
        &self,
        trigger: &Trigger,
        record: &Record,
        part: &Part,
        waiting: &Waiting,
        problem: &str,
    ) -> Option<Result<String, String>> {
        let framed = match framed(trigger.format, trigger.schema_ids, record)? {
            Ok(framed) => framed,
            Err(why) => return Some(Err(why)),
        };
        Some(match trigger.format {
            Format::Avro => match &*waiting.until(problem, || self.avro.get(part, framed.id)).await {
                Ok(schema) => avro::to_json(schema, framed.value),
                Err(why) => Err(why.clone()),
            },
            Format::Protobuf => match &*waiting.until(problem, || self.protobuf.get(part, framed.id)).await {
                Ok(schema) => protobuf::to_json(schema, framed.message_type, framed.value),
                Err(why) => Err(why.clone()),
            },
            Format::JsonSchema => json(&framed),
            Format::Json | Format::Raw => return None,
        })
    }
}

/// The JSON text of a record's value whose schema is asked for now, once. `None`: as when the trigger reads it.
pub(crate) async fn once(source: &Arc<dyn SchemaSource>, trigger: &Trigger, record: &Record) -> Option<Result<String, String>> {
    let (source, record, format, ids) = (source.clone(), record.clone(), trigger.format, trigger.schema_ids);
    let asking = tokio::task::spawn_blocking(move || value_text(&*source, format, ids, &record));
    asking.await.unwrap_or_else(|error| Some(Err(error.to_string())))
}

/// The JSON text of a record's value, or why there is none. `None`: the format has no framing, or there is no value. May block the thread.
pub fn value_text(source: &dyn SchemaSource, format: Format, ids: SchemaIds, record: &Record) -> Option<Result<String, String>> {
    let read = |framed: Framed<'_>| match format {
        Format::Avro => avro::to_json(&Avro::once(source, framed.id)?, framed.value),
        Format::Protobuf => protobuf::to_json(&Protobuf::once(source, framed.id)?, framed.message_type, framed.value),
        _ => json(&framed),
    };
    Some(framed(format, ids, record)?.and_then(read))
}

/// Value and schema. `None`: the format has no framing, or there is nothing to read.
fn framed(format: Format, ids: SchemaIds, record: &Record) -> Option<Result<Framed<'_>, String>> {
    match format {
        // The trigger refuses it for its size.
        _ if record.value.as_ref()?.len() > VALUE_BYTES_MAX => None,
        Format::Avro | Format::Protobuf | Format::JsonSchema => framing::framed(ids, record),
        Format::Json | Format::Raw => None,
    }
}

/// The text that stands in the framing. Whether it is of its schema is not looked at.
fn json(framed: &Framed<'_>) -> Result<String, String> {
    String::from_utf8(framed.value.to_vec()).map_err(|error| format!("The value is no JSON: {error}."))
}
