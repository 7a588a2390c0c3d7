//! How records say by which schema their values are written.

use klamm_avro::frame;
use klamm_log::Record;
use klamm_triggers::SchemaIds;

use crate::SchemaId;

/// Said of a record that names no schema.
const NOT_FRAMED: &str = "The value is not in the framing of a schema registry.";
/// The header in which Confluent's serializers name the schema, and the first byte of one that has a GUID.
const CONFLUENT_HEADER: &str = "__value_schema_id";
const GUID_MAGIC: u8 = 1;
/// The headers in which Apicurio's serializers name the schema, each with a number of eight bytes.
const GLOBAL_ID_HEADER: &str = "apicurio.value.globalId";
const CONTENT_ID_HEADER: &str = "apicurio.value.contentId";
/// The header in which they say how Avro is written, and the one with the type of a message of Protobuf.
const ENCODING_HEADER: &str = "apicurio.value.encoding";
const TYPE_HEADER: &str = "apicurio.protobuf.type";

/// A value whose schema is known by name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Framed<'v> {
    pub(crate) id: SchemaId,
    /// Of Protobuf: which type of the schema the message has.
    pub(crate) message_type: MessageType<'v>,
    /// What is left of the value.
    pub(crate) value: &'v [u8],
}

/// How it is said of which type of its schema a message of Protobuf is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MessageType<'v> {
    /// By indexes in front of the message.
    IndexesBefore,
    /// By these indexes.
    Indexes(&'v [u8]),
    /// By Apicurio's message `Ref` in front of the message: it has the name.
    RefBefore,
    /// By this name.
    Name(&'v str),
}

/// Takes the framing off. `None`: the record has no value.
///
/// # Errors
/// The record names no schema, and why.
pub(crate) fn framed(ids: SchemaIds, record: &Record) -> Option<Result<Framed<'_>, String>> {
    let value = record.value.as_deref()?;
    Some(match ids {
        SchemaIds::Confluent => confluent(record, value),
        SchemaIds::ApicurioGlobal => apicurio(record, value, [GLOBAL_ID_HEADER, CONTENT_ID_HEADER], SchemaId::ApicurioGlobal),
        SchemaIds::ApicurioContent => apicurio(record, value, [CONTENT_ID_HEADER, GLOBAL_ID_HEADER], SchemaId::ApicurioContent),
    })
}

/// As Confluent's deserializers do it: a header counts more than what is in front of the value.
fn confluent<'v>(record: &'v Record, value: &'v [u8]) -> Result<Framed<'v>, String> {
    let Some(header) = header(record, CONFLUENT_HEADER) else {
        let (id, value) = frame::split(value).map_err(|_| NOT_FRAMED.to_owned())?;
        return Ok(Framed { id: SchemaId::Id(id), message_type: MessageType::IndexesBefore, value });
    };
    let (id, indexes) = match header {
        [GUID_MAGIC, rest @ ..] => rest.split_first_chunk().map(|(guid, indexes)| (SchemaId::Guid(*guid), indexes)),
        _ => frame::split(header).ok().map(|(id, indexes)| (SchemaId::Id(id), indexes)),
    }
    .ok_or_else(|| {
        format!("The header {CONFLUENT_HEADER} names no schema: it has {} bytes, which are neither a GUID nor an id.", header.len())
    })?;
    Ok(Framed { id, message_type: MessageType::Indexes(indexes), value })
}

fn apicurio<'v>(record: &'v Record, value: &'v [u8], headers: [&str; 2], in_front: fn(u64) -> SchemaId) -> Result<Framed<'v>, String> {
    if header(record, ENCODING_HEADER).is_some_and(|encoding| encoding.eq_ignore_ascii_case(b"json")) {
        return Err("The value is in Avro's JSON encoding; klamm reads the binary one.".to_owned());
    }
    for name in headers {
        let Some(id) = header(record, name) else { continue };
        let id = id.try_into().map(u64::from_be_bytes);
        let id = id.map_err(|_| format!("The header {name} names no schema: it has not the 8 bytes of an id."))?;
        let id = if name == GLOBAL_ID_HEADER { SchemaId::ApicurioGlobal(id) } else { SchemaId::ApicurioContent(id) };
        let message_type = header(record, TYPE_HEADER).and_then(|name| std::str::from_utf8(name).ok());
        return Ok(Framed { id, message_type: message_type.map_or(MessageType::RefBefore, MessageType::Name), value });
    }
    match value {
        [frame::MAGIC, rest @ ..] => rest.split_first_chunk().map(|(id, value)| Framed {
            id: in_front(u64::from_be_bytes(*id)),
            message_type: MessageType::RefBefore,
            value,
        }),
        _ => None,
    }
    .ok_or_else(|| "The value has no id of 8 bytes in front of it, and the record no header with one.".to_owned())
}

/// The last header of this name, if there is anything in it.
fn header<'v>(record: &'v Record, name: &str) -> Option<&'v [u8]> {
    let last = record.headers.iter().rev().find(|(its, _)| its == name)?;
    Some(&last.1[..]).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(value: &[u8], headers: &[(&str, &[u8])]) -> Record {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.to_vec().into())).collect();
        Record { headers, ..Record::new("k", value.to_vec()) }
    }

    fn read(ids: SchemaIds, value: &[u8], headers: &[(&str, &[u8])]) -> Result<(SchemaId, String, Vec<u8>), String> {
        let record = record(value, headers);
        framed(ids, &record).expect("a value").map(|it| (it.id, format!("{:?}", it.message_type), it.value.to_vec()))
    }

    const GUID: [u8; 17] = *b"\x01\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff";

    #[test]
    fn confluents_header_counts_more_than_what_is_in_front_of_the_value() {
        let read = |value: &[u8], headers: &[(&str, &[u8])]| read(SchemaIds::Confluent, value, headers);
        let in_front = Ok((SchemaId::Id(7), "IndexesBefore".to_owned(), b"v".to_vec()));
        assert_eq!(read(b"\0\0\0\0\x07v", &[]), in_front);
        assert_eq!(read(b"\0\0\0\0\x07v", &[("__value_schema_id", b""), ("__key_schema_id", &GUID)]), in_front);
        let (id, indexes, value) = read(b"\0\0\0\0\x07v", &[("__value_schema_id", b"?"), ("__value_schema_id", &GUID)]).expect("a GUID");
        assert_eq!((id.to_string().as_str(), indexes.as_str()), ("GUID 00112233-4455-6677-8899-aabbccddeeff", "Indexes([])"));
        assert_eq!(value, b"\0\0\0\0\x07v");
        let with_indexes = [&GUID[..], &[2, 2]].concat();
        assert_eq!(read(b"v", &[("__value_schema_id", &with_indexes)]).expect("a GUID").1, "Indexes([2, 2])");
        assert_eq!(read(b"v", &[("__value_schema_id", b"\0\0\0\0\x09")]).expect("an id").0, SchemaId::Id(9));
        for wrong in [&GUID[..16], b"\0\0\0", b"\x02\0\0\0\x09", b"9"] {
            assert!(read(b"\0\0\0\0\x07v", &[("__value_schema_id", wrong)]).unwrap_err().contains("__value_schema_id names no schema"));
        }
        for wrong in [&b"{}"[..], b"", b"\0\0\0\0", b"\x01\0\0\0\x07v"] {
            assert_eq!(read(wrong, &[]), Err(NOT_FRAMED.to_owned()), "{wrong:?}");
        }
        assert_eq!(framed(SchemaIds::Confluent, &Record::tombstone("k")), None);
    }

    #[test]
    fn apicurios_ids_have_eight_bytes() {
        let framed = b"\0\0\0\0\0\0\0\x01\x02v";
        let (global, content) = (SchemaId::ApicurioGlobal(0x102), SchemaId::ApicurioContent(0x102));
        let in_front = |id| Ok((id, "RefBefore".to_owned(), b"v".to_vec()));
        assert_eq!(read(SchemaIds::ApicurioGlobal, framed, &[]), in_front(global));
        assert_eq!(read(SchemaIds::ApicurioContent, framed, &[]), in_front(content));
        let id: &[u8] = b"\0\0\0\0\0\0\x01\x02";
        for ids in [SchemaIds::ApicurioGlobal, SchemaIds::ApicurioContent] {
            let header = |name, id| read(ids, b"v", &[(name, id), ("apicurio.value.encoding", b"BINARY")]);
            assert_eq!(header("apicurio.value.globalId", id), in_front(global));
            assert_eq!(header("apicurio.value.contentId", id), in_front(content));
            assert!(header("apicurio.value.contentId", b"258").unwrap_err().contains("8 bytes"));
            let named = read(ids, b"v", &[("apicurio.value.globalId", id), ("apicurio.protobuf.type", b"Order")]);
            assert_eq!(named, Ok((global, "Name(\"Order\")".to_owned(), b"v".to_vec())));
            assert!(read(ids, b"v", &[("apicurio.value.encoding", b"JSON")]).unwrap_err().contains("JSON encoding"));
            for wrong in [&framed[..8], b"{\"id\": 123456}", b""] {
                assert!(read(ids, wrong, &[]).unwrap_err().contains("no id of 8 bytes"), "{wrong:?}");
            }
        }
        // With both, the one that is written in front of values counts.
        let both: &[(&str, &[u8])] = &[("apicurio.value.globalId", id), ("apicurio.value.contentId", b"\0\0\0\0\0\0\0\x01")];
        assert_eq!(read(SchemaIds::ApicurioContent, b"v", both).expect("an id").0, SchemaId::ApicurioContent(1));
    }
}
