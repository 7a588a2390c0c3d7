//! A record as bytes.
//!
//! ```text
//! timestamp i64 LE | marks u8 | [key length, key] | [header count, (name length, name, length, bytes)…] | [value, to the end]
//! ```
//! Lengths and counts are LEB128. The fields that compaction needs come first, so compaction need not look at values.

use bytes::Bytes;

use crate::{Error, Offset, Record, Stored};

const HAS_KEY: u8 = 1;
const HAS_VALUE: u8 = 2;
const HAS_HEADERS: u8 = 4;

/// Appends the record's bytes to `out`.
pub(super) fn encode(record: &Record, out: &mut Vec<u8>) {
    out.extend_from_slice(&record.timestamp_ms.to_le_bytes());
    let mark = |is: bool, bit: u8| if is { bit } else { 0 };
    out.push(mark(record.key.is_some(), HAS_KEY) | mark(record.value.is_some(), HAS_VALUE) | mark(!record.headers.is_empty(), HAS_HEADERS));
    if let Some(key) = &record.key {
        put_bytes(key, out);
    }
    if !record.headers.is_empty() {
        put_varint(record.headers.len(), out);
        for (name, value) in &record.headers {
            put_bytes(name.as_bytes(), out);
            put_bytes(value, out);
        }
    }
    if let Some(value) = &record.value {
        out.extend_from_slice(value);
    }
}

fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put_varint(bytes.len(), out);
    out.extend_from_slice(bytes);
}

fn put_varint(mut number: usize, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Decodes a record. The record shares the memory of `bytes`.
pub(super) fn decode(offset: Offset, bytes: &Bytes) -> Result<Stored, Error> {
    read(offset, bytes).ok_or_else(|| Error::Corrupt { reason: format!("the record at offset {offset} can't be decoded") })
}

fn read(offset: Offset, bytes: &Bytes) -> Option<Stored> {
    let mut at = Cursor { bytes, at: 0 };
    let timestamp_ms = i64::from_le_bytes(at.take(8)?.try_into().ok()?);
    let marks = *at.take(1)?.first()?;
    let key = if marks & HAS_KEY == 0 { None } else { Some(bytes.slice_ref(at.bytes()?)) };
    let mut headers = Vec::new();
    if marks & HAS_HEADERS != 0 {
        for _ in 0..at.varint()? {
            let name = std::str::from_utf8(at.bytes()?).ok()?.to_owned();
            headers.push((name, bytes.slice_ref(at.bytes()?)));
        }
    }
    let value = if marks & HAS_VALUE == 0 { None } else { Some(bytes.slice(at.at..)) };
    Some(Stored { offset, timestamp_ms, record: Record { key, value, headers, timestamp_ms } })
}

/// What compaction needs of a record.
pub(super) struct Head<'a> {
    pub(super) timestamp_ms: i64,
    pub(super) key: &'a [u8],
    pub(super) is_tombstone: bool,
}

/// The head of a record's bytes. A missing key is given as an empty one.
pub(super) fn head(bytes: &[u8]) -> Option<Head<'_>> {
    let mut at = Cursor { bytes, at: 0 };
    let timestamp_ms = i64::from_le_bytes(at.take(8)?.try_into().ok()?);
    let marks = *at.take(1)?.first()?;
    let key = if marks & HAS_KEY == 0 { &[] } else { at.bytes()? };
    Some(Head { timestamp_ms, key, is_tombstone: marks & HAS_VALUE == 0 })
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(taken)
    }

    fn varint(&mut self) -> Option<usize> {
        let mut number = 0_usize;
        for shift in (0..usize::BITS).step_by(7) {
            let byte = *self.take(1)?.first()?;
            number |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.varint()?;
        self.take(length)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn round_trip(record: &Record) -> Stored {
        let mut bytes = Vec::new();
        encode(record, &mut bytes);
        decode(7, &bytes.into()).unwrap()
    }

    fn any_bytes() -> impl Strategy<Value = Bytes> {
        proptest::collection::vec(any::<u8>(), 0..300).prop_map(Bytes::from)
    }

    proptest! {
        #[test]
        fn records_round_trip(
            timestamp_ms in any::<i64>(),
            key in proptest::option::of(any_bytes()),
            value in proptest::option::of(any_bytes()),
            headers in proptest::collection::vec((".{0,5}", any_bytes()), 0..4),
        ) {
            let record = Record { key, value, headers, timestamp_ms };
            let stored = round_trip(&record);
            prop_assert_eq!(stored.timestamp_ms, timestamp_ms);
            prop_assert_eq!(stored.record, record);
        }

        #[test]
        fn garbage_is_an_error_not_a_panic(bytes in any_bytes()) {
            let _ = head(&bytes);
            let _ = decode(0, &bytes);
        }
    }

    #[test]
    fn a_tombstone_is_not_an_empty_value() {
        assert_eq!(round_trip(&Record::tombstone("k")).record.value, None);
        assert_eq!(round_trip(&Record::new("k", "")).record.value, Some(Bytes::new()));
    }
}
