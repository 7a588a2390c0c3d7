//! Protobuf values with schemas of other people, as JSON texts.
//!
//! Behind the schema's id come the indexes of the message type (zigzag varints: how many, then each; a single 0 stands for the first type of
//! the file), and then the message; or, from Apicurio's serializers, the type's name. The JSON is proto3's, with the fields' names as the `.proto` file has them
//! and with whole numbers as numbers: so a rule reads a field by the same name and type as it reads one in Avro.

mod compile;
mod sources;
#[cfg(test)]
mod tests;

use std::io::{Error as IoError, Write};

use prost::Message as _;
use prost_reflect::{DynamicMessage, FileDescriptor, MessageDescriptor, SerializeOptions};
use serde_json::Value as Json;

pub(crate) use self::compile::Protobuf;
use crate::{Away, SchemaId, SchemaKind, SchemaSource, framing::MessageType, schemas::Usable};

/// Largest JSON text that a value becomes, bytes. Fields that are not set have their default in it, so a short value may have a long text.
const JSON_BYTES_MAX: usize = 16 << 20;
/// Most indexes of a message type: so deep may types be nested in one another.
const INDEXES_MAX: u64 = 32;
/// Longest varint.
const VARINT_BYTES_MAX: usize = 10;

impl Usable for Protobuf {
    // With its imports one may take some megabytes.
    const KNOWN_MAX: usize = 100;

    fn look_up(source: &dyn SchemaSource, id: SchemaId) -> Result<Option<Result<Self, String>>, Away> {
        let Some(schema) = source.schema(id)? else { return Ok(None) };
        if schema.kind != SchemaKind::Protobuf {
            return Ok(Some(Err(format!("The schema with the {id} is none of Protobuf."))));
        }
        let compiled = match sources::gather(source, schema)? {
            Ok(sources) => compile::compile(sources),
            Err(why) => Err(why),
        };
        Ok(Some(compiled.map_err(|why| format!("The schema with the {id} cannot be used: {why}."))))
    }
}

/// The JSON text of what stands behind a schema's id.
///
/// # Errors
/// The bytes are no message of the schema, or it has no form in JSON.
pub(crate) fn to_json(schema: &Protobuf, message_type: MessageType<'_>, value: &[u8]) -> Result<String, String> {
    // A panic would be one of the library's. Without this, the record that causes it would be read again and again.
    let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let (descriptor, message) = described(&schema.file, message_type, value)?;
        let message = DynamicMessage::decode(descriptor, message).map_err(|error| format!("The value is not of its schema: {error}."))?;
        text(&message, schema.has_maps)
    }));
    read.unwrap_or_else(|_| Err("Reading the value failed inside klamm.".to_owned()))
}

/// The message and its type.
fn described<'v>(
    file: &FileDescriptor,
    message_type: MessageType<'_>,
    mut value: &'v [u8],
) -> Result<(MessageDescriptor, &'v [u8]), String> {
    match message_type {
        MessageType::IndexesBefore => {
            let found = by_indexes(file, &mut value)?;
            Ok((found, value))
        }
        MessageType::Indexes(mut indexes) => Ok((by_indexes(file, &mut indexes)?, value)),
        MessageType::RefBefore => {
            let cut = |_| "The value has no name of a message type behind its schema's id, as Apicurio's serializers write it.".to_owned();
            let name = String::decode_length_delimited(&mut value).map_err(cut)?;
            Ok((by_name(file, &name)?, value))
        }
        MessageType::Name(name) => {
            // Some of Apicurio's serializers say it in both places.
            let length = u8::try_from(name.len()).ok().filter(|length| *length < 0x7e);
            let said = length.map(|length| [&[length + 2, 0x0a, length], name.as_bytes()].concat());
            let rest = said.and_then(|said| value.strip_prefix(&said[..]));
            Ok((by_name(file, name)?, rest.unwrap_or(value)))
        }
    }
}

/// The type of this name. Apicurio's serializers give the name without a package.
fn by_name(file: &FileDescriptor, name: &str) -> Result<MessageDescriptor, String> {
    file.messages().find(|it| it.name() == name).ok_or_else(|| format!("The schema has no message type with the name {name:?}."))
}

/// The type that the indexes name.
fn by_indexes(file: &FileDescriptor, bytes: &mut &[u8]) -> Result<MessageDescriptor, String> {
    let cut = || "The value has no message indexes behind its schema's id, as a serializer of Protobuf writes them.".to_owned();
    let mut next = || zigzag(bytes).ok_or_else(cut);
    let count = next()?;
    let indexes = match u64::try_from(count) {
        Ok(0) => vec![0],
        Ok(count) if count <= INDEXES_MAX => (0..count).map(|_| next()).collect::<Result<_, _>>()?,
        _ => return Err(format!("The value has {count} message indexes; klamm reads {INDEXES_MAX} at most.")),
    };
    let mut found: Option<MessageDescriptor> = None;
    for index in &indexes {
        let at = usize::try_from(*index).ok();
        found = at.and_then(|at| match &found {
            Some(outer) => outer.child_messages().nth(at),
            None => file.messages().nth(at),
        });
        if found.is_none() {
            return Err(format!("The schema has no message type with the indexes {indexes:?}."));
        }
    }
    found.ok_or_else(cut)
}

/// The next zigzag varint; `None`: there is none.
fn zigzag(bytes: &mut &[u8]) -> Option<i64> {
    let mut value = 0_u64;
    for (at, byte) in bytes.iter().take(VARINT_BYTES_MAX).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            *bytes = &bytes[at + 1..];
            return Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
        }
    }
    None
}

fn text(message: &DynamicMessage, has_maps: bool) -> Result<String, String> {
    let options = SerializeOptions::new().use_proto_field_name(true).stringify_64_bit_integers(false).skip_default_fields(false);
    let mut written = Bounded(Vec::new());
    let no_form = |error: serde_json::Error| format!("The value has no form in JSON: {error}.");
    message.serialize_with_options(&mut serde_json::Serializer::new(&mut written), &options).map_err(no_form)?;
    if has_maps {
        // The same record always gives the same text.
        let mut json: Json = serde_json::from_slice(&written.0).map_err(no_form)?;
        json.sort_all_objects();
        return Ok(json.to_string());
    }
    String::from_utf8(written.0).map_err(|error| format!("The value has no form in JSON: {error}."))
}

/// A text that must not grow beyond all bounds.
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len() + bytes.len() > JSON_BYTES_MAX {
            return Err(IoError::other(format!("it would be longer than {JSON_BYTES_MAX} bytes")));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
