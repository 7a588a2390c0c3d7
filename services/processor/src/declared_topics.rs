//! The topics of namespaces that are declared while klamm runs. They come from partition 0, as the namespaces do.

use std::{collections::BTreeMap, sync::Arc};

use klamm_machine::Table;
use klamm_messages::klamm::v1::DeclaredTopics as State;
use tokio::sync::watch;

/// Declarations by namespace.
pub(crate) struct DeclaredTopics {
    known: watch::Sender<Arc<BTreeMap<String, State>>>,
}

impl Default for DeclaredTopics {
    fn default() -> Self {
        Self { known: watch::Sender::new(Arc::default()) }
    }
}

impl DeclaredTopics {
    /// Watches all of them.
    pub(crate) fn watch(&self) -> watch::Receiver<Arc<BTreeMap<String, State>>> {
        self.known.subscribe()
    }

    /// Replaces all of them by these.
    pub(crate) fn replace(&self, states: impl IntoIterator<Item = State>) {
        self.known.send_replace(Arc::new(states.into_iter().map(|state| (state.namespace.clone(), state)).collect()));
    }

    /// Forgets the declaration under this key of the table.
    pub(crate) fn removed(&self, key: &[u8]) {
        let is_other = |namespace: &str| klamm_cluster::DeclaredTopics::key(namespace) != key;
        self.known.send_modify(|known| Arc::make_mut(known).retain(|namespace, _| is_other(namespace)));
    }

    /// Takes a declaration that is new or has changed.
    pub(crate) fn changed(&self, state: State) {
        self.known.send_modify(|known| drop(Arc::make_mut(known).insert(state.namespace.clone(), state)));
    }
}
