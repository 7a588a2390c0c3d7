//! Topics that are made when the first record goes there, and those that were.

use std::{collections::BTreeSet, sync::Arc};

use klamm_engine::Topics;
use klamm_log::TopicSpec;
use parking_lot::Mutex;

/// The topics of a process that were made, or found, since its start.
#[derive(Debug, Default)]
pub(crate) struct FirstUses(Mutex<BTreeSet<Arc<str>>>);

impl FirstUses {
    /// How the topic is to be made, if it is one that is made on first use and was not made yet.
    pub(crate) fn to_make(&self, topics: &Topics, topic: &str) -> Option<TopicSpec> {
        topics.made_on_first_use(topic).filter(|spec| !self.0.lock().contains(&spec.name))
    }

    /// The topic is there.
    pub(crate) fn made(&self, topic: &Arc<str>) {
        self.0.lock().insert(topic.clone());
    }

    /// The topic is gone: it is made anew.
    pub(crate) fn forget(&self, topic: &str) {
        self.0.lock().remove(topic);
    }
}
