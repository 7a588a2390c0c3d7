//! The triggers that this process knows, and what came of their commands. They come from partition 0, as the namespaces do.

use std::sync::Arc;

use klamm_cluster::Triggers as Table;
use klamm_ingress::TriggerStatuses;
use klamm_messages::klamm::v1::TriggerState;

use crate::{
    backend::{Came, Triggered},
    known::Known,
};

/// Triggers by name.
pub(crate) struct Triggers {
    /// Those that there are.
    pub(crate) known: Known<Table>,
    /// How they are doing.
    pub(crate) statuses: Arc<TriggerStatuses>,
}

impl Default for Triggers {
    fn default() -> Self {
        Self { known: Known::new(|state: &TriggerState| &state.name), statuses: Arc::default() }
    }
}

impl Triggers {
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
