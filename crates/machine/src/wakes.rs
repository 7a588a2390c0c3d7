//! Table of wake rows: (due time, entity).

use std::sync::Arc;

use klamm_messages::klamm::v1::WakeRow;

use crate::{
    Kind, Table, Tables, Time,
    key::{KeyBytes, entity_hash},
};

/// When machines want to look again, in the order of time. Only `apply` changes these rows: a row goes only when an event removes it.
#[derive(Debug)]
pub struct Wakes;

impl Table for Wakes {
    const KIND: Kind = Kind::Wake;
    type Key = WakeRow;
    type Row = WakeRow;

    fn key(row: &WakeRow) -> Vec<u8> {
        key_at(Time::or_epoch(row.due), row, entity_hash(&row.namespace, &row.id))
    }
}

/// The key of an entity's row at `due`, whatever time the row itself has. `hash` is the entity's.
fn key_at(due: Time, entity: &WakeRow, hash: u32) -> Vec<u8> {
    KeyBytes::new(Kind::Wake)
        .i64(due.millis())
        .u32(hash)
        .str(&entity.machine)
        .str(&entity.namespace)
        .str(&entity.id)
        .str(&entity.run_id)
        .finish()
}

/// Bounds (from, to) of the keys of the wake rows due at or before `now`.
pub fn due_range(now: Time) -> (Vec<u8>, Vec<u8>) {
    (KeyBytes::new(Kind::Wake).finish(), KeyBytes::new(Kind::Wake).i64(now.millis().saturating_add(1)).finish())
}

/// Moves an entity's wake row from `old` to `new`. `entity.due` is ignored. When `old` and `new` are the same, nothing happens.
pub fn set(tables: &mut dyn Tables, entity: WakeRow, old: Option<Time>, new: Option<Time>) {
    if old == new {
        return;
    }
    let hash = entity_hash(&entity.namespace, &entity.id);
    if let Some(old) = old {
        tables.save(key_at(old, &entity, hash), None);
    }
    if let Some(new) = new {
        tables.save(key_at(new, &entity, hash), Some(Arc::new(WakeRow { due: Some(new.into()), ..entity })));
    }
}
