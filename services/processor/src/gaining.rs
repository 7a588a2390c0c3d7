//! Gaining partitions: take-over record, fencing, fold, replay. Then their tasks are offered.

use std::sync::Arc;

use klamm_engine::{
    Error as EngineError,
    partition::Settings,
    recover::{self, Report},
};

use crate::{
    partition::{Owned, Recovered},
    partitions::Partitions,
    process::Process,
    side_by_side::side_by_side,
    upkeep::Upkeep,
};

/// How often the store is made anew. If it is damaged again after that, the disk is bad.
const RECOVERIES_MAX: u32 = 3;

/// Becomes the owner of these partitions (the topics exist), replays what was not committed, and offers the tasks that wait. Partitions
/// that this process owns already go on meanwhile.
///
/// # Errors
/// Those of the log and the store, with what was being done. Then the process has gained none of these partitions.
pub(crate) fn gain(partitions: &Partitions, upkeep: &Upkeep, numbers: &[u32]) -> Result<Vec<Report>, EngineError> {
    let process = partitions.process();
    let numbers: Vec<_> = numbers.iter().copied().filter(|number| partitions.find(*number).is_none()).collect();
    let settings = process.partition_settings()?;
    let mut reports = Vec::new();
    let mut gained = Vec::new();
    for recovered in recover_all(process, upkeep, &settings, &numbers)? {
        reports.push(recovered.report);
        let owned = Arc::new(Owned::new(process.clone(), settings.clone(), recovered));
        if let Some(now) = owned.now() {
            process.log_clock.goes_on_from(now);
        }
        partitions.gain(owned.clone());
        gained.push(owned);
    }
    // The replay of one partition may have sent commands to partitions that were recovered before it.
    partitions.drive(numbers);
    gained.iter().for_each(|owned| owned.open());
    for owned in &gained {
        // Opening has read rows, some of which may be damaged.
        if let Ok(Err(error)) = owned.look(|_| ()) {
            partitions.fail(owned, error.into());
        }
    }
    Ok(reports)
}

/// Recovers the partitions in parallel. If the store turns out to be damaged, it is thrown away, and the recovery begins anew.
fn recover_all(process: &Process, upkeep: &Upkeep, settings: &Settings, numbers: &[u32]) -> Result<Vec<Recovered>, EngineError> {
    let Process { machines, codec, log, store, .. } = process;
    let recover = |number| recover::recover(number, machines.clone(), codec.clone(), settings.clone(), &**log, store.clone());
    let mut round = 0;
    loop {
        round += 1;
        let generation = store.generation();
        let recovered = side_by_side(numbers, process.config.recoveries_max, |number| recover(*number));
        match recovered.into_iter().collect::<Result<Vec<_>, _>>() {
            Err(EngineError::Store(error)) if error.is_damage() && round < RECOVERIES_MAX => {
                upkeep.renew_store(generation, &error.to_string())?;
            }
            recovered => return recovered,
        }
    }
}
