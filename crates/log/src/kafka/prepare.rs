//! Makes and connects clients for transactional ids that this process may soon hold.

use std::{sync::Arc, time::Duration};

use rdkafka::producer::{BaseProducer, Producer};

use super::{core::Core, sheet::Deliveries};

/// How long a client may take to connect. Whoever needs the client sooner makes another one.
const CONNECTING_MAX: Duration = Duration::from_secs(5);

impl Core {
    /// See [`crate::Log::prepare_transactional`].
    pub(super) fn prepare(self: &Arc<Self>, ids: Vec<String>) {
        let missing = self.prepared.begin(ids);
        if missing.is_empty() {
            return;
        }
        let (core, connecting) = (self.clone(), missing.clone());
        let started = self.part("log-prepare").thread(move |part| {
            for id in connecting.clone() {
                // A client whose making panics is left out: whoever needs it makes it then.
                let connected = part.catch(|| {
                    part.round();
                    core.connected(&id)
                });
                core.prepared.end(id, connected.ok().flatten());
            }
        });
        if let Err(error) = started {
            tracing::debug!(error = %error, "no thread to connect clients ahead");
            missing.into_iter().for_each(|id| self.prepared.end(id, None));
        }
    }

    /// A client that has talked to a broker. `None` when that failed; the next call tries again.
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
