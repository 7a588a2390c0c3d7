//! The table that says how far a store has come.

use klamm_machine::{Kind, Table, key::KeyBytes};
use klamm_messages::klamm::v1::PositionRow;

/// One row per partition. It says up to where the topics have been folded into the partition's rows.
#[derive(Debug)]
pub struct Positions;

impl Table for Positions {
    const KIND: Kind = Kind::Position;
    type Key = ();
    type Row = PositionRow;

    fn key((): &()) -> Vec<u8> {
        KeyBytes::new(Self::KIND).finish()
    }
}
