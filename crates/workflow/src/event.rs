//! The events of the workflow machine.

use klamm_messages::klamm::v1::HistoryRecord;

/// An event of the workflow machine.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// One record of the history topic: a public event or an internal one.
    Record(Box<HistoryRecord>),
    /// The run is deleted (retention), or only its outcome is kept, which a record that follows tells: all its keys are tombstoned. On the
    /// topic this is one tombstone per key, and the first one that is folded ends the run.
    Delete {
        /// Namespace of the run.
        namespace: String,
        /// Its workflow id.
        workflow_id: String,
        /// The run.
        run_id: String,
        /// Every key suffix of the run that was ever written: event ids ("17") and internal keys ("~activity/5").
        key_suffixes: Vec<String>,
    },
}

/// Suffix of a record's topic key after `namespace/workflow_id/run_id`: "17" for event 17, "~activity/5" for the state of the
/// activity scheduled by event 5. `None` for records that belong to no run.
pub fn key_suffix(record: &HistoryRecord) -> Option<String> {
    use klamm_messages::klamm::v1::history_record::Record;
    match record.record.as_ref()? {
        Record::Event(event) => Some(event.event_id.to_string()),
        Record::Activity(activity) => Some(format!("~activity/{}", activity.scheduled_event_id)),
        Record::WorkflowTask(_) => Some("~workflow_task/0".to_owned()),
        Record::BufferedEvents(_) => Some("~buffered/0".to_owned()),
        Record::Sticky(_) => Some("~sticky/0".to_owned()),
        Record::Execution(_) => Some("~execution/0".to_owned()),
        Record::External(external) => Some(format!("~external/{}", external.initiated_event_id)),
        Record::WorkflowIdFreed(_) => Some("~freed/0".to_owned()),
        Record::Reset(_) => Some("~reset/0".to_owned()),
        Record::ResetBase(_) => Some("~reset_base/0".to_owned()),
        Record::Callback(attempts) => Some(format!("~callback/{}", attempts.callback)),
        Record::Update(update) => Some(format!("~update/{}", update.slot)),
        Record::Outcome(_) => Some("~outcome/0".to_owned()),
        Record::CommandFailed(_) | Record::Partition(_) | Record::Test(_) => None,
    }
}
