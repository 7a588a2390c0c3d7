//! Looks after the store and the log: makes them durable, throws a damaged store away, and builds broken partitions anew.

use std::sync::Arc;

use klamm_engine::{Error as EngineError, fold};
use klamm_log::Offset;
use klamm_messages::klamm::v1::PositionRow;
use klamm_store::{Error as StoreError, Store};
use parking_lot::Mutex;

use crate::{
    partition::{Mend, Owned},
    partitions::Partitions,
    process::Process,
    side_by_side::side_by_side,
};

/// Looks after the store, and after partitions that have to be built anew.
pub(crate) struct Upkeep {
    partitions: Arc<Partitions>,
    /// The positions that were shown last: next command offsets by partition.
    shown_positions: Mutex<Vec<(u32, Offset)>>,
}

impl Upkeep {
    pub(crate) fn new(partitions: Arc<Partitions>) -> Self {
        Self { partitions, shown_positions: Mutex::default() }
    }

    fn process(&self) -> &Process {
        self.partitions.process()
    }

    /// Builds those partitions anew that wait for it. To be called now and then.
    pub(crate) fn mend(&self) {
        let wanting = || -> Vec<(Arc<Owned>, Mend)> {
            let here = self.partitions.here();
            here.values().filter_map(|owned| Some((owned.clone(), owned.standing().wants()?))).collect()
        };
        let damaged: Vec<_> = wanting().into_iter().filter(|(_, mend)| matches!(mend, Mend::Store(_))).collect();
        if let Some((_, Mend::Store(generation))) = damaged.first()
            && let Err(error) = self.renew_store(*generation, "a row could not be read")
        {
            tracing::error!(error = %error, "the store could not be made anew; it is tried again");
            damaged.iter().for_each(|(owned, mend)| owned.standing().mended_in_vain(*mend, &error.to_string()));
            return;
        }
        let broken: Vec<_> = wanting().into_iter().filter(|(_, mend)| *mend == Mend::Partition).map(|(owned, _)| owned).collect();
        side_by_side(&broken, self.process().config.recoveries_max, |owned| {
            if let Err(failure) = owned.rebuild() {
                self.partitions.fail(owned, failure);
            }
        });
        self.partitions.drive(broken.iter().map(|owned| owned.number()).collect());
    }

    /// Throws the store away. All partitions use it, so all have to be built anew.
    ///
    /// # Errors
    /// Those of the store. Then it is still there.
    pub(crate) fn renew_store(&self, generation: u64, reason: &str) -> Result<(), StoreError> {
        renew(&self.process().store, generation, &StoreError::Corrupt { reason: reason.to_owned() })?;
        for owned in self.partitions.here().values() {
            if owned.store_generation() != self.process().store.generation() {
                owned.standing().store_renewed(reason);
            }
        }
        Ok(())
    }

    /// Makes the log durable, then the store, so that the store is never ahead of the log.
    pub(crate) fn flush(&self) {
        let process = self.process();
        if let Err(error) = process.log.sync() {
            tracing::warn!(error = %error, "the log could not be synced");
            return;
        }
        let generation = process.store.generation();
        match process.store.flush() {
            Ok(()) => {}
            Err(error) if error.is_damage() => {
                if let Err(error) = self.renew_store(generation, &error.to_string()) {
                    tracing::error!(error = %error, "the store could not be made anew");
                }
            }
            Err(error) => tracing::warn!(error = %error, "the store could not be flushed"),
        }
    }

    /// How far the store of a partition has come, as its own row says.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn stored_position(&self, partition: u32) -> Result<Option<PositionRow>, EngineError> {
        fold::position(&self.process().store, partition)
    }

    /// Copies the committed positions on the command topic to the consumer group `<prefix>processor`, for tools that show lag.
    pub(crate) fn show_positions(&self) {
        let process = self.process();
        let committed = |number: &u32| {
            let position = self.stored_position(*number).ok().flatten()?.partition?;
            Some((*number, position.next_command_offset))
        };
        let positions: Vec<_> = self.partitions.here().keys().filter_map(committed).collect();
        let mut shown = self.shown_positions.lock();
        if *shown != positions {
            process.log.show_positions(&process.config.topics.full("processor"), &process.commands_topic, &positions);
            *shown = positions;
        }
    }
}

/// Throws a damaged store away, unless somebody has already done so since `generation`.
fn renew(store: &Store, generation: u64, error: &StoreError) -> Result<(), StoreError> {
    if store.renew(generation)? {
        tracing::error!(error = %error, "the store is damaged: it is thrown away and rebuilt from the log");
        metrics::counter!("klamm_stores_thrown_away_total").increment(1);
    }
    Ok(())
}
