//! Table of the topics that are declared for namespaces while klamm runs, and the command about them.

use klamm_machine::{Kind, Rejection, Table, Tx, key::KeyBytes, key::prefix_end};
use klamm_messages::klamm::v1::{DeclareTopics, DeclaredTopics as State};

use crate::{Answer, Cluster, Event, change::existing, namespaces::HASH};

/// Largest declaration, bytes.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// Declared topics by namespace.
#[derive(Debug)]
pub struct DeclaredTopics;

impl Table for DeclaredTopics {
    const KIND: Kind = Kind::DeclaredTopics;
    type Key = str;
    type Row = State;

    fn key(namespace: &str) -> Vec<u8> {
        KeyBytes::new(Self::KIND).u32(HASH).str(namespace).finish()
    }
}

/// Bounds (from, to) of the keys of all declarations.
pub fn all() -> (Vec<u8>, Vec<u8>) {
    let from = KeyBytes::new(DeclaredTopics::KIND).u32(HASH).finish();
    let to = prefix_end(&from);
    (from, to)
}

/// Declares the topics of a namespace, replaces the declaration, or takes it back.
pub(crate) fn declare(tx: &mut Tx<'_, Cluster>, command: &DeclareTopics) -> Result<Answer, Rejection> {
    let DeclareTopics { namespace, text } = command;
    let known = tx.get::<DeclaredTopics>(namespace);
    if text.is_empty() {
        if known.is_some() {
            tx.emit(Event::RemoveTopics(namespace.clone()));
        }
        return Ok(Answer::Empty);
    }
    existing(tx, namespace)?;
    if text.len() > TEXT_BYTES_MAX {
        return Err(Rejection::invalid(format!("The declaration exceeds the limit ({}/{TEXT_BYTES_MAX} bytes).", text.len())));
    }
    if known.is_none_or(|known| known.text != *text) {
        let update_time = Some(tx.context.now.into());
        tx.emit(Event::topics(State { namespace: namespace.clone(), text: text.clone(), update_time }));
    }
    Ok(Answer::Empty)
}
