//! The namespaces that this process knows. They come from partition 0, where the cluster machine's commands are decided.

use std::{collections::BTreeMap, sync::Arc};

use klamm_machine::Table;
use klamm_messages::klamm::v1::NamespaceState;
use parking_lot::RwLock;
use prost_types::Duration;

/// Namespaces by name.
#[derive(Default)]
pub(crate) struct Namespaces(RwLock<Arc<BTreeMap<String, NamespaceState>>>);

impl Namespaces {
    /// All namespaces.
    pub(crate) fn all(&self) -> Arc<BTreeMap<String, NamespaceState>> {
        self.0.read().clone()
    }

    /// How long the runs of a namespace are kept after their close. `None`: the namespace is not known, or names no time.
    pub(crate) fn retention_of(&self, namespace: &str) -> Option<Duration> {
        self.0.read().get(namespace)?.retention
    }

    /// Replaces all namespaces by these.
    pub(crate) fn replace(&self, states: impl IntoIterator<Item = NamespaceState>) {
        let states = states.into_iter().map(|state| (state.name.clone(), state)).collect();
        *self.0.write() = Arc::new(states);
    }

    /// Forgets the namespace under this key of the table.
    pub(crate) fn removed(&self, key: &[u8]) {
        Arc::make_mut(&mut self.0.write()).retain(|name, _| klamm_cluster::Namespaces::key(name) != key);
    }

    /// Takes a namespace that is new or has changed.
    pub(crate) fn changed(&self, state: NamespaceState) {
        Arc::make_mut(&mut self.0.write()).insert(state.name.clone(), state);
    }
}
