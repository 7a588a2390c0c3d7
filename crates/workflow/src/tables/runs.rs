//! Table of runs.

use klamm_machine::{Kind, Table, key::KeyBytes};
use klamm_messages::klamm::v1::RunState;

/// Names one run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunKey {
    /// Name of its namespace.
    pub namespace: String,
    /// Workflow id.
    pub workflow_id: String,
    /// Run id.
    pub run_id: String,
}

impl RunKey {
    /// The key of these three names.
    pub fn new(namespace: impl Into<String>, workflow_id: impl Into<String>, run_id: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), workflow_id: workflow_id.into(), run_id: run_id.into() }
    }
}

/// All that deciding about a run needs, except its history.
#[derive(Debug)]
pub struct Runs;

impl Table for Runs {
    const KIND: Kind = Kind::Run;
    type Key = RunKey;
    type Row = RunState;

    fn key(key: &RunKey) -> Vec<u8> {
        KeyBytes::new(Self::KIND).hash(&key.namespace, &key.workflow_id).str(&key.namespace).str(&key.workflow_id).str(&key.run_id).finish()
    }
}
