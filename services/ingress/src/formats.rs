//! Values in the formats of a schema registry, as JSON texts.

use std::sync::Arc;

use apache_avro::Schema;
use klamm_avro::frame;
use klamm_supervise::Part;
use klamm_triggers::{Format, limits::VALUE_BYTES_MAX};

use crate::{
    SchemaSource, avro,
    protobuf::{self, Protobuf},
    schemas::{Schemas, Usable},
    waiting::Waiting,
};

/// Said of bytes that name no schema.
const NOT_FRAMED: &str = "The value is not in the framing of a schema registry.";

/// The schemas that were asked for, of each format.
pub(crate) struct Formats {
    pub(crate) avro: Schemas<Schema>,
    protobuf: Schemas<Protobuf>,
}

impl Formats {
    pub(crate) fn new(source: &Arc<dyn SchemaSource>) -> Self {
        Self { avro: Schemas::new(source.clone()), protobuf: Schemas::new(source.clone()) }
    }

    /// The JSON text of a value, or why there is none. `None`: the format has no schemas, or there is no value. Waits for a registry that
    /// is away.
    pub(crate) async fn text(
        &self,
        format: Format,
        value: Option<&[u8]>,
        part: &Part,
        waiting: &Waiting,
        problem: &str,
    ) -> Option<Result<String, String>> {
        let (id, datum) = match framed(format, value)? {
            Ok(split) => split,
            Err(why) => return Some(Err(why)),
        };
        Some(match format {
            Format::Avro => match &*waiting.until(problem, || self.avro.get(part, id)).await {
                Ok(schema) => avro::to_json(schema, datum),
                Err(why) => Err(why.clone()),
            },
            Format::Protobuf => match &*waiting.until(problem, || self.protobuf.get(part, id)).await {
                Ok(schema) => protobuf::to_json(schema, datum),
                Err(why) => Err(why.clone()),
            },
            Format::Json | Format::Raw => return None,
        })
    }
}

/// The JSON text of a value whose schema is asked for now, once. `None`: as with [`Formats::text`].
pub(crate) async fn once(source: &Arc<dyn SchemaSource>, format: Format, value: Option<&[u8]>) -> Option<Result<String, String>> {
    let (id, datum) = match framed(format, value)? {
        Ok((id, datum)) => (id, datum.to_vec()),
        Err(why) => return Some(Err(why)),
    };
    let source = source.clone();
    let asking = tokio::task::spawn_blocking(move || match format {
        Format::Avro => avro::to_json(&Schema::once(&*source, id)?, &datum),
        _ => protobuf::to_json(&Protobuf::once(&*source, id)?, &datum),
    });
    Some(asking.await.unwrap_or_else(|error| Err(error.to_string())))
}

/// Schema id and value. `None`: the format has no schemas, or there is nothing to read.
fn framed(format: Format, value: Option<&[u8]>) -> Option<Result<(u32, &[u8]), String>> {
    let value = value?;
    match format {
        // The trigger refuses it for its size.
        _ if value.len() > VALUE_BYTES_MAX => None,
        Format::Avro | Format::Protobuf => Some(frame::split(value).map_err(|_| NOT_FRAMED.to_owned())),
        Format::Json | Format::Raw => None,
    }
}
