//! Keys in RocksDB. Numbers are big-endian, so that byte order is offset order.
//!
//! ```text
//! record       topic u32 (from 1) | partition u32 | offset u64        value: see codec
//! topic        0u32 | 1u8 | name                                      value: see catalog
//! bounds       0u32 | 2u8 | topic u32 | partition u32                 value: see bounds
//! ```
//! A topic's number is never used again.

use crate::Offset;

/// Topic number of the log's own rows.
const OWN: [u8; 4] = [0; 4];
const TOPIC: u8 = 1;
const BOUNDS: u8 = 2;

/// Bytes of a record's key that name its partition: topic and partition.
pub(super) const PLACE_BYTES: usize = 8;

/// The part of a key that tells a partition from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) topic: u32,
    pub(super) partition: u32,
}

impl Place {
    /// Key of a record.
    pub(super) fn record(self, offset: Offset) -> [u8; 16] {
        debug_assert!(offset >= 0);
        let mut key = [0; 16];
        key[..4].copy_from_slice(&self.topic.to_be_bytes());
        key[4..8].copy_from_slice(&self.partition.to_be_bytes());
        key[8..].copy_from_slice(&offset.to_be_bytes());
        key
    }

    /// Key of the partition's bounds.
    pub(super) fn bounds(self) -> [u8; 13] {
        let mut key = [0; 13];
        key[..4].copy_from_slice(&OWN);
        key[4] = BOUNDS;
        key[5..9].copy_from_slice(&self.topic.to_be_bytes());
        key[9..].copy_from_slice(&self.partition.to_be_bytes());
        key
    }
}

/// Offset in a record's key.
pub(super) fn offset_of(key: &[u8]) -> Option<Offset> {
    key.get(8..16).and_then(|bytes| bytes.try_into().ok()).map(Offset::from_be_bytes)
}

/// Key of a topic's row.
pub(super) fn topic(name: &str) -> Vec<u8> {
    [&topics_from()[..], name.as_bytes()].concat()
}

/// First key of topics' rows.
pub(super) fn topics_from() -> [u8; 5] {
    [0, 0, 0, 0, TOPIC]
}

/// First key above topics' rows.
pub(super) fn topics_to() -> [u8; 5] {
    [0, 0, 0, 0, TOPIC + 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_order_is_offset_order_within_a_partition() {
        let place = Place { topic: 1, partition: 2 };
        let keys: Vec<_> = [0, 1, 255, 256, i64::MAX].map(|offset| place.record(offset)).into();
        assert!(keys.is_sorted());
        assert!(keys[4] < Place { topic: 1, partition: 3 }.record(0));
        assert!(topics_to().as_slice() < keys[0].as_slice());
        assert!(place.bounds().as_slice() < keys[0].as_slice());
        assert_eq!(offset_of(&keys[3]), Some(256));
    }
}
