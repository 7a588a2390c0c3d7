//! Builds a partition anew while the process goes on.
//!
//! The store holds nothing that the log does not hold. So when a partition cannot read a row, or the log refuses its outputs, the partition
//! stops for a moment and is built anew from the log, without an operator. Meanwhile its calls answer Unavailable, and clients try again.

use klamm_engine::{Error as EngineError, recover};

use super::{commits::Commits, failure::Failure, guarded::Guarded, opening, sends::Sends, standing::Mend};

/// Builds a partition anew that has stopped for this. When that fails, it is tried again after a pause.
///
/// # Errors
/// Why the partition has to be given up.
pub(super) fn rebuild(guarded: &Guarded, sends: &Sends, commits: &Commits) -> Result<(), Failure> {
    let (process, number) = (&guarded.process, guarded.number);
    // Locked, so that nobody commits meanwhile.
    let mut producer = commits.lock_producer();
    let plan = guarded.lock_broken().plan();
    let generation = process.store.generation();
    let owned = match recover::rebuild(plan, &*process.log, process.store.clone()) {
        Ok(owned) => owned,
        Err(error) => {
            let mend = match &error {
                EngineError::Store(error) => guarded.mend_for(error, generation),
                EngineError::Overtaken { .. } | EngineError::Version { .. } => return Err(error.into()),
                _ => Mend::Partition,
            };
            guarded.standing.mended_in_vain(mend, &error.to_string());
            return Ok(());
        }
    };
    guarded.check_owner(&owned.partition)?;
    commits.begin_anew(&mut producer, owned.producer);
    // The sends of the old state are forgotten: the rebuild has sent them again.
    sends.forget(|| guarded.replace(owned.partition));
    if !guarded.standing.mended() {
        // The partition has ended meanwhile.
        guarded.forget();
        return Ok(());
    }
    drop(producer);
    tracing::warn!(partition = number, replayed = owned.report.replayed, "the partition was rebuilt from the log and goes on");
    opening::open(guarded);
    Ok(())
}
