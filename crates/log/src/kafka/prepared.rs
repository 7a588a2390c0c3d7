//! Clients for transactions that may come: made and connected ahead.
//!
//! A client that is new needs up to half a second until it holds its transactional id, most of it librdkafka's pauses while no broker is
//! connected yet. One that has been connected before has only the broker's answers to wait for.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    thread,
    time::Duration,
};

use parking_lot::Mutex;
use rdkafka::producer::{BaseProducer, Producer};

use super::{core::Core, transactions::Deliveries};

/// How long a client may take to connect; whoever needs it before makes another.
const CONNECTING_MAX: Duration = Duration::from_secs(5);

/// Connected clients by transactional id. None has fenced anybody yet.
#[derive(Default)]
pub(super) struct Prepared(Mutex<State>);

#[derive(Default)]
struct State {
    ready: BTreeMap<String, BaseProducer<Deliveries>>,
    /// A thread connects these.
    under_way: BTreeSet<String>,
}

impl Prepared {
    /// The client of an id, if there is one.
    pub(super) fn take(&self, id: &str) -> Option<BaseProducer<Deliveries>> {
        self.0.lock().ready.remove(id)
    }
}

impl Core {
    /// See [`crate::Log::prepare_transactional`].
    pub(super) fn prepare(self: &Arc<Self>, ids: Vec<String>) {
        let mut state = self.prepared.0.lock();
        let missing: Vec<_> = ids.into_iter().filter(|id| !state.ready.contains_key(id) && !state.under_way.contains(id)).collect();
        if missing.is_empty() {
            return;
        }
        state.under_way.extend(missing.iter().cloned());
        drop(state);
        let (core, connecting) = (self.clone(), missing.clone());
        let started = thread::Builder::new().name("log-prepare".to_owned()).spawn(move || {
            for id in connecting {
                let connected = core.connected(&id);
                let mut state = core.prepared.0.lock();
                state.under_way.remove(&id);
                if let Some(producer) = connected {
                    state.ready.insert(id, producer);
                }
            }
        });
        if let Err(error) = started {
            tracing::debug!(error = %error, "no thread to connect clients ahead");
            let mut state = self.prepared.0.lock();
            state.under_way.retain(|id| !missing.contains(id));
        }
    }

    /// A client that has talked to a broker; `None` when that failed: the next call tries again.
    fn connected(&self, id: &str) -> Option<BaseProducer<Deliveries>> {
        let producer = self.transacting(id).ok()?;
        let topic = self.topics.read().keys().next().cloned();
        match producer.client().fetch_metadata(topic.as_deref(), CONNECTING_MAX) {
            Ok(_) => Some(producer),
            Err(error) => {
                tracing::debug!(id, error = %error, "a client could not be connected ahead");
                None
            }
        }
    }
}
