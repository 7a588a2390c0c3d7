//! Checks promise 3 on a running server: rebuilds every partition from its topics into an empty store, and compares the two.

use klamm_engine::{
    Error as EngineError, Topics, compare,
    fold::{self, Folding, Pace},
    numbering,
};
use klamm_store::Error as StoreError;

use crate::{AvroCodec, Machines, partitions::Partitions, rebuilt::Rebuilt, row_names};

/// What a verification found in one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The partition.
    pub partition: u32,
    /// Rows compared.
    pub rows: u64,
    /// What differs, in words. Empty when the live state and the rebuilt state are the same.
    pub differences: Vec<String>,
}

/// How many differences are reported per partition.
const DIFFERENCES_MAX: usize = 20;

/// Commits what waits in a partition. Then compares a snapshot of its store with a store that is folded anew from its topics up to the same
/// place. The partition goes on meanwhile.
///
/// # Errors
/// Those of the log and the two stores.
pub(crate) fn verify(partitions: &Partitions, number: u32) -> Result<Verified, EngineError> {
    partitions.commit(number, true);
    let process = partitions.process();
    let rebuilt = Rebuilt::new(process.config.verify_dir.as_deref())?;
    // A snapshot is consistent, because each write of the store is a whole batch together with the position where it ends.
    let generation = process.store.generation();
    let compared = process.store.with_snapshot(|live| -> Result<_, EngineError> {
        let position = fold::position_in(live, number)?.unwrap_or_default();
        let (machine, codec, pace) = (Machines::default(), AvroCodec, Pace::default());
        let folding = Folding { machine: &machine, codec: &codec, log: &*process.log, topics: &process.config.topics, pace: &pace };
        folding.fold_to(&rebuilt, number, Some(&position))?;
        compare::compare(live, &**rebuilt, number, DIFFERENCES_MAX)
    });
    // The verification has found damage that nobody else has met. If the generation has changed, the store was thrown away meanwhile.
    if let Err(EngineError::Store(error @ StoreError::Corrupt { .. })) = &compared
        && process.store.generation() == generation
        && let Some(owned) = partitions.find(number)
    {
        owned.breaks(error);
    }
    let (differences, rows) = compared?;
    let differences = differences.into_iter().map(|difference| format!("{}: {}", row_names::name(&difference.key), difference.problem));
    let differences = numbering_problems(partitions, number)?.into_iter().chain(differences).collect();
    Ok(Verified { partition: number, rows, differences })
}

/// Records whose numbers cannot be right, by topic, partition and offset. They may explain differences.
fn numbering_problems(partitions: &Partitions, number: u32) -> Result<Vec<String>, EngineError> {
    let process = partitions.process();
    let mut told = Vec::new();
    for name in Topics::folded(number) {
        for problem in numbering::problems(&*process.log, &process.config.topics, name, number)? {
            told.push(format!("{} {}/{}: {}", problem.topic, problem.partition, problem.offset, problem.text));
        }
    }
    told.truncate(DIFFERENCES_MAX);
    Ok(told)
}
