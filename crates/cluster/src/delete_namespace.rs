//! DeleteNamespace: the namespace is marked as deleted and gets another name. What is in it goes afterwards, and the namespace last
//! (`reclaim_namespace`). Temporal: service/worker/deletenamespace.

use klamm_machine::{Rejection, Tx};
use klamm_messages::{
    klamm::v1::{DeleteNamespace, NamespaceState},
    temporal::enums::v1::NamespaceState as Lifecycle,
};

use crate::{
    Answer, Cluster, DeclaredTopics, Event, Namespaces,
    change::{existing, put},
    namespaces::all,
};

/// So many characters of the id are in the new name, or more where that name is taken.
const SUFFIX_MIN: usize = 5;

/// Marks the namespace, and renames it. Doing so again changes nothing but the delay.
pub(crate) fn decide(tx: &mut Tx<'_, Cluster>, command: &DeleteNamespace) -> Result<Answer, Rejection> {
    let mut state = meant(tx, command)?;
    state.state = Lifecycle::Deleted as i32;
    if !command.only_marks {
        state.delete_delay = command.delay;
        if state.deleted_from.is_empty() {
            let new_name = new_name(tx, &state)?;
            tx.emit(Event::RemoveNamespace(state.name.clone()));
            if tx.get::<DeclaredTopics>(&state.name).is_some() {
                tx.emit(Event::RemoveTopics(state.name.clone()));
            }
            state.deleted_from = std::mem::replace(&mut state.name, new_name);
            state.delete_time = Some(tx.context.now.into());
        }
    }
    put(tx, state.clone());
    Ok(Answer::Namespace(Box::new(state)))
}

/// The namespace of the id. It may have been renamed since the caller has seen it. Without an id, the one of the name.
fn meant(tx: &Tx<'_, Cluster>, command: &DeleteNamespace) -> Result<NamespaceState, Rejection> {
    let named = existing(tx, &command.name);
    if command.id.is_empty() || named.as_ref().is_ok_and(|state| state.id == command.id) {
        return named;
    }
    let (from, to) = all();
    let found = tx.range::<Namespaces>(&from, &to, usize::MAX).into_iter().find(|(_, state)| state.id == command.id);
    found.map_or(named, |(_, state)| Ok(NamespaceState::clone(&state)))
}

/// The name under which the namespace stays: its own, and the beginning of its id.
fn new_name(tx: &Tx<'_, Cluster>, state: &NamespaceState) -> Result<String, Rejection> {
    let ends = SUFFIX_MIN..state.id.len();
    let suffixes = ends.filter_map(|end| state.id.get(..end)).map(|id| format!("-deleted-{id}"));
    for suffix in suffixes {
        if state.name.ends_with(&suffix) {
            return Ok(state.name.clone());
        }
        let name = format!("{}{suffix}", state.name);
        if tx.get::<Namespaces>(&name).is_none() {
            return Ok(name);
        }
    }
    Err(Rejection::Internal(format!("unable to generate new name for deleted namespace {}. ID {:?} is not unique", state.name, state.id)))
}
