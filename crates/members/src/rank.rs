//! Who bids first.

use klamm_machine::key;

/// Rank of a member. It comes from the hash of the name, so all processes see the same rank, and no name has an advantage. The name decides
/// between equal hashes.
pub(crate) fn of(member: &str) -> (u32, &str) {
    (key::hash(member), member)
}
