//! Table of triggers, and the commands about them.

use klamm_machine::{Kind, Rejection, Table, Tx, key::KeyBytes, key::prefix_end};
use klamm_messages::klamm::v1::{ApplyTrigger, DeleteTrigger, PauseTrigger, RewindTrigger, TriggerState};

use crate::{Answer, Cluster, Event, change::existing, namespaces::HASH};

/// Most triggers. Every process keeps all of them in memory.
const TRIGGERS_MAX: usize = 1_000;
/// Largest declaration, bytes.
const TEXT_BYTES_MAX: usize = 64 << 10;
/// Longest name, bytes. It is part of a topic's name.
const NAME_BYTES_MAX: usize = 100;
/// Longest reason of a pause, bytes.
const REASON_BYTES_MAX: usize = 1_000;
/// Longest name of the place where a generation begins, bytes.
const START_AT_BYTES_MAX: usize = 100;

/// Triggers by name.
#[derive(Debug)]
pub struct Triggers;

impl Table for Triggers {
    const KIND: Kind = Kind::Trigger;
    type Key = str;
    type Row = TriggerState;

    fn key(name: &str) -> Vec<u8> {
        KeyBytes::new(Self::KIND).u32(HASH).str(name).finish()
    }
}

/// Bounds (from, to) of the keys of all triggers.
pub fn all() -> (Vec<u8>, Vec<u8>) {
    let from = KeyBytes::new(Triggers::KIND).u32(HASH).finish();
    let to = prefix_end(&from);
    (from, to)
}

/// Declares a trigger, or replaces its declaration. A trigger that is declared anew after its deletion is another one: it has a generation
/// of its own, and so no positions.
pub(crate) fn apply(tx: &mut Tx<'_, Cluster>, command: &ApplyTrigger) -> Result<Answer, Rejection> {
    existing(tx, &command.namespace)?;
    if command.name.is_empty() || command.name.len() > NAME_BYTES_MAX {
        return Err(Rejection::invalid("The name of the trigger is empty or too long."));
    }
    if command.text.len() > TEXT_BYTES_MAX {
        return Err(Rejection::invalid(format!("The declaration exceeds the limit ({}/{TEXT_BYTES_MAX} bytes).", command.text.len())));
    }
    let now = tx.context.now;
    let known = tx.get::<Triggers>(&command.name);
    if known.is_none() {
        let (from, to) = all();
        if tx.range::<Triggers>(&from, &to, TRIGGERS_MAX).len() >= TRIGGERS_MAX {
            return Err(Rejection::invalid(format!("There are {TRIGGERS_MAX} triggers; there cannot be more.")));
        }
    }
    let mut state = known.as_deref().cloned().unwrap_or_else(|| TriggerState {
        name: command.name.clone(),
        generation: u64::try_from(now.millis()).unwrap_or_default(),
        create_time: Some(now.into()),
        ..TriggerState::default()
    });
    state.namespace.clone_from(&command.namespace);
    state.text.clone_from(&command.text);
    // A declaration that is replaced goes on where the old one was, but on another topic there is nothing to go on with.
    if state.topic != command.topic {
        state.topic.clone_from(&command.topic);
        state.seen.clone_from(&command.seen);
    }
    if known.as_deref() != Some(&state) {
        state.update_time = Some(now.into());
        tx.emit(Event::trigger(state));
    }
    Ok(Answer::Empty)
}

/// Pauses a trigger, or lets it go on.
pub(crate) fn pause(tx: &mut Tx<'_, Cluster>, command: &PauseTrigger) -> Result<Answer, Rejection> {
    let known = named(tx, &command.name)?;
    if command.reason.len() > REASON_BYTES_MAX {
        return Err(Rejection::invalid(format!("The reason exceeds the limit ({}/{REASON_BYTES_MAX} bytes).", command.reason.len())));
    }
    let pause_reason = if command.paused { command.reason.clone() } else { String::new() };
    let state = TriggerState { paused: command.paused, pause_reason, ..known.clone() };
    if state != known {
        tx.emit(Event::trigger(state));
    }
    Ok(Answer::Empty)
}

/// Has a trigger read its topic anew. Positions belong to a generation, so the new one has none.
pub(crate) fn rewind(tx: &mut Tx<'_, Cluster>, command: &RewindTrigger) -> Result<Answer, Rejection> {
    let known = named(tx, &command.name)?;
    if command.start_at.is_empty() || command.start_at.len() > START_AT_BYTES_MAX {
        return Err(Rejection::invalid("The place to begin is missing or too long."));
    }
    let now = u64::try_from(tx.context.now.millis()).unwrap_or_default();
    // Two that come within a millisecond are two generations.
    let generation = now.max(known.generation.saturating_add(1));
    tx.emit(Event::trigger(TriggerState { generation, start_at: command.start_at.clone(), seen: command.seen.clone(), ..known }));
    Ok(Answer::Empty)
}

/// Deletes a trigger.
pub(crate) fn delete(tx: &mut Tx<'_, Cluster>, command: &DeleteTrigger) -> Result<Answer, Rejection> {
    named(tx, &command.name)?;
    tx.emit(Event::RemoveTrigger(command.name.clone()));
    Ok(Answer::Empty)
}

fn named(tx: &Tx<'_, Cluster>, name: &str) -> Result<TriggerState, Rejection> {
    tx.get::<Triggers>(name)
        .map(|state| TriggerState::clone(&state))
        .ok_or_else(|| Rejection::not_found(format!("There is no trigger {name}.")))
}
