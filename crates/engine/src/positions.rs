//! Table of where a store stands.

use klamm_machine::{Kind, Table, key::KeyBytes};
use klamm_messages::klamm::v1::PositionRow;

/// One row per partition: what has been folded into its rows.
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
