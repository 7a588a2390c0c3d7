//! Clients that `prepare` has made and connected ahead, for transactional ids that this process may soon hold.
//!
//! A new client needs up to half a second until it holds its transactional id. Most of that are librdkafka's pauses while no broker is
//! connected yet. A client that is already connected waits for the broker's answers only.

use std::collections::{BTreeMap, BTreeSet};

use parking_lot::Mutex;
use rdkafka::producer::BaseProducer;

use super::sheet::Deliveries;

/// Connected clients by transactional id. None has fenced anybody yet.
#[derive(Default)]
pub(super) struct Prepared(Mutex<State>);

#[derive(Default)]
struct State {
    ready: BTreeMap<String, BaseProducer<Deliveries>>,
    /// Ids whose clients are being connected.
    under_way: BTreeSet<String>,
}

impl Prepared {
    /// The client of an id, if there is one.
    pub(super) fn take(&self, id: &str) -> Option<BaseProducer<Deliveries>> {
        self.0.lock().ready.remove(id)
    }

    /// The ids that have no client yet and whose clients nobody is connecting. From now on they count as under way.
    pub(super) fn begin(&self, ids: Vec<String>) -> Vec<String> {
        let mut state = self.0.lock();
        let missing: Vec<_> = ids.into_iter().filter(|id| !state.ready.contains_key(id) && !state.under_way.contains(id)).collect();
        state.under_way.extend(missing.iter().cloned());
        missing
    }

    /// The client of this id is connected, or could not be (`None`). The id is no longer under way.
    pub(super) fn end(&self, id: String, producer: Option<BaseProducer<Deliveries>>) {
        let mut state = self.0.lock();
        state.under_way.remove(&id);
        if let Some(producer) = producer {
            state.ready.insert(id, producer);
        }
    }
}
