//! Table of namespaces.

use klamm_machine::{Kind, Table, key::KeyBytes, key::prefix_end};
use klamm_messages::klamm::v1::NamespaceState;

/// Hash in every key of the cluster machine. It is the same for all, because they belong to partition 0 whatever the partition count.
pub(crate) const HASH: u32 = 0;

/// Namespaces by name, deprecated ones included.
#[derive(Debug)]
pub struct Namespaces;

impl Table for Namespaces {
    const KIND: Kind = Kind::Namespace;
    type Key = str;
    type Row = NamespaceState;

    fn key(name: &str) -> Vec<u8> {
        KeyBytes::new(Self::KIND).u32(HASH).str(name).finish()
    }
}

/// Bounds (from, to) of the keys of all namespaces. Keys are ordered by the names' lengths, then by the names.
pub fn all() -> (Vec<u8>, Vec<u8>) {
    let from = KeyBytes::new(Namespaces::KIND).u32(HASH).finish();
    let to = prefix_end(&from);
    (from, to)
}
