//! One partition on one member: an owner, or one that was and doesn't know.

use std::sync::Arc;

use klamm_engine::Partition;
use klamm_log::Transactional;
use klamm_machine::{Kind, Table, Tables, TablesExt, table::decode_row, wakes::Wakes};
use klamm_messages::klamm::v1::{TestRecord, WakeRow};
use klamm_store::Store;

use crate::{
    codec::TestCodec,
    machine::{Accounts, Others, TestMachine},
};

/// A partition of the test machine.
pub type TestPartition = Partition<TestMachine, TestCodec>;

/// A partition in a member's process.
pub struct Instance {
    /// Whose process.
    pub member: usize,
    /// What is decided.
    pub partition: TestPartition,
    /// `None` after a commit whose outcome is unknown.
    pub producer: Option<Box<dyn Transactional>>,
    /// Which holder of the partition's transactional id it became last, counted over all instances: a later holder fences it.
    pub holder: u64,
    /// Another member has taken the partition over.
    pub zombie: bool,
    /// The member's store.
    pub store: Arc<Store>,
}

/// All rows of a partition, uncommitted ones included, as bytes.
pub fn dump(partition: &TestPartition) -> Vec<(Vec<u8>, Vec<u8>)> {
    let tables = partition.tables();
    let of = |kind: Kind, decode| {
        let (from, to) = ([kind as u8], [kind as u8 + 1]);
        tables.scan(&from, &to, usize::MAX, decode).into_iter().map(|(key, row)| (key, row.encode_row())).collect::<Vec<_>>()
    };
    [of(Kind::Run, decode_row::<Accounts>), of(Kind::Wake, decode_row::<Wakes>), of(Kind::Test, decode_row::<Others>)].concat()
}

/// The rows of a table.
pub fn table<T: Table<Row: Clone>>(partition: &TestPartition) -> Vec<T::Row> {
    let rows = partition.tables().range::<T>(&[T::KIND as u8], &[T::KIND as u8 + 1], usize::MAX);
    rows.into_iter().map(|(_, row)| T::Row::clone(&row)).collect()
}

/// Accounts, timers and notes.
pub fn records(partition: &TestPartition) -> Vec<TestRecord> {
    [table::<Accounts>(partition), table::<Others>(partition)].concat()
}

/// Wake rows, earliest first.
pub fn wakes(partition: &TestPartition) -> Vec<WakeRow> {
    table::<Wakes>(partition)
}
