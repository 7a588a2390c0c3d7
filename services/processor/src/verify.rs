//! Promise 3, checked on a running server: every partition is rebuilt from its topics into an empty store and compared.

use std::sync::Arc;

use klamm_engine::{Error as EngineError, compare, fold};
use klamm_machine::Kind;
use klamm_messages::{
    klamm::v1::{
        NamespaceState, RunState, ScheduleDecision, ScheduleDefinition, ScheduleOutcome, ScheduleProgress, TaskRow, WakeRow, WorkflowRow,
    },
    temporal::history::v1::HistoryEvent,
};
use klamm_store::{Settings as StoreSettings, Store};
use prost::Message;

use crate::{AvroCodec, Machines, Processor};

/// What a verification found in one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The partition.
    pub partition: u32,
    /// Rows compared.
    pub rows: u64,
    /// What differs, in words; empty when live and rebuilt state are the same.
    pub differences: Vec<String>,
}

/// Differences told per partition.
const DIFFERENCES_MAX: usize = 20;

impl Processor {
    /// Commits what waits in a partition, then compares its store with one folded anew from its topics. The partition waits meanwhile.
    ///
    /// # Errors
    /// The log's and the stores'.
    pub fn verify(&self, number: u32) -> Result<Verified, EngineError> {
        let slot = &self.slots[number as usize];
        let partition = loop {
            self.commit(number, true);
            let partition = slot.partition.lock();
            let (commands, records) = partition.waiting();
            if (commands == 0 && records == 0 && partition.in_flight().is_none()) || slot.failed.read().is_some() {
                break partition;
            }
        };
        let rebuilt = Arc::new(Store::in_memory(&StoreSettings::default())?);
        fold::fold(&Machines::default(), &AvroCodec, &*self.log, &self.config.topics, &rebuilt, number)?;
        let (differences, rows) = compare::compare(&self.store, &rebuilt, number, same_row, DIFFERENCES_MAX)?;
        drop(partition);
        let differences = differences
            .into_iter()
            .map(|difference| format!("{}: {}", difference.problem, String::from_utf8_lossy(&difference.key).escape_debug()))
            .collect();
        Ok(Verified { partition: number, rows, differences })
    }
}

/// Rows are the same when they decode to the same: the order of their maps does not count.
fn same_row(key: &[u8], live: &[u8], rebuilt: &[u8]) -> bool {
    fn same<M: Message + Default + PartialEq>(live: &[u8], rebuilt: &[u8]) -> bool {
        matches!((M::decode(live), M::decode(rebuilt)), (Ok(live), Ok(rebuilt)) if live == rebuilt)
    }
    match key.first() {
        Some(&kind) if kind == Kind::Run as u8 => same::<RunState>(live, rebuilt),
        Some(&kind) if kind == Kind::History as u8 => same::<HistoryEvent>(live, rebuilt),
        Some(&kind) if kind == Kind::Workflow as u8 => same::<WorkflowRow>(live, rebuilt),
        Some(&kind) if kind == Kind::Wake as u8 => same::<WakeRow>(live, rebuilt),
        Some(&kind) if kind == Kind::Task as u8 => same::<TaskRow>(live, rebuilt),
        Some(&kind) if kind == Kind::Namespace as u8 => same::<NamespaceState>(live, rebuilt),
        Some(&kind) if kind == Kind::Schedule as u8 => same::<ScheduleDefinition>(live, rebuilt),
        Some(&kind) if kind == Kind::ScheduleProgress as u8 => same::<ScheduleProgress>(live, rebuilt),
        Some(&kind) if kind == Kind::ScheduleOutcome as u8 => same::<ScheduleOutcome>(live, rebuilt),
        Some(&kind) if kind == Kind::ScheduleAudit as u8 => same::<ScheduleDecision>(live, rebuilt),
        _ => false,
    }
}
