//! The schema registry's framing: a byte 0, the schema's id as four bytes (most significant first), the value.
//!
//! The free functions use the reserved ids of the checked-in schemas until a process is told a registry's ids with [`use_ids`]; those take their
//! place from there on, and the reserved ones can still be read.

use std::{collections::BTreeMap, sync::OnceLock};

use crate::{
    Error, Value, resolve,
    schemas::{self, Schema},
};

/// First byte of every framed value.
pub const MAGIC: u8 = 0;

/// Bytes before the value.
pub const HEADER_BYTES: usize = 5;

/// A registry's ids, where one is configured: a look at a place that is written once costs a record nothing.
static REGISTERED: OnceLock<Ids> = OnceLock::new();

/// From now on the free functions write these ids, in the whole process. To be called once, before the first record is written or read.
///
/// # Errors
/// The ids come back when others are in use already.
pub fn use_ids(ids: Ids) -> Result<(), Ids> {
    REGISTERED.set(ids)
}

/// The id that present values of a schema are written with.
fn written(reserved: u32) -> u32 {
    REGISTERED.get().map_or(reserved, |ids| ids.written(reserved))
}

/// The schema of an id that stands in a frame: a registry's, if its ids are in use, or a reserved one.
///
/// # Errors
/// [`Error::UnknownSchema`].
pub fn schema(id: u32) -> Result<&'static Schema, Error> {
    match REGISTERED.get() {
        Some(ids) => ids.schema(id),
        None => schemas::by_id(id).ok_or(Error::UnknownSchema { id }),
    }
}

/// The framed value, with the id of its present schema.
pub fn encode<T: Value>(value: &T) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    encode_into(value, &mut out);
    out
}

/// Appends the framed value.
pub fn encode_into<T: Value>(value: &T, out: &mut Vec<u8>) {
    put_header(written(T::SCHEMA_ID), out);
    value.encode_avro(out);
}

/// The value of a frame with an id that is in use or a reserved one; a value of an older version is carried over to the present one.
///
/// # Errors
/// [`Error::Corrupt`] when it is no frame or no value of its schema, [`Error::UnknownSchema`], [`Error::OtherSubject`] when it is a value of
/// another topic.
pub fn decode<T: Value>(framed: &[u8]) -> Result<T, Error> {
    let (id, mut value) = split(framed)?;
    if id == T::SCHEMA_ID {
        return decode_whole(&mut value);
    }
    decode_with(schema(id)?, id, value)
}

/// Schema id and value of a frame.
///
/// # Errors
/// [`Error::Corrupt`] when it is no frame.
pub fn split(framed: &[u8]) -> Result<(u32, &[u8]), Error> {
    match framed.split_first_chunk::<HEADER_BYTES>() {
        Some(([MAGIC, id @ ..], value)) => Ok((u32::from_be_bytes(*id), value)),
        _ => Err(Error::corrupt("no frame of a schema registry", framed)),
    }
}

fn put_header(id: u32, out: &mut Vec<u8>) {
    out.push(MAGIC);
    out.extend_from_slice(&id.to_be_bytes());
}

fn decode_whole<T: Value>(value: &mut &[u8]) -> Result<T, Error> {
    let decoded = T::decode_avro(value)?;
    if value.is_empty() { Ok(decoded) } else { Err(Error::corrupt("bytes after the value", value)) }
}

fn decode_with<T: Value>(schema: &'static Schema, id: u32, mut value: &[u8]) -> Result<T, Error> {
    let subject = schema.subject.strip_suffix("-value").unwrap_or(schema.subject);
    if subject != T::TOPIC {
        return Err(Error::OtherSubject { id, found: schema.subject.to_owned(), expected: format!("{}-value", T::TOPIC) });
    }
    if schema.id == T::SCHEMA_ID {
        return decode_whole(&mut value);
    }
    let carried = resolve::carry_over(schemas::parsed(schema.id)?, schemas::parsed(T::SCHEMA_ID)?, id, value)?;
    decode_whole(&mut carried.as_slice())
}

/// Ids as a registry gave them out, in place of the reserved ones.
///
/// Reserved ids are read all the same: what was written before the registry came stays readable.
#[derive(Clone, Debug, Default)]
pub struct Ids {
    known: BTreeMap<u32, &'static Schema>,
    written: BTreeMap<u32, u32>,
}

impl Ids {
    /// From each version's id in the registry. A schema that is not named keeps its reserved id.
    pub fn registered(ids: impl IntoIterator<Item = (&'static Schema, u32)>) -> Self {
        let mut it = Self::default();
        for (schema, id) in ids {
            it.known.insert(id, schema);
            it.written.insert(schema.id, id);
        }
        it
    }

    fn written(&self, reserved: u32) -> u32 {
        self.written.get(&reserved).copied().unwrap_or(reserved)
    }

    /// The framed value, with the registry's id of its present schema.
    pub fn encode<T: Value>(&self, value: &T) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        put_header(self.written(T::SCHEMA_ID), &mut out);
        value.encode_avro(&mut out);
        out
    }

    /// The value of a frame with one of the registry's ids or a reserved one.
    ///
    /// # Errors
    /// As [`decode`].
    pub fn decode<T: Value>(&self, framed: &[u8]) -> Result<T, Error> {
        let (id, value) = split(framed)?;
        decode_with(self.schema(id)?, id, value)
    }

    /// The schema of an id.
    ///
    /// # Errors
    /// [`Error::UnknownSchema`].
    pub fn schema(&self, id: u32) -> Result<&'static Schema, Error> {
        self.known.get(&id).copied().or_else(|| schemas::by_id(id)).ok_or(Error::UnknownSchema { id })
    }
}
