//! Where callbacks come from, and where what came of them goes.

use std::{collections::BTreeMap, future::Future, sync::Arc};

use klamm_messages::{klamm::v1::CallbackRow, temporal::failure::v1::Failure};
use klamm_nexus::Completion;
use tokio::sync::watch::Receiver;

use crate::Breakers;

/// Gives the callbacks of partitions that are to be called, and takes what came of the calls.
pub trait CallbackSource: Send + Sync + 'static {
    /// Watches the partitions that this process owns. Each has a number that tells one ownership of it from the next. The value changes
    /// whenever a partition comes or goes.
    fn partitions(&self) -> Receiver<BTreeMap<u32, i64>>;
    /// Rows behind the place `from`: at most `each` of one destination, of at most `destinations` of them.
    fn due(&self, partition: u32, from: Option<Vec<u8>>, destinations: usize, each: usize) -> Due;
    /// What the row asks for. `None`: the row is gone.
    fn call(&self, partition: u32, row: &CallbackRow) -> Option<Call>;
    /// Appends what came of an attempt, and completes when the machine has taken it. False when that failed for now.
    fn record(&self, partition: u32, row: &CallbackRow, failure: Option<Failure>) -> impl Future<Output = bool> + Send;
    /// The breakers of this process.
    fn breakers(&self) -> &Arc<Breakers>;
    /// Completes when a row has appeared since the last time.
    fn changed(&self, partition: u32) -> impl Future<Output = ()> + Send;
}

/// Callbacks that are to be called.
#[derive(Debug, Clone, Default)]
pub struct Due {
    /// In the order of their keys.
    pub rows: Vec<Arc<CallbackRow>>,
    /// Where further destinations begin; `None`: there are none.
    pub next: Option<Vec<u8>>,
}

/// One call.
#[derive(Debug, Clone)]
pub struct Call {
    /// Where it goes.
    pub url: String,
    /// Headers that it brings.
    pub headers: BTreeMap<String, String>,
    /// What it says.
    pub completion: Completion,
}
