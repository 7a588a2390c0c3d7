//! Who bids first.

use klamm_machine::key;

/// Rank of a member: all see the same, and no member ranks high more often than another. The name decides where two hashes are the same.
pub(crate) fn of(member: &str) -> (u32, &str) {
    (key::hash(member), member)
}
