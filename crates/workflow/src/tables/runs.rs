//! Table of runs.

use klamm_machine::{
    Kind, Table,
    key::{KeyBytes, entity_hash, prefix_end},
};
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

/// The names of a run where they stand in something else. Events are applied by them, without copies of the names.
#[derive(Debug, Clone, Copy)]
pub struct RunNames<'a> {
    /// Name of its namespace.
    pub namespace: &'a str,
    /// Workflow id.
    pub workflow_id: &'a str,
    /// Run id.
    pub run_id: &'a str,
    /// Hash of namespace and workflow id. Several keys are made for each event.
    hash: u32,
}

impl RunKey {
    /// The names, borrowed.
    pub fn names(&self) -> RunNames<'_> {
        RunNames::new(&self.namespace, &self.workflow_id, &self.run_id)
    }
}

impl<'a> RunNames<'a> {
    /// These three names.
    pub fn new(namespace: &'a str, workflow_id: &'a str, run_id: &'a str) -> Self {
        Self { namespace, workflow_id, run_id, hash: entity_hash(namespace, workflow_id) }
    }

    /// The beginning of the run's keys in a table of this kind.
    pub(super) fn key_in(self, kind: Kind) -> KeyBytes {
        let Self { namespace, workflow_id, run_id, hash } = self;
        KeyBytes::new(kind).u32(hash).str(namespace).str(workflow_id).str(run_id)
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
        Self::key_of(key.names())
    }
}

impl Runs {
    /// Bounds (from, to) of the keys of all runs of a workflow id.
    pub fn of_workflow(namespace: &str, workflow_id: &str) -> (Vec<u8>, Vec<u8>) {
        let from = KeyBytes::new(Self::KIND).hash(namespace, workflow_id).str(namespace).str(workflow_id).finish();
        let to = prefix_end(&from);
        (from, to)
    }

    /// The key of a run's row.
    pub fn key_of(run: RunNames<'_>) -> Vec<u8> {
        run.key_in(Self::KIND).finish()
    }
}
