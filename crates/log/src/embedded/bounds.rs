//! What a partition's records alone don't tell: how far the partition was trimmed and compacted, and how far it had reached.

use crate::{Error, Offset};

/// One row per partition, written from the partition's first trim or compaction on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Bounds {
    /// Nothing below this offset is readable.
    pub(super) start: Offset,
    /// The partition's end is at least this, even when the last records are gone.
    pub(super) end_min: Offset,
    /// No append gets an earlier time.
    pub(super) append_ms_min: i64,
    /// Below this offset each key stands once.
    pub(super) compacted_to: Offset,
}

impl Bounds {
    pub(super) fn encode(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (field, number) in bytes.chunks_exact_mut(8).zip([self.start, self.end_min, self.append_ms_min, self.compacted_to]) {
            field.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let number = |index: usize| bytes.get(index * 8..index * 8 + 8).and_then(|field| field.try_into().ok()).map(i64::from_le_bytes);
        match (number(0), number(1), number(2), number(3)) {
            (Some(start), Some(end_min), Some(append_ms_min), Some(compacted_to)) => {
                Ok(Self { start, end_min, append_ms_min, compacted_to })
            }
            _ => Err(Error::Corrupt { reason: "a partition's bounds can't be decoded".to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_round_trip() {
        let bounds = Bounds { start: 3, end_min: 9, append_ms_min: 1_700_000_000_000, compacted_to: 5 };
        assert_eq!(Bounds::decode(&bounds.encode()), Ok(bounds));
        assert!(Bounds::decode(&[0; 31]).is_err());
    }
}
