//! The schema registry's framing: a byte 0, the schema's id as four bytes (most significant first), the value.
//!
//! The free functions use the reserved ids of the checked-in schemas, until [`use_ids`] tells the process a registry's ids. From then on
//! they write those; the reserved ones can still be read.

use std::{collections::BTreeMap, sync::OnceLock};

use crate::{
    Error, Value, resolve,
    schemas::{self, Schema},
    wire::losses,
};

/// First byte of every framed value.
pub const MAGIC: u8 = 0;

/// Bytes before the value.
pub const HEADER_BYTES: usize = 5;

/// A registry's ids, where one is configured. They are set once, so looking at them costs a record nothing.
static REGISTERED: OnceLock<Ids> = OnceLock::new();

/// Makes the free functions write these ids, in the whole process. To be called once, before the first record is written or read.
///
/// # Errors
/// Other ids are already in use; the given ones come back.
pub fn use_ids(ids: Ids) -> Result<(), Ids> {
    REGISTERED.set(ids)
}

/// The id with which present values of a schema are written.
fn written(reserved: u32) -> u32 {
    REGISTERED.get().map_or(reserved, |ids| ids.written(reserved))
}

/// The schema of an id in a frame. The id may be reserved, or a registry's whose ids are in use.
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

/// The framed value, and whether [`decode`] gives back exactly this value.
pub fn encode_exactly<T: Value>(value: &T) -> (Vec<u8>, bool) {
    let before = losses();
    let framed = encode(value);
    (framed, losses() == before)
}

/// Appends the framed value.
pub fn encode_into<T: Value>(value: &T, out: &mut Vec<u8>) {
    put_header(written(T::SCHEMA_ID), out);
    value.encode_avro(out);
}

/// The value of a frame. Its id may be reserved or in use. A value of an older schema version is converted to the present one.
///
/// # Errors
/// [`Error::Corrupt`] when the bytes are no frame, or no value of its schema. [`Error::UnknownSchema`]. [`Error::OtherSubject`] when the
/// value is another topic's.
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
/// [`Error::Corrupt`] when the bytes are no frame.
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

/// Ids that a registry gave out, to be used instead of the reserved ones.
///
/// Reserved ids are still read, so that records from before the registry stay readable.
#[derive(Clone, Debug, Default)]
pub struct Ids {
    known: BTreeMap<u32, &'static Schema>,
    written: BTreeMap<u32, u32>,
}

impl Ids {
    /// The ids by each schema version's id in the registry. A schema that is left out keeps its reserved id.
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
