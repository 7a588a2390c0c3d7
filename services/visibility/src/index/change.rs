//! The changes that the index takes.

use klamm_messages::klamm::v1::VisibilityDocument;

/// One record of the visibility topic, as the index takes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Partition of the topic.
    pub partition: u32,
    /// Offset of the record. A record below the partition's next offset was taken before and is skipped.
    pub offset: i64,
    /// The record's content.
    pub body: ChangeBody,
}

/// What a record of the visibility topic says.
#[derive(Debug, Clone, PartialEq)]
pub enum ChangeBody {
    /// The run's newest document, whole.
    Document(Box<VisibilityDocument>),
    /// The run was deleted (a tombstone).
    Deletion {
        /// Namespace of the run.
        namespace: String,
        /// Workflow id of the run.
        workflow_id: String,
        /// The run's id.
        run_id: String,
    },
}
