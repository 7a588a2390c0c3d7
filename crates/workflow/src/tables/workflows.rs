//! Table of workflow ids.

use klamm_machine::{Kind, Table, key::KeyBytes};
use klamm_messages::klamm::v1::WorkflowRow;

/// The newest run of each workflow id; key (namespace, workflow id).
#[derive(Debug)]
pub struct Workflows;

impl Table for Workflows {
    const KIND: Kind = Kind::Workflow;
    type Key = (String, String);
    type Row = WorkflowRow;

    fn key((namespace, workflow_id): &(String, String)) -> Vec<u8> {
        KeyBytes::new(Self::KIND).hash(namespace, workflow_id).str(namespace).str(workflow_id).finish()
    }
}
