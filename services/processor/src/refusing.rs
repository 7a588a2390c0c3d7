//! Topics of others that take no records.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

/// So long no transaction tries a topic again that took no records.
const REST: Duration = Duration::from_secs(30);

/// The topics of others that take no records, for all partitions of the process.
#[derive(Debug, Default)]
pub(crate) struct Refusing(Mutex<BTreeMap<Arc<str>, (Instant, String)>>);

impl Refusing {
    /// Why the topic is not to be tried now.
    pub(crate) fn reason(&self, topic: &str) -> Option<String> {
        let mut refusing = self.0.lock();
        let (since, reason) = refusing.get(topic)?;
        if since.elapsed() < REST {
            return Some(reason.clone());
        }
        refusing.remove(topic);
        None
    }

    /// True when all take records.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().is_empty()
    }

    /// The topic takes none.
    pub(crate) fn add(&self, topic: &str, reason: &str) {
        self.0.lock().insert(topic.into(), (Instant::now(), reason.to_owned()));
    }
}
