//! The triggers that this process knows, and what came of their commands. They come from partition 0, as the namespaces do.

use std::{collections::BTreeMap, sync::Arc};

use klamm_ingress::TriggerStatuses;
use klamm_machine::Table;
use klamm_messages::klamm::v1::TriggerState;
use tokio::sync::watch;

use crate::backend::{Came, Triggered};

/// Triggers by name.
pub(crate) struct Triggers {
    known: watch::Sender<Arc<BTreeMap<String, TriggerState>>>,
    /// How they are doing.
    pub(crate) statuses: Arc<TriggerStatuses>,
}

impl Default for Triggers {
    fn default() -> Self {
        Self { known: watch::Sender::new(Arc::default()), statuses: Arc::default() }
    }
}

impl Triggers {
    /// Watches all triggers.
    pub(crate) fn watch(&self) -> watch::Receiver<Arc<BTreeMap<String, TriggerState>>> {
        self.known.subscribe()
    }

    /// Replaces all triggers by these.
    pub(crate) fn replace(&self, states: impl IntoIterator<Item = TriggerState>) {
        self.known.send_replace(Arc::new(states.into_iter().map(|state| (state.name.clone(), state)).collect()));
    }

    /// Forgets the trigger under this key of the table.
    pub(crate) fn removed(&self, key: &[u8]) {
        self.known.send_modify(|known| Arc::make_mut(known).retain(|name, _| klamm_cluster::Triggers::key(name) != key));
    }

    /// Takes a trigger that is new or has changed.
    pub(crate) fn changed(&self, state: TriggerState) {
        self.known.send_modify(|known| drop(Arc::make_mut(known).insert(state.name.clone(), state)));
    }

    /// Counts what came of a command.
    pub(crate) fn count(&self, triggered: &Triggered) {
        self.statuses.count(&triggered.trigger, |counts| {
            let (counter, count) = match triggered.came {
                // One run, of however many records.
                Came::Started => (&mut counts.started, 1),
                Came::Signalled => (&mut counts.signalled, 1),
                Came::Suppressed => (&mut counts.suppressed, triggered.records),
                Came::Held => (&mut counts.held, triggered.records),
                Came::DeadLettered => (&mut counts.dead_lettered, triggered.records),
            };
            *counter += count;
        });
    }
}
