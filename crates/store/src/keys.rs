//! Keys as providers see them: `partition u16 BE | row key`.

/// Bytes of a key before the row's own key.
pub(crate) const PARTITION_BYTES: usize = 2;

/// Row keys up to so many bytes need no allocation.
const SHORT_KEY_BYTES: usize = 126;

/// Keys with `from <= key < to`; never an empty range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) from: Vec<u8>,
    pub(crate) to: Vec<u8>,
}

impl Range {
    /// The rows of a partition with `from <= key < to`. An empty `to` is the partition's end. `None`: the range has no key.
    pub(crate) fn new(partition: u16, from: &[u8], to: &[u8]) -> Option<Self> {
        let from = full_key(partition, from);
        let to = if to.is_empty() { end(partition) } else { full_key(partition, to) };
        (from < to).then_some(Self { from, to })
    }

    /// All rows of a partition.
    pub(crate) fn of_partition(partition: u16) -> Self {
        Self { from: full_key(partition, &[]), to: end(partition) }
    }
}

/// What `work` makes of a row's whole key.
pub(crate) fn with_full_key<R>(partition: u16, key: &[u8], work: impl FnOnce(&[u8]) -> R) -> R {
    if key.len() > SHORT_KEY_BYTES {
        return work(&full_key(partition, key));
    }
    let mut full = [0; PARTITION_BYTES + SHORT_KEY_BYTES];
    full[..PARTITION_BYTES].copy_from_slice(&partition.to_be_bytes());
    full[PARTITION_BYTES..PARTITION_BYTES + key.len()].copy_from_slice(key);
    work(&full[..PARTITION_BYTES + key.len()])
}

fn full_key(partition: u16, key: &[u8]) -> Vec<u8> {
    [&partition.to_be_bytes()[..], key].concat()
}

/// First key above all keys of the partition.
fn end(partition: u16) -> Vec<u8> {
    debug_assert!(partition < u16::MAX, "partition numbers are below 65,535");
    partition.saturating_add(1).to_be_bytes().to_vec()
}
